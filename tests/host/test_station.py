"""Faults of the world around the terminal: what it says, what it loses, how it comes back."""

import functools
import json
import time

import pytest
from rig import rig

pytestmark = pytest.mark.alone


LOST, PULSE_ONLY, DATA_ONLY, BOTH = range(4)


@pytest.fixture(scope="module")
def bench():
    with rig(settings=[("rs485.data_s", 2), ("uplink.keepalive_s", 10)]) as bench:
        yield bench


def link_row(bench, name):
    """The value beside `name` in what ttu.link() answers."""
    text = bench.verb("ttu.link()")
    return next(x for x in text.splitlines() if x.startswith(name)).removeprefix(name).strip()


def energy_of(bench):
    """As soon as it is good: not while registers stand in for samples."""
    return bench.wait("energy", lambda: bench.listener.values("meter").get("ep"))


def test_values_agree_with_the_analogue_truth(bench):
    bench.wait_mode(BOTH)
    truth = bench.emulator(cmd="truth")
    values = bench.listener.values("meter")
    for phase, letter in zip("abc", "ABC", strict=True):
        assert values["u" + phase] == pytest.approx(truth["rms"]["V" + letter], rel=20e-6)
        assert values["i" + phase] == pytest.approx(truth["rms"]["I" + letter], rel=20e-6)
        assert values["p" + phase] == pytest.approx(truth["p"][letter], rel=20e-6)
    assert values["in"] == pytest.approx(truth["rms"]["IN"], rel=20e-6)
    assert values["f"] == pytest.approx(truth["freq_hz"], abs=0.001)


def test_meters_carry_their_own_values(bench):
    """With the registers held still, what arrives at the broker is what each meter holds."""
    assert bench.station.ask("meters", do="hold", on=True)["ok"]
    meters = bench.station.ask("meters", do="truth")["meters"]
    for address in ("000000000001", "000000000002"):
        held = meters[address]["registers"]
        expected = {
            "ep": held["00010000"] / 100,
            "ep4": held["00010400"] / 100,
            "ub": held["02010200"] / 10,
            "ic": held["02020300"] / 1000,
            "p": held["02030000"] / 10000,
        }
        bench.wait(f"{address} {expected}", functools.partial(carries, bench, address, expected))
    assert bench.station.ask("meters", do="hold", on=False)["ok"]


def carries(bench, address, expected):
    values = bench.listener.values(address)
    return all(values.get(name) == value for name, value in expected.items())


def test_the_tariffs_add_up_to_the_total(bench):
    """Each second, on the uplink and on the console."""
    bench.wait_mode(BOTH)
    total = energy_of(bench)
    # 52 kW, settled at different moments of a second, reported within one
    assert sum(tariffs(bench)) == pytest.approx(total, abs=40)
    rows = [row.split() for row in bench.verb("ttu.billing()").splitlines()]
    shown = {row[0]: float(row[1]) for row in rows if row[0][0] == "T" and len(row) == 7}
    total = next(float(row[1]) for row in rows if row[0] == "total")
    assert shown and sum(shown.values()) == pytest.approx(total, abs=0.002)


def tariffs(bench):
    values = bench.listener.values("billing")
    return [values.get(f"ep_t{number}", 0) for number in range(9)]


def test_a_pulled_spi_link(bench):
    """Mode pulse_only, points invalid, energy goes on by pulses; metering resumes by itself."""
    bench.wait_mode(BOTH)
    before = energy_of(bench)
    bench.emulator(cmd="pull", what="spi")
    bench.wait_mode(PULSE_ONLY)
    bench.wait("invalid points", lambda: bench.listener.values("meter").get("ua", 0) is None)
    time.sleep(2)
    bench.emulator(cmd="plug", what="spi")
    bench.wait_mode(BOTH)
    bench.wait("valid points", lambda: bench.listener.values("meter").get("ua"))
    assert bench.event("LINK_MODE", "pulse_only, was both")
    # two seconds of 52 kW are 29 Wh; what stood in for samples is confirmed by the next reading
    bench.wait("the energy", lambda: (bench.listener.values("meter")["ep"] or 0) > before + 20)


def test_everything_pulled_is_lost_and_comes_back(bench):
    """Windows count as lost; the energy metered meanwhile comes from the unit's registers."""
    bench.wait_mode(BOTH)
    energy = energy_of(bench)
    bench.emulator(cmd="pull", what="all")
    bench.wait_mode(LOST)
    lost = bench.terminal("windows_lost")
    time.sleep(2)
    assert bench.listener.values("meter")["ua"] is None or bench.wait(
        "invalid points", lambda: bench.listener.values("meter").get("ua", 0) is None
    )
    bench.emulator(cmd="plug", what="all")
    bench.wait_mode(BOTH)
    bench.wait("the event", lambda: bench.event("ENERGY_SUBSTITUTED"))
    bench.wait("lost windows", lambda: bench.terminal("windows_lost") >= lost + 10)
    bench.wait("valid points", lambda: bench.listener.values("meter").get("ua"))
    # at least the 52 kW of two seconds, 29 Wh, less the second of the register latch
    bench.wait("the energy", lambda: (bench.listener.values("meter")["ep"] or 0) > energy + 14)


def test_a_reset_of_the_metrology_unit_is_configured_again(bench):
    bench.wait_mode(BOTH)
    bench.wait("valid points", lambda: bench.listener.values("meter").get("ua"))
    energy = energy_of(bench)
    resets = int(link_row(bench, "hardware resets"))
    bench.emulator(cmd="reset")
    bench.wait("a cold start", lambda: int(link_row(bench, "hardware resets")) > resets)
    bench.wait_mode(BOTH)
    bench.wait("valid points", lambda: bench.listener.values("meter").get("ua"))
    assert energy_of(bench) >= energy


def test_bit_errors_on_the_wire_are_found(bench):
    """A burst with flipped bits is read again; no wrong value is passed on."""
    bench.wait_mode(BOTH)
    for after in (40, 700, 2000):
        bench.emulator(cmd="flip", bits=3, after_bytes=after)
        time.sleep(0.2)
    found = int(link_row(bench, "bursts repeated")) + int(link_row(bench, "register CRC errors"))
    assert found >= 1
    truth = bench.emulator(cmd="truth")
    values = bench.wait("valid", lambda: bench.listener.values("meter"))
    assert values["ua"] == pytest.approx(truth["rms"]["VA"], rel=20e-6)


def test_the_broker_goes_away_and_nothing_is_lost(bench):
    """Metering and polling go on; events that happened meanwhile arrive after its return."""
    bench.wait_mode(BOTH)
    windows = bench.terminal("windows")
    before = bench.listener.events[-1]["seq"]
    bench.station.broker.kill()
    time.sleep(1)
    bench.emulator(cmd="pull", what="spi")
    bench.wait("the change", lambda: link_row(bench, "mode") == "pulse_only")
    bench.emulator(cmd="plug", what="spi")
    time.sleep(1)
    assert "up" not in bench.verb("ttu.status()").split("uplink")[1].split()[0]
    bench.station.broker.start()
    bench.wait("windows", lambda: bench.terminal("windows") > windows + 10, 60)
    bench.wait("the event", lambda: is_told_since(bench, before), 60)


def is_told_since(bench, sequence):
    told = bench.event("LINK_MODE", "pulse_only, was both")
    return told and told["seq"] > sequence


def test_a_dead_meter_is_named_and_others_go_on(bench):
    bench.wait("readings", lambda: bench.terminal("meters_read") == 2)
    done = bench.station.ask("meters", do="fault", name="dead", meter="000000000001", count=100)
    assert done["ok"], done
    bench.wait("one failed", lambda: bench.terminal("meters_failed") == 1)
    bench.wait("the event", lambda: bench.event("DEVICE_LOST"))
    bench.wait("null", lambda: bench.listener.values("000000000001").get("ua", 0) is None)
    assert bench.listener.values("000000000002")["ua"] is not None
    assert bench.station.ask("meters", do="clear")["ok"]
    bench.wait("all back", lambda: bench.terminal("meters_read") == 2, 60)
    bench.wait("the event", lambda: bench.event("DEVICE_BACK"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("ttu.points('meter.u?')", "meter.ua"),
        ("ttu.slots()", "rs485"),
        ("ttu.devices()", "000000000002"),
        ("ttu.events(2)", "time (UTC)"),
        ("ttu.meter()", "total"),
        ("ttu.billing()", "is in force"),
        ("ttu.waveforms()", "in /waves"),
        ("ttu.help()", "rollback()"),
        ("ttu.version()", "virtual board"),
        ("ttu.config('uplink.prt')", "did you mean 'uplink.port'"),
        ("ttu.config('uplink.port', 70000)", "1..65535"),
        ("ttu.events('many')", "number of events"),
        ("ttu.points(3)", "text in quotes"),
        ("ttu.meter(1, 2)", "use it as"),
        ("ttu.nothing()", "no verb"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_console_verbs(bench, line, answer):
    text = bench.verb(line)
    assert answer in text, text
    assert "Traceback" not in text


def test_settings_are_tried_committed_and_rolled_back(bench):
    assert "on trial" in bench.verb("ttu.config('uplink.period_s', 2)")
    assert "in force" in bench.verb("ttu.commit()")
    assert "value" in bench.verb("ttu.config('uplink.period_s')")
    assert "put back" in bench.verb("ttu.rollback()")


def test_energy_survives_a_restart(bench):
    """Ctrl-C stops in order and saves; Ctrl-D starts again: the register goes on from there."""
    bench.wait_mode(BOTH)
    bench.wait("a life to tell from the next", lambda: (bench.terminal("uptime") or 0) > 4)
    bench.console.type("\x03")
    bench.console.until("{", 20)
    report = json.loads("{" + bench.console.until("}", 20))
    assert report["windows"] > 0
    before = energy_of(bench)
    uptime = bench.terminal("uptime")
    bench.console.until(">>> ", 20)
    bench.console.type("\x04")
    bench.console.until("ttu> ", 30)
    bench.wait("the event", lambda: bench.event("ENERGY_RESTORED"))
    bench.wait_mode(BOTH)
    # a few windows later: the value of the new boot, not the retained old one
    bench.wait("new windows", lambda: 2 <= bench.terminal("uptime") < uptime)
    after = energy_of(bench)
    assert before <= after < before + 2000
    assert "resumed" in bench.verb("ttu.link()")  # the metrology unit was not reset


def test_a_stalled_terminal_in_lockstep(bench):
    """80 ms without service: the crystal waits."""
    bench.wait_mode(BOTH)
    before = losses(bench)
    stall(bench)
    assert losses(bench) == before


@pytest.fixture(scope="module")
def real():
    """The crystal waits for nobody."""
    with rig(pace="real", meters=1) as bench:
        yield bench


def test_a_stalled_terminal_in_real_pace(real):
    """Half buffers are overwritten, counted and never passed on as data."""
    real.wait_mode(BOTH)
    lost, _ = losses(real)
    stall(real)
    now, overruns = losses(real)
    assert now > lost and overruns >= 2


def test_without_the_pulse_channel_samples_still_come(real):
    real.wait_mode(BOTH)
    windows = real.terminal("windows")
    real.emulator(cmd="pull", what="pins")
    real.wait_mode(DATA_ONLY)
    real.wait("windows", lambda: real.terminal("windows") > windows + 10)
    real.emulator(cmd="plug", what="pins")
    real.wait_mode(BOTH)


def losses(bench):
    """(windows lost, overruns)"""
    return bench.terminal("windows_lost"), int(link_row(bench, "overruns"))


def stall(bench):
    """For 80 ms, and after ten windows more the values are right."""
    windows = bench.terminal("windows")
    bench.verb("import time; time.sleep_ms(80)")
    bench.wait("windows", lambda: bench.terminal("windows") > windows + 10)
    truth = bench.emulator(cmd="truth")
    assert bench.listener.values("meter")["ua"] == pytest.approx(truth["rms"]["VA"], rel=20e-6)
