"""Virtual time for asyncio under MicroPython: a clock that jumps to what is due next, and serial
ports whose far end is somebody else. Times in us since the start.
"""

import asyncio
import io
import time

from micropython import const

_AHEAD_MS = const(3600000)  # our ticks stay ahead of the real ones that asyncio's queue stamps
_PERIOD = const(0x3FFFFFFF)
_POLL = const(3)  # ioctl of a stream: which of these is it ready for?
_READ = const(1)


def diff(a, b):
    """a - b of two `ticks_us`, as a Clock wants it."""
    return ((a - b + 0x20000000) & _PERIOD) - 0x20000000


class Time:
    """One clock for all: `us` moves only when every task waits. `first_us`: of the ticks."""

    def __init__(self, utc_ms, first_us=0):
        self.us = 0
        self._first_us = first_us
        self._utc_ms = utc_ms
        self._start = time.ticks_ms() + _AHEAD_MS

    def ticks_us(self):
        return self._first_us + self.us & _PERIOD

    def ticks_ms(self):
        return time.ticks_add(self._start, self.us // 1000)

    def utc_ms(self):
        return self._utc_ms + self.us // 1000


class Queue:
    """Stands in for asyncio's IOQueue: waiting means that time goes by."""

    def __init__(self, clock):
        self.map = {}  # id of a port: (task that reads it, port)
        self._clock = clock
        self.events = 0

    def queue_read(self, port):
        task = asyncio.core.cur_task
        self.map[id(port)] = (task, port)
        task.data = self  # so that a cancelled task is taken out again

    def remove(self, task):
        for key in [key for key, entry in self.map.items() if entry[0] is task]:
            del self.map[key]

    def wait_io_event(self, wait_ms):
        clock = self._clock
        due = clock.us + wait_ms * 1000 if wait_ms >= 0 else None
        for _, port in self.map.values():
            arrival = self._arrival(port)
            if arrival is not None and (due is None or arrival < due):
                due = arrival
        if due is None:
            raise RuntimeError("nothing will ever happen")
        if wait_ms > 0 and due == clock.us + wait_ms * 1000:
            due -= due % 1000  # asyncio counts whole ms
        clock.us = max(clock.us, due)
        for key in [key for key, entry in self.map.items() if self._is_ready(entry[1])]:
            task, _ = self.map.pop(key)
            asyncio.core._task_queue.push(task)

    def _is_ready(self, port):
        arrival = self._arrival(port)
        return arrival is not None and arrival <= self._clock.us

    def _arrival(self, port):
        """When something is there to be read. An asyncio.ThreadSafeFlag says whether, as a
        stream does for `poll`."""
        if hasattr(port, "arrival"):
            return port.arrival()
        return self._clock.us if port.ioctl(_POLL, _READ) else None


def install(clock):
    """asyncio lives in virtual time from here on."""
    asyncio.core.ticks = clock.ticks_ms
    asyncio.core._io_queue = Queue(clock)


class Port(io.IOBase):
    """A serial port. `carry(start_us, baud, parity, data)` gives what comes back: a list of
    (time of the last byte, bytes), the times rising."""

    def __init__(self, clock, carry, baud, parity):
        self._clock = clock
        self._carry = carry
        self._serial = (baud, parity)
        self._coming = []
        self.is_open = True

    def init(self, baud, bits=8, parity=None, stop=1, timeout=0, rxbuf=0):
        self._serial = (baud, parity)

    def write(self, data):
        baud, parity = self._serial
        self._coming += self._carry(self._clock.us, baud, parity, bytes(data))
        self._coming.sort()
        return len(data)

    def arrival(self):
        return self._coming[0][0] if self._coming else None

    def any(self):
        return len(self._coming) if self._coming and self._coming[0][0] <= self._clock.us else 0

    def read(self, size):
        if not self.any():
            return None
        at, data = self._coming[0]
        if len(data) > size:
            self._coming[0] = (at, data[size:])
            return data[:size]
        del self._coming[0]
        return data

    def deinit(self):
        self.is_open = False
        self._coming = []
