"""Delivery from the real stores, on a littlefs in RAM, over power cuts: everything that was on
flash comes to the head-end in order, what comes twice says so."""

import asyncio
import gc
import json

from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.core.twin import Twin
from firmware.delivering import Delivering
from firmware.store import event_codes as codes
from firmware.store.curve import CurveStore
from firmware.store.event_store import EventStore
from firmware.store.events import EventLog
from firmware.store.retention import Retention
from firmware.uplink.cursors import DOUBT, LIMIT_BYTES
from tools.powercut.device import disk, nor

QUARTER = 900000
UTC = 1790000000000 // QUARTER * QUARTER
COLUMNS = (("ep", -2), ("ua", -1))


class Config:
    host, port, user, password = "broker", 1883, "", ""
    keepalive_s, backoff_max_s, period_s = 30, 300, 5
    via, second, ack = "network", "none", "application"


class World:
    """A terminal's stores and delivery, and a head-end that takes what it is given."""

    def __init__(self):
        gc.collect()
        self.chip = nor.Nor(112, 512)
        disk.format(self.chip)
        self.us = 0
        self.boot = 0
        self.ends = []
        self.had = []  # keys in the order they came
        self.twice = 0
        self.undeclared = 0

    def start(self):
        gc.collect()
        self.boot += 1
        files = disk.Disk(self.chip)
        clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: UTC + self.us // 1000)
        self.log = EventLog(clock, self.boot, 16)
        self.store = EventStore(self.log, Retention(), 6, fs=files, segment=2048)
        assert self.store.load() == []
        self.curve = CurveStore("/curve", 1440, 4, files, 0)
        twin = Twin("/cursor.a", "/cursor.b", LIMIT_BYTES, files)
        self.parts = Delivering(
            clock, Log(clock, lambda line: None), Config(), "s", self.log, None, self.store, twin
        )
        self.parts.add_curves(self.curve)
        self.box = self.parts.outbox
        self.box.begin()

    def emit(self, count):
        for n in range(count):
            self.log.emit(codes.STATE if n % 3 else codes.DIP, "d", "text %d" % n)

    def rows(self, count):
        for _ in range(count):
            self.ends.append(UTC + QUARTER * (len(self.ends) + 1))
            values = [len(self.ends) * 10, 2300]
            self.curve.put(
                self.ends[-1], 0, [(name, COLUMNS, values, bytes(2)) for name in ("a", "b")]
            )
        self.box.history_is_new()

    def deliver(self, most=1000, says=True):
        """What a session and a head-end do; how many messages."""
        count = 0
        while count < most:
            item = self.box.take()
            if item is None:
                return count
            count += 1
            self.box.remove(item)
            body = json.loads(item.payload)
            if body.get("early"):
                continue
            if "end_ms" in body:
                assert body["values"]["ep"] == (body["end_ms"] - UTC) // QUARTER / 10
                key = (body["end_ms"], body["device"])
                said = {"curve": [[key[0], key[1]]]}
            else:
                key = (body["boot"], body["seq"])
                said = {"events": [[key[0], key[1]]]}
            if key in self.had:
                self.twice += 1
                self.undeclared += not body.get("again")
            else:
                self.had.append(key)
            if says:
                self.box.acknowledge(b"", json.dumps(said).encode())
        return count

    def events(self):
        return [key for key in self.had if key[0] < UTC]


def test_over_power_cuts():
    world = World()
    world.start()
    world.emit(40)  # more than RAM keeps
    world.rows(3)
    world.store.flush()
    world.deliver(20)
    assert world.parts.cursors.saves == 0
    world.start()  # nothing was saved: all may have been sent
    world.emit(5)
    world.store.flush()
    world.deliver()
    assert world.events() == [(1, n) for n in range(1, 41)] + [(2, n) for n in range(1, 6)]
    assert 0 < world.twice <= 20 and world.undeclared == 0
    world.parts.save()
    world.twice = 0
    world.start()
    assert world.deliver() == 0
    world.emit(3)
    world.rows(1)
    world.deliver(says=False)
    world.store.flush()
    world.start()
    assert world.deliver() == 5 and world.twice == 5 and world.undeclared == 0
    for name in "ab":
        ends = [key[0] for key in world.had if key[1] == name]
        assert ends == world.ends
    assert len(world.box) == 0 and world.parts.cursors.wrong == "" and DOUBT > 200


def test_what_the_ring_gave_up_is_told():
    world = World()
    world.start()
    world.emit(2)
    world.deliver()
    for _ in range(40):
        world.emit(8)
        gc.collect()
        world.store.flush()
    first = [event[0] for boot, event in world.store.after(0, 0)][0]
    assert first > 50
    world.deliver()
    last = 0
    for _, sequence in world.had:
        assert sequence > last
        last = sequence
    assert world.undeclared == 0
    lost = world.log.sequence - len(world.had)
    assert world.box.stats()["lost"] == lost
    world.parts._tell_lost()
    assert [event[4] for event in world.log.last(4) if event[1] == codes.DELIVERY_LOST] == [
        "events: %d" % lost
    ]


def test_a_new_row_is_found():
    world = World()
    world.start()
    world.deliver()

    async def look():
        task = asyncio.create_task(world.parts.run())
        await asyncio.sleep_ms(1)
        task.cancel()

    import firmware.delivering as module

    module.asyncio = Hurry
    world.curve.put(UTC + QUARTER, 0, [("a", COLUMNS, [10, 2300], bytes(2))])
    asyncio.run(look())
    module.asyncio = asyncio
    assert world.deliver() == 1


class Hurry:
    """asyncio without its pauses."""

    @staticmethod
    def sleep_ms(ms):
        return asyncio.sleep_ms(0)


test_over_power_cuts()
test_what_the_ring_gave_up_is_told()
test_a_new_row_is_found()
print("OK")
