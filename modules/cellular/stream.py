"""One TCP connection through the modem, as a stream: never blocks, and ends by itself.

`write` and `readinto` say None for "not now" and raise OSError once the connection is lost;
`data` and `room` wait, without looking again and again. MicroPython's TLS runs over it, and so
does asyncio.StreamReader. The modem's side is in sockets.py; nothing here waits for it.
"""

import asyncio
import io
from errno import EAGAIN, ECONNABORTED, ENOTCONN, ETIMEDOUT

from micropython import const

# that wait for the modem: one send. More would only stand in front of what is urgent later
_TX_BYTES = const(1460)
_RX_BYTES = const(12288)  # that wait to be read; the modem pushes a window at most

_POLL = const(3)  # requests of ioctl (py/stream.h)
_CLOSE = const(4)
_READABLE = const(1)
_WRITABLE = const(4)
_BROKEN = const(8)
_HUNG_UP = const(16)

WANTED = const(0)  # to be opened
OPENING = const(1)  # the modem is at it
OPEN = const(2)
ENDING = const(3)  # the far side sends no more; what came before is still read
OVER = const(4)  # closed or failed: the modem is told
GONE = const(5)  # ... and has confirmed it


class Stream(io.IOBase):
    def __init__(self, host, port, until_ms, wake):
        """`until_ms`: of the clock, until when it is open or has failed; wake() tells the module
        that there is something to do."""
        self.host = host
        self.port = port
        self.until_ms = until_ms
        self.state = WANTED
        self.why = ""  # the sentence of its failure
        self.is_claimed = False  # somebody waits for it, or has it
        self.rx_bytes = 0  # that came from the modem
        self.tx_bytes = 0  # that the modem took
        self.tx = bytearray()  # to be sent; the module takes from the front
        self._rx = bytearray()
        self._error = 0
        self.on_room = None  # called when there is room again, for who writes without waiting
        self._wake = wake
        self._event = asyncio.Event()  # something changed, for whoever waits

    # who uses it

    async def opened(self):
        """Until it is open; OSError when it is not. The module keeps the bound."""
        self.is_claimed = True
        while self.state < OPEN:
            await self._change()
        self._judge()

    def write(self, data):
        """The count that is on its way now, None when there is no room."""
        self._judge()
        if self.state != OPEN:
            if self.state > OPEN:
                raise OSError(ENOTCONN, "the connection is closed")
            return None
        count = min(len(data), _TX_BYTES - len(self.tx))
        if count <= 0:
            return None
        self.tx += data if count == len(data) else memoryview(data)[:count]
        self._wake()
        return count

    def readinto(self, view, count=None):
        """The count, 0 once the far side has closed and all is read, None when nothing is here."""
        count = min(len(view) if count is None else count, len(self._rx))
        if count:
            view[:count] = memoryview(self._rx)[:count]
            self._rx = self._rx[count:]
            self._wake()  # there is room again
            return count
        self._judge()
        if self.state in (ENDING, OVER, GONE):
            return 0
        return None

    def read(self, size):
        """Up to `size` bytes, None when nothing is here."""
        buf = bytearray(min(size, max(1, len(self._rx))))
        count = self.readinto(buf)
        return None if count is None else bytes(buf[:count])

    async def data(self):
        """Until `readinto` has something to say."""
        while not self.is_readable():
            await self._change()

    async def room(self):
        """Until `write` has something to say."""
        while self.state <= OPEN and (self.state < OPEN or len(self.tx) >= _TX_BYTES):
            await self._change()

    def close(self):
        """What was not sent yet is dropped. May be called twice."""
        if self.state < OVER:
            self._over()
        self._rx = bytearray()

    def ioctl(self, request, argument):
        if request == _POLL:
            ready = _READABLE if self.is_readable() else 0
            if self.state > OPEN or (self.state == OPEN and len(self.tx) < _TX_BYTES):
                ready |= _WRITABLE
            if self._error:
                return argument & ready | _BROKEN
            return argument & ready | (_HUNG_UP if self.state >= OVER else 0)
        if request == _CLOSE:
            self.close()
            return 0
        return -1

    def setblocking(self, flag):
        """It never blocks, whatever is asked."""

    # the module

    @property
    def space(self):
        """Bytes that find room here."""
        return _RX_BYTES - len(self._rx)

    def is_readable(self):
        return len(self._rx) > 0 or self.state > OPEN

    def set(self, state):
        self.state = state
        self._event.set()

    def take(self, data):
        """Bytes of the far side; without room for them it fails, for some would be missing."""
        if len(data) > self.space:
            self.fail(EAGAIN, "the connection brought more than was read")
            return
        self.rx_bytes += len(data)
        self._rx += data
        self._event.set()

    def sent(self, count):
        """The modem took so many from the front of `tx`."""
        self.tx = self.tx[count:]
        self.tx_bytes += count
        self._event.set()
        if self.on_room:
            self.on_room()

    def fail(self, code, why):
        """It is lost: whoever waits gets an OSError. What was read right stays to be read."""
        if self.state < OVER:
            self._error = code
            self.why = why
            self._over()

    def late(self, why):
        self.fail(ETIMEDOUT, why)

    def lost(self, why):
        self.fail(ECONNABORTED, why)

    def _over(self):
        self.tx = bytearray()
        self.set(OVER)
        self._wake()

    def _judge(self):
        if self._error:
            raise OSError(self._error, self.why)

    async def _change(self):
        self._event.clear()
        await self._event.wait()
