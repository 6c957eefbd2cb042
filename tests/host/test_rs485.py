"""The RS-485 driver under MicroPython against independent DL/T 645 meters on a paced PTY, with
every bad input named: each value must be the right meter's own, or be marked."""

import json
import os
import random
import subprocess
import threading
import time

import pytest
from conftest import ROOT

from tools.station import faults
from tools.station.meters import make_bus

SCRIPT = ROOT / "tests" / "host" / "rs485_terminal.py"
GOOD, IV, NT_IV = 0x00, 0x80, 0xC0
ITEMS = {
    "ep": "00010000",
    "ep1": "00010100",
    "ep2": "00010200",
    "ep3": "00010300",
    "ep4": "00010400",
    "ua": "02010100",
    "ub": "02010200",
    "uc": "02010300",
    "ia": "02020100",
    "ib": "02020200",
    "ic": "02020300",
    "p": "02030000",
}
ONE, TWO, THREE = "000000000001", "000000000002", "000000000003"


class Terminal:
    """The driver in a MicroPython process; `round()` plays one round."""

    def __init__(self, micropython, bus, **cfg):
        cfg = {"meters": [meter.address for meter in bus.meters], "retries": 1, **cfg}
        # short time-outs for short tests; the answers of this bus come within a few ms
        cfg = {"reply_ms": 250, "gap_ms": 60, "baud": 115200, **cfg}
        env = dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen")
        env["RS485_JOB"] = json.dumps({"path": bus.wire.path, "cfg": cfg})
        self._process = subprocess.Popen(
            [*micropython, "-X", "heapsize=256k", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        self._guard = threading.Timer(90, self._process.kill)
        self._guard.start()

    def round(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the terminal died"
        return json.loads(line)

    def close(self):
        self._guard.cancel()
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()


@pytest.fixture
def stage(micropython):
    """stage(count, cfg..., mode=...) -> (bus, terminal); registers stand still."""
    opened = []

    def build(count=3, mode="frame", baud=115200, blocks="half", **cfg):
        bus = make_bus(count, baud, reply_ms=2, seed=7, mode=mode, blocks=blocks)
        bus.command({"do": "hold"})
        bus.start()
        opened.append(bus)
        opened.append(Terminal(micropython, bus, baud=baud, **cfg))
        return bus, opened[-1]

    yield build
    for thing in reversed(opened):
        thing.close()


def truth(bus):
    return {
        address: {name: meter["registers"][di] for name, di in ITEMS.items()}
        for address, meter in bus.command({"do": "truth"})["meters"].items()
    }


def judge(bus, result):
    """Every good value is the own meter's; every other one is zero and marked. Returns the
    meters that are good altogether."""
    right = truth(bus)
    whole = set()
    for address, points in result["points"].items():
        assert set(points) == set(ITEMS)
        for name, (value, quality) in points.items():
            if quality == GOOD:
                assert value == right[address][name], (address, name)
            else:
                assert (value, quality) == (0, NT_IV), (address, name)
        if all(quality == GOOD for _, quality in points.values()):
            whole.add(address)
    return whole


def settle(bus):
    """Wait until every answer under way has been delivered."""
    for _ in range(500):
        if not bus.command({"do": "bus"})["queued"]:
            return
        time.sleep(0.01)
    pytest.fail("the bus does not come to rest")


@pytest.mark.parametrize("mode", ["frame", "byte"])
def test_values_are_the_meters_own(stage, mode):
    bus, terminal = stage(4, mode=mode, baud=9600)
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    stats = result["stats"]
    assert (stats["meters_ok"], stats["meters_failed"]) == (4, 0)
    assert stats["requests"] == stats["replies"]
    assert not any(stats[name] for name in ("timeouts", "alien", "late", "retries"))
    # a negative current came through, and the meters cannot be mistaken for each other
    assert min(points["ic"][0] for points in result["points"].values()) < 0
    assert len({points["ep"][0] for points in result["points"].values()}) == 4


def test_blocks_are_tried_once_and_remembered(stage):
    bus, terminal = stage(2)
    first = terminal.round()["stats"]
    second = terminal.round()["stats"]
    # meter 1 serves blocks: 3 blocks and P; meter 2 refuses 3 blocks, then 12 single items
    assert first["refused"] == second["refused"] == 3
    assert first["requests"] == 4 + 3 + 12
    assert second["requests"] - first["requests"] == 4 + 12


def test_registers_that_move(stage):
    bus, terminal = stage(2)
    before = judge(bus, terminal.round())
    for meter in bus.meters:
        for _ in range(300):
            meter.model.step()
    assert judge(bus, terminal.round()) == before == set(truth(bus))


def test_wrong_checksum_is_repeated(stage):
    bus, terminal = stage()
    bus.command({"do": "fault", "name": "corrupt", "meter": TWO})
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    assert result["stats"]["checksum_errors"] == result["stats"]["retries"] == 1


def test_wrong_checksum_without_repeat_is_marked(stage):
    bus, terminal = stage(retries=0)
    bus.command({"do": "fault", "name": "corrupt", "meter": TWO})
    result = terminal.round()
    assert judge(bus, result) == {ONE, THREE}
    assert result["stats"]["meters_failed"] == 1
    assert judge(bus, terminal.round()) == set(truth(bus))


def test_wrong_address_is_nobodys(stage):
    bus, terminal = stage(retries=0)
    # meter 1 speaks in the name of meter 2
    bus.command({"do": "fault", "name": "wrong_address", "meter": ONE})
    result = terminal.round()
    assert judge(bus, result) == {TWO, THREE}
    assert result["stats"]["alien"] == 1


def test_lying_length_swallows_nothing(stage):
    bus, terminal = stage()
    bus.command({"do": "fault", "name": "lying_length", "count": 4})
    result = terminal.round()
    assert judge(bus, result)
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    assert bus.command({"do": "bus"})["faults_left"] == 0


def test_garbage_between_frames(stage):
    bus, terminal = stage()
    bus.command({"do": "fault", "name": "garbage", "count": 12})
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    assert result["stats"]["garbage"] > 0 == result["stats"]["meters_failed"]


def test_babbling_line(stage):
    bus, terminal = stage()
    bus.command({"do": "fault", "name": "babble", "ms": 700})
    judge(bus, terminal.round())
    judge(bus, terminal.round())
    assert judge(bus, terminal.round()) == set(truth(bus))


def test_late_answer_goes_to_nobody_else(stage):
    bus, terminal = stage(retries=0)
    bus.command({"do": "fault", "name": "late", "meter": ONE, "ms": 310})
    assert judge(bus, terminal.round()) == {TWO, THREE}
    settle(bus)
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    assert result["stats"]["alien"] + result["stats"]["stale"] == 1


def test_late_answer_of_the_same_meter(stage):
    bus, terminal = stage()
    # repeated after 250 ms; then both answers come, one after the other
    bus.command({"do": "fault", "name": "late", "meter": ONE, "ms": 330})
    bus.command({"do": "fault", "name": "late", "meter": ONE, "ms": 110})
    result = terminal.round()
    assert judge(bus, result) == set(truth(bus))
    stats = result["stats"]
    assert stats["late"] + stats["stale"] + stats["alien"] == 1


def test_answer_of_the_last_round_is_not_taken_for_this_one(stage):
    bus, terminal = stage(1, blocks="all", retries=0)
    bus.command({"do": "fault", "name": "late", "ms": 330})
    assert judge(bus, terminal.round()) == set()
    settle(bus)  # the answer stands in the line, with registers of the past
    bus.meters[0].model.energy[0] += 1
    result = terminal.round()
    assert judge(bus, result) == {ONE}
    assert result["stats"]["stale"] == 1


def test_late_refusal_is_not_taken_for_the_next_item(stage):
    bus, terminal = stage(1, blocks="none")
    # the refusal of the energy block comes after its repetition was refused in time: it must
    # not make the total, which is asked next, look as if the meter did not have it
    bus.command({"do": "fault", "name": "late", "ms": 290})
    result = terminal.round()
    assert judge(bus, result) == {ONE}


def test_dead_meter_does_not_starve_the_bus(stage):
    bus, terminal = stage(3, blocks="all", reply_ms=150)
    bus.command({"do": "fault", "name": "dead", "meter": TWO})
    for _ in range(12):
        result = terminal.round()
        assert judge(bus, result) == {ONE, THREE}
        assert result["points"][TWO]["ep"] == [0, NT_IV]
        assert result["stats"]["meters_failed"] == 1
    asked = bus.command({"do": "truth"})["meters"]
    # three rounds of two requests, then one request in eight rounds
    assert 6 <= asked[TWO]["requests"] <= 8
    assert asked[ONE]["requests"] == 4 * 12
    assert result["stats"]["meters_slow"] == 1
    bus.command({"do": "clear"})
    back = [TWO in judge(bus, terminal.round()) for _ in range(9)]
    assert back[-1] and terminal.round()["stats"]["meters_failed"] == 0


def test_every_fault_at_random(stage):
    bus, terminal = stage(3, reply_ms=60, gap_ms=40)
    rng = random.Random(3)
    names = [name for name in faults.NAMES if name not in ("dead", "babble")]
    good = 0
    for _ in range(15):
        for _ in range(rng.randrange(4)):
            fault = {"do": "fault", "name": rng.choice(names), "ms": rng.randrange(30, 130)}
            bus.command(fault | {"meter": rng.choice([None, ONE, TWO, THREE])})
        good += len(judge(bus, terminal.round()))
    assert good >= 15  # of 45: it goes on reading all the same
    bus.command({"do": "clear"})
    judge(bus, terminal.round())
    judge(bus, terminal.round())
    slow = terminal.round()["stats"]["meters_slow"]
    assert len(judge(bus, terminal.round())) >= 3 - slow


def test_pulled_port_is_one_sentence(micropython):
    bus = make_bus(1, 115200, reply_ms=2)
    bus.start()
    terminal = Terminal(micropython, bus)
    assert set(terminal.round()["points"]) == {ONE}
    bus.close()
    assert terminal.round()["error"].startswith("RS-485 port: ")
    terminal.close()
