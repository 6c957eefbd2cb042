"""Modules plugged and pulled while the terminal works, on the virtual board, end to end.

TTU_ROUNDS sets how often the RS-485 module is pulled under load.
"""

import os
import random
import time

import pytest
from rig import rig

pytestmark = pytest.mark.alone

ROUNDS = int(os.environ.get("TTU_ROUNDS", "12"))
METERS = ("000000000001", "000000000002")


@pytest.fixture(scope="module")
def bench():
    with rig(settings=[("rs485.poll_s", 1), ("rs485.reply_ms", 200)]) as bench:
        bench.wait("meters", lambda: bench.terminal("meters_read") == 2)
        yield bench


def backplane(bench, do, **fields):
    answer = bench.station.ask("bay", do=do, **fields)
    assert answer["ok"], answer
    return answer


def plug(bench, slot, module):
    """When it was done, in ms of UTC."""
    backplane(bench, "plug", slot=slot, module=module)
    return time.time() * 1000


def events(bench, slot):
    """(name, text, stamp) of this slot's events, newest last."""
    found = [e for e in bench.listener.events if e["device"] == f"slot {slot}"]
    return [(e["event"], e["text"], e["stamp_ms"]) for e in found]


def next_event(bench, slot, before_ms):
    """(name, stamp) of the first event of a slot that is younger than `before_ms`."""
    young = bench.wait("an event", lambda: [e for e in events(bench, slot) if e[2] > before_ms])
    return young[0][0], young[0][2]


def row(bench, slot):
    """What ttu.slots() says about a slot."""
    lines = bench.verb("ttu.slots()").splitlines()
    return " ".join(next(line for line in lines if line.startswith(str(slot))).split())


def is_good(bench):
    return all(bench.listener.values(meter).get("ua") for meter in METERS)


def is_null(bench):
    found = [bench.listener.values(meter) for meter in METERS]
    return all(value is None for values in found for value in values.values())


def descriptors(bench):
    return sorted(
        os.readlink(entry.path) for entry in os.scandir(f"/proc/{bench.station.board.pid}/fd")
    )


def test_the_module_of_the_start_is_shown(bench):
    assert row(bench, 1).startswith("1 rs485 0.2 SIM00001 1 ready 2 answer, 0 silent")
    assert row(bench, 2) == "2 - - - - empty - -"
    assert [event[0] for event in events(bench, 1)] == ["MODULE_IN"]


@pytest.mark.parametrize(
    ("slot", "module", "words"),
    [
        (2, "blank", "the EEPROM is blank"),
        (3, "corrupt", "the checksum of the identity is wrong"),
        (4, "unknown", "there is no driver for modules of type abacus"),
        (5, "unreadable", "no EEPROM answers at 0x55"),
        (6, "hplc", "there is no driver for modules of type hplc"),
    ],
)
def test_a_wrong_module_leaves_its_slot_dark(bench, slot, module, words):
    """One event, no power, no further try; and it goes as it came."""
    plug(bench, slot, module)
    name, text, _ = bench.wait("the event", lambda: events(bench, slot))[-1]
    assert name == "MODULE_REFUSED" and words in text
    time.sleep(0.3)
    before = backplane(bench, "status")
    assert not before["slots"][str(slot)]["is_powered"]
    assert " dark " in row(bench, slot) and words in row(bench, slot)
    time.sleep(0.7)
    assert backplane(bench, "status")["transfers"] == before["transfers"]
    assert len(events(bench, slot)) == 1
    backplane(bench, "unplug", slot=slot)
    bench.wait("the end", lambda: [e[0] for e in events(bench, slot)][1:] == ["MODULE_OUT"])
    assert row(bench, slot) == f"{slot} - - - - empty - -"
    assert is_good(bench)  # the others did not notice


def test_pulled_in_the_middle_of_transactions(bench):
    """Every time: seen within 1 s, in service within 3 s, and nothing of it left behind."""
    rng = random.Random(1)
    bench.wait_mode(3)
    lost = bench.terminal("windows_lost")
    backplane(bench, "unplug", slot=1)
    bench.wait("no valid value", lambda: is_null(bench))
    bench.wait("no power", lambda: not backplane(bench, "status")["slots"]["1"]["is_powered"])
    idle = descriptors(bench)
    tasks = bench.verb("ttu.status()").count("task ")
    talked = 0
    for turn in range(ROUNDS):
        slot = rng.randint(1, 6)
        plugged_ms = plug(bench, slot, "rs485")
        name, stamp_ms = next_event(bench, slot, plugged_ms)
        assert name == "MODULE_IN" and stamp_ms - plugged_ms < 3000
        if turn % 4 == 0:
            bench.wait("good values", lambda: is_good(bench), 5)
        time.sleep(rng.uniform(0, 0.3))
        talked += backplane(bench, "status")["slots"][str(slot)]["bytes_up"] > 0
        backplane(bench, "unplug", slot=slot)
        assert next_event(bench, slot, stamp_ms)[0] == "MODULE_OUT"
        assert descriptors(bench) == idle
        assert not backplane(bench, "status")["slots"][str(slot)]["is_powered"]
        assert is_null(bench) or bench.wait("no valid value", lambda: is_null(bench), 3)
    assert talked >= ROUNDS // 2
    assert bench.verb("ttu.status()").count("task ") == tasks
    topic = "ttu/ttu/event"
    numbers = sorted(key[2] for key in bench.listener.delivered if key[0] == topic)
    assert numbers == list(range(1, len(numbers) + 1))  # no event was lost
    assert not bench.event("TASK_CRASHED") and bench.terminal("windows_lost") == lost
    plug(bench, 1, "rs485")
    bench.wait("good values", lambda: is_good(bench), 5)


def test_power_of_modules_follows_the_terminal(bench):
    """Stopped, it feeds nobody; started again, what is plugged is back."""
    bench.console.type("\x03")
    bench.console.until(">>> ", 20)
    assert not backplane(bench, "status")["slots"]["1"]["is_powered"]
    bench.console.type("\x04")
    bench.console.until("ttu> ", 30)
    bench.wait("good values", lambda: is_good(bench) and " ready " in row(bench, 1))
