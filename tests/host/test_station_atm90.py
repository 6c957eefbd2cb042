"""The whole terminal with the second chip: boots, meters, publishes, survives a pulled SPI."""

import time

import pytest
from rig import rig

LOST, PULSE_ONLY, DATA_ONLY, BOTH = range(4)


@pytest.fixture(scope="module", params=["atm90e36a", "atm90e32as"])
def bench(request):
    with rig(chip=request.param, meters=1, settings=[("supply.record_s", 5)]) as bench:
        yield bench


def test_values_agree_with_the_analogue_truth(bench):
    bench.wait_mode(BOTH)
    values = bench.wait("settled", lambda: (bench.terminal("windows") or 0) > 15)
    truth = bench.emulator(cmd="truth")
    values = bench.listener.values("meter")
    for phase, letter in zip("abc", "ABC", strict=True):
        assert values["u" + phase] == pytest.approx(truth["rms"]["V" + letter], rel=1e-4)
        assert values["i" + phase] == pytest.approx(truth["rms"]["I" + letter], rel=2e-4)
        assert values["p" + phase] == pytest.approx(truth["p"][letter], rel=3e-4)
    assert values["in"] == pytest.approx(truth["rms"]["IN"], rel=5e-4)
    assert values["f"] == pytest.approx(truth["freq_hz"], abs=0.011)


def test_energy_grows_as_the_power_says(bench):
    bench.wait_mode(BOTH)
    energy, uptime = told_anew(bench)
    bench.wait("ten seconds", lambda: bench.terminal("uptime") >= uptime + 10)
    grown, passed = told_anew(bench)
    power = sum(bench.emulator(cmd="truth")["p"].values())
    # a report is up to a second old, and energies are told once a second at most
    assert (grown - energy) * 3600 == pytest.approx(power * (passed - uptime), abs=3 * power)


def told_anew(bench):
    """(energy, uptime) of the moment at which flash has more of it, which is when it is told."""
    before = bench.wait("energy", lambda: bench.listener.values("meter").get("ep"))

    def moment():
        energy = bench.listener.values("meter").get("ep")
        return energy and energy != before and (energy, bench.terminal("uptime"))

    return bench.wait("more energy", moment)


def test_a_pulled_spi_link(bench):
    """Points are invalid; what the chip counted meanwhile is in the register afterwards."""
    bench.wait_mode(BOTH)
    before = bench.wait("energy", lambda: bench.listener.values("meter").get("ep"))
    bench.emulator(cmd="pull", what="spi")
    bench.wait_mode(PULSE_ONLY)
    bench.wait("invalid points", lambda: bench.listener.values("meter").get("ua", 0) is None)
    time.sleep(3)
    bench.emulator(cmd="plug", what="spi")
    bench.wait_mode(BOTH)
    bench.wait("valid points", lambda: bench.listener.values("meter").get("ua"))
    assert bench.event("LINK_MODE", "pulse_only, was both")
    # three seconds of 52 kW are 43 Wh
    bench.wait("energy", lambda: (bench.listener.values("meter")["ep"] or 0) > before + 40)
    assert "resumed" in bench.verb("ttu.link()")


def test_the_console_shows_it(bench):
    bench.wait_mode(BOTH)
    text = bench.verb("ttu.link()")
    for row in ("ATM90E3", "energies saved by the echo", "energy by registers"):
        assert row in text
    assert "total" in bench.verb("ttu.meter()")
    assert "is in force" in bench.verb("ttu.billing()")
    assert "gives no waveforms" in bench.verb("ttu.waveforms()")
    assert "ATM90E3" in bench.verb("ttu.version()")


def test_an_upset_register_is_an_event(bench):
    bench.wait_mode(BOTH)
    bench.emulator(cmd="poke", reg="IgainC", value=123)
    bench.wait("the event", lambda: bench.event("METROLOGY_CONFIG", "register 0x6A held 0x7B"))


def test_it_is_not_calibrated_from_here(bench):
    for line in (
        "ttu.calibrate('gain', u=230)",
        "ttu.calibrate('keep', operator='Li')",
        "ttu.calibration()",
        "ttu.rollback('calibration')",
    ):
        answer = bench.verb(line)
        assert "not calibrated from here" in answer and "\n" not in answer, answer
    assert "metering.u_full_scale_mv" in bench.verb("ttu.config('metering')")
