"""The order in which a search asks. Sans-I/O: `next` says what, `take` hears what came of it.

A Tree asks for the last two digits of addresses, then for two more wherever several answered at
once, as AA stands for a whole byte. Where one answered alone it is found, but a quieter one may
hide under it: the first `sure` levels are asked through all the same. Six bytes of state.
"""

from micropython import const

from modules.rs485.search_asks import CLEAN, NOISE, SILENT

_LEVELS = const(6)  # bytes of an address
_PAIRS = const(100)
_NOISES = const(3)  # whole addresses in a row that give noise: it is not from devices
_UNITS = const(247)

BABBLE = "the line is never quiet: noise, a wrong speed, or another master"


class Tree:
    def __init__(self, first, sure=1):
        """`first`: ways to ask everybody; `sure`: levels, 0 to 6."""
        self.error = ""
        self.unclear = []  # digits of whole addresses that gave noise
        self.is_over = False
        self._path = bytearray(_LEVELS)  # of the next question, the last pair of digits first
        self._depth = 0
        self._way = 0
        self._first = first
        self._sure = sure
        self._is_again = False  # the question is asked again, since it gave noise
        self._noises = 0
        self._heard_all = False  # somebody answered when all were asked
        self._heard_one = False  # ... and when some were

    def next(self):
        """(known last digits, way)."""
        pairs = ["%02d" % self._path[i] for i in range(self._depth - 1, -1, -1)]
        return "".join(pairs), self._way

    def take(self, verdict):
        if verdict == NOISE and not self._is_again:
            self._is_again = True  # a disturbance does not come twice
            return
        if self._is_again and verdict == CLEAN:
            verdict = NOISE  # who knows who was silent this time
        self._is_again = False
        if self._depth == 0:
            self._take_all(verdict)
        else:
            self._heard_one = self._heard_one or verdict != SILENT
            self._take_some(verdict)

    def share(self):
        """What is done, 0 to 1000."""
        if self.is_over:
            return 1000
        if self._depth == 0:
            return 0
        return self._path[0] * 10 + (self._path[1] // 10 if self._depth > 1 else 0)

    def _take_all(self, verdict):
        if verdict == SILENT and self._way + 1 < self._first:
            self._way += 1
        elif verdict == SILENT:
            self.is_over = True
        else:
            self._heard_all = True
            self._go_down(verdict)

    def _take_some(self, verdict):
        if verdict == NOISE and self._depth == _LEVELS:
            self.unclear.append(self.next()[0])
            self._noises += 1
            if self._noises >= _NOISES:
                self.error = BABBLE
                self.is_over = True
                return
        elif verdict != NOISE:
            self._noises = 0
        if verdict != SILENT and self._depth < _LEVELS:
            self._go_down(verdict)
        else:
            self._go_on()

    def _go_down(self, verdict):
        if verdict == CLEAN and self._depth >= self._sure:
            self._heard_one = True
            self._go_on()
            return
        self._path[self._depth] = 0
        self._depth += 1

    def _go_on(self):
        while self._depth and self._path[self._depth - 1] == _PAIRS - 1:
            self._depth -= 1
        if self._depth:
            self._path[self._depth - 1] += 1
            return
        self.is_over = True
        if self._heard_all and not self._heard_one:
            self.error = "who answers to all answers to no part of an address: ask it alone"


class Units:
    """Modbus units 1 to 247, one after the other."""

    def __init__(self, first=1, sure=1):
        self.error = ""
        self.unclear = []
        self.is_over = False
        self._unit = 1
        self._is_again = False

    def next(self):
        return str(self._unit), 0

    def take(self, verdict):
        if verdict == NOISE:
            if not self._is_again:
                self._is_again = True
                return
            self.unclear.append(str(self._unit))
            if len(self.unclear) >= 2 * _NOISES and len(self.unclear) == self._unit:
                self.error = BABBLE
                self.is_over = True
        self._is_again = False
        if self._unit == _UNITS:
            self.is_over = True
        self._unit += 1

    def share(self):
        return 1000 if self.is_over else (self._unit - 1) * 1000 // _UNITS
