"""The board's own network for a session: TCP (or TLS) connections that never block.

A network has `async ready()`, which takes as long as there is none to try; resolve(host, port),
which may block; `async open(host, port, ssl, check)` -> a channel; and forget(), after which
names are looked up anew. A channel has write(data) -> count or None, `async readinto(view)` ->
count (None: look again, 0: the far side has closed), attend(call), for a call when it has room
again, and close().

To resolve is the one thing that blocks: getaddrinfo has no asynchronous form on any port. Its
bound is the resolver's own (lwIP asks four times, some 10 s; glibc 5 s a server and try),
so it is called once and the address kept; a literal address needs no look-up at all.
"""

import asyncio
import select
import socket
from errno import EINPROGRESS

from micropython import const

from firmware.core.errors import UplinkError

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)  # or Nagle holds each small packet until the delayed ACK, 45 ms
_POLL_MS = const(20)  # between looks at a socket that is still connecting


class Network:
    """Looks a name up once; the address is kept until `forget`."""

    def __init__(self):
        self._where = None  # (family, address)

    async def ready(self):
        """Whether a link is up shows when it is tried."""

    def resolve(self, host, port):
        if self._where is None:
            self._where = resolve(host, port)

    async def open(self, host, port, ssl, check):
        """A Channel. `ssl` is an SSLContext or None; its handshake runs with the first reads and
        writes, and `host` is the name it checks. check() is called while waiting and raises
        when it has taken too long. OSError or UplinkError when the far side says no."""
        return Channel(await open_conn(self._where, host, ssl, check))

    def forget(self):
        self._where = None


class Channel:
    """A connected socket."""

    def __init__(self, sock):
        self._sock = sock
        self._stream = asyncio.StreamReader(sock)
        self.close = sock.close

    def attend(self, call):
        """The system's buffers are large, and full when the link is dead: who writes looks again
        by himself."""

    def write(self, data):
        try:
            return self._sock.write(data)
        except ValueError as error:  # the port's way to say what is wrong with a certificate
            raise UplinkError("TLS: " + str(error).strip())

    async def readinto(self, view):
        try:
            return await self._stream.readinto(view)
        except ValueError as error:
            raise UplinkError("TLS: " + str(error).strip())


def resolve(host, port):
    """(family, address) of the host. Blocks; OSError when the name is not known."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    return found[0], found[-1]


async def open_conn(where, host, ssl, check):
    """A connected non-blocking socket to `where` = (family, address).

    `ssl` is an SSLContext or None; its handshake runs with the first reads and writes, and
    `host` is the name it checks. check() is called while waiting and raises when it has
    taken too long. OSError or UplinkError when the far side says no.
    """
    sock = socket.socket(where[0], socket.SOCK_STREAM)
    try:
        await _connect(sock, where[1], check)
        return sock if ssl is None else _wrap(sock, host, ssl)
    except BaseException:  # cancellation too: whatever ends this must not leak the socket
        sock.close()
        raise


async def _connect(sock, address, check):
    sock.setblocking(False)
    _send_at_once(sock)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno != EINPROGRESS:
            raise
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    events = poller.poll(0)
    while not events:
        check()
        await asyncio.sleep_ms(_POLL_MS)
        events = poller.poll(0)
    if events[0][1] & (select.POLLERR | select.POLLHUP):
        raise UplinkError("nobody answers at the broker's port")


def _send_at_once(sock):
    try:
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except OSError:  # a port without the option: slower, not wrong
        pass


def _wrap(sock, host, ssl):
    wrapped = ssl.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    wrapped.setblocking(False)
    return wrapped
