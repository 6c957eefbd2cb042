"""A TCP connection of the board's own network for who looks now and then: nothing here blocks, and
each wait has a bound. One buffer; a look allocates no bytes.
"""

import asyncio
import select
from errno import EINPROGRESS

from micropython import const

_LOOK_MS = const(10)
_SEND_MS = const(5000)  # a frame that is not taken so long finds nobody
_BYTES = const(256)  # of a look


class Tcp:
    def __init__(self, clock, sock):
        """`sock` does not block, and is closed by who made it."""
        self._clock = clock
        self._sock = sock
        self._view = memoryview(bytearray(_BYTES))
        self._poller = select.poll()

    async def connect(self, address, wait_ms):
        """OSError when that fails, or takes longer."""
        try:
            self._sock.connect(address)
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
        self._poller.register(self._sock, select.POLLOUT)
        since_ms = self._clock.ms()
        events = self._poller.poll(0)
        while not events:
            self._bound(since_ms, wait_ms)
            await asyncio.sleep_ms(_LOOK_MS)
            events = self._poller.poll(0)
        if events[0][1] & (select.POLLERR | select.POLLHUP):
            raise OSError("the port is closed")
        self._poller.modify(self._sock, select.POLLIN)

    def receive(self):
        """What has come, 256 bytes at most and valid until the next call; None: nothing. OSError
        when the far side has closed."""
        if not self._poller.poll(0):
            return None
        count = self._sock.readinto(self._view)
        if count == 0:
            raise OSError("the far side has closed")
        return self._view[:count] if count else None

    async def send(self, data):
        """OSError when it is not taken."""
        since_ms = self._clock.ms()
        left = memoryview(data)
        while len(left):
            count = self._sock.write(left)
            if count:
                left = left[count:]
            else:
                self._bound(since_ms, _SEND_MS)
                await asyncio.sleep_ms(_LOOK_MS)

    def send_at_once(self, data):
        """Or not at all."""
        try:
            self._sock.write(data)
        except OSError:
            pass

    def _bound(self, since_ms, most_ms):
        if self._clock.ms() - since_ms > most_ms:
            raise OSError("the far side is silent")
