"""A technician calibrates the terminal at its console: sensors with errors, a stated source, the
registers of the metrology unit, restarts of either unit, and back."""

import pytest
from rig import rig

BOTH = 3
SENSORS = {  # gain, lead in degrees, DC in V or A, A per V from the voltage of the phase
    "VA": {"gain": 0.008, "offset": 2},
    "VB": {"gain": -0.006},
    "VC": {"gain": 0.004, "offset": -1},
    "IA": {"gain": -0.007, "phase_deg": 0.15, "offset": 3, "leak": 3e-5},
    "IB": {"gain": 0.009, "phase_deg": -0.12, "leak": -2e-5},
    "IC": {"gain": 0.003, "phase_deg": 0.2, "offset": -2, "leak": 2.5e-5},
}
IN, SMALL = 100, 2  # A
CALIBRATED = "AVGAIN", "CIGAIN", "APHCAL0", "BWATTOS", "CVAROS", "AIRMSOS"


@pytest.fixture(scope="module")
def bench():
    with rig() as bench:
        bench.wait_mode(BOTH)
        source(bench, IN)
        for channel, errors in SENSORS.items():
            bench.emulator(cmd="error", channel=channel, **errors)
        yield bench


def source(bench, amps, phi=0):
    """Set it; the metrology unit's filters have settled then."""
    signal = {"freq": 50, "u": [230] * 3, "i": [amps] * 3, "phi_deg": [phi] * 3}
    bench.emulator(cmd="signal", u_harm={}, i_harm={}, **signal)
    now = bench.terminal("windows")
    bench.wait("two seconds", lambda: bench.terminal("windows") >= now + 10)


def values(bench):
    return bench.listener.values("meter")


def step(bench, line):
    """One step of the walk, until the terminal says how it went; its table."""
    answer = bench.verb(line)
    assert "measuring" in answer, answer
    table = ""

    def is_over():
        nonlocal table
        table = bench.verb("ttu.calibration()")
        return ": done" in table or "refused" in table

    bench.wait(line, is_over, 60)
    return table


def restart(bench, boot, meanwhile=lambda: None):
    """Stop the terminal, do something, and start it for that boot: ten windows of it are there."""
    bench.console.type("\x03")
    bench.console.until(">>> ", 20)
    meanwhile()
    bench.console.type("\x04")
    bench.console.until("ttu> ", 30)

    def is_up():
        link = events(bench, boot, "LINK_MODE", "both, was")
        report = bench.listener.newest["terminal"]
        is_new = link and report["stamp_ms"] > link[-1]["stamp_ms"]
        return is_new and (bench.terminal("windows") or 0) >= 10

    bench.wait("boot %d" % boot, is_up)


def events(bench, boot, name, text=""):
    """Those of a boot."""
    found = [e for e in bench.listener.events if e["boot"] == boot and e["event"] == name]
    return [e for e in found if text in e["text"]]


def is_right(bench, amps, share):
    """U, I, P and Q with a current of so many A in phase."""
    found = values(bench)
    if any(found.get(kind + phase) is None for kind in "uipq" for phase in "abc"):
        return False
    watts = 230 * amps
    return all(
        abs(found["u" + phase] / 230 - 1) < share
        and abs(found["i" + phase] / amps - 1) < share
        and abs(found["p" + phase] / watts - 1) < share
        and abs(found["q" + phase] / watts) < share
        for phase in "abc"
    )


def is_wrong(bench, amps):
    """As the sensors make it: gain, angle and leak."""
    found = values(bench)
    if any(found.get(name) is None for name in ("ua", "pa", "qa")):
        return False
    watts = 230 * amps
    return (
        found["ua"] > 231.5
        and abs(found["pa"] / watts - 1) > 0.001
        and abs(found["qa"] / watts) > 0.002
    )


def held(bench):
    return [bench.emulator(cmd="peek", reg=name)["value"] for name in CALIBRATED]


def test_the_walk(bench):
    bench.wait("wrong values", lambda: is_wrong(bench, IN))
    table = step(bench, "ttu.calibrate('gain', u=230, i=100, windows=5)")
    assert "on trial" in table and "AVGAIN" in table and "CIGAIN" in table, table
    source(bench, IN, 60)  # lagging: an angle of 0.2 degrees is 0.6 % of P
    table = step(bench, "ttu.calibrate('phase', pf='0.5L', windows=5)")
    assert "on trial" in table and "APHCAL0" in table, table
    for phase in "abc":
        bench.wait(
            "right power of " + phase,
            lambda p=phase: abs((values(bench).get("p" + p) or 0) / 11500 - 1) < 0.0005,
        )
    source(bench, SMALL)  # what leaks is 0.3 % of it
    assert abs(values(bench)["pa"] / 460 - 1) > 0.002
    table = step(bench, "ttu.calibrate('offset', u=230, i=2, pf=1, windows=5)")
    assert "on trial" in table and "AWATTOS" in table and "CIRMSOS" in table, table
    bench.wait("right small values", lambda: is_right(bench, SMALL, 0.0005))
    assert all(held(bench))
    for name in ("gain", "phase", "offset"):
        bench.wait("the event", lambda n=name: events(bench, 1, "CALIBRATION_STEP", n + " of"))


def test_it_is_kept_over_restarts(bench):
    """Of the metrology unit, and of both; the checksum of its configuration is the same then."""
    answer = bench.verb("ttu.calibrate('keep', operator='Li')")
    assert "checksum 0x" in answer, answer
    assert "Li" in bench.verb("ttu.calibration()")
    bench.wait("the event", lambda: events(bench, 1, "CALIBRATION_KEPT", "Li"))
    kept = held(bench)
    bench.emulator(cmd="reset")  # the unit comes back with its registers at zero
    bench.wait("its registers", lambda: held(bench) == kept)
    bench.wait("right values", lambda: is_right(bench, SMALL, 0.0005))
    restart(bench, 2, lambda: bench.emulator(cmd="reset"))
    assert held(bench) == kept
    assert is_right(bench, SMALL, 0.0005), values(bench)
    assert "Li" in bench.verb("ttu.calibration()")
    assert not bench.event("METROLOGY_CONFIG", "checksum")


def test_an_upset_register_is_put_right(bench):
    """The checksum of the configuration is looked at: nobody meters with another gain. What it was
    meanwhile is not what the next start compares with."""
    kept = held(bench)
    gain = bench.emulator(cmd="peek", reg="BIGAIN")["value"]
    bench.emulator(cmd="poke", reg="BIGAIN", value=gain ^ 0x10000)
    bench.wait(
        "the event", lambda: events(bench, 2, "METROLOGY_CONFIG", "register 0x020 held"), 60
    )
    assert bench.emulator(cmd="peek", reg="BIGAIN")["value"] == gain
    restart(bench, 3)
    assert held(bench) == kept and is_right(bench, SMALL, 0.0005)
    assert "resumed" in bench.verb("ttu.link()")
    assert not events(bench, 3, "METROLOGY_CONFIG")


def test_a_checksum_that_is_not_the_one_kept_is_an_event(bench):
    """Something that the terminal never writes changed while it was stopped."""
    restart(bench, 4, lambda: bench.emulator(cmd="poke", reg="ZXTOUT", value=5))
    bench.wait("the event", lambda: events(bench, 4, "METROLOGY_CONFIG", "the checksum is 0x"))
    assert bench.emulator(cmd="peek", reg="ZXTOUT")["value"] == 0xFFFF  # by a reset
    assert is_right(bench, SMALL, 0.0005), values(bench)


def test_bad_steps_are_refused_in_a_sentence(bench):
    table = step(bench, "ttu.calibrate('gain', u=115, windows=5)")
    assert "refused: UA reads" in table and "AVGAIN" not in table, table
    bench.wait("the event", lambda: events(bench, 4, "CALIBRATION_REFUSED", "gain"))
    for line, reason in (
        ("ttu.calibrate('phase', pf='1', u=230)", "phase takes"),
        ("ttu.calibrate('keep', operator='Li')", "nothing is on trial"),
        ("ttu.calibrate('gain', u=230, windows=0)", "windows"),
    ):
        answer = bench.verb(line)
        assert reason in answer and "Traceback" not in answer, answer
    assert is_right(bench, SMALL, 0.0005), values(bench)


def test_rollback_undoes_it_and_twice_is_forward_again(bench):
    kept = held(bench)
    answer = bench.verb("ttu.rollback('calibration')")
    assert "before is back" in answer, answer
    bench.wait("uncalibrated values", lambda: is_wrong(bench, SMALL))
    assert not any(held(bench))
    bench.wait("the event", lambda: events(bench, 4, "CALIBRATION_UNDONE"))
    assert "before is back" in bench.verb("ttu.rollback('calibration')")
    bench.wait("right values", lambda: is_right(bench, SMALL, 0.0005))
    assert held(bench) == kept


def test_a_calibration_that_flash_lost_is_an_event(bench):
    def damage():
        for name in "ab":
            line = "f = open('/calibration.%s', 'w'); f.write('x' * 40); f.close()" % name
            bench.console.type(line + "\r")
            bench.console.until(">>> ", 10)

    restart(bench, 5, damage)
    bench.wait("the event", lambda: events(bench, 5, "CALIBRATION_LOST", "corrupt"))
    bench.wait("uncalibrated values", lambda: is_wrong(bench, SMALL))
    assert "none" in bench.verb("ttu.calibration()")
