"""The sums of one aggregation interval: exact, so that neither 32 bits nor two hours lose any.

One row a column, see aggregate_kernels. Rules are bytes: RMS for voltages and currents (root of
the mean of squares, IEC 61000-4-30, 4.4), MEAN for powers and frequency.
"""

import math
from array import array

from micropython import const

from firmware.metering import aggregate_kernels, ring_kernels

MEAN, RMS = 0, 1
_WORDS = const(8)  # of a row
_SMALL = const(1 << 30)


class Level:
    def __init__(self, rules):
        self._rules = rules
        self._rows = array("i", bytes(aggregate_kernels.ROW_BYTES * len(rules)))
        self.clear()

    def clear(self):
        for i in range(len(self._rows)):
            self._rows[i] = 0
        self.kind = 0
        self.number = 0  # of the interval, see Aggregator
        self.end_ms = 0  # UTC
        self.count = 0  # values in it
        self.samples = 0  # their length
        self.bits = 0  # their flags

    def take(self, now, bits, samples):
        """Add one value a column, 64-bit array."""
        n = len(self._rules)
        aggregate_kernels.accumulate(now, self._rows, self._rules, n)
        aggregate_kernels.widen(now, self._rows, n, 0, 0 if self.count else 1)
        self._extend(1, bits, samples)

    def merge(self, other):
        """Add all values of another level, which stays as it is."""
        n = len(self._rules)
        aggregate_kernels.add(other._rows, self._rows, n)
        aggregate_kernels.widen(other._rows, self._rows, n, 1, 0 if self.count else 1)
        self._extend(other.count, other.bits, other.samples)

    def take_result(self, now, other):
        """Add the results `now` of another level as one value, and its extremes."""
        n = len(self._rules)
        aggregate_kernels.accumulate(now, self._rows, self._rules, n)
        aggregate_kernels.widen(other._rows, self._rows, n, 1, 0 if self.count else 1)
        self._extend(1, other.bits, other.samples)

    def _extend(self, count, bits, samples):
        self.count += count
        self.bits |= bits
        self.samples += samples

    def result(self, column):
        """The mean, or the root of the mean, of a column."""
        high, low = self._mean(_WORDS * column)
        if self._rules[column] == MEAN:
            return _joined(high, low)
        return _root((high << 32) + low)

    def _mean(self, at):
        """Long division of a sum by the count, 16 bits at a time, so that all steps are small
        ints: the upper and the lower 32 bits of the quotient, rounded."""
        count = self.count
        a, b, c, d = self._rows[at], self._rows[at + 1], self._rows[at + 2], self._rows[at + 3]
        a += count >> 1
        b += a >> 16
        c += b >> 16
        d += c >> 16
        q3, rest = d // count, d % count
        rest = rest << 16 | c & 0xFFFF
        q2, rest = rest // count, rest % count
        rest = rest << 16 | b & 0xFFFF
        q1, rest = rest // count, rest % count
        rest = rest << 16 | a & 0xFFFF
        return q3 * 65536 + q2, (q1 << 16) + rest // count

    def low(self, column):
        """The lowest value of a column."""
        return _joined(self._rows[_WORDS * column + 5], self._rows[_WORDS * column + 4])

    def high(self, column):
        """The highest value of a column."""
        return _joined(self._rows[_WORDS * column + 7], self._rows[_WORDS * column + 6])


def _joined(high, low):
    """high * 2**32 + the low 32 bits, a small int where it fits."""
    if high == (0 if low >= 0 else -1) and -_SMALL <= low < _SMALL:
        return low
    value = (high << 32) + (low & 0xFFFFFFFF)
    return ring_kernels.small(value) if -_SMALL <= value < _SMALL else value


def _root(square):
    """Square root, rounded: single precision is a start for it, one step makes it exact."""
    if square < 2:
        return square
    root = int(math.sqrt(square)) + 1
    root = (root + ring_kernels.small(square // root)) >> 1
    rest = square - root * root
    if rest > root:
        return root + 1
    return root if rest > -root else root - 1
