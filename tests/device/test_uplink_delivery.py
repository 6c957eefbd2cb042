"""All that is to be delivered in one box: turns, early copies, acknowledgements of every kind."""

import gc
import json

from firmware.core.clock import Clock
from firmware.core.errors import CodecError, StoreError
from firmware.core.log import Log
from firmware.core.members import Members
from firmware.core.twin import Twin
from firmware.store.events import EventLog
from firmware.uplink import cursors
from firmware.uplink.acks import Acks
from firmware.uplink.cursors import Cursors
from firmware.uplink.delivery import Delivery
from firmware.uplink.sources import Curves, Events, Kept, Recent
from firmware.uplink.stream import Stream

Q = 900000


class Rows:
    """A store of curves: two devices, a row a quarter of an hour."""

    def __init__(self):
        self.last = 0

    def first_ms(self):
        return Q

    def rows(self, from_ms=0, device=0):
        for n in range(1, self.last + 1):
            for i in range(2):
                if n * Q > from_ms or (n * Q == from_ms and i >= device):
                    yield n * Q, 1, "ab"[i], [("ep", -2, 100 * n + i, 0), ("ua", -1, 0, 128)]


class Files:
    """What a Twin needs of a file system; it can be full."""

    def __init__(self):
        self.files = {}
        self.is_full = False

    def open(self, path, mode):
        if "w" in mode:
            if self.is_full:
                raise OSError(28)
            self.files[path] = b""
        elif path not in self.files:
            raise OSError(2)
        return File(self, path)

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)


class File:
    def __init__(self, fs, path):
        self.fs = fs
        self.path = path
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self.fs.files[self.path] += bytes(data)

    def seek(self, at, whence=0):
        self.at = at + (len(self.fs.files[self.path]) if whence else 0)
        return self.at

    def read(self, count):
        data = self.fs.files[self.path][self.at : self.at + count]
        self.at += len(data)
        return data


class Bench:
    def __init__(self, boot=1, by_broker=False, files=None, curve=False, store=None):
        self.us = 0
        self.lines = []
        self.clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: 7)
        self.log = EventLog(self.clock, boot)
        recent = Recent(self.log)
        self.source = Events(Kept(store, recent) if store else recent, "st 1", lambda code: "E")
        self.rows = Rows()
        self.events = Stream(self.clock, self.source)
        self.curve = Stream(self.clock, Curves(self.rows, "st 1")) if curve else None
        self.box = Delivery(Log(self.clock, self.lines.append), self.events, by_broker)
        self.twin = Twin("/c.a", "/c.b", 4096, files or Files())
        self.cursors = Cursors(self.twin, self.clock)
        self.box.on_kept = self.cursors.kept
        self.cursors.add("events", self.events, (boot, 0))
        if curve:
            self.box.add_history(self.curve)
            self.cursors.add("curve", self.curve, (1, 0))
        self.wrong = self.cursors.wrong
        self.log.subscribe(
            lambda event: self.box.event_is_new(lambda: self.source.early(boot, event))
        )
        self.box.begin()

    def emit(self, count=1):
        for n in range(count):
            self.log.emit(5, "d", "text %d" % n)

    def row(self):
        self.rows.last += 1
        self.box.history_is_new()

    def sent(self, most=1000, is_kept=True):
        """Bodies (or b"live") of what a session would send; the broker has each at once."""
        out = []
        while len(out) < most:
            item = self.box.take()
            if item is None:
                break
            self.box.remove(item)
            out.append(item.payload if item.payload == b"live" else json.loads(item.payload))
        return out

    def say(self, text):
        self.box.acknowledge(b"ttu/st 1/ack", text.encode())


def test_what_a_message_looks_like():
    bench = Bench(boot=3, curve=True)
    bench.log.emit(5, "", Members("two", ("x", "y")), 1790000000000)
    bench.row()
    assert bench.box.take().payload == (
        b'{"event":"E","device":null,"stamp_ms":1790000000000,"boot":3,"seq":1,"text":"two",'
        b'"members":["x","y"]}'
    )
    item = bench.box.take()
    assert item.topic == b"ttu/st 1/a/curve"
    assert item.payload == (
        b'{"device":"a","end_ms":900000,"marks":1,"values":{"ep":1.00,"ua":null},"q":{"ua":128}}'
    )
    bench.box.give_back()
    bench.box.begin()
    bench.emit()
    bench.row()
    got = bench.sent()
    assert [body.get("again") for body in got] == [True, None, True, None, None, None]
    assert got[1]["after"] == [3, 1] and got[4]["after"] == 900000


def test_puback_is_not_delivery():
    bench = Bench()
    bench.emit(3)
    assert len(bench.sent()) == 3 and len(bench.box) == 3
    bench.say('{"events":[[1,1,3]]}')
    assert len(bench.box) == 1 and bench.events.cursor == (1, 1)
    bench.say('{"upto":[1,2],"later":"more"}')
    assert len(bench.box) == 0 and bench.events.cursor == (1, 3)
    assert bench.box.acks == 2 and bench.box.bad_acks == bench.box.strange_acks == 0
    bench = Bench(by_broker=True)
    bench.emit(3)
    assert len(bench.sent()) == 3 and len(bench.box) == 0 and bench.events.cursor == (1, 3)


def test_curves_are_acknowledged_by_device():
    bench = Bench(curve=True)
    bench.row()
    bench.row()
    assert len(bench.sent()) == 4
    bench.say('{"curve":[[900000,"b"],[1800000,"a","nobody"]]}')
    assert bench.curve.position() == ((0, 0), [(Q, 1), (2 * Q, 0)])
    bench.say('{"curve_upto":900000}')
    assert bench.curve.cursor == (2 * Q, 0) and len(bench.box) == 1


GARBAGE = (
    "",
    "{",
    "null",
    "[1]",
    '{"upto":5}',
    '{"upto":[1]}',
    '{"upto":[1,2,3]}',
    '{"upto":[1,-2]}',
    '{"upto":[1,true]}',
    '{"upto":[1,1.5]}',
    '{"curve_upto":"x"}',
    '{"events":{}}',
    '{"events":[5]}',
    '{"events":[[]]}',
    '{"events":[["1",1]]}',
    '{"events":[[1,null]]}',
    '{"events":[[1,1],[1,"x"]]}',
    '{"curve":[[1,2]]}',
    '{"curve":[["a",1]]}',
    "[" * 3000,
    '{"events":[[1,' + "1," * 3000 + "1]]}",
)


def test_garbage_loses_nothing():
    bench = Bench(curve=True)
    bench.emit(2)
    bench.row()
    bench.sent()
    for text in GARBAGE:
        bench.say(text)
    bench.box.acknowledge(b"", b"\xff\xfe{}")
    assert bench.box.bad_acks == len(GARBAGE) + 1 and len(bench.box) == 4
    assert len(bench.lines) == 1 and bench.box.acks == 0
    bench.say('{"upto":[0,99],"events":[[2,1],[1,3]],"curve":[[1,"a"]],"curve_upto":5}')
    assert bench.box.strange_acks == 1 and len(bench.box) == 4
    for text in GARBAGE:
        try:
            Acks(text.encode())
        except CodecError as error:
            assert str(error).startswith("an acknowledgement ")
        else:
            raise AssertionError(text)


def test_garbage_that_the_heap_cannot_hold():
    bench = Bench()
    gc.collect()
    ballast = []
    while gc.mem_free() > 100000:
        ballast.append(bytearray(2048))
    bench.say("[" * 4000)
    assert bench.box.bad_acks == 1


def test_all_is_what_was_sent():
    """Who acknowledges everything to come gets what is in flight, no more."""
    bench = Bench()
    bench.emit(100)
    first = [body for body in bench.sent() if not body.get("early")]
    assert len(first) == 32
    bench.say('{"upto":[99,1099511627776]}')
    assert bench.events.acknowledged == 32
    assert [body["seq"] for body in bench.sent()] == list(range(33, 65))


def test_live_has_half_while_a_backlog_drains():
    bench = Bench()
    bench.emit(120)
    live = bulk = 0
    while bench.events.is_behind or len(bench.events):
        for n in range(8):
            bench.box.put_live("l%d" % n, b"t" * 40, b"live" * 1)
        item = bench.box.take()
        if item.device is None:
            bulk += item.size
        else:
            live += item.size
        bench.box.remove(item)
        if item.device is None and json.loads(item.payload)["seq"] % 8 == 0:
            bench.say('{"upto":[1,%d]}' % json.loads(item.payload)["seq"])
    assert live >= bulk, (live, bulk)
    assert live < 1.5 * bulk


def test_alarms_first_and_early_ones():
    bench = Bench()
    for n in range(5):
        bench.box.put_live("l%d" % n, b"t", b"live")
    bench.sent(2)
    bench.emit(2)
    assert [body != b"live" for body in bench.sent()] == [True, True, False, False, False]
    assert bench.box.take(True) is None
    bench.emit(40)
    early = [body for body in bench.sent() if body.get("early")]
    # from the tenth on one would wait behind others; the newest 16 copies are kept
    assert [body["seq"] for body in early] == list(range(27, 43)) and bench.box.early == 31
    bench.box.give_back()
    bench.emit()
    assert bench.box.early == 31  # nobody is there to be told at once


def test_a_storm_of_events_starves_nobody():
    """More new events than messages, behind a backlog: live values go, the backlog goes, and
    what is urgent goes before both."""
    bench = Bench()
    bench.emit(60)
    flight, counts, early = [], {"live": 0, "bulk": 0}, 0
    for _ in range(400):
        bench.emit(2)
        for n in range(8):
            bench.box.put_live("l%d" % n, b"t" * 70, b"live")
        while len(flight) < 8:
            item = bench.box.take(len(flight) >= 5)
            if item is None:
                break
            flight.append(item)
        item = flight.pop(0)
        bench.box.remove(item)
        if item.device is not None:
            counts["live"] += 1
            continue
        body = json.loads(item.payload)
        if body.get("early"):
            early += 1
        else:
            counts["bulk"] += 1
            bench.say('{"events":[[1,%d]]}' % body["seq"])
    assert counts["live"] > 150 and counts["bulk"] > 60 and early > 40, (counts, early)
    event = bench.log.emit(5, "d", "urgent")
    bench.box.hurry(lambda: bench.source.early(1, event))
    assert json.loads(bench.box.take(True).payload)["seq"] == event[0]


def test_what_cannot_be_sent_holds_up_nobody():
    bench = Bench()
    bench.emit(2)
    item = bench.box.take()
    bench.box.discard(item)
    assert [body["seq"] for body in bench.sent()] == [2]
    assert bench.box.stats()["refused"] == 1 and bench.events.lost == 1
    bench.say('{"events":[[1,2]]}')
    assert bench.events.cursor == (1, 2)


class Store:
    """Events of two boots, as the event store has them."""

    def __init__(self, log=None, last=5):
        self.rows = [(1, (n, 5, "", n, "old %d" % n)) for n in range(1, last + 1)]
        self.log = log

    def after(self, boot, sequence):
        for row in self.rows:
            if (row[0], row[1][0]) > (boot, sequence):
                yield row


def test_cursors_over_a_power_cut():
    files = Files()
    store = Store()
    bench = Bench(boot=2, files=files, store=store)
    assert bench.wrong == ""
    bench.emit(2)
    got = bench.sent()
    assert [body["early"] for body in got[:2]] == [True, True]
    got = got[2:]
    keys = [(body["boot"], body["seq"]) for body in got]
    assert keys == [(1, n) for n in range(1, 6)] + [(2, 1), (2, 2)]
    # those of the boot before may have been sent by it
    assert [body.get("again") for body in got] == [True] * 5 + [None] * 2
    bench.say('{"upto":[1,2],"events":[[1,4]]}')
    bench.us += 299000000
    bench.clock.ms()
    assert not bench.cursors.is_due
    bench.us += 1000000
    assert bench.cursors.is_due
    bench.cursors.save()
    bench.say('{"upto":[1,3]}')  # and is not saved
    bench = Bench(boot=3, files=files, store=store)
    assert bench.events.position() == ((1, 2), [(1, 4)])
    got = bench.sent()
    assert [(body["seq"], body["again"]) for body in got] == [(3, True), (5, True)]
    bench.say('{"upto":[1,5]}')
    assert bench.events.lost == 0 and len(bench.box) == 0


def test_cursors_that_are_gone():
    """Set aside, or never saved: all from before this boot may have been sent."""
    bench = Bench(boot=2, store=Store(last=300))
    assert bench.wrong == ""
    bench.emit()
    got = []
    while bench.events.cursor < (2, 1):
        for body in bench.sent():
            if not body.get("early"):
                got.append((body["boot"], body["seq"], body.get("again")))
        bench.say('{"upto":[2,1]}')
    assert got == [(1, n, True) for n in range(1, 301)] + [(2, 1, None)]


def test_cursors_are_saved_in_batches():
    files = Files()
    bench = Bench(files=files)
    for n in range(1, 300):
        bench.emit()
        bench.sent()
        bench.say('{"upto":[1,%d]}' % n)
    assert bench.cursors.saves == 2 and bench.cursors._unsaved == 299 - 256
    bench.cursors.save()
    bench.cursors.save()  # nothing new
    assert bench.cursors.saves == 3
    bench.emit()
    bench.sent()
    bench.say('{"upto":[1,300]}')
    files.is_full = True
    try:
        bench.cursors.save()
    except StoreError:
        pass
    assert bench.cursors.failures == 1


def test_cursors_that_are_no_good():
    files = Files()
    bench = Bench(boot=2, files=files, store=Store())
    bench.twin.save(b'{"v":1,"events":[[1,"2"],[]]}')
    bench = Bench(boot=2, files=files, store=Store())
    assert "not what this firmware writes" in bench.wrong
    assert [body["again"] for body in bench.sent()] == [True] * 5
    bench.twin.save(b'{"v":1,"events":[[9,2],[]]}')
    bench = Bench(boot=2, files=files, store=Store())
    assert "lies ahead" in bench.wrong and len(bench.sent()) == 5
    files.files["/c.a"] = files.files["/c.b"] = b"ttu1 not"
    bench = Bench(boot=2, files=files, store=Store())
    assert "corrupt" in bench.wrong and len(bench.sent()) == 5
    assert cursors.DOUBT == 224


test_what_a_message_looks_like()
test_puback_is_not_delivery()
test_curves_are_acknowledged_by_device()
test_garbage_loses_nothing()
test_garbage_that_the_heap_cannot_hold()
test_all_is_what_was_sent()
test_live_has_half_while_a_backlog_drains()
test_alarms_first_and_early_ones()
test_a_storm_of_events_starves_nobody()
test_what_cannot_be_sent_holds_up_nobody()
test_cursors_over_a_power_cut()
test_cursors_that_are_gone()
test_cursors_are_saved_in_batches()
test_cursors_that_are_no_good()
print("OK")
