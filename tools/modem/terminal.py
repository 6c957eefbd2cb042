"""The terminal's half of `make modem`, under MicroPython: the real slot and driver, and streams
that send, read back and check without end. Tells the judge of every exchange that was right, and
of every wait that was longer than its stated bound. It ends when the host drives the interrupt
line.
"""

import asyncio
import json
import random

from firmware.bay.slot import Slot
from firmware.core.errors import SlotError
from firmware.core.log import Log
from firmware.points.table import Points
from modules.cellular import at, channel, sockets
from modules.cellular.driver import Driver
from tools.modem import content
from tools.virtual.device import Link

_SLOT = 2
_ROOM = 1500  # bytes an exchange has at most
_MUCH = 8000  # ... one in four: more than the stream keeps, so that a write has to wait
_TURN = 40000  # ... and a connection
_SLACK_MS = 1100  # any task may be late, and bounds are looked at twice a second
_PAUSE_MS = 500  # after a failure


class Told:
    """A slot's listener."""

    def __init__(self, link):
        self._link = link
        self.failures = 0

    def slot_failed(self, number, text):
        self.failures += 1
        self._link.tell(json.dumps({"failed": text}))

    def slot_event(self, name, who, text, stamp_ms, members):
        self._link.tell(json.dumps({"event": text}))

    def device_changed(self, name, is_back):
        """Nobody is asked."""

    def state_changed(self, device, point, before, now, stamp_ms):
        """No states here."""


class Traffic:
    """One stream after another, all to the same peer."""

    def __init__(self, bench, number):
        self.bench = bench
        self.number = number
        self.turn = 0
        self.bytes = 0
        self._random = random.randrange

    async def run(self):
        while True:
            try:
                await self._connection()
            except (OSError, SlotError) as error:
                self.bench.end(str(error) or repr(error))
                await asyncio.sleep_ms(_PAUSE_MS)

    async def _connection(self):
        bench, plan = self.bench, self.bench.plan
        stream = await bench.slot.command("connect", "peer", 7, plan["connect_ms"])
        self.turn = (self.turn + 1) & 0xFFFF
        try:
            await self._timed(stream.opened(), "connect", plan["connect_ms"])
            await self._write(stream, content.greeting(self.number, self.turn))
            place = 0
            limit = 1 + self._random(_TURN)
            while place < limit:
                place += await self._exchange(stream, place)
                await asyncio.sleep_ms(self._random(2000))
        finally:
            stream.close()

    async def _exchange(self, stream, place):
        began = self.bench.us()
        count = 1 + self._random(_ROOM if self._random(4) else _MUCH)
        await self._write(stream, content.piece(self.number, self.turn, place, count, False))
        await self._read(stream, place, count)
        self.bytes += count
        self.bench.link.tell("x %d %d %d" % (self.number, began, self.bench.us()))
        return count

    async def _write(self, stream, data):
        view = memoryview(data)
        while len(view):
            count = stream.write(view[: 1 + self._random(len(view))])
            if count is None:
                await self._timed(stream.room(), "write", self.bench.plan["write_ms"])
            else:
                view = view[count:]

    async def _read(self, stream, place, count):
        wanted = content.piece(self.number, self.turn, place, count, True)
        got = 0
        buf = bytearray(400)
        while got < count:
            size = stream.readinto(buf)
            if size is None:
                await self._timed(stream.data(), "read", self.bench.plan["read_ms"])
                continue
            if not size:
                raise OSError(0, "the far side has closed")
            if bytes(buf[:size]) != wanted[got : got + size]:
                self.bench.corrupt(self.number, place + got, buf[:size], wanted[got : got + size])
                raise OSError(0, "the bench was told wrong bytes")
            got += size

    async def _timed(self, wait, what, bound_ms):
        """The wait as it is; longer than its bound is told, far longer is given up."""
        began = self.bench.clock.ms()
        try:
            await asyncio.wait_for_ms(wait, 4 * bound_ms)
        except asyncio.TimeoutError:
            raise OSError(0, "the bench gave up to %s" % what)
        finally:
            waited = self.bench.clock.ms() - began
            self.bench.waited(what, waited, bound_ms)


def plant(number):
    """A defect in the driver, which the bench must find."""
    if number == 1:  # what stands behind data of the announced length does not matter

        def frame(self):
            buf, length = self._buf, self._length
            if len(buf) < length + 2:
                return None
            data = bytes(buf[:length])
            self._buf = buf[length + 2 :]
            self._length = -1
            return (at.READ, data) if self._socket < 0 else (at.PUSHED, (self._socket, data))

        at.Parser._frame = frame
    elif number == 2:  # the answer to a send is waited for as long as it takes
        bounded = channel.Channel.expire

        def expire(self, now):
            if not self._command.startswith("AT+QISEND"):
                bounded(self, now)

        channel.Channel.expire = expire
    elif number == 3:  # nobody looks whether a socket is still there

        async def look(self, socket, place, now):
            place.look_ms = now + 3600000

        sockets.Sockets._look = look


class Bench:
    def __init__(self, link):
        self.link = link
        self.plan = plan = link.plan
        self.clock = link.clock()
        self.corrupted = 0
        self.stalls = 0  # waits beyond their bound
        self.worst = {"connect": 0, "read": 0, "write": 0}
        self.ends = 0
        random.seed(plan["seed"])
        plant(plan["plant"])
        self.told = Told(link)
        self.wires = link.wires(_SLOT)
        cfg = {"mode": plan["mode"], "baud": plan["baud"], "apn": "virtual"}
        log = Log(self.clock, lambda line: None)
        points = Points(16)
        self.slot = Slot(
            _SLOT, "cellular", Driver, self.wires, cfg, points, self.clock, log, self.told
        )
        self.traffic = [Traffic(self, number) for number in range(plan["streams"])]

    def us(self):
        """Since the start, of the host's clock."""
        return self.link.time.us

    def waited(self, what, ms, bound_ms):
        self.worst[what] = max(self.worst[what], ms)
        if ms > bound_ms + _SLACK_MS:
            self.stalls += 1
            self.link.tell(json.dumps({"stall": "%s took %d ms" % (what, ms)}))

    def corrupt(self, number, place, found, wanted):
        """Bytes that are not what was sent, or more than that."""
        count = len(found) - len(wanted)
        first = len(wanted)
        for i, byte in enumerate(wanted):
            if found[i] != byte:
                count += 1
                first = min(first, i)
        self.corrupted += count
        text = "stream %d: %d wrong bytes from %d on: %s, not %s"
        head = (bytes(found[first : first + 24]), bytes(wanted[first : first + 24]))
        text %= (number, count, place + first) + head
        self.link.tell(json.dumps({"corrupt": text}))

    def end(self, why):
        self.ends += 1
        self.link.tell(json.dumps({"end": why}))

    async def run(self):
        self.wires.power(True)
        self.wires.reset()
        over = asyncio.Event()
        self.wires.interrupt.irq(lambda pin: over.set())
        tasks = [asyncio.create_task(self.slot.run())]
        tasks += [asyncio.create_task(traffic.run()) for traffic in self.traffic]
        await over.wait()
        driver = self.slot.driver
        stats = driver.stats() if driver else {}
        modem = driver.modem if driver else None
        for task in tasks:
            task.cancel()
        report = {
            "corrupted": self.corrupted,
            "stalls": self.stalls,
            "worst": self.worst,
            "ends": self.ends,
            "bytes": sum([traffic.bytes for traffic in self.traffic]),
            "slot_failures": self.told.failures,
            "cycles": modem.cycles if modem else 0,
            "resets": modem.resets if modem else 0,
            "stats": stats,
        }
        self.link.report(report)


LINK = Link()
asyncio.run(Bench(LINK).run())
