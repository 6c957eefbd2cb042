"""A terminal's stores and delivery on a littlefs in RAM, over power cuts, and a head-end."""

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
from firmware.uplink.cursors import LIMIT_BYTES
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
            gc.collect()  # a file's buffer is 2 kB in one piece
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
