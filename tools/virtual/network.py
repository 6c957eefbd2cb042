"""The network of a virtual bench, the terminal's end: what firmware/uplink/conn.py's Network is on
a board. Connections lead to whoever the host's process has (tools/virtual/net.py), byte by byte.
"""

import asyncio
from binascii import hexlify, unhexlify

from micropython import const

from firmware.core.errors import UplinkError

_LOOK_MS = const(20)  # at a connection that is being made
_NOBODY = "nobody answers at the broker's port"


class Network:
    def __init__(self, link):
        self._link = link
        self._made = 0

    async def ready(self):
        """A link is up; whether somebody answers shows when it is tried."""

    def resolve(self, host, port):
        """A literal address."""

    def forget(self):
        """Nothing is kept."""

    async def open(self, host, port, ssl, check):
        self._made += 1
        channel = Channel(self._link, self._made)
        try:
            while channel.is_open is None:
                check()
                await asyncio.sleep_ms(_LOOK_MS)
            if not channel.is_open:
                raise UplinkError(_NOBODY)
            return channel
        except BaseException:
            channel.close()
            raise


class Channel:
    """A connected socket, or one that will be."""

    def __init__(self, link, number):
        self.is_open = None  # not known yet
        self._pipe = link.pipe
        self._all = link.channels
        self._number = number
        self._rx = b""
        self._news = asyncio.Event()
        self._all[number] = self
        self._pipe.say("k %d 0" % number)

    def attend(self, call):
        """There is always room."""

    def write(self, data):
        self._pipe.say("s %d %s" % (self._number, hexlify(data).decode()))
        return len(data)

    async def readinto(self, view):
        while not self._rx:
            if not self.is_open:
                return 0
            await self._news.wait()
            self._news.clear()
        data = self._rx[: len(view)]
        self._rx = self._rx[len(data) :]
        view[: len(data)] = data
        return len(data)

    def take(self, kind, what):
        """What the host says of it."""
        if kind == "s":
            self._rx += unhexlify(what)
        else:
            self.is_open = kind == "k" and what == "1"
        self._news.set()

    def close(self):
        if self._all.pop(self._number, None):
            self.is_open = False
            self._pipe.say("e %d 0" % self._number)
