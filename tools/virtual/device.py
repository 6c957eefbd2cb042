"""The terminal's end of a virtual bench, run by the MicroPython interpreter: asyncio on virtual
time, and slots whose modules are emulated by the process at the other end of stdin and stdout.

A line a message. To the host: `t us` time may run up to us (-1: as far as it must), answered by
the time reached and what came then; `o slot baud parity`, `w slot hex`, `c slot` a UART is
opened, written, closed; `p slot level`, `r slot level` power and reset; `x slot` is it plugged;
`i address hex count` an I2C transaction; `= text` for the bench's judge; `{..}` the report.
"""

import asyncio
import io
import json
import sys
from binascii import hexlify, unhexlify

from board.wires import SlotWires
from firmware.core.clock import Clock
from tools.virtual import loop

_ENODEV = 19


def _say(text):
    sys.stdout.write(text + "\n")


def _ask(text):
    sys.stdout.write(text + "\n")
    return sys.stdin.readline()


class Queue(loop.Queue):
    """Waiting means that the host's side goes on, up to when somebody here is due."""

    def __init__(self, link, clock):
        super().__init__(clock)
        self.timers = []  # (us, OneShot), those of the boards' hardware
        self._link = link

    def queue_write(self, port):
        asyncio.core._task_queue.push(asyncio.core.cur_task)  # there is always room

    def wait_io_event(self, wait_ms):
        clock = self._clock
        if wait_ms:
            due = clock.us + wait_ms * 1000 if wait_ms > 0 else -1
            if due > 0:
                due -= due % 1000  # asyncio counts whole ms
            for us, _ in self.timers:
                due = us if due < 0 else min(due, us)
            words = _ask("t %d" % due).split()
            if not words:
                raise RuntimeError("nothing will ever happen")
            clock.us = max(clock.us, int(words[0]))
            self._link.take(words)
            for timer in [entry for entry in self.timers if entry[0] <= clock.us]:
                self.timers.remove(timer)
                timer[1].callback(timer[1])
        for key in [key for key, entry in self.map.items() if self._is_ready(entry[1])]:
            task, _ = self.map.pop(key)
            asyncio.core._task_queue.push(task)


class OneShot:
    """A hardware timer: its callback comes whatever the tasks do."""

    def __init__(self, queue, us, callback):
        self.callback = callback
        self._queue = queue
        self._entry = (us, self)
        queue.timers.append(self._entry)

    def deinit(self):
        if self._entry in self._queue.timers:
            self._queue.timers.remove(self._entry)


class Port(io.IOBase):
    """A UART of one slot."""

    def __init__(self, clock, number, baud, parity):
        self._clock = clock
        self._number = number
        self._rx = b""
        self.is_open = True
        self.init(baud, parity=parity)

    def init(self, baud, bits=8, parity=None, stop=1, timeout=0, rxbuf=0):
        _say("o %d %d %s" % (self._number, baud, "N" if parity is None else "EO"[parity]))

    def write(self, data):
        if self.is_open:
            _say("w %d %s" % (self._number, hexlify(data).decode()))
        return len(data)

    def arrive(self, data):
        self._rx += data

    def arrival(self):
        return self._clock.us if self._rx else None

    def any(self):
        return len(self._rx)

    def read(self, size=-1):
        if not self._rx:
            return None
        size = len(self._rx) if size < 0 else size
        data, self._rx = self._rx[:size], self._rx[size:]
        return data

    def readinto(self, view):
        data = self.read(len(view))
        if data is None:
            return None
        view[: len(data)] = data
        return len(data)

    def ioctl(self, request, arg):
        return 0

    def deinit(self):
        if self.is_open:
            self.is_open = False
            self._rx = b""
            _say("c %d" % self._number)


class I2C:
    """The bus of the backplane: machine.I2C as far as drivers use it."""

    def _transfer(self, address, out, into):
        answer = _ask("i %d %s %d" % (address, hexlify(out).decode() or "-", len(into))).strip()
        if answer == "!":
            raise OSError(_ENODEV)
        into[:] = unhexlify(answer[1:])

    def writeto(self, addr, buf, stop=True):
        self._transfer(addr, buf, bytearray(0))
        return len(buf)

    def readfrom_into(self, addr, buf, stop=True):
        self._transfer(addr, b"", memoryview(buf))

    def readfrom(self, addr, nbytes, stop=True):
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf)
        return bytes(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        self._transfer(addr, memaddr.to_bytes(addrsize // 8, "big"), memoryview(buf))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._transfer(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf), bytearray(0))


class InterruptPin:
    """An input whose edges come from the host."""

    IRQ_FALLING = 2

    def __init__(self):
        self._level = 1
        self._handler = None

    def __call__(self):
        return self._level

    value = __call__

    def irq(self, handler=None, trigger=2, hard=False):
        self._handler = handler

    def drive(self, level):
        falls = self._level and not level
        self._level = level
        if falls and self._handler:
            self._handler(self)


class Wires(SlotWires):
    def __init__(self, link, number):
        self._link = link
        super().__init__(
            number,
            link.i2c,
            lambda: 0 if _ask("x %d" % number).strip() == "1" else 1,
            lambda level: _say("p %d %d" % (number, level)),
            lambda level: _say("r %d %d" % (number, level)),
            lambda baud, parity: link.open(number, baud, parity),
            InterruptPin(),
            link.time.ticks_us,
        )

    def one_shot(self, ms, callback):
        return OneShot(self._link.queue, self._link.time.us + 1000 * ms, callback)


class Link:
    """Made once, before any task: from here on asyncio lives in virtual time."""

    def __init__(self):
        self.plan = json.loads(sys.stdin.readline())  # what the host says about this run
        self.time = loop.Time(self.plan["utc_ms"])
        loop.install(self.time)
        self.queue = asyncio.core._io_queue = Queue(self, self.time)
        self.i2c = I2C()
        self._ports = {}  # slot: Port
        self._wires = {}

    def clock(self):
        """The Clock of the firmware."""
        return Clock(self.time.ticks_us, loop.diff, self.time.utc_ms)

    def wires(self, number):
        """The SlotWires of one slot, always the same."""
        if number not in self._wires:
            self._wires[number] = Wires(self, number)
        return self._wires[number]

    def open(self, number, baud, parity):
        self._ports[number] = Port(self.time, number, baud, parity)
        return self._ports[number]

    def take(self, words):
        """What came: `u slot hex` bytes of a UART, `n slot level` an interrupt line."""
        for i in range(1, len(words), 3):
            kind, number, what = words[i : i + 3]
            if kind == "u" and int(number) in self._ports:
                self._ports[int(number)].arrive(unhexlify(what))
            elif kind == "n" and int(number) in self._wires:
                self._wires[int(number)].interrupt.drive(int(what))

    def tell(self, text):
        """A line to the bench's judge."""
        _say("= " + text)

    def report(self, numbers):
        """The run is over: a dict to the host."""
        _say(json.dumps(numbers))
