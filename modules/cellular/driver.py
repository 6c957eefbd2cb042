"""4G module: a modem of the Quectel kind over AT commands, and TCP connections through it.

The module paces itself (`run`); the bay asks it nothing. What the parts do is in their files:
modem (the states), channel and at (the dialogue), sockets and stream (connections).
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError
from firmware.core.quality import IV
from modules.cellular import orders
from modules.cellular.modem import Modem
from modules.cellular.states import OFF, UP

_ROUND_MS = const(10000)  # between two reports of the device
_LOOK_MS = const(1000)  # ... unless its state changed
_WAIT_MS = const(10000)  # for a connection, unless said
_ORDER_MS = const(8000)

POINTS = (
    ("service", "", 0),  # 1: connections can be made
    ("registered", "", 0),
    ("signal", "dBm", 0),
    ("uptime", "s", 0),  # of the service
    ("cycles", "", 0),  # times its power was taken away
    ("sockets", "", 0),
)


class Driver:
    VERSION = "1.0"
    VIEWS = ("status", "sockets")
    ORDERS = ("restart", "at")

    def __init__(self, wires, cfg, clock, log):
        """cfg: mode (push, buffer, ppp), apn, user, password, pin, baud."""
        self._wires = wires
        self._clock = clock
        self._log = log
        self._news = None
        self.modem = Modem(wires, cfg, clock, self._tell)

    async def open(self):
        """Opens nothing: a modem takes seconds to start, and `run` waits for it."""

    async def close(self):
        """Lets go of the port; may be called twice."""
        port, self.modem.port = self.modem.port, None
        if port is not None:
            port.deinit()

    def devices(self):
        return (("cellular-%d" % self._wires.number, POINTS, 0),)

    def problems(self):
        return ()

    async def run(self, news):
        """For ever: the modem's life in a task of its own, and reports of it here."""
        self._news = news
        life = asyncio.create_task(self.modem.own(self.modem.run()))
        before = None
        left = 0
        try:
            while not self.modem.defect:
                values = self._values()
                if left <= 0 or values[:2] != before:
                    before = values[:2]
                    left = _ROUND_MS
                    for i, value in enumerate(values):
                        news.put(0, i, value or 0, IV if value is None else 0)
                await asyncio.sleep_ms(_LOOK_MS)
                left -= _LOOK_MS
            raise self.modem.defect
        finally:
            life.cancel()
            self._news = None

    def _tell(self, text):
        self._log.info("cellular", "slot %d: %s" % (self._wires.number, text))
        if self._news:
            self._news.event("MODEM", text)

    def _values(self):
        """In the order of POINTS; None: not known."""
        modem = self.modem
        return (
            int(modem.state == UP),
            int(modem.status.is_registered),
            modem.status.dbm,
            self._up_s(),
            modem.cycles,
            len(modem.sockets.streams),
        )

    def _up_s(self):
        modem = self.modem
        return (self._clock.ms() - modem.since_ms) // 1000 if modem.state == UP else 0

    def is_up(self):
        """Can connections be made?"""
        return self.modem.state == UP and not self.modem.is_ppp

    async def command(self, verb, *args):
        """`connect` (host, port, wait_ms): a Stream that opens, await its opened(); `at` (a
        command): the answer as text; `restart`: the modem loses its power and comes back."""
        if verb == "connect":
            host, port = args[:2]
            return self.modem.connect(host, port, args[2] if len(args) > 2 else _WAIT_MS)
        if verb == "at":
            if len(args) != 1:
                raise SlotError("at takes one command, such as 'AT+CSQ'")
            return "\n".join(await self.modem.obey(orders.judge(args[0]), _ORDER_MS))
        if verb == "restart":
            self.modem.restart()
            return "the modem is started anew"
        raise SlotError("the cellular module has no command %s" % verb)

    def view(self, name):
        if name == "sockets":
            header = ("host", "port", "state", "received", "sent", "waiting")
            return header, tuple([_row(stream) for stream in self.modem.sockets.streams])
        return ("what", "value"), tuple(self._rows())

    def _rows(self):
        modem, sockets = self.modem, self.modem.sockets
        status = modem.status
        yield "state", modem.text()
        yield "for", "%d s" % ((self._clock.ms() - modem.since_ms) // 1000)
        yield "model", status.model
        yield "SIM", status.sim
        yield "registration", status.registration_text()
        yield "operator", status.operator
        yield "technology", status.technology
        yield "signal", "not known" if status.dbm is None else "%d dBm" % status.dbm
        yield "address", status.address
        offset = status.offset_ms
        yield "network time", "not known" if offset is None else "%+d s to ours" % (offset // 1000)
        counts = (len(sockets.streams), sockets.opened, sockets.failed)
        yield "sockets", "%d open, %d opened, %d failed" % counts
        yield "bytes", "%d received, %d sent" % (sockets.rx_bytes, sockets.tx_bytes)
        counts = (modem.cycles, modem.resets, modem.reboots)
        yield "power cycles", "%d, %d resets, %d of its own" % counts
        for name, value in self.stats().items():
            yield name.replace("_", " "), str(value)
        if modem.state != UP and modem.state != OFF and modem.why:
            yield "last failure", modem.why

    def stats(self):
        """Counters since open."""
        modem, channel = self.modem, self.modem.channel
        return {
            "timeouts": channel.timeouts,
            "refusals": channel.refusals,
            "garbage_bytes": channel.parser.garbage,
            "not_understood": modem.noises,
            "broken_frames": channel.parser.broken,
            "syncs": modem.syncs,
        }


def _row(stream):
    word = ("wanted", "opening", "open", "ending", "over", "gone")[stream.state]
    return stream.host, stream.port, word, stream.rx_bytes, stream.tx_bytes, len(stream.tx)
