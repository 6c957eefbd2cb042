"""Averages over many windows from integer sums: what calibration compares with a reference.

U and I come from the exact sums of squares, since a point of 1 mA is coarse for a small current;
P, Q and the frequency from the values. Runs only while a calibration measures: it allocates.
"""

from micropython import const

from firmware.core import flags
from firmware.metering import layout, quantities

_UU = const(3)  # words from layout.TOTALS: y*y of voltage A, 2 limbs; 2 words on for the next
_XX = const(11)  # x*x of current A, 3 limbs; 9 words on for the next
# a window so marked is not counted; a missing phase is nothing to a single-phase source
_BAD = ~(flags.PHASE | flags.EVENT)
_SPREAD = const(1000)  # 1/1000 between the highest and the lowest window is still steady
_UNITS = const(3)  # and so is what rounding of a small value does


class Averages:
    def __init__(self, u_fs_mv, i_fs_ma, fs_word):
        """Full scales are peaks at the primary side; `fs_word` is the sample word there."""
        self._uw = 10 ** (6 + quantities.power_exponent(u_fs_mv, i_fs_ma))  # a unit of power
        self._u = u_fs_mv * 1000 << layout.VOLT_SHIFT, fs_word
        self._i = i_fs_ma * 1000, fs_word
        self.clear()

    def clear(self):
        self.count = 0
        self.flagged = 0  # windows that were not counted
        self.flags = 0  # why
        self._length = 0  # 1/1024 of a sample
        self._squares = [0] * 7  # U of A B C, I of A B C N
        self._sums = [0] * 7  # P, Q in their unit; frequency in 0.1 mHz
        self._least = [1 << 60] * 7
        self._most = [0] * 7

    def take(self, values, meter):
        """One window as the meter publishes it."""
        if meter.flags & _BAD or not meter.cycles:
            self.flagged += 1
            self.flags |= meter.flags & _BAD
            return
        m = meter.window.memory
        self.count += 1
        self._length += meter.length
        for k in range(3):
            self._squares[k] += _total(m, layout.TOTALS + _UU + 2 * k, 2)
            self._sums[k] += values[quantities.WATTS + k]
            self._sums[3 + k] += values[quantities.VARS + k]
        for k in range(4):
            self._squares[3 + k] += _total(m, layout.TOTALS + _XX + 9 * k, 3)
        self._sums[6] += values[quantities.HERTZ]
        for k in range(7):  # ua ub uc ia ib ic in
            self._least[k] = min(self._least[k], values[k])
            self._most[k] = max(self._most[k], values[k])

    def is_steady(self, index):
        """Did U (0..2) or I (3..6) stay within 0.1 %?"""
        spread = self._most[index] - self._least[index]
        return spread * _SPREAD <= self._most[index] + _UNITS * _SPREAD

    def u_uv(self, phase):
        return self._root(self._squares[phase], self._u)

    def i_ua(self, channel):
        """Channel 3 is the neutral."""
        return self._root(self._squares[3 + channel], self._i)

    def _root(self, squares, scale):
        num, den = scale
        return isqrt(squares * 1024 * num * num // (self._length * den * den))

    def p_uw(self, phase):
        return self._sums[phase] * self._uw // self.count

    def q_uvar(self, phase):
        return self._sums[3 + phase] * self._uw // self.count

    def hertz(self):
        return self._sums[6] / (self.count * 10000)


def _total(m, word, limbs):
    value = 0
    for k in range(limbs - 1, -1, -1):
        value = (value << layout.LIMB) + m[word + k]
    return value


def isqrt(n):
    """Greatest integer whose square is not above `n`."""
    if n <= 0:
        return 0
    x = 1
    while x * x <= n:
        x <<= 1
    while True:  # Newton from above never goes below the root
        y = (x + n // x) >> 1
        if y >= x:
            return x
        x = y
