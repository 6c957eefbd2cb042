"""A TCP port for a vendor's tool: what it sends is one exchange on a slot's bus, what the line
says comes back, and polling goes on in between. For tools with a virtual COM port over TCP.

There is no password and no encryption: whoever reaches the port commands the devices. It is off
unless a setting says otherwise, and listens on this terminal alone unless a setting says where.
One client at a time; a second one is hung up on. Every wait is bounded.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError

_MOST = const(512)  # bytes of one request, and of an answer
_PAUSE_MS = const(20)  # a request ends where a tool pauses so long
_SEND_MS = const(5000)  # a client that does not take its answer so long is dropped
_SLACK_MS = const(10000)  # for the bus, besides the answer
_GRACE_MS = const(1000)  # a second client is hung up on after it
_STEP_MS = const(50)
_PARK_MS = const(60000)


class PassThrough:
    def __init__(self, find, cfg, log, listener):
        """find(number): the Slot in service there, SlotError without one. cfg: the settings
        pass_through.*, as attributes. `listener` has client_in and client_out(slot, text)."""
        self.client = ""  # address of who is connected
        self.clients = 0  # ever
        self.refused = 0  # second clients
        self.exchanges = 0  # put on the bus
        self.answered = 0  # ... to which the line said something
        self.bytes_in = 0  # from clients
        self.bytes_out = 0  # to clients
        self.error = ""  # why an exchange failed last
        self._find = find
        self._cfg = cfg
        self._log = log
        self._listener = listener
        self._stream = None  # of the client
        self._is_waiting = False  # does a second client hope that the first leaves?
        self._met = asyncio.Event()

    async def run(self):
        """For ever. SlotError when the port cannot be had."""
        cfg = self._cfg
        try:
            server = await asyncio.start_server(self._meet, cfg.host, cfg.port, backlog=2)
        except OSError as error:
            raise SlotError("nobody can listen on %s:%d (%s)" % (cfg.host, cfg.port, error))
        self._log.info("pass-through", "slot %d at %s:%d" % (cfg.slot, cfg.host, cfg.port))
        try:
            while True:
                await self._next_client()
        finally:
            server.close()

    def rows(self):
        """(name, value) for people."""
        cfg = self._cfg
        return (
            ("listens on", "%s:%d" % (cfg.host, cfg.port)),
            ("slot", cfg.slot),
            ("line", "%d %s" % (cfg.baud, cfg.parity)),
            ("client", self.client or "-"),
            ("clients so far", self.clients),
            ("clients refused", self.refused),
            ("exchanges", self.exchanges),
            ("answered", self.answered),
            ("bytes from clients", self.bytes_in),
            ("bytes to clients", self.bytes_out),
            ("last error", self.error or "-"),
        )

    async def _meet(self, stream, _):
        """The server's task for each connection: short, the client is served by run()."""
        if self._stream is not None and not self._is_waiting:
            # a tool that connects again may be faster than the end of its last connection
            self._is_waiting = True
            until = _GRACE_MS
            while self._stream is not None and until > 0:
                await asyncio.sleep_ms(_STEP_MS)
                until -= _STEP_MS
            self._is_waiting = False
        if self._stream is not None:
            self.refused += 1
            await stream.wait_closed()  # closes it
            return
        self._stream = stream
        self._met.set()

    async def _next_client(self):
        try:
            await asyncio.wait_for_ms(self._met.wait(), _PARK_MS)
        except asyncio.TimeoutError:
            return
        self._met.clear()
        stream = self._stream
        self.clients += 1
        self.client = _address(stream.get_extra_info("peername"))
        self._listener.client_in(self._cfg.slot, self.client)
        why = "the terminal stops"
        try:
            why = await self._talk(stream)
        except OSError as error:
            why = "the connection broke (%s)" % error
        finally:
            await stream.wait_closed()
            self._stream = None
            self._listener.client_out(self._cfg.slot, "%s: %s" % (self.client, why))
            self.client = ""

    async def _talk(self, stream):
        """Exchange by exchange; why it ended."""
        while True:
            try:
                data = await asyncio.wait_for_ms(stream.read(_MOST), self._cfg.idle_s * 1000)
            except asyncio.TimeoutError:
                return "it was idle for %d s" % self._cfg.idle_s
            if not data:
                return "it hung up"
            data = await self._rest_of(stream, data)
            self.bytes_in += len(data)
            reply = await self._exchange(data)
            if not reply:
                continue
            stream.write(reply)
            try:
                await asyncio.wait_for_ms(stream.drain(), _SEND_MS)
            except asyncio.TimeoutError:
                return "it does not take its answer"
            self.bytes_out += len(reply)

    async def _rest_of(self, stream, data):
        """The whole request: until the client pauses, hangs up or reaches the bound."""
        while len(data) < _MOST:
            try:
                more = await asyncio.wait_for_ms(stream.read(_MOST - len(data)), _PAUSE_MS)
            except asyncio.TimeoutError:
                break
            if not more:
                break
            data += more
        return data

    async def _exchange(self, data):
        """What the line says, b"" when it says nothing or the slot cannot be used now."""
        cfg = self._cfg
        self.exchanges += 1
        wait_ms = 2 * cfg.reply_ms + _SLACK_MS
        serial = cfg.baud, cfg.parity
        try:
            slot = self._find(cfg.slot)
            reply = await slot.command(
                "raw", data, *serial, cfg.reply_ms, cfg.gap_ms, _MOST, wait_ms=wait_ms
            )
        except SlotError as error:
            if str(error) != self.error:
                self._log.warn("pass-through", str(error))
            self.error = str(error)
            return b""
        self.answered += reply != b""
        return reply


def _address(peer):
    """Of a client, as text; ports give a tuple or, on Unix, a struct sockaddr_in."""
    if isinstance(peer, tuple):
        return "%s:%d" % peer[:2]
    if len(peer) < 8:
        return "somebody"
    return "%d.%d.%d.%d:%d" % (tuple(peer[4:8]) + (peer[2] << 8 | peer[3],))
