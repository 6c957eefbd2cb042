"""EventStore: classes, batches, order over all classes, boots, queries, what was overtaken; and
Retention: who goes first, who is warned."""

import gc

from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.core.members import Members
from firmware.store import event_classes, event_record
from firmware.store import event_codes as codes
from firmware.store.batches import Batches
from firmware.store.event_store import EventStore
from firmware.store.events import EventLog
from firmware.store.retention import NEVER, Retention
from tools.powercut.device import disk, nor

UTC = 1790000000000


class World:
    def __init__(self, blocks=200):
        gc.collect()
        self.chip = nor.Nor(blocks, 512)
        disk.format(self.chip)
        self.us = 0
        self.boot = 0

    def start(self, **names):
        gc.collect()
        self.boot += 1
        self.files = disk.Disk(self.chip)
        clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: UTC + self.us // 1000)
        self.log = EventLog(clock, self.boot)
        self.log.emit(codes.BOOT)
        self.retention = Retention()
        names = dict({"kb": 32, "segment": 2048}, **names)
        self.store = EventStore(self.log, self.retention, fs=self.files, **names)
        gc.collect()
        self.batches = Batches(clock, self.log, self.retention, 1000)
        self.batches.add("events", self.store)
        assert self.store.load() == []
        return self.store

    def pass_ms(self, ms):
        while ms > 0:
            self.us += min(ms, 100) * 1000
            self.batches.poll()
            ms -= 100


MIX = (
    codes.DIP,
    codes.DEVICE_LOST,
    codes.OUTAGE,
    codes.UPLINK_UP,
    codes.CONTROL_OPERATED,
    codes.MODULE_IN,
    codes.CLOCK_STEP,
    codes.CONFIG_COMMITTED,
    codes.TASK_CRASHED,
)


def keys(found):
    return [(boot, event[0]) for boot, event in found]


def test_record():
    members = Members("60 nodes lost power", tuple(["hplc.%012d" % i for i in range(60)]))
    for details in ("", "a text", "ä" * 159, members, (1, 2, 3), {"a": 1.5}, 7, None, [["x"]]):
        event = (5, codes.OUTAGE, "rs485.000000000001", UTC, details)
        boot, back = event_record.unpacked(event_record.packed(9, event))
        expected = [1, 2, 3] if details == (1, 2, 3) else details
        assert (boot, back) == (9, event[:4] + (expected,)), back
    many = Members("many", tuple(["node %08d" % i for i in range(1000)]))
    packed = event_record.packed(1, (1, 2, "x" * 90, UTC, many))
    assert len(packed) <= event_record.LIMIT
    _, back = event_record.unpacked(packed)
    names = back[4].names
    assert names == many.names[: len(names)] and len(names) > 80
    assert back[4].text == "many (and %d more)" % (1000 - len(names))
    packed = event_record.packed(1, (1, 2, "x", UTC, list(range(2000))))
    assert len(packed) <= event_record.LIMIT and isinstance(
        event_record.unpacked(packed)[1][4], str
    )
    assert event_record.stamp(packed) == UTC and event_record.key(packed) == (1, 1)


def test_classes():
    for code, name, _ in codes.TABLE:
        assert event_classes.of(code) in event_classes.CLASSES, name
    assert {event_classes.of(code) for code in MIX} == set(event_classes.CLASSES)
    assert event_classes.of(9999) == event_classes.SYSTEM
    rows = event_classes.TABLE
    assert all([rows[i][1] < rows[i + 1][0] for i in range(len(rows) - 1)])


def test_batch():
    world = World()
    store = world.start()
    world.pass_ms(1000)
    before = world.chip.operations
    world.log.emit(codes.DIP, "meter", "first")
    world.pass_ms(900)
    assert world.chip.operations == before
    assert keys(store.after(0, 0)) == [(1, 1), (1, 2)]  # those in RAM are seen
    world.pass_ms(100)
    assert world.chip.operations > before
    before = world.chip.operations
    for _ in range(31):
        world.log.emit(codes.DIP)
    world.pass_ms(1)
    assert world.chip.operations == before
    world.log.emit(codes.DIP)
    world.pass_ms(1)
    assert world.chip.operations > before
    store = world.start()
    assert keys(store.after(0, 0)) == [(1, i) for i in range(1, 35)] + [(2, 1)]


def test_order():
    world = World()
    expected = []
    for _ in range(3):
        store = world.start()
        for i in range(40):
            world.log.emit(MIX[i * 7 % len(MIX)], "d%d" % i, "text %d" % i, UTC - i)
            world.pass_ms(50)
        store.flush()
        expected += [(world.boot, i) for i in range(1, 42)]
    assert keys(store.after(0, 0)) == expected
    for at in (0, 5, 40, 41, 100, 121, 122):
        assert keys(store.after(*expected[at])) == expected[at + 1 :], at
    assert store.oldest() == (1, 1) and store.newest() == (3, 41)
    for _, event in store.after(1, 1):
        i = event[0] - 2
        if i >= 0:
            assert event == (i + 2, MIX[i * 7 % len(MIX)], "d%d" % i, UTC - i, "text %d" % i)
    quality = [row for row in store.events(("quality",)) if row]
    assert quality and all([event[1] == codes.DIP for _, event in quality])
    found = [row for row in store.events(None, UTC - 20, UTC - 10) if row]
    assert len(found) == 30 and all([UTC - 20 <= row[1][3] < UTC - 10 for row in found])
    assert None in list(store.events(None, 1, 2))
    # reading goes on while the world does
    seen = 0
    for _ in store.after(0, 0):
        seen += 1
        world.log.emit(codes.DIP)
        world.pass_ms(20)
    assert seen == 123


def test_overtaken():
    world = World()
    store = world.start(kb=2, segment=1024)  # two segments a class
    store.delivered(1, 50)
    n = 0
    while not store.lost:
        n += 1
        world.log.emit(codes.DIP, "meter", "x" * 100)
        world.pass_ms(40)
        assert n < 500
    world.pass_ms(1000)
    kept = [event for _, event in store.after(0, 0)]
    dips = [event[0] for event in kept if event[1] == codes.DIP]
    assert store.lost == {"quality": dips[0] - 51}, (store.lost, dips[0])
    told = [event for event in kept if event[1] == codes.EVENTS_OVERTAKEN]
    assert told[0][2] == "events.quality" and "not delivered" in told[0][4]
    nearly = [event for event in kept if event[1] == codes.STORE_NEARLY_FULL]
    assert len(nearly) == 1 and nearly[0][2] == "events.quality"
    store = world.start(kb=2, segment=1024)
    world.pass_ms(1000)
    kept = [event for _, event in store.after(world.boot, 0)]
    assert codes.STORE_NEARLY_FULL not in [event[1] for event in kept]


def test_full():
    """Flash fills up: the least important class gives its oldest, the newest of all stay."""
    world = World(50)
    store = world.start()
    for _ in range(100):
        world.log.emit(codes.MODULE_IN, "slot 1", "x" * 60)
        world.pass_ms(40)
    for _ in range(150):
        world.log.emit(codes.OUTAGE, "meter", "y" * 60)
        world.pass_ms(40)
    store.flush()
    gc.collect()
    supply = sum([1 for row in store.events(("supply",)) if row])
    module = [event[0] for _, event in store.events(("module",)) if event]
    assert 0 < len(module) < 100 and supply == 150, (len(module), supply)
    assert module[-1] == 101
    told = [event[2] for _, event in store.events(("system",)) if event[1] == codes.STORE_FULL]
    assert told and told[0] == "events.module"


def test_dead():
    """Flash refuses: nothing escapes, one event, the newest wait in RAM within their bound."""
    world = World()
    store = world.start()
    world.pass_ms(1000)
    for block in range(200):
        world.chip.bad[block] = nor.PROGRAM_ERROR
    for _ in range(300):
        world.log.emit(codes.DIP, "meter", "z" * 100)
        world.pass_ms(1000)
    assert store.dropped > 100
    failed = [event for event in world.log.last(128) if event[1] == codes.STORE_FAILED]
    assert len(failed) <= 1
    world.chip.bad.clear()
    world.pass_ms(20000)
    assert store.dropped < 300 and keys(store.after(1, 250))[-1] == (1, world.log.sequence)
    try:
        world.chip.bad.update(dict.fromkeys(range(200), nor.PROGRAM_ERROR))
        world.log.emit(codes.DIP)
        store.flush()
        raise RuntimeError("it was not refused")
    except StoreError:
        pass


class Kind:
    def __init__(self, used, room, parts):
        self.used, self.room, self.parts = used, room, parts

    def drop_oldest(self):
        self.parts -= 1
        return self.parts >= 0


def test_retention():
    retention = Retention()
    told = []
    retention.on_full = told.append
    a, b, c = Kind(10, 100, 1), Kind(89, 100, 2), Kind(95, 100, 9)
    retention.add("b", b, 5)
    retention.add("a", a, 1)
    retention.add("c", c, NEVER)
    assert retention.usage() == [("a", 10, 100), ("b", 89, 100), ("c", 95, 100)]
    assert [retention.make_room() for _ in range(4)] == [True, True, True, False]
    assert told == ["a", "b", "b"]
    assert retention.warnings() == []  # c was so when it came
    b.used = 90
    assert retention.warnings() == [("b", 90)] and retention.warnings() == []
    b.used = 85
    assert retention.warnings() == []
    b.used = 91
    assert retention.warnings() == []
    b.used = 79
    retention.warnings()
    b.used = 92
    assert retention.warnings() == [("b", 92)]


test_record()
test_classes()
test_batch()
test_order()
test_overtaken()
test_full()
test_dead()
test_retention()
print("OK")
