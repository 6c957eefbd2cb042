"""Modules plugged and pulled while the terminal works, on the virtual board, end to end.

TTU_ROUNDS sets how often the RS-485 module is pulled under load: 100 take about a minute, and
fewer are too few to see a leak. TTU_PAIRS: how often two of each other kind are; 100 take half an
hour. test_plug has more rounds, on virtual time.
"""

import os
import random
import time
from statistics import median

import pytest
from rig import rig

pytestmark = pytest.mark.alone

ROUNDS = int(os.environ.get("TTU_ROUNDS", "100"))
PAIRS = int(os.environ.get("TTU_PAIRS", "1"))
OTHERS = ("hplc", "cellular", "control", "telemetry")
WARM = min(60, ROUNDS * 3 // 5)  # rounds after which the terminal holds all it will ever hold
SLOPE = 16  # bytes of heap a round, at most: one object kept in each would be 32
METERS = ("000000000001", "000000000002")


def device(slot):
    """Name of the one device that is asked for its energy there."""
    return f"s{slot}" if slot > 1 else METERS[0]


@pytest.fixture(scope="module")
def bench():
    settings = [("rs485.data_s", 1), ("rs485.reply_ms", 200)]
    rows = [f"{slot} meter-645 {METERS[0]} 0 - {device(slot)}" for slot in range(2, 7)]
    with rig(settings=settings, rows=rows) as bench:
        bench.wait("meters", lambda: bench.terminal("meters_read") == 2)
        yield bench


def backplane(bench, do, **fields):
    answer = bench.station.ask("bay", do=do, **fields)
    assert answer["ok"], answer
    return answer


def plug(bench, slot, module):
    """When it was done, in ms of UTC."""
    backplane(bench, "plug", slot=slot, module=module)
    return bench.now_ms() - 1


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
    assert row(bench, 1).startswith("1 rs485 2.0 SIM00001 1 ready 2 answer, 0 silent")
    assert row(bench, 2) == "2 - - - - empty - -"
    assert [event[0] for event in events(bench, 1)] == ["MODULE_IN"]


WRONG = (
    (2, "blank", "the EEPROM is blank"),
    (3, "corrupt", "the checksum of the identity is wrong"),
    (4, "unknown", "there is no driver for modules of type abacus"),
    (5, "unreadable", "no EEPROM answers at 0x55"),
    (6, "scale", "there is no driver for modules of type scale"),
)


def test_a_wrong_module_leaves_its_slot_dark(bench):
    """One event, no power, no further try; and it goes as it came."""
    for slot, module, _ in WRONG:
        plug(bench, slot, module)
    for slot, _, words in WRONG:
        name, text, _ = bench.wait("the event", lambda slot=slot: events(bench, slot))[-1]
        assert name == "MODULE_REFUSED" and words in text, slot
    time.sleep(0.3)
    before = backplane(bench, "status")
    for slot, _, words in WRONG:
        assert not before["slots"][str(slot)]["is_powered"], slot
        assert " dark " in row(bench, slot) and words in row(bench, slot)
    time.sleep(0.7)
    assert backplane(bench, "status")["transfers"] == before["transfers"]
    for slot, *_ in WRONG:
        assert len(events(bench, slot)) == 1, slot
        backplane(bench, "unplug", slot=slot)
    for slot, *_ in WRONG:
        bench.wait("the end", lambda slot=slot: is_out(bench, slot))
        assert row(bench, slot) == f"{slot} - - - - empty - -"
    assert is_good(bench)  # the others did not notice


def is_out(bench, slot):
    return [event[0] for event in events(bench, slot)][1:] == ["MODULE_OUT"]


def test_devices_are_attached_and_detached(bench):
    """In service at once; one that cannot be is told on the bus, and harms nobody."""
    assert METERS[1] in bench.verb("ttu.archive()")
    assert "no longer" in bench.verb(f"ttu.detach({METERS[1]!r})")
    bench.wait("no value", lambda: bench.listener.values(METERS[1]).get("ua", 0) is None)
    bench.wait("the others", lambda: bench.listener.values(METERS[0]).get("ua"))
    assert METERS[1] not in bench.verb("ttu.bus(1)") + bench.verb("ttu.archive()")
    for words, said in (
        (f"'meter-645', {METERS[0]!r}, name='again'", "has a device 000000000001 already"),
        (f"'meter-645', {METERS[1]!r}", "000000000002 is in the archive"),
        ("'no-such', 3, name='pump'", "pump is in the archive"),
        ("'meter-645', '000000000003', name='meter'", "meter is in the archive"),
    ):
        assert said in bench.verb(f"ttu.attach(1, {words})"), words
    bench.wait("good values", lambda: is_good(bench), 10)
    assert bench.listener.values("meter")["f"]  # is the terminal's own
    shown = bench.verb("ttu.bus(1)").splitlines()
    assert "2 devices answer, 0 are silent" in shown[-3], shown
    assert shown[-2].startswith("pump: there is no profile no-such")
    assert shown[-1] == "meter is a name of the terminal's own: choose another"
    assert " 2 answer, 0 silent, 2 not asked " in row(bench, 1)
    for name in ("pump", "meter"):
        assert "no longer" in bench.verb(f"ttu.detach({name!r})")
    bench.wait("good values", lambda: "not asked" not in row(bench, 1) and is_good(bench), 10)


def look(bench, name):
    """(heap in use after a collection, tasks, good points of a device)."""
    text = bench.verb(f"look({name!r})")
    return tuple(int(word) for word in text.strip("()").split(","))


def tasks(bench):
    """How many live that were made since teach()."""
    return look(bench, METERS[0])[1]


def slope(values):
    """How much is kept a round: the later half above the earlier one. Medians, since single
    looks find what a collection takes for a pointer."""
    half = len(values) // 2
    return (median(values[half:]) - median(values[:half])) / half


def in_service(bench, slot, start_ms):
    """Within 3 s, and with a good value."""
    name, stamp_ms = next_event(bench, slot, start_ms)
    assert name == "MODULE_IN" and stamp_ms - start_ms < 3000
    bench.wait("a good value", lambda: look(bench, device(slot))[2] > 0, 5)


def out(bench, slot, pulled_ms):
    """Its end is told within 1 s, and it has no power."""
    name, stamp_ms = next_event(bench, slot, pulled_ms)
    assert name == "MODULE_OUT" and stamp_ms - pulled_ms < 1000
    assert not backplane(bench, "status")["slots"][str(slot)]["is_powered"]


def is_dark(bench, slot):
    """No value of the slot's device that a client would take for one."""
    values = bench.listener.values(device(slot)).values()
    return bool(values) and all(value is None for value in values)


# typed at the prompt: every task that is made from then on is counted while it lives. Those of
# a wait_for cancel out (it makes two, what is awaited and _run): the session and the bus have
# one as a rule, sometimes none.
LOOK = """\
import asyncio, gc
alive = 0
make = asyncio.core.create_task
async def counted(coroutine):
    global alive
    weight = -1 if "'_run'" in str(coroutine) else 1
    alive += weight
    try:
        return await coroutine
    finally:
        alive -= weight

def count(coroutine):
    return make(counted(coroutine))

asyncio.core.create_task = asyncio.create_task = count
def look(name):
    marks = [row[3] for row in ttu.points(name + ".*")]
    good = len([mark for mark in marks if "IV" not in mark])
    gc.collect()
    return gc.mem_alloc(), alive, good

def asking(number):
    told = ttu._verbs.terminal.t.expansion.bay.slot(number).driver.stats()
    return told["requests"] - told["replies"] - told["timeouts"]

"""


def teach(bench):
    """LOOK, once."""
    if "isn't defined" in bench.verb("look"):
        for line in LOOK.splitlines():
            bench.console.type(line + "\r")
            bench.console.until("> ", 10)


def crashes(bench):
    return [e["text"] for e in bench.listener.events if e["event"] == "TASK_CRASHED"]


def fill_events(bench):
    """The ring of the last events holds all it ever will, each with texts of its own as those of
    modules have; the number of the newest event."""
    bench.verb("log = ttu._verbs.terminal.t.events")
    emit = "log.emit(2, 'slot %d' % i, 'rs485, serial SIM00001, hardware %d' % i)"
    for _ in range(8):
        bench.verb(f"for i in range(16): {emit}")
        newest = int(bench.verb("log.sequence"))
        bench.wait("the events", lambda newest=newest: bench.listener.events[-1]["seq"] == newest)
    return newest


def test_pulled_in_the_middle_of_transactions(bench):
    """A round: the next module is plugged the moment the last one is pulled, in any slot, and
    pulled itself at a random moment of its transactions. Nothing of any is left behind."""
    rng = random.Random(1)
    bench.wait_mode(3)
    teach(bench)
    lost = bench.terminal("windows_lost")
    backplane(bench, "unplug", slot=1)
    bench.wait("no power", lambda: not backplane(bench, "status")["slots"]["1"]["is_powered"])
    bench.wait("no valid value", lambda: is_null(bench))
    idle = descriptors(bench)
    first = fill_events(bench)
    heap, pulled, middle = [], {}, 0
    slot, gone_ms = None, 0
    for _ in range(ROUNDS):
        before, slot = slot, rng.choice([n for n in range(1, 7) if n != slot])
        pulled.pop(slot, None)
        start_ms = plug(bench, slot, "rs485")
        if before:
            out(bench, before, gone_ms)
            held, living, good = look(bench, device(before))
            assert good == 0 and living <= 3, living  # those of its successor
            assert len(descriptors(bench)) <= len(idle) + 1
            heap.append(held)
        in_service(bench, slot, start_ms)
        time.sleep(rng.uniform(0, 0.1))
        middle += int(bench.verb(f"asking({slot})"))  # a request waits for its answer
        gone_ms = pulled[slot] = bench.now_ms() - 1
        backplane(bench, "unplug", slot=slot)
        for number, since_ms in pulled.items():  # two reports later
            assert gone_ms - since_ms < 3000 or is_dark(bench, number), number
    out(bench, slot, gone_ms)
    bench.wait("the end of its tasks", lambda: tasks(bench) == 0, 3)
    assert descriptors(bench) == idle
    bench.wait("no valid value", lambda: all(is_dark(bench, n) for n in range(1, 7)), 3)
    assert middle >= ROUNDS // 2
    assert abs(slope(heap[WARM:])) <= SLOPE, heap
    told = [e for e in bench.listener.events if e["seq"] > first]
    for name in ("MODULE_IN", "MODULE_OUT"):
        assert sum(event["event"] == name for event in told) == ROUNDS
    assert [event["seq"] for event in told] == list(range(first + 1, first + 1 + len(told)))
    assert not crashes(bench) and bench.terminal("windows_lost") == lost
    plug(bench, 1, "rs485")
    bench.wait("good values", lambda: is_good(bench), 5)


def is_ready(bench, slot):
    return " ready " in row(bench, slot)


def told_out(bench, slot, before_ms):
    """Stamps of MODULE_OUT of a slot after that time."""
    return [at for name, _, at in events(bench, slot) if name == "MODULE_OUT" and at > before_ms]


def test_two_of_each_kind_come_and_go(bench):
    """Beside the RS-485 module, which goes on: in any two slots, pulled at any moment."""
    rng = random.Random(2)
    teach(bench)
    idle, lived = None, tasks(bench)
    for number in range(PAIRS):
        for kind in rng.sample(OTHERS, len(OTHERS)):
            slots = rng.sample(range(2, 7), 2)
            first = bench.listener.events[-1]["seq"]
            starts = {slot: plug(bench, slot, kind) for slot in slots}
            for slot in slots:
                name, stamp_ms = next_event(bench, slot, starts[slot])
                assert name == "MODULE_IN" and stamp_ms - starts[slot] < 3000
                bench.wait("service", lambda slot=slot: is_ready(bench, slot), 15)
                points = f"{kind}-{slot}"
                bench.wait("a good value", lambda points=points: look(bench, points)[2] > 0, 15)
            time.sleep(rng.uniform(0, 1))
            gone = dict.fromkeys(slots, bench.now_ms() - 1)
            for slot in slots:
                backplane(bench, "unplug", slot=slot)
            for slot in slots:
                since = gone[slot]
                stamps = bench.wait("the end", lambda s=slot, ms=since: told_out(bench, s, ms))
                assert stamps[0] - since < 1000
                assert look(bench, f"{kind}-{slot}")[2] == 0
            bench.wait("the end of its tasks", lambda: tasks(bench) == lived, 3)
            idle = idle or descriptors(bench)
            assert descriptors(bench) == idle, (number, kind)
            told = [e for e in bench.listener.events if e["seq"] > first]
            assert [e["seq"] for e in told] == list(range(first + 1, first + 1 + len(told)))
            for what in ("MODULE_IN", "MODULE_OUT"):
                assert sorted(e["device"] for e in told if e["event"] == what) == sorted(
                    f"slot {slot}" for slot in slots
                )
    assert not crashes(bench) and is_good(bench)


def test_power_of_modules_follows_the_terminal(bench):
    """Stopped, it feeds nobody; started again, what is plugged is back."""
    bench.console.type("\x03")
    bench.console.until(">>> ", 20)
    assert not backplane(bench, "status")["slots"]["1"]["is_powered"]
    bench.console.type("\x04")
    bench.console.until("ttu> ", 30)
    bench.wait("good values", lambda: is_good(bench) and " ready " in row(bench, 1))
