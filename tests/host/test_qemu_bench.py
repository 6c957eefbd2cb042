"""The counting behind `make bench`: its method, its cases, and that a missed bar is a failure."""

import pytest

from tools.bench import __main__ as bench
from tools.bench import counts, host
from tools.qemu import need


@pytest.fixture(scope="session")
def cases():
    absent = need.missing()
    if absent:
        pytest.skip(f"SKIPPED: nothing is counted, {', '.join(absent)} missing: {need.INSTALL}")
    return counts.measure(boots=1)


def test_a_loop_of_known_length(cases):
    """Two instructions a round: what is counted are instructions."""
    assert cases["loop"].value == pytest.approx(1, abs=1e-4)


def test_counts_repeat(cases):
    """Within 0.1 % in one boot, and the same from boot to boot."""
    assert {name for name, case in cases.items() if case.spread > 0.001} == set()
    again = counts.measure(["kernel"], boots=1)["kernel"]
    assert again.counts == cases["kernel"].counts
    assert len(again.counts) == 3


def test_the_order_of_things(cases):
    """C is cheaper than viper, which is cheaper than byte code; the kernel allocates nothing."""
    c, kernel, bytecode = (cases[name].value for name in ("c", "kernel", "bytecode"))
    assert 50 < c < kernel / 2
    assert kernel < bytecode / 10
    assert kernel < cases["pipeline"].value < cases["whole"].value
    assert cases["kernel"].more["heap"] == 0


def test_figures_have_the_names_that_are_promised(cases):
    result = bench.figures(cases)
    assert set(result) >= set(bench.BARS)
    assert bench.missed(result) == []
    assert set(result) >= {"c_insn_per_set", "ratio"}
    assert result["ratio"] == pytest.approx(cases["kernel"].value / cases["c"].value, abs=0.01)


def test_a_missed_bar():
    met = {key: bar for key, (_, bar) in bench.BARS.items()}
    assert bench.missed(met) == []
    assert bench.missed(met | {"kernel_insn_per_set": 480.01}) == ["kernel_insn_per_set"]
    assert bench.missed(met | {"heap_kernel_bytes": 16}) == ["heap_kernel_bytes"]
    assert bench.missed(met | {"harmonics_insn_per_window": None}) == ["harmonics_insn_per_window"]


def test_a_spread_is_seen():
    case = counts.Case("x")
    case.add({"units": 10, "counts": [1600, 1600]})
    assert (case.value, case.spread) == (100, 0)
    case.add({"units": 10, "counts": [1603, 1600]})
    assert case.spread > 0.001


def test_this_machine():
    """C and byte code find the same sums here too, or host.measure raises."""
    times = host.measure(rounds=1)
    if times is None:
        pytest.skip("SKIPPED: no C compiler on this machine: apt install gcc")
    c, viper, bytecode = times
    assert 0 < c < viper < bytecode
