"""The RS-485 driver under MicroPython against independent devices of three protocols on a paced
PTY, with every bad input named: each value must be the right device's own, or be marked."""

import json
import os
import random
import subprocess
import threading
import time

import pytest
from conftest import ROOT

from tools.station import faults
from tools.station.bus import Bus
from tools.station.devices.fleet import fleet
from tools.station.meters import make_bus, make_mixed_bus
from tools.station.wire import Wire

SCRIPT = ROOT / "tests" / "host" / "rs485_terminal.py"
PROFILES = ROOT / "firmware" / "devices" / "profiles"
MOVING = ("smart-breaker", "meter-698", "residual-current-645")
PROTOCOLS = ("dlt645", "dlt698", "modbus")
FAST = 115200
GOOD, IV = 0x00, 0x80
REPLY_MS = 150  # short waits for short tests: these devices answer within a few ms
ONE, TWO, THREE = (f"meter-645-{number:012d}" for number in (1, 2, 3))


class Terminal:
    """The driver in a MicroPython process; `round()` asks every device once."""

    def __init__(self, micropython, folder, bus, devices, baud):
        rows = [[1, one.kind, one.address, baud or one.baud, "-", one.name] for one in devices]
        job = {"rows": rows, "cfg": {"reply_ms": REPLY_MS}, "profiles": str(folder)}
        wiring = folder / "wiring.json"
        wiring.write_text(json.dumps({"uart": {"1": bus.wire.path}}))
        env = dict(os.environ, MICROPYPATH=f"{ROOT}:{ROOT}/board/unix:.frozen")
        env |= {"RS485_JOB": json.dumps(job), "TTU_WIRING": str(wiring)}
        self._process = subprocess.Popen(
            [*micropython, "-X", "heapsize=512k", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        self._guard = threading.Timer(90, self._process.kill)
        self._guard.daemon = True
        self._guard.start()
        self.problems = self._read()["problems"]

    def round(self, tries=2, names=None):
        self._process.stdin.write(json.dumps({"tries": tries, "names": names}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self):
        line = self._process.stdout.readline()
        if not line.startswith("{"):
            pytest.fail("the terminal died: " + line + self._process.stdout.read())
        return json.loads(line)

    def close(self):
        self._guard.cancel()
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture
def stage(micropython, tmp_path):
    """stage(bus, devices of it, speed for all) -> terminal; values stand still. Its profiles
    are ours, with a shorter wait."""
    opened = []
    folder = tmp_path / "firmware" / "devices" / "profiles"
    folder.mkdir(parents=True)
    for path in PROFILES.glob("*.json"):
        document = json.loads(path.read_text()) | {"reply_ms": REPLY_MS}
        (folder / path.name).write_text(json.dumps(document))

    def build(bus, devices=None, baud=0):
        bus.command({"do": "hold"})
        bus.start()
        opened.append(bus)
        opened.append(Terminal(micropython, tmp_path, bus, devices or bus.meters, baud))
        assert not opened[-1].problems
        return opened[-1]

    yield build
    for thing in reversed(opened):
        thing.close()


@pytest.fixture
def meters(stage):
    """meters(count, ..) -> (bus, terminal): DL/T 645 meters at 115200 bit/s."""

    def build(count=3, mode="frame", blocks="half"):
        bus = make_bus(count, FAST, reply_ms=2, seed=7, mode=mode, blocks=blocks)
        return bus, stage(bus, baud=FAST)

    return build


@pytest.fixture
def mixture(stage):
    """mixture(predicate, count) -> (bus, devices, terminal): some of a fleet, all of them at
    115200 bit/s."""

    def build(predicate, count):
        (devices,) = fleet(40, 1, 6)
        some = [device for device in devices if predicate(device)][:count]
        assert len(some) == count
        bus = Bus(Wire(FAST, "byte"), devices, 2, 6)
        return bus, some, stage(bus, some, FAST)

    return build


def judge(bus, result):
    """Every good value is the own device's; every other one is zero and marked. Returns the
    devices that answered to everything."""
    right = {one["name"]: one["values"] for one in bus.command({"do": "truth"})["meters"].values()}
    assert set(result["silent"]) <= set(result["points"]) <= set(right)
    whole = set()
    for name, points in result["points"].items():
        for point, (value, quality) in points.items():
            if quality == GOOD:
                assert value == right[name][point], (name, point)
            else:
                assert (value, quality) == (0, IV), (name, point)
        if name not in result["silent"]:
            assert all(quality == GOOD for _, quality in points.values()), name
            whole.add(name)
    return whole


def names(bus):
    return {device.name for device in bus.meters}


def settle(bus):
    """Wait until every answer under way has been delivered."""
    for _ in range(500):
        if not bus.command({"do": "bus"})["queued"]:
            return
        time.sleep(0.01)
    pytest.fail("the bus does not come to rest")


# --- nothing wrong


def test_every_kind_at_its_own_speed(stage):
    bus = make_mixed_bus(40, seed=6, mode="byte", reply_ms=2)
    some = {device.kind: device for device in bus.meters if device.baud > 2400}
    assert len(some) >= 10 and {device.protocol for device in some.values()} == set(PROTOCOLS)
    assert len({(device.baud, device.parity) for device in some.values()}) >= 4
    terminal = stage(bus, list(some.values()))
    result = terminal.round()
    assert judge(bus, result) == {device.name for device in some.values()}
    for device in some.values():
        wanted = json.loads((PROFILES / f"{device.kind}.json").read_text())["points"]
        assert set(result["points"][device.name]) == {point[0] for point in wanted}
    stats = result["stats"]
    assert not any(stats[name] for name in ("timeouts", "alien", "late", "stale", "unreadable"))
    assert stats["requests"] == stats["replies"]
    assert bus.command({"do": "bus"})["collisions"] == 0


@pytest.mark.parametrize("mode", ["frame", "byte"])
def test_values_are_the_meters_own(meters, mode):
    bus, terminal = meters(4, mode=mode)
    result = terminal.round()
    assert judge(bus, result) == names(bus)
    # a negative current came through, and the meters cannot be mistaken for each other
    assert min(points["ic"][0] for points in result["points"].values()) < 0
    assert len({points["ep"][0] for points in result["points"].values()}) == 4
    bus.command({"do": "alarm", "meter": "000000000002"})
    assert judge(bus, terminal.round()) == names(bus)


def test_blocks_are_tried_once_and_remembered(meters):
    bus, terminal = meters(2)
    first = terminal.round()["stats"]
    second = terminal.round()["stats"]
    # meter 1 serves blocks: 4 of them, P and f; meter 2 refuses 4 blocks, then 17 single items
    assert first["refused"] == second["refused"] == 4
    assert first["requests"] == 6 + 4 + 17
    assert second["requests"] - first["requests"] == 6 + 17


def test_values_that_move(mixture):
    bus, some, terminal = mixture(lambda device: device.kind in MOVING, 3)
    before = terminal.round()["points"]
    for device in some:
        device.step(300)
    result = terminal.round()
    assert judge(bus, result) == {device.name for device in some}
    assert all(result["points"][device.name] != before[device.name] for device in some)


# --- faults


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_faults_of_a_protocol(mixture, protocol):
    """One answer is hit: it is marked or repeated, nobody else is touched, and it is counted."""
    kinds = set(MOVING) | {"residual-current"}
    bus, some, terminal = mixture(lambda d: d.protocol == protocol and d.kind in kinds, 2)
    mine = {device.name for device in some}
    before = terminal.round()["stats"]
    for name, counters in (
        ("drop", ("timeouts",)),
        ("corrupt", ("garbage",)),
        ("wrong_address", ("alien",)),
        ("lying_length", ("timeouts",)),
        ("garbage", ()),
        ("dead", ("timeouts",)),
    ):
        fault = {"do": "fault", "name": name, "meter": some[0].address}
        bus.command(fault)
        result = terminal.round(tries=1)
        # noise around an answer hides nothing; the others spoil it, of one device
        spoilt = set() if name == "garbage" else {some[0].name}
        assert judge(bus, result) == mine - spoilt, name
        for counter in counters:
            assert result["stats"][counter] > before[counter], (name, counter)
        settle(bus)
        bus.command({"do": "clear"})
        if name != "dead":
            bus.command(fault)
        result = terminal.round(tries=2)
        assert judge(bus, result) == mine, name
        before = result["stats"]


def test_wrong_checksum_is_repeated(meters):
    bus, terminal = meters()
    bus.command({"do": "fault", "name": "corrupt", "meter": TWO[-12:]})
    result = terminal.round()
    assert judge(bus, result) == names(bus)
    assert result["stats"]["checksum_errors"] == result["stats"]["timeouts"] == 1


def test_babbling_line(meters):
    bus, terminal = meters()
    bus.command({"do": "fault", "name": "babble", "ms": 400})
    for _ in range(2):
        judge(bus, terminal.round())
    settle(bus)
    assert judge(bus, terminal.round()) == names(bus)


def test_late_answer_goes_to_nobody_else(meters):
    bus, terminal = meters()
    bus.command({"do": "fault", "name": "late", "meter": ONE[-12:], "ms": 210})
    assert judge(bus, terminal.round(tries=1)) == {TWO, THREE}
    settle(bus)
    result = terminal.round()
    assert judge(bus, result) == names(bus)
    assert result["stats"]["alien"] + result["stats"]["stale"] == 1


def test_late_answer_of_the_same_meter(meters):
    bus, terminal = meters()
    # repeated after 150 ms; then both answers come, one after the other
    bus.command({"do": "fault", "name": "late", "meter": ONE[-12:], "ms": 200})
    bus.command({"do": "fault", "name": "late", "meter": ONE[-12:], "ms": 110})
    result = terminal.round()
    assert judge(bus, result) == names(bus)
    stats = result["stats"]
    assert stats["late"] + stats["stale"] + stats["alien"] == 1


def test_answer_of_the_last_round_is_not_taken_for_this_one(meters):
    bus, terminal = meters(1, blocks="all")
    bus.command({"do": "fault", "name": "late", "ms": 210})
    assert judge(bus, terminal.round(tries=1)) == set()
    settle(bus)  # the answer stands in the line, with states of the past
    bus.command({"do": "alarm", "meter": ONE[-12:]})
    result = terminal.round(tries=1)
    assert judge(bus, result) == {ONE}
    assert result["stats"]["stale"] == 1


def test_late_refusal_is_not_taken_for_the_next_item(meters):
    bus, terminal = meters(1, blocks="none")
    # the refusal of the first block comes after its repetition was refused: it must not make
    # the item that is asked next look as if the meter did not have it
    bus.command({"do": "fault", "name": "late", "ms": 190})
    assert judge(bus, terminal.round()) == {ONE}


def test_every_fault_at_random(mixture):
    bus, some, terminal = mixture(lambda device: device.kind in MOVING, 4)
    rng = random.Random(3)
    kinds = [name for name in faults.NAMES if name not in ("dead", "babble")]
    good = 0
    for _ in range(5):
        for _ in range(rng.randrange(4)):
            fault = {"do": "fault", "name": rng.choice(kinds), "ms": rng.randrange(30, 290)}
            bus.command(fault | {"meter": rng.choice(some).address})
        good += len(judge(bus, terminal.round()))
    assert good >= 10  # of 20: it goes on reading all the same
    bus.command({"do": "clear"})
    settle(bus)
    assert len(judge(bus, terminal.round())) == 4


def test_pulled_line_is_silence(meters):
    """The desk-top UART says nothing when its far end hangs up; a port that fails is the device
    test's."""
    bus, terminal = meters(1)
    assert judge(bus, terminal.round()) == {ONE}
    bus.close()
    begun = time.monotonic()
    assert terminal.round()["silent"] == [ONE]
    assert time.monotonic() - begun < 2
    bus.close = lambda: None  # it is
