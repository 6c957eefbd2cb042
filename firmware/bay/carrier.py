"""The network that a cellular module makes: for the uplink, in place of the board's own.

Connections are streams of the module's driver (command `connect`), TLS runs over them here, and
nothing is polled: who reads waits for the stream. See uplink/conn.py for what a network is.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError, UplinkError

_WAIT_MS = const(200)  # between two looks for a module in service
_OPEN_MS = const(30000)  # the module gives up then; the session's own bound is shorter
_LOOK_MS = const(100)  # between two looks at that bound
_FULL_MS = const(10)  # TLS has something to send and the stream has no room


class Carrier:
    def __init__(self, find, log):
        """find(): the Slots of all cellular modules in service."""
        self._find = find
        self._log = log

    async def ready(self):
        """Until a module is in service: attempts before that would only lengthen the pauses
        between attempts, and the network is tried as soon as it is there."""
        if self._is_ready():
            return
        self._log.info("uplink", "waits for a cellular module in service")
        while not self._is_ready():
            await asyncio.sleep_ms(_WAIT_MS)

    def _is_ready(self):
        return any([slot.driver and slot.driver.is_up() for slot in self._find()])

    def resolve(self, host, port):
        """The network behind the module does."""

    def forget(self):
        """Nothing is kept."""

    async def open(self, host, port, ssl, check):
        """A channel through the first module that gives one. UplinkError, or OSError."""
        error = UplinkError("no cellular module is in service, see slots()")
        for slot in self._find():
            try:
                stream = await slot.command("connect", host, port, _OPEN_MS)
            except SlotError as refusal:
                error = UplinkError(str(refusal))
                continue
            return await _opened(stream, host, ssl, check)
        raise error


async def _opened(stream, host, ssl, check):
    try:
        while not await _is_open(stream):
            check()
        return Plain(stream) if ssl is None else Secured(stream, ssl, host)
    except BaseException:  # cancellation too: the module has few sockets
        stream.close()
        raise


async def _is_open(stream):
    try:
        await asyncio.wait_for_ms(stream.opened(), _LOOK_MS)
    except asyncio.TimeoutError:  # an OSError too
        return False
    except OSError as error:
        raise _told(stream, error)
    return True


class Plain:
    def __init__(self, stream):
        self._stream = stream
        self.close = stream.close

    def attend(self, call):
        self._stream.on_room = call

    def write(self, data):
        try:
            return self._stream.write(data)
        except OSError as error:
            raise _told(self._stream, error)

    async def readinto(self, view):
        await self._stream.data()
        try:
            return self._stream.readinto(view)
        except OSError as error:
            raise _told(self._stream, error)


class Secured:
    def __init__(self, stream, ssl, host):
        """The handshake runs with the first reads and writes; `host` is the name it checks."""
        self._stream = stream
        self._tls = ssl.wrap_socket(stream, server_hostname=host, do_handshake_on_connect=False)
        self._tls.setblocking(False)

    def attend(self, call):
        self._stream.on_room = call

    def write(self, data):
        try:
            return self._tls.write(data)
        except (OSError, ValueError) as error:
            raise _told(self._stream, error)

    async def readinto(self, view):
        """None is said when the handshake may have come further: there may be room now."""
        count = self._read(view)
        if count is None:
            if self._stream.is_readable():
                await asyncio.sleep_ms(_FULL_MS)
            await self._stream.data()
            count = self._read(view)
        return count

    def _read(self, view):
        try:
            return self._tls.readinto(view)
        except (OSError, ValueError) as error:
            raise _told(self._stream, error)

    def close(self):
        self._tls.close()
        self._stream.close()


def _told(stream, error):
    """The error to raise: with the sentence of the module, or of TLS about a certificate."""
    if stream.why:
        return UplinkError("4G: " + stream.why)
    if isinstance(error, ValueError):  # the port's way to say what is wrong with a certificate
        return UplinkError("TLS: " + str(error).strip())
    return error
