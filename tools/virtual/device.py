"""The terminal's end of a virtual bench, run by the MicroPython interpreter: asyncio on virtual
time, and slots whose modules are emulated by the process at the other end of stdin and stdout.

A line a message. To the host: `t us` time may run up to us (-1: as far as it must), answered by
the time reached, the time of what the host does next (-1: nothing) and what came; `a us` so late
it is by now; `o slot baud parity`, `w slot hex`, `c slot` a UART is opened, written, closed;
`p slot level`, `r slot level` power and reset; `x slot` is it plugged, asked once, then told;
`i address hex count` an I2C transaction; `k id`, `s id hex`, `e id` a connection is asked for,
written, closed; `= text` for the bench's judge; `{..}` the report.

What needs no answer is kept until something does, and while the host has nothing to do nobody
asks it for the time: a second of a terminal at rest costs a millisecond of the desk's.
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
_DIGITS = 5
_KEPT = 64  # lines that wait for the next one that is answered


class Pipe:
    """The way to the host: lines, each said at its time."""

    def __init__(self, time):
        self.next_us = 0  # when the host has something to do; -1: never, as far as is known
        self.is_touched = True  # it was told something since: it may have more to do
        self._time = time
        self._said_us = 0  # the host knows that it is so late
        self._lines = []

    def say(self, text):
        now = self._time.us
        if now != self._said_us:
            self._said_us = now
            self._lines.append("a %d" % now)
        self.is_touched = True
        self._lines.append(text)
        if len(self._lines) >= _KEPT:
            self.flush()

    def ask(self, text):
        """The answer of the host."""
        self.say(text)
        self.flush()
        return self._answer()

    def _answer(self):
        """Five digits say how long it is: a line would be read a byte at a time."""
        read = sys.stdin.buffer.read
        return read(int(read(_DIGITS) or 0)).decode()

    def wait(self, until_us):
        """Time goes on; the words of the answer, none when nothing will ever happen."""
        self._lines.append("t %d" % until_us)
        self.flush()
        words = self._answer().split()
        if words:
            self._said_us = int(words[0])
            self.next_us = int(words[1])
            self.is_touched = False
        return words

    def flush(self):
        if self._lines:
            self._lines.append("")
            sys.stdout.write("\n".join(self._lines))
            self._lines.clear()


class Queue(loop.Queue):
    """Waiting means that the host's side goes on, up to when somebody here is due. Who waits for
    a port is woken when something comes; flags that others set are looked at."""

    def __init__(self, link, clock):
        super().__init__(clock)
        self.timers = []  # (us, OneShot), those of the boards' hardware
        self._link = link
        self._flags = []  # (flag, task that waits for it)

    def queue_read(self, port):
        task = asyncio.core.cur_task
        if isinstance(port, asyncio.ThreadSafeFlag):
            self._flags.append((port, task))
            self.map[id(port)] = (task, port)
            task.data = self  # so that a cancelled task is taken out again
        elif port.arrival() is not None:
            asyncio.core._task_queue.push(task)
        else:
            super().queue_read(port)

    def queue_write(self, port):
        asyncio.core._task_queue.push(asyncio.core.cur_task)  # there is always room

    def remove(self, task):
        super().remove(task)
        self._flags = [entry for entry in self._flags if entry[1] is not task]

    def clear(self):
        """Everybody is gone."""
        self.map.clear()
        self.timers.clear()
        self._flags = []

    def wake(self, port):
        """Something is there to be read."""
        entry = self.map.pop(id(port), None)
        if entry:
            asyncio.core._task_queue.push(entry[0])

    def wait_io_event(self, wait_ms):
        if wait_ms and not any([flag.state for flag, _ in self._flags]):
            self._wait(wait_ms)
        for entry in self._flags:
            if entry[0].state:
                self._flags = [other for other in self._flags if other is not entry]
                self.wake(entry[0])

    def _wait(self, wait_ms):
        clock, pipe = self._clock, self._link.pipe
        due = -1
        if wait_ms > 0:
            due = clock.us + wait_ms * 1000
            due -= due % 1000  # asyncio counts whole ms
        for us, _ in self.timers:
            due = us if due < 0 else min(due, us)
        if not pipe.is_touched and due >= 0 and not 0 <= pipe.next_us <= due:
            clock.us = max(clock.us, due)
        else:
            words = pipe.wait(due)
            if not words:
                raise RuntimeError("nothing will ever happen")
            clock.us = max(clock.us, int(words[0]))
            self._link.take(words)
        if self.timers:
            for timer in [entry for entry in self.timers if entry[0] <= clock.us]:
                self.timers.remove(timer)
                timer[1].callback(timer[1])


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

    def __init__(self, link, number, baud, parity):
        self._link = link
        self._number = number
        self._rx = b""
        self.is_open = True
        self.init(baud, parity=parity)

    def init(self, baud, bits=8, parity=None, stop=1, timeout=0, rxbuf=0):
        word = "N" if parity is None else "EO"[parity]
        self._link.pipe.say("o %d %d %s" % (self._number, baud, word))

    def write(self, data):
        if self.is_open:
            self._link.pipe.say("w %d %s" % (self._number, hexlify(data).decode()))
        return len(data)

    def arrive(self, data):
        self._rx += data
        self._link.queue.wake(self)

    def arrival(self):
        return self._link.time.us if self._rx else None

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
            self._link.pipe.say("c %d" % self._number)


class I2C:
    """The bus of the backplane: machine.I2C as far as drivers use it."""

    def __init__(self, pipe):
        self._pipe = pipe

    def _transfer(self, address, out, into):
        words = (address, hexlify(out).decode() or "-", len(into))
        answer = self._pipe.ask("i %d %s %d" % words)
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
        self.presence = None  # level of the pin, low while a module is plugged; None: ask
        say = link.pipe.say
        super().__init__(
            number,
            link.i2c,
            self._look,
            lambda level: say("p %d %d" % (number, level)),
            lambda level: say("r %d %d" % (number, level)),
            lambda baud, parity: link.open(number, baud, parity),
            InterruptPin(),
            link.time.ticks_us,
        )

    def _look(self):
        if self.presence is None:
            answer = self._link.pipe.ask("x %d" % self.number)
            self.presence = 0 if answer == "1" else 1
        return self.presence

    def one_shot(self, ms, callback):
        return self._link.one_shot(ms, callback)


class Link:
    """Made once, before any task: from here on asyncio lives in virtual time."""

    def __init__(self):
        self.plan = json.loads(sys.stdin.readline())  # what the host says about this run
        self.time = loop.Time(self.plan["utc_ms"], self.plan.get("first_us", 0))
        loop.install(self.time)
        self.pipe = Pipe(self.time)
        self.queue = asyncio.core._io_queue = Queue(self, self.time)
        self.i2c = I2C(self.pipe)
        self.channels = {}  # number: Channel of tools/virtual/network.py
        self.listen = None  # called with (kind, number, what) of what else the host says
        self.ports = {}  # slot: the Port given out last
        self._wires = {}

    def clock(self):
        """The Clock of the firmware."""
        return Clock(self.time.ticks_us, loop.diff, self.time.utc_ms)

    def one_shot(self, ms, callback):
        """A hardware timer: callback(timer) in `ms`."""
        return OneShot(self.queue, self.time.us + 1000 * ms, callback)

    def wires(self, number):
        """The SlotWires of one slot, always the same."""
        if number not in self._wires:
            self._wires[number] = Wires(self, number)
        return self._wires[number]

    def open(self, number, baud, parity):
        self.ports[number] = Port(self, number, baud, parity)
        return self.ports[number]

    def take(self, words):
        """What came: `u slot hex` bytes of a UART, `n slot level` an interrupt line, `x slot
        level` a module; `k id 1|0` a connection is made or refused, `s id hex` its bytes, `e id
        0` its far end is gone."""
        for i in range(2, len(words), 3):
            kind, number, what = words[i : i + 3]
            if kind == "u" and int(number) in self.ports:
                self.ports[int(number)].arrive(unhexlify(what))
            elif kind == "n" and int(number) in self._wires:
                self._wires[int(number)].interrupt.drive(int(what))
            elif kind == "x" and int(number) in self._wires:
                self._wires[int(number)].presence = int(what)
            elif kind in "kse" and int(number) in self.channels:
                self.channels[int(number)].take(kind, what)
            elif self.listen and kind not in "unxkse":
                self.listen(kind, number, what)

    def tell(self, text):
        """A line to the bench's judge."""
        self.pipe.say("= " + text)

    def report(self, numbers):
        """The run is over: a dict to the host."""
        self.pipe.say(json.dumps(numbers))
        self.pipe.flush()
