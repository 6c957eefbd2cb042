"""Two networks behind one, for a session: whichever the chooser says (see conn for what a network
is). While the second is used the first is probed: connected to the broker and closed again.
"""

import asyncio

from micropython import const

from firmware.core.errors import UplinkError
from firmware.uplink.chooser import Chooser

_READY_MS = const(20000)  # a link that is not there so long is dead
_FIRST_MS = const(60000)  # ... after a start: a modem registers, Wi-Fi associates
_PROBE_MS = const(60000)  # between two probes; each is a TCP connection, some 200 bytes
_PROBE_MOST_MS = const(20000)


class Links:
    def __init__(self, clock, networks):
        """`networks`: the first and the second."""
        self.chooser = Chooser(clock)
        self._networks = networks
        self._clock = clock
        self._ready_ms = _FIRST_MS
        self._where = ("", 0)  # host and port of the broker

    def _network(self):
        return self._networks[self.chooser.at]

    async def ready(self):
        """Until the link is there to try; UplinkError when it does not come."""
        wait_ms = self._ready_ms
        self._ready_ms = _READY_MS
        try:
            await asyncio.wait_for_ms(self._network().ready(), wait_ms)
        except asyncio.TimeoutError:
            raise UplinkError("the %s link is not there" % ("first", "second")[self.chooser.at])

    def resolve(self, host, port):
        self._where = (host, port)
        self._network().resolve(host, port)

    async def open(self, host, port, ssl, check):
        return await self._network().open(host, port, ssl, check)

    def forget(self):
        self._network().forget()

    async def run(self):
        """For ever: probes of the first link while the second one is used."""
        while True:
            await asyncio.sleep_ms(_PROBE_MS)
            if self.chooser.is_probing:
                self.chooser.probed(await self._is_well(self._networks[0]))

    async def _is_well(self, network):
        try:
            await asyncio.wait_for_ms(self._probe(network), _PROBE_MOST_MS)
        except (OSError, UplinkError, asyncio.TimeoutError):
            return False
        return True

    async def _probe(self, network):
        host, port = self._where
        await network.ready()
        network.resolve(host, port)
        (await network.open(host, port, None, _patient)).close()


def _patient():
    """The whole probe has its bound."""
