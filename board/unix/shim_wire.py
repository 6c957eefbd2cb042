"""One SPI bus of the virtual board: an AF_UNIX stream, the chip at its far end.

Records: op, length (16 bit, big endian), payload. 1 = /SS falls, 2 = clock these bytes out
(as many come back), 3 = /SS rises, 4 = clock N fill bytes (N come back). Small records wait
and leave in one send. MISO floats high (0xFF) when nobody drives it: chip absent, or silent
for 250 ms. A bus never raises and never stalls longer.
"""

import select
import socket
import time

import shim_host
from micropython import const

_TIMEOUT_MS = const(250)
_SILENT_MS = const(500)  # and one that answers the door but not the question
_OUT_BYTES = const(96)
_OWED_BYTES = const(2048)  # answers to writes left unread at most
_RECORD_BYTES = const(0xFFFF)
_HIGH = b"\xff" * 256


class Wire:
    """The wires of one bus, shared by its SPI object and its /SS pin."""

    def __init__(self, path):
        self._dialer = shim_host.Dialer(path)
        self._socket = None  # None: not connected
        self._poll = None
        self._out = bytearray(_OUT_BYTES)  # records not sent yet
        self._view = memoryview(self._out)
        self._used = 0
        self._waste = memoryview(bytearray(256))
        self._owed = 0  # answer bytes to writes, on their way and of no interest
        self.selected = False
        self._live = False  # the chip saw the beginning of this transaction
        self.timeouts = 0

    def select(self):
        """/SS falls."""
        self.selected = True
        self._live = self._connected()
        if self._live:
            self._record(1, 0)

    def deselect(self):
        """/SS rises: whatever waited leaves now."""
        self.selected = False
        if self._live:
            self._record(3, 0)
            self._flush()

    def write(self, buf):
        """Clock `buf` out; what comes back is dropped."""
        count = len(buf)
        if not self._begin():
            return
        self._record(2, count)
        if count <= _OUT_BYTES - self._used:
            self._out[self._used : self._used + count] = buf
            self._used += count
        else:
            self._flush()
            self._send(buf)
        self._owed += count
        if not self.selected or self._owed > _OWED_BYTES:
            self._guard(None, 0)

    def readinto(self, buf, fill):
        """Clock `fill` out until `buf` is full."""
        count = len(buf)
        for at in range(0, count, _RECORD_BYTES):
            part = buf if count <= _RECORD_BYTES else memoryview(buf)[at : at + _RECORD_BYTES]
            if self._begin():
                self._record(4, 3)
                self._byte(len(part) >> 8)
                self._byte(len(part) & 0xFF)
                self._byte(fill)
            self._guard(part, len(part))

    def exchange(self, out, into):
        """Clock `out` while `into` fills; `into` may be `out`."""
        if self._begin():
            self._record(2, len(out))
            self._flush()
            self._send(out)
        self._guard(into, len(into))

    def _begin(self):
        """Can bytes be clocked? Inside a transaction only if the chip saw its beginning."""
        if not self.selected:
            self._live = self._connected()
        return self._live

    def _byte(self, value):
        self._out[self._used] = value
        self._used += 1

    def _record(self, op, length):
        if self._used > _OUT_BYTES - 8:
            self._flush()
        self._byte(op)
        self._byte(length >> 8)
        self._byte(length & 0xFF)

    def _flush(self):
        if self._used:
            used = self._used
            self._used = 0
            self._send(self._view[:used])

    def _send(self, data):
        if not self._live:
            return
        try:
            sent = self._socket.send(data, socket.MSG_DONTWAIT)
        except OSError:
            sent = 0
        if sent != len(data):  # peer gone, or it stopped reading long ago
            self._drop(shim_host.RETRY_MS)

    def _guard(self, buf, count):
        """Flush and take the answer; after any failure the link is fresh and MISO high."""
        self._flush()
        done = False
        try:
            done = self._live and self._answer(buf, count)
        finally:  # also when Ctrl-C strikes: a half-read answer must not meet the next one
            if not done:
                if self._live:
                    self._drop(_SILENT_MS)
                if buf is not None:
                    _float_high(buf)

    def _answer(self, buf, count):
        deadline = time.ticks_add(time.ticks_ms(), _TIMEOUT_MS)
        while self._owed:
            part = min(self._owed, len(self._waste))
            if not self._receive(self._waste[:part], part, deadline):
                return False
            self._owed -= part
        return not count or self._receive(buf, count, deadline)

    def _receive(self, view, count, deadline):
        """Exactly `count` bytes before `deadline` (ticks_ms), or False."""
        got = 0
        while True:
            left = time.ticks_diff(deadline, time.ticks_ms())
            ready = False
            for _ in self._poll.ipoll(max(left, 0)):
                ready = True
            if not ready:
                self.timeouts += 1
                return False
            try:
                part = self._socket.readinto(view)
            except OSError:
                return False
            if part == 0:  # closed by the peer
                self._drop(shim_host.RETRY_MS)
                return False
            got += part or 0
            if got == count:
                return True
            if part:
                view = memoryview(view)[part:]

    def _connected(self):
        if self._socket is not None:
            return True
        link = self._dialer.dial()
        if link is None:
            return False
        self._socket = link
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)
        self._used = self._owed = 0
        return True

    def _drop(self, retry_ms):
        self._socket.close()
        self._socket = None
        self._live = False
        self._used = self._owed = 0
        self._dialer.rest(retry_ms)


def _float_high(buf):
    count = len(buf)
    for at in range(0, count, 256):
        part = min(256, count - at)
        buf[at : at + part] = _HIGH if part == 256 else _HIGH[:part]
