"""Bad input from end to end: an emulated ADE9000, the link, the metering and its points.

Each is named by a flag of the window and counted, quality bits say which points to mistrust, what
a gap lacks comes from the IC's registers and is marked, the billing register neither jumps nor
goes back, and all is well again by itself. In lockstep: no verdict depends on the machine's load.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from metering_rig import (
    BUS,
    EVENT,
    FREQUENCY,
    GAP,
    IV,
    OV,
    OVERRUN,
    PHASE,
    SATURATED,
    SB,
    SHORT,
    STUCK,
    metering_rig,
)

PAGE_FULL = 1 << 17
SKEW_S = 0.06  # what the registers may be off, at both ends of a gap; the gaps are longer
Q = ("qa", "qb", "qc", "q")
VALUES = ("ua", "ub", "uc", "ia", "ib", "ic", "in", "pa", "pb", "pc", "p", "f", *Q)


def overrun(rig):
    """The crystal, which does not wait for a host that wants no interrupt, leaves it behind."""
    rig.ask(cmd="poke", reg="MASK0", value=0)
    rig.order("stall 150")
    rig.until("stall")
    time.sleep(0.15)


def heal(rig):
    """Whatever it was, it is over."""
    rig.ask(cmd="plug", what="all")
    rig.ask(cmd="poke", reg="MASK0", value=PAGE_FULL)
    for channel in ("VB", "IC"):
        rig.ask(cmd="stick", channel=channel, on=False)
    rig.ask(cmd="signal", freq=50, u=[230, 230, 230])


def asks(**request):
    return lambda rig: rig.ask(**request)


def pulls(wire, is_long=False):
    def pull(rig):
        rig.ask(cmd="pull", what=wire)
        if is_long:
            rig.until("event", "LINK_MODE", "meter", "pulse_only, was both")
        time.sleep(0.5 if is_long else 0.1)

    return pull


class Case(NamedTuple):
    inject: Callable
    flags: int  # that a window has
    more: int = 0  # that it may have beside
    quality: dict = {}  # of points of that window, the others are good
    is_whole: bool = False  # all its values are so
    is_true: bool = True  # the IC's converters still see the signal
    power: float = 1.0  # at most, of the usual


CASES = {
    "burst overrun": Case(overrun, OVERRUN | GAP),
    "short burst": Case(asks(cmd="cut", bursts=40, after_bytes=1000), SHORT | GAP),
    "all ones": Case(pulls("spi"), BUS | GAP, OVERRUN | SHORT),
    "all ones for long": Case(pulls("spi", True), BUS | GAP, OVERRUN | SHORT),
    "all zeros": Case(pulls("miso"), BUS | GAP, OVERRUN | SHORT),
    "all zeros for long": Case(pulls("miso", True), BUS | GAP, OVERRUN | SHORT),
    "stuck voltage": Case(
        asks(cmd="stick", channel="VB"), STUCK, EVENT | PHASE, {"f": IV}, True, False, 2
    ),
    "stuck current": Case(asks(cmd="stick", channel="IC"), STUCK, 0, {"f": IV}, True, False, 2),
    "saturated channel": Case(
        asks(cmd="signal", u=[230, 800, 230]), SATURATED, EVENT, {"f": OV}, True, False, 4
    ),
    "40 Hz": Case(asks(cmd="signal", freq=40), FREQUENCY, EVENT, {"f": OV}),
    "35 Hz": Case(asks(cmd="signal", freq=35), FREQUENCY, EVENT, dict.fromkeys(("f", *Q), IV)),
    "60 Hz": Case(asks(cmd="signal", freq=60), FREQUENCY, EVENT, {"f": OV}),
    "phase A missing": Case(asks(cmd="signal", u=[0, 230, 230]), PHASE, EVENT),
    "phase B missing": Case(asks(cmd="signal", u=[230, 0, 230]), PHASE, EVENT),
}


@pytest.fixture(scope="module")
def running():
    with metering_rig() as rig:
        yield rig


def is_well(window):
    return not window["flags"] and not window["quality"] and window["mode"] == "both"


def lead_mwh(rig, window):
    """(Billing register less the true energy at the window's end, but for a constant; true power
    in W, which is steady)."""
    truth = rig.ask(cmd="truth")
    power = sum(truth["p"].values())
    late_s = truth["seconds"] - window["at_ms"] / 1000
    return window["mwh"] - truth["energy_wh"]["total"] * 1000 + power * late_s / 3.6, power


def well(rig):
    """A window with settled energies after a second without anything odd."""
    good = 0
    while good < 6:
        window = rig.window()
        good = good + 1 if is_well(window) else 0
    return window if window["is_settled"] else rig.window(lambda w: w["is_settled"])


@pytest.mark.parametrize("name", CASES)
def test_bad_input(running, name):
    rig, case = running, CASES[name]
    heal(rig)
    before = well(rig)
    lead, power = lead_mwh(rig, before)
    rig.windows.clear()

    case.inject(rig)
    is_gap = bool(case.flags & GAP)
    if is_gap:
        heal(rig)
    bad = rig.window(lambda w: w["flags"] & case.flags == case.flags)
    if not is_gap:
        # the next one is bad from its first sample to its last, and the one behind it measured by
        # a frequency that has not been followed over the jump
        for _ in range(2):
            bad = rig.window(lambda w: w["flags"] & case.flags)
        heal(rig)
    assert not bad["flags"] & ~(case.flags | case.more), bad
    if case.is_whole:
        assert {bad["quality"].get(name) for name in VALUES} == {case.quality["f"]}, bad["quality"]
    elif not is_gap:
        assert bad["quality"] == case.quality, bad["quality"]

    if is_gap:
        rig.window(lambda w: w["is_settled"] and w["marked"] > before["marked"])
        assert any(w["quality"].get("ep") == SB for w in rig.windows), "nothing was marked"
        assert not any("ua" in w["quality"] for w in rig.windows)
    after = well(rig)
    for k in range(10):
        if case.flags >> k & 1:
            assert after["counts"][k] > before["counts"][k], (k, after)
    assert after["flagged"] > before["flagged"]
    assert (after["lost"] > before["lost"]) == is_gap
    assert (after["marked"] > before["marked"]) == is_gap
    assert after["unknown_ms"] == before["unknown_ms"]
    check_billing(before, rig.windows, power * case.power)
    if case.is_true:
        now, _ = lead_mwh(rig, after)
        assert abs(now - lead) <= power * SKEW_S / 3.6, (now - lead, power / 3.6)


def check_billing(before, windows, power):
    """Never back, and never more than the power can have brought."""
    last = before
    for window in windows:
        assert window["mwh"] >= last["mwh"], (last, window)
        ms = window["at_ms"] - before["at_ms"]
        most = power * (ms / 1000 + SKEW_S + 0.2) / 3.6
        assert window["mwh"] - before["mwh"] <= most, (before, window, most)
        last = window
