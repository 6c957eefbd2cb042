"""A bus in virtual time for tests of the RS-485 module: hand-made slaves that answer as late as
they are told, and profiles in a folder of their own. A helper, not a test."""

import asyncio
import io
import json
import sys
from binascii import unhexlify

import vfs
from modbus_crc import crc

from firmware.bay.slot import Slot
from firmware.config.archive import Row
from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.points.table import Points
from modules.rs485.driver import Driver
from tools.virtual import loop as virtual

_KEPT = 16


def keep(things, thing):
    """The last of them: a test may run for hours."""
    things.append(thing)
    if len(things) > _KEPT:
        del things[0]


class Registers:
    """A Modbus slave: registers `first` .. that can be read by one function, exception 2 beyond;
    no more than `most` at once."""

    def __init__(self, unit, first, values, function=3, most=125):
        self.unit = unit
        self.first = first
        self.values = list(values)
        self.function = function
        self.most = most
        self.asked = []  # (register, count)
        self.error = 0  # said to every request

    def answer(self, data):
        """The answer to a whole frame, None when it is for somebody else."""
        if len(data) != 8 or data[0] != self.unit or crc(data[:-2]) != data[-2:]:
            return None
        register, count = data[2] << 8 | data[3], data[4] << 8 | data[5]
        keep(self.asked, (register, count))
        at = register - self.first
        error = self.error
        if data[1] != self.function:
            error = error or 1
        elif at < 0 or at + count > len(self.values) or count > self.most:
            error = error or 2
        if error:
            said = bytes([self.unit, data[1] | 0x80, error])
        else:
            words = self.values[at : at + count]
            body = b"".join([bytes([word >> 8 & 255, word & 255]) for word in words])
            said = bytes([self.unit, data[1], 2 * count]) + body
        return said + crc(said)


class Meter:
    """A DL/T 645 meter: `items` {identifier: data as hexadecimal text in the order of the line};
    D1, error 02 for others (DL/T 645-2007, 7.1)."""

    def __init__(self, address, items):
        self.wire = bytes(reversed(unhexlify(address)))
        self.items = items
        self.asked = []

    def answer(self, data):
        data = data.lstrip(b"\xfe")
        if len(data) != 16 or data[1:7] != self.wire or data[8] != 0x11:
            return None
        di = bytes([byte - 0x33 & 255 for byte in data[10:14]])
        name = "".join(["%02X" % byte for byte in reversed(di)])
        keep(self.asked, name)
        if name in self.items:
            return self.frame(0x91, di + unhexlify(self.items[name]))
        return self.frame(0xD1, b"\x02")

    def frame(self, control, body):
        raw = b"\x68" + self.wire + bytes([0x68, control, len(body)])
        raw += bytes([byte + 0x33 & 255 for byte in body])
        return b"\xfe" * 4 + raw + bytes([sum(raw) & 255, 0x16])


class World:
    """One slot's wires. `slaves` answer `delay_ms` after the request, or as the next of
    `delays_ms` says: None is no answer."""

    def __init__(self, *slaves, number=1, other=None):
        """`other`: a World whose time this one shares."""
        self.number = number
        self.slaves = list(slaves)
        self.delay_ms = 20
        self.delays_ms = []  # of the next answers
        self.noise = []  # (us, bytes) heard whatever is asked
        # the last requests: us, baud, parity, bytes, characters of silence before it
        self.sent = []
        self.problems = []
        self.is_wired = True
        self.is_broken = False  # the port fails
        self.free_us = -1000000  # end of the last byte on the line
        self.time = other.time if other else virtual.Time(1790000100000)
        if not other:
            asyncio.core.new_event_loop()
            virtual.install(self.time)
        self.clock = Clock(self.time.ticks_us, virtual.diff, self.time.utc_ms)
        self.log = Log(self.clock, lambda line: None)
        self.ports = []
        self.news = []  # what a slot tells its listener
        self.points = other.points if other else Points(200)

    def uart(self, baud, parity):
        if not self.is_wired:
            raise OSError("slot %d has no serial port on this board" % self.number)
        self.ports.append(Port(self, baud, parity))
        return self.ports[-1]

    def carry(self, us, baud, parity, data):
        char_us = (10 if parity is None else 11) * 1e6 / baud
        keep(self.sent, (us, baud, parity, data, (us - self.free_us) / char_us))
        end = us + len(data) * char_us
        self.free_us = end
        heard = [(at, said) for at, said in self.noise if at >= us]
        self.noise = []
        for slave in self.slaves:
            said = slave.answer(data)
            if said is None:
                continue
            delay_ms = self.delays_ms.pop(0) if self.delays_ms else self.delay_ms
            if delay_ms is not None:
                at = end + delay_ms * 1000 + len(said) * char_us
                self.free_us = max(self.free_us, at)
                # the first byte when it comes, the others with the last one
                heard.append((int(at - (len(said) - 1) * char_us), said[:1]))
                heard.append((int(at + 0.5), said[1:]))
        return heard

    # a slot's listener
    def slot_failed(self, number, text):
        self.news.append(("failed", text))

    def device_changed(self, name, is_back):
        self.news.append(("back" if is_back else "lost", name))

    def state_changed(self, device, point, before, now, _stamp_ms):
        self.news.append((device.template[point][0], before, now))

    def slot(self, rows, **cfg):
        cfg = dict({"devices": lambda: rows, "reply_ms": 500}, **cfg)
        return Slot(
            self.number, "rs485", Driver, self, cfg, self.points, self.clock, self.log, self
        )

    def driver(self, rows, **cfg):
        return Driver(self, dict({"devices": lambda: rows}, **cfg), self.clock, self.log)

    def values(self, name):
        """{point: (value, quality)} of a device."""
        device = self.points.device(name)
        base, points = device.base, self.points
        return {
            row[0]: (points.values[base + i], points.quality[base + i])
            for i, row in enumerate(device.template)
        }


class Port(virtual.Port):
    """Fails when the world says so."""

    def __init__(self, world, baud, parity):
        super().__init__(world.time, world.carry, baud, parity)
        self._world = world

    def write(self, data):
        if self._world.is_broken:
            raise OSError(5)
        return super().write(data)


def row(profile, address, name=None, baud=0, parity="-"):
    return Row(1, profile, address, baud, parity, name or "%s-%s" % (profile, address))


class Profiles:
    """A file system of nothing but profiles; `user`: where a user's own lie."""

    def __init__(self, user=False):
        self._files = {}  # path: (text, bytes it says to have, time)
        self._clock = 0
        self._folder = "/" if user else "/firmware/devices/profiles/"
        vfs.mount(self, "/profiles" if user else "/ttu")
        if not user:
            sys.path.append("/ttu")

    def put(self, name, document, size=0):
        """`document`: text, or what becomes JSON; `size`: a heap for all of it is too small."""
        if not isinstance(document, str):
            document = json.dumps(document)
        self._clock += 1
        self._files[self._folder + name + ".json"] = document, size or len(document), self._clock

    def take(self, name):
        """And it is gone."""
        del self._files[self._folder + name + ".json"]

    # what MicroPython asks of a file system
    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def open(self, path, mode):
        return io.StringIO(self._find(path)[0])

    def stat(self, path):
        _, size, time = self._find(path)
        return 0x8000, 0, 0, 0, 0, 0, size, time, time, time

    def ilistdir(self, path):
        size = len(self._folder)
        if path.rstrip("/") == self._folder.rstrip("/"):
            for path in self._files:
                yield path[size:], 0x8000, 0

    def _find(self, path):
        if path not in self._files:
            raise OSError(2)
        return self._files[path]


def modbus(points, **more):
    """A Modbus profile."""
    return dict({"protocol": "modbus", "baud": 9600, "parity": "none", "points": points}, **more)


async def ask(driver, device, duty):
    """(outcome, {point index: (value, quality)}) of one turn."""
    got = {}

    def out(point, value, quality):
        got[point] = (value, quality)

    return await driver.poll(device, duty, out), got


async def complete(driver, device, duty):
    """All turns of a duty: {point index: (value, quality)}."""
    from firmware.bay.contract import DONE, SILENT

    got = {}
    for _ in range(64):
        outcome, some = await ask(driver, device, duty)
        assert outcome != SILENT
        got.update(some)
        if outcome == DONE:
            return got
    raise AssertionError("a duty without end")
