"""A technician calibrates the terminal at its console: sensors with errors, a stated source, the
registers of the metrology unit, a restart, and back."""

import pytest
from rig import rig

BOTH = 3
SENSORS = {  # gain, lead in degrees
    "VA": (0.008, 0),
    "VB": (-0.006, 0),
    "VC": (0.004, 0),
    "IA": (-0.007, 0.15),
    "IB": (0.009, -0.12),
    "IC": (0.003, 0.2),
}
SOURCE = {"freq": 50, "u": [230] * 3, "i": [100] * 3, "u_harm": {}, "i_harm": {}}


@pytest.fixture(scope="module")
def bench():
    with rig() as bench:
        bench.wait_mode(BOTH)
        bench.emulator(cmd="signal", phi_deg=[0] * 3, **SOURCE)
        for channel, (gain, lead) in SENSORS.items():
            bench.emulator(cmd="error", channel=channel, gain=gain, phase_deg=lead)
        yield bench


def values(bench):
    return bench.listener.values("meter")


def step(bench, line, outcome="on trial"):
    """One step of the walk, until the terminal says how it went; its table."""
    answer = bench.verb(line)
    assert "measuring" in answer, answer
    table = ""

    def is_over():
        nonlocal table
        table = bench.verb("ttu.calibration()")
        return "done" in table or "refused" in table

    bench.wait(line, is_over, 60)
    assert outcome in table, table
    return table


def is_right(bench, share=0.0002):
    found = values(bench)
    if not found.get("ua") or not found.get("pa"):
        return False
    wanted = {"u": 230, "i": 100}
    return all(
        abs(found[kind + phase] / wanted[kind] - 1) < share for kind in "ui" for phase in "abc"
    )


def test_the_walk(bench):
    bench.wait("wrong values", lambda: (values(bench).get("ua") or 0) > 231.5)
    table = step(bench, "ttu.calibrate('gain', u=230, i=100, windows=5)")
    assert "AVGAIN" in table and "CIGAIN" in table
    bench.wait("right voltages and currents", lambda: is_right(bench))
    # 60 degrees lagging: an angle of 0.2 degrees is 0.6 % of P
    bench.emulator(cmd="signal", phi_deg=[60] * 3, **SOURCE)
    table = step(bench, "ttu.calibrate('phase', pf='0.5L', windows=5)")
    assert "APHCAL0" in table
    for phase in "abc":
        bench.wait(
            "right power of " + phase,
            lambda p=phase: abs((values(bench).get("p" + p) or 0) / 11500 - 1) < 0.0005,
        )
    assert bench.event("CALIBRATION_STEP", "phase")


def test_it_is_kept_over_a_restart(bench):
    """Of the metrology unit, and of both; the checksum of its configuration is the same then."""
    answer = bench.verb("ttu.calibrate('keep', operator='Li')")
    assert "checksum 0x" in answer, answer
    assert "Li" in bench.verb("ttu.calibration()")
    bench.wait("the event", lambda: bench.event("CALIBRATION_KEPT", "Li"))
    gain = bench.emulator(cmd="peek", reg="AVGAIN")["value"]
    bench.emulator(cmd="reset")  # the unit comes back with its registers at zero
    bench.wait("its registers", lambda: bench.emulator(cmd="peek", reg="AVGAIN")["value"] == gain)
    bench.wait("right values", lambda: is_right(bench))
    # and both
    bench.console.type("\x03")
    bench.console.until(">>> ", 20)
    bench.emulator(cmd="reset")
    bench.console.type("\x04")
    bench.console.until("ttu> ", 30)
    bench.wait_mode(BOTH)
    bench.wait("new windows", lambda: (bench.terminal("uptime") or 0) >= 2)
    assert is_right(bench)
    assert "Li" in bench.verb("ttu.calibration()")
    assert not bench.event("METROLOGY_CONFIG", "checksum is")


def test_an_upset_register_is_put_right(bench):
    """The checksum of the configuration is looked at: nobody meters with another gain."""
    gain = bench.emulator(cmd="peek", reg="BIGAIN")["value"]
    bench.emulator(cmd="poke", reg="BIGAIN", value=gain ^ 0x10000)
    bench.wait("the event", lambda: bench.event("METROLOGY_CONFIG", "register 0x020 held"), 60)
    assert bench.emulator(cmd="peek", reg="BIGAIN")["value"] == gain


def test_bad_steps_are_refused_in_a_sentence(bench):
    for line, reason in (
        ("ttu.calibrate('gain', u=115, windows=5)", "AVGAIN"),
        ("ttu.calibrate('phase', pf='1', u=230)", "phase takes"),
        ("ttu.calibrate('keep', operator='Li')", "nothing is on trial"),
        ("ttu.calibrate('gain', u=230, windows=0)", "windows"),
    ):
        answer = bench.verb(line)
        if "measuring" in answer:
            step_text = []

            def is_over(found=step_text):
                found.append(bench.verb("ttu.calibration()"))
                return "refused" in found[-1] or "done" in found[-1]

            bench.wait(line, is_over, 60)
            assert "refused" in step_text[-1], step_text[-1]
            continue
        assert reason in answer and "Traceback" not in answer, answer


def test_rollback_undoes_it(bench):
    answer = bench.verb("ttu.rollback('calibration')")
    assert "before is back" in answer, answer
    bench.wait("uncalibrated values", lambda: (values(bench).get("ua") or 0) > 231.5)
    assert bench.emulator(cmd="peek", reg="AVGAIN")["value"] == 0
    assert bench.event("CALIBRATION_UNDONE")
