"""The terminal's half of `make outage`, run by the MicroPython interpreter: the real streams,
session and cursors on virtual time, over connections that the host carries.

Beside what tools/virtual/device.py says. Out: `k id o link` a connection, `k id w hex`, `k id c`
written and closed; `= e boot seq stamp` an event was made, `= r end_ms` a row. In, as `k id what`:
`+` open, `-` refused, `dhex` data, `aN` N bytes are gone, `x` closed, `r` reset; `k 0 b` the power
goes, `k 0 q` it is over.

Plants: 1 an item leaves at PUBACK; 2 the cursor runs ahead of the acknowledgements; 3 what is sent
again does not say so; 4 nothing says what it comes after; 5 what is not acknowledged in time is
given up, and told as if the store had it no more.
"""

import asyncio
import random
from binascii import hexlify, unhexlify

from firmware.core.errors import UplinkError
from firmware.core.log import Log
from firmware.core.twin import Twin
from firmware.delivering import Delivering
from firmware.store.event_codes import STATE
from firmware.store.events import EventLog
from firmware.uplink import json_face
from firmware.uplink.cursors import LIMIT_BYTES, Cursors
from firmware.uplink.stream import Stream
from tools.virtual import device

_BUFFER = 2048
_QUARTER_MS = 900000
_OPEN_MS = 20
_ECONNRESET = 104
_FAST_MS = 1000  # between live values of a device while a backlog drains
_SLOW_MS = 30000


class Channel:
    def __init__(self, number, say):
        self._number = number
        self._say = say
        self._room = _BUFFER
        self._coming = []
        self._wake = asyncio.Event()
        self._on_room = None
        self.state = ""  # "+", "-", "x" or "r" of the host

    def take(self, what):
        kind = what[0]
        if kind == "d":
            self._coming.append(unhexlify(what[1:]))
        elif kind == "a":
            self._room += int(what[1:])
            if self._on_room:
                self._on_room()
            return
        else:
            self.state = kind
        self._wake.set()

    def attend(self, call):
        self._on_room = call

    def write(self, data):
        if self.state == "r":
            raise OSError(_ECONNRESET)
        count = min(self._room, len(data))
        if not count:
            return None
        self._room -= count
        self._say("k %d w %s" % (self._number, hexlify(bytes(data[:count])).decode()))
        return count

    async def readinto(self, view):
        while not self._coming:
            if self.state == "x":
                return 0
            if self.state == "r":
                raise OSError(_ECONNRESET)
            self._wake.clear()
            await self._wake.wait()
        data = self._coming.pop(0)
        if len(data) > len(view):
            self._coming.insert(0, data[len(view) :])
            data = data[: len(view)]
        view[: len(data)] = data
        return len(data)

    def close(self):
        self._say("k %d c" % self._number)


class Air:
    """A network whose connections the host carries over link `link`."""

    _count = 0

    def __init__(self, link, say):
        self._link = link
        self._say = say
        self._channels = {}

    async def ready(self):
        pass

    def resolve(self, host, port):
        pass

    def forget(self):
        pass

    def take(self, number, what):
        if number in self._channels:
            self._channels[number].take(what)

    async def open(self, host, port, ssl, check):
        Air._count += 1
        number = Air._count
        channel = self._channels[number] = Channel(number, self._say)
        self._say("k %d o %d" % (number, self._link))
        try:
            while channel.state != "+":
                if channel.state:
                    raise UplinkError("nobody answers at the broker's port")
                check()
                await asyncio.sleep_ms(_OPEN_MS)
        except BaseException:
            channel.close()
            raise
        for old in [n for n in self._channels if n < number - 9]:  # a probe may be beside
            del self._channels[old]
        return channel


class Link(device.Link):
    """With connections."""

    def __init__(self):
        super().__init__()
        self.airs = [
            Air(number, self.pipe.say) for number in range(2 if self.plan["links"] else 1)
        ]
        self.cut = asyncio.Event()
        self.is_over = False

    def take(self, words):
        rest = words[:2]
        for i in range(2, len(words), 3):
            kind, number, what = words[i : i + 3]
            if kind != "k":
                rest += words[i : i + 3]
            elif number != "0":
                for air in self.airs:
                    air.take(int(number), what)
            else:
                self.is_over = what == "q"
                self.cut.set()
        super().take(rest)


class Files:
    """What a Twin needs of a file system: it outlives the terminal's power."""

    def __init__(self):
        self.files = {}
        self.saves = 0

    def open(self, path, mode):
        return _File(self, path, "w" in mode)

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)
        self.saves += 1


class _File:
    def __init__(self, fs, path, is_new):
        if not is_new and path not in fs.files:
            raise OSError(2)
        self._fs = fs
        self._path = path
        self._at = 0
        if is_new:
            fs.files[path] = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self._fs.files[self._path] += bytes(data)

    def seek(self, at, whence=0):
        self._at = at + (len(self._fs.files[self._path]) if whence == 2 else 0)
        return self._at

    def read(self, count):
        data = self._fs.files[self._path][self._at : self._at + count]
        self._at += len(data)
        return data


class Ring:
    """The events of all boots, as the event store on flash offers them; the oldest go."""

    def __init__(self, size):
        self._rows = [None] * size  # (boot, event); made at once: later no such piece is free
        self._count = 0  # ever added

    def add(self, boot, event):
        self._rows[self._count % len(self._rows)] = (boot, event)
        self._count += 1

    def delivered(self, boot, sequence):
        pass

    def after(self, boot, sequence):
        rows, size, last = self._rows, len(self._rows), self._count
        low, high = max(0, last - size), last
        while low < high:
            middle = (low + high) // 2
            row = rows[middle % size]
            if (row[0], row[1][0]) <= (boot, sequence):
                low = middle + 1
            else:
                high = middle
        while low < last:  # what comes meanwhile is not seen, what goes is left out
            low = max(low, self._count - size)
            yield rows[low % size]
            low += 1


class Curve:
    """Rows of all devices by formula: as store.curve.CurveStore is read."""

    def __init__(self, devices):
        self.names = ["meter-%02d" % i for i in range(devices)]
        self.ends = []  # boundaries that have a row
        self.last_ms = 0

    def put(self, end_ms):
        self.ends.append(end_ms)
        self.last_ms = end_ms

    def first_ms(self):
        return self.ends[0] if self.ends else 0

    def rows(self, from_ms=0, device=0):
        for end_ms in self.ends:
            if end_ms >= from_ms:
                first = device if end_ms == from_ms else 0
                for i in range(first, len(self.names)):
                    yield end_ms, 0, self.names[i], columns(end_ms, i)


def columns(end_ms, number):
    quarter = end_ms // _QUARTER_MS
    return [("ep", -2, quarter * 7 + number, 0), ("ua", -1, 2300 + quarter % 50, 0)]


class Config:
    """The group `uplink`, at its defaults."""

    host, port, user, password = "broker", 1883, "", ""
    keepalive_s, backoff_max_s, period_s = 30, 300, 5
    via, second = "network", "cellular"

    def __init__(self, plant):
        self.ack = "broker" if plant == 1 else "application"


def plant(number):
    """A defect, to be caught."""
    if number == 2:
        Stream.position = lambda stream: (stream._newest, [])
        Cursors.is_due = True
        save = Cursors.save
        Cursors.save = lambda cursors: cursors.kept(1) or save(cursors)
    elif number == 3:
        Stream._is_in_doubt = lambda stream, entry: False
        event, curve = json_face.event, json_face.curve
        json_face.event = lambda *args: event(*args[:7], False, *args[8:])
        json_face.curve = lambda *args: curve(*args[:7], False, *args[8:])
    elif number == 4:
        Stream._before = lambda stream, entry: None
    elif number == 5:
        Stream.go_back = give_up


def give_up(stream, go_back=Stream.go_back):
    for entry in stream._table:
        stream.lost += not entry.is_kept
        entry.is_kept = True
    stream._trim()
    go_back(stream)


class Terminal:
    def __init__(self, link):
        self.link = link
        self.plan = link.plan
        self.clock = link.clock()
        self.ring = Ring(self.plan["ring"])
        self.curve = Curve(self.plan["devices"])
        self.files = Files()
        self.boot = 0
        self.numbers = {"worst_stall_ms": 0, "stall_bound_ms": 0}
        self.delivering = None
        self._live = 0

    async def run(self):
        while not self.link.is_over:
            await self.life()
        self.numbers["cursor_saves"] = self.files.saves
        return self.numbers

    async def life(self):
        """From one start to the power cut."""
        self.boot += 1
        self.link.cut.clear()
        events = EventLog(self.clock, self.boot)
        events.subscribe(self.made)
        log = Log(self.clock, self.log)
        log.set_level("warn")
        twin = Twin("/cursor.a", "/cursor.b", LIMIT_BYTES, self.files)
        self.delivering = delivering = Delivering(
            self.clock,
            log,
            Config(self.plan["plant"]),
            "st1",
            events,
            None,
            self.ring,
            twin,
        )
        delivering.add_curves(self.curve)
        delivering.connect(None, str, self.link.airs)
        works = [make() for name, make in delivering.tasks() if name != "reporter"]
        works += [self.make_events(events), self.make_rows(), self.make_live()]
        tasks = [asyncio.create_task(work) for work in works]
        await self.link.cut.wait()
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)
        self.note()

    def log(self, line):
        self.link.tell("log " + line)

    def note(self):
        """Numbers of this life."""
        session, box = self.delivering.session, self.delivering.outbox
        stats = session.stats()
        for key, value in (
            ("worst_stall_ms", stats["worst_stall_ms"]),
            ("stall_bound_ms", 2 * session.engine.waits.bound_ms),
        ):
            self.numbers[key] = max(self.numbers[key], value)
        stats.update(box.stats())
        for key in (
            "again",
            "acknowledged",
            "timeouts",
            "lost",
            "bad_acks",
            "strange_acks",
            "early",
            "republished",
        ):
            self.numbers[key] = self.numbers.get(key, 0) + stats[key]

    def made(self, event):
        self.ring.add(self.boot, event)
        self.link.tell("e %d %d %d" % (self.boot, event[0], event[3]))

    async def make_events(self, events):
        number = 0
        while True:
            await asyncio.sleep_ms(self.plan["event_ms"])
            number += 1
            events.emit(STATE, "meter-%02d" % (number % 20), "di%d 1, was 0" % (number % 9))

    async def make_rows(self):
        while True:
            now = self.clock.utc_ms()
            end_ms = (now // _QUARTER_MS + 1) * _QUARTER_MS
            await asyncio.sleep_ms(end_ms - now)
            self.curve.put(end_ms)
            self.link.tell("r %d" % end_ms)

    async def make_live(self):
        """Little, and more than the line carries while a backlog drains."""
        names = ["l%d" % i for i in range(10)]
        powers, bits = [-1] * 10, [0] * 10
        while True:
            box = self.delivering.outbox
            is_behind = box.events.is_behind or len(box.history or ()) > 1
            for i in range(self.plan["live"]):
                self._live += 1
                device_name = "live-%02d" % i
                values = range(self._live, self._live + 10)
                now = self.clock.utc_ms()
                args = (device_name, now, self._live, names, powers, values, bits)
                topic = json_face.data_topic("st1", device_name)
                box.put_live(device_name, topic, json_face.message(*args))
            await asyncio.sleep_ms(_FAST_MS if is_behind else _SLOW_MS)


link = Link()
random.seed(link.plan["seed"])
plant(link.plan["plant"])
link.report(asyncio.run(Terminal(link).run()))
