"""A search for devices on a line: which protocol, at which speeds, and what was found. Sans-I/O:
one `request`, and what the line said to it to `take`, until `is_over`. It grows with what is
found only, and ends after a number of probes whatever the line says.
"""

from micropython import const

from firmware.core.errors import SlotError
from firmware.devices.profile import serial
from modules.rs485.search_asks import ASKS
from modules.rs485.search_walk import Tree, Units

_PROBES = const(4000)  # of one search
_FOUND = const(256)
_UNCLEAR = const(4)  # addresses that are named


class Search:
    def __init__(self, protocol, bauds=(), parity="", sure=1, limit=_PROBES):
        """`bauds` and `parity` word: instead of those that are usual. `sure`: levels of digits
        that are asked through although one device answered alone. SlotError."""
        kinds = [asks for asks in ASKS if protocol == asks.PROTOCOL]
        if not kinds:
            names = ", ".join([asks.PROTOCOL for asks in ASKS])
            raise SlotError("devices are searched by protocol, one of %s" % names)
        if type(sure) is not int or not 0 <= sure <= 3:
            raise SlotError("sure is 0 to 3: more would take days")
        self.protocol = protocol
        self.found = []  # (address, baud, parity word)
        self.problems = []  # sentences
        self.probes = 0
        self.is_over = False
        self._asks = kinds[0]()
        self.apart = self._asks.APART
        self.reply_ms = self._asks.REPLY_MS
        self.gap_ms = self._asks.GAP_MS
        usual = self._asks.SERIALS
        self._speeds = [(baud, parity or usual[0][1]) for baud in bauds or [s[0] for s in usual]]
        for speed in self._speeds:
            serial(*speed)
        self._at = 0  # place in _speeds
        self._sure = sure
        self._limit = limit
        self._begin()

    def _begin(self):
        walk = Units if self.protocol == "modbus" else Tree
        self._walk = walk(self._asks.FIRST, self._sure)

    @property
    def speed(self):
        """(baud, parity word) of the next probe."""
        return self._speeds[self._at]

    def request(self):
        return self._asks.request(*self._walk.next())

    def take(self, reply):
        """What the line said, b"" for nothing."""
        self.probes += 1
        verdict, addresses = self._asks.hear(reply, self._walk.next()[0])
        for address in addresses:
            self._find(address)
        self._walk.take(verdict)
        if self._walk.is_over:
            self._end()
        elif self.probes >= self._limit or len(self.found) >= _FOUND:
            self.problems.append("given up after %d probes" % self.probes)
            self.is_over = True

    def permille(self):
        """What is done, 0 to 1000."""
        if self.is_over:
            return 1000
        return (1000 * self._at + self._walk.share()) // len(self._speeds)

    def _find(self, address):
        if address not in [row[0] for row in self.found]:
            self.found.append((address,) + self.speed)

    def _end(self):
        walk = self._walk
        at = "at %d %s: " % self.speed
        if walk.error:
            self.problems.append(at + walk.error)
        elif walk.unclear:
            names = ", ".join(walk.unclear[:_UNCLEAR])
            self.problems.append(at + "%d addresses give noise: %s" % (len(walk.unclear), names))
        self._at += 1
        if self._at < len(self._speeds):
            self._begin()
        else:
            self._at -= 1
            self.is_over = True
