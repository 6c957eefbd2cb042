"""What the intervals of the clock have in common: which is open, its flags, when it ends.

One that comes twice, because the clock was set back, is flagged. Kinds fill in `_clear` and
`_finish(bits, end_ms)`. Small ints; the heap is used when an interval ends.
"""

from firmware.core import flags
from firmware.metering.timeline import TEN_MS

_DAY_MS = 86400000


class Published:
    """Which intervals were published: a range of numbers. What lies more than a day outside of it
    is another era, as after a clock that was wrong by years, and begins a new range."""

    def __init__(self, interval_ms):
        self._day = _DAY_MS // interval_ms
        self.first = self.last = -1  # numbers since 1970; -1: none yet

    def add(self, number):
        """Take the number of an interval; was it published before?"""
        if not self.first - self._day <= number <= self.last + self._day:
            self.first = self.last = number
        elif number > self.last:
            self.last = number
        else:
            return number >= self.first
        return False


class ClockInterval:
    def __init__(self, interval_ms):
        """interval_ms: a whole number of them is ten minutes."""
        self._ms = interval_ms
        self._open = -1  # number of the open one since 1970; -1: none yet
        self._published = Published(interval_ms)
        self._bits = 0
        self._clear()

    def mark(self, bits):
        """Flag what is open."""
        self._bits |= bits

    def window(self, line, length_ms, bits):
        """The interval in which a window ends that `line`, a Timeline, stands at. True when it
        also begins there."""
        number = line.ten * (TEN_MS // self._ms) + line.at // self._ms
        if number != self._open:
            if self._open >= 0:
                self._close()
            self._open = number
            self._bits = 0
            self._clear()
        self._bits |= bits
        return line.at % self._ms >= length_ms

    def _close(self):
        if self._published.add(self._open):
            self._bits |= flags.CLOCK
        self._finish(self._bits, (self._open + 1) * self._ms)

    def _clear(self):
        """A kind of interval: nothing is in it yet."""

    def _finish(self, bits, end_ms):
        """A kind of interval: it ended at UTC `end_ms`."""
