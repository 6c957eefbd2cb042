"""machine.UART of the virtual board: a raw terminal device (PTY) named by the wiring file.

Same calls and results as on silicon (None when nothing is there), and asyncio waits on the
real descriptor. A PTY has no speed and no parity: both are only remembered, pacing is the far
end's task. When the far end hangs up the line is silent, writes go nowhere; `init` reopens.
"""

import io
import select
import termios

import shim_host
from micropython import const

_POLL = const(3)  # stream ioctl requests (py/stream.h)
_FILENO = const(10)
_VTIME = const(5)  # places in the list of control characters (Linux)
_VMIN = const(6)
_RX_BYTES = const(512)

# as Linux numbers them; the port's termios names only some
_SPEEDS = {
    300: 7,
    600: 8,
    1200: 9,
    2400: 11,
    4800: 12,
    9600: 13,
    19200: 14,
    38400: 15,
    57600: 0x1001,
    115200: 0x1002,
    230400: 0x1003,
    460800: 0x1004,
    921600: 0x1007,
}


class UART(io.IOBase):
    """UART `id` of the wiring file; OSError with one sentence when it leads nowhere."""

    def __init__(self, id, baudrate=9600, bits=8, parity=None, stop=1, **kw):
        self.id = id
        self._file = None  # None: not open, or the far end hung up
        self._rx = bytearray(_RX_BYTES)  # bytes `any` had to fetch in order to count them
        self._count = 0
        self.lost = 0  # bytes written that the far end had no room for
        self.init(baudrate, bits, parity, stop, **kw)

    def init(
        self,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        *,
        timeout=0,
        timeout_char=0,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=256,
    ):
        """(Re)open the line. `timeout` for the first byte, `timeout_char` between bytes, ms."""
        self.baudrate = baudrate
        self.bits = bits
        self.parity = parity  # None, 0 even, 1 odd
        self.stop = stop
        self.timeout = timeout
        self.timeout_char = timeout_char
        if self._file is not None:
            self._make_raw(self._file.fileno())
            return
        self.deinit()
        path = shim_host.wiring.get("uart", {}).get(str(self.id))
        if path is None:
            raise OSError("UART %d is not wired: the wiring file does not name it" % self.id)
        try:
            file = shim_host.open_host(path, "r+b")
        except OSError:
            raise OSError("UART %d: cannot open %s" % (self.id, path))
        self._make_raw(file.fileno())
        self._poll = select.poll()
        self._poll.register(file, select.POLLIN)
        self._file = file

    def _make_raw(self, fd):
        termios.setraw(fd)
        attrs = termios.tcgetattr(fd)
        # There is no O_NONBLOCK here: with both zero a read returns what has arrived.
        attrs[6][_VMIN] = 0
        attrs[6][_VTIME] = 0
        speed = _SPEEDS.get(self.baudrate)
        if speed is not None:  # a PTY has no speed, but who is at its other end can look
            attrs[4] = attrs[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, attrs)

    def deinit(self):
        """Close the line and forget what was received."""
        self._count = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _receive(self, view, wait_ms):
        """Bytes that came into `view`, waiting at most `wait_ms` for the first."""
        if self._file is None:
            return 0
        events = 0
        for item in self._poll.ipoll(wait_ms):
            events = item[1]
        if not events:
            return 0
        try:
            count = self._file.readinto(view)
        except OSError:
            count = 0
        if not count and events & (select.POLLHUP | select.POLLERR):
            self.deinit()
        return count

    def any(self):
        """Bytes that can be read without waiting (at most 512 are counted)."""
        room = _RX_BYTES - self._count
        if room:
            self._count += self._receive(memoryview(self._rx)[self._count :], 0)
        return self._count

    def readinto(self, buf, nbytes=None):
        """Fill `buf` (or its first `nbytes`); the count, or None when nothing came."""
        want = len(buf) if nbytes is None else min(nbytes, len(buf))
        got = self._take(buf, want)
        wait_ms = self.timeout_char if got else self.timeout
        while got < want:
            count = self._receive(memoryview(buf)[got:want], wait_ms)
            if not count:
                break
            got += count
            wait_ms = self.timeout_char
        return got or None

    def _take(self, buf, want):
        """Move up to `want` counted bytes to the front of `buf`."""
        count = min(want, self._count)
        if count:
            buf[:count] = memoryview(self._rx)[:count]
            self._count -= count
            self._rx[: self._count] = self._rx[count : count + self._count]
        return count

    def read(self, nbytes=None):
        """Up to `nbytes` (default: what fits the receive buffer) as bytes, or None."""
        buf = bytearray(_RX_BYTES if nbytes is None else nbytes)
        count = self.readinto(buf)
        return bytes(memoryview(buf)[:count]) if count else None

    def write(self, buf):
        """Send all; the count, or None when the far end has had no room for a long time."""
        if self._file is None:
            return len(buf)  # a cut wire takes every byte
        if not self._has_room():
            self.lost += len(buf)
            return None
        try:
            return self._file.write(buf)
        except OSError:
            self.deinit()
        return len(buf)

    def _has_room(self):
        self._poll.modify(self._file, select.POLLOUT)
        ready = False
        for _ in self._poll.ipoll(0):
            ready = True
        self._poll.modify(self._file, select.POLLIN)
        return ready

    def flush(self):
        """The kernel has taken every byte already."""

    def txdone(self):
        return True

    def ioctl(self, request, arg):
        if request == _POLL:
            ready = arg & select.POLLOUT
            if arg & select.POLLIN and self.any():
                ready |= select.POLLIN
            return ready
        if request == _FILENO:
            # -1, ask me: while bytes wait here (else asyncio would sleep on data it already
            # has), and when the far end is gone (else it would spin on the hang-up)
            return -1 if self._count or self._file is None else self._file.fileno()
        return -1
