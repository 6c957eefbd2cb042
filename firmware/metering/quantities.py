"""From the sums of a window to the quantities of a meter, on numbers of value_kernels.

Q is the 90-degree-shift definition: the voltage is delayed by DELAY samples, a quarter cycle
at 50 Hz, and the result is corrected for the true angle d of that delay at the measured
frequency: Q = (Pd - P cos d) / sin d. S = U * I; the total S is the arithmetic sum.
"""

import math
from array import array

from micropython import const

from firmware.metering import layout
from firmware.metering import value_kernels as v

SAMPLE_HZ = 8000

_LOWEST_HZ = const(400000)  # 0.1 mHz: outside of these it is no mains frequency, and the delay of
_HIGHEST_HZ = const(700000)  # DELAY sets comes near half a cycle, where Q cannot be told
# places of numbers in the memory of the meter, from layout.NUMBERS on: constants ...
_U = const(192)  # mV per y
_I = const(194)  # mA per word
_P = const(196)  # mW per y * word
_HZ = const(198)  # 0.1 mHz per cycle and sample
_ONE = const(200)
_PER_MILLE = const(202)
_TEN4 = const(204)
# ... and what a window has: its length and factors, then means
_LENGTH = const(206)
_PER_LENGTH = const(208)
_LATE_SHARE = const(210)  # Q = late * this + p * that
_P_SHARE = const(212)
_SPARE = const(214)  # three
_UU = const(220)  # three, becoming U
_II = const(226)  # four, becoming I
_PP = const(234)  # three
_QQ = const(240)  # three
_SS = const(246)  # three
_SUM = const(252)  # two
# totals: see layout.TOTALS
_T_UU, _T_II, _T_P, _T_LATE = const(43), const(51), const(54), const(56)

# one row a phase, then the totals; units and powers chosen so that 1:1000 keeps 10 ppm
POINTS = (
    ("ua", "V", -3),
    ("ub", "V", -3),
    ("uc", "V", -3),
    ("ia", "A", -3),
    ("ib", "A", -3),
    ("ic", "A", -3),
    ("in", "A", -3),
    ("pa", "W", -3),
    ("pb", "W", -3),
    ("pc", "W", -3),
    ("p", "W", -3),
    ("qa", "var", -3),
    ("qb", "var", -3),
    ("qc", "var", -3),
    ("q", "var", -3),
    ("sa", "VA", -3),
    ("sb", "VA", -3),
    ("sc", "VA", -3),
    ("s", "VA", -3),
    ("pfa", "", -4),
    ("pfb", "", -4),
    ("pfc", "", -4),
    ("pf", "", -4),
    ("f", "Hz", -4),
)
# first index of each group
VOLTS, AMPS, NEUTRAL, WATTS, VARS, APPARENT, FACTORS, HERTZ = 0, 3, 6, 7, 11, 15, 19, 23


class Quantities:
    def __init__(self, window, u_fs_mv, i_fs_ma, fs_word):
        """Of `window`, whose memory is used. Full scales are peaks; `fs_word` is the sample word
        there."""
        self._window = window
        self._m = window.memory
        u_num = u_fs_mv << layout.VOLT_SHIFT
        self._constant(_U, u_num, fs_word)
        self._constant(_I, i_fs_ma, fs_word)
        self._constant(_P, u_num * i_fs_ma, fs_word**2 * 1000)  # mV * mA = uW
        self._constant(_ONE, 1, 1)
        self._constant(_PER_MILLE, 1, 1000)
        self._constant(_TEN4, 10000, 1)
        self.set_rate(0)
        self.values = array("i", bytes(4 * len(POINTS)))
        self.rms_words = array("i", bytes(16))  # currents in units of the word
        self._too_much = array("i", bytes(12))  # of S in Q, by the harmonics, 1/2**20

    def _constant(self, at, num, den):
        exponent = 0
        while num >= den << 28:
            den <<= 1
            exponent += 1
        while num < den << 27:
            num <<= 1
            exponent -= 1
        v.integer(self._m, num // den, exponent, at)

    def set_rate(self, slow_ppb):
        """The sample clock is `slow_ppb` slow: frequencies are that much lower than counted."""
        self._constant(_HZ, SAMPLE_HZ * 10000 * (10**9 - slow_ppb), 10**9)

    def fill(self, length, cycles, sums):
        """Write `values` from a window of `length` / 1024 samples and so many `cycles`, 0 when it
        was not synchronised; `sums` gets the exact products for energy: for each phase P and Q
        as two limbs. DC is removed from whole cycles only."""
        m, out = self._m, self.values
        v.integer(m, length, -10, _LENGTH)
        v.divide(m, _ONE, _LENGTH, _PER_LENGTH)
        v.integer(m, cycles, 0, _SPARE)
        v.scale(m, _SPARE, _HZ, 1)
        v.scale(m, _SPARE, _PER_LENGTH, 1)
        v.wholes(m, _SPARE, 1, out, HERTZ)
        if not _LOWEST_HZ <= out[HERTZ] <= _HIGHEST_HZ:
            out[HERTZ] = 0
        elif self._window.has_dc(length + 512 >> 10):
            self._window.remove_dc(length + 512 >> 10)
        self.products(sums)
        v.scale(m, _UU, _PER_LENGTH, 13)
        v.root(m, _UU, 7)
        v.wholes(m, _II, 4, self.rms_words, 0)
        v.scale(m, _UU, _U, 3)
        v.scale(m, _II, _I, 4)
        v.scale(m, _PP, _P, 6)
        v.wholes(m, _UU, 3, out, VOLTS)
        v.wholes(m, _II, 4, out, AMPS)
        v.wholes(m, _PP, 3, out, WATTS)
        v.wholes(m, _QQ, 3, out, VARS)
        out[WATTS + 3] = out[WATTS] + out[WATTS + 1] + out[WATTS + 2]
        out[VARS + 3] = out[VARS] + out[VARS + 1] + out[VARS + 2]
        self._apparent()

    def products(self, sums):
        """The exact products of the window to `sums`, as in `fill`; no mean is taken."""
        m = self._m
        v.numbers(m, _T_UU, 2, 2, 3, _UU)
        v.numbers(m, _T_II, layout.CURRENT_WORDS, 3, 4, _II)
        v.numbers(m, _T_P, layout.CURRENT_WORDS, 2, 3, _PP)
        v.numbers(m, _T_LATE, layout.CURRENT_WORDS, 2, 3, _QQ)
        if self.values[HERTZ]:  # otherwise the delay is taken for a quarter cycle
            self._turn()
        for phase in range(3):
            total = _T_P + layout.CURRENT_WORDS * phase
            sums[4 * phase] = m[total + 1]
            sums[4 * phase + 1] = m[total]
            v.limbs(m, _QQ + 2 * phase, sums, 4 * phase + 2)

    def _turn(self):
        """From the voltage of DELAY sets ago to that of a quarter cycle ago."""
        m = self._m
        angle = self.values[HERTZ] * (2 * math.pi * layout.DELAY / SAMPLE_HZ / 10000)
        share = 1 / math.sin(angle)
        v.integer(m, int(share * (1 << 26)), -26, _LATE_SHARE)
        v.integer(m, int(-math.cos(angle) * share * (1 << 26)), -26, _P_SHARE)
        v.scale(m, _QQ, _LATE_SHARE, 3)
        for phase in range(3):
            m[_SPARE] = m[_PP + 2 * phase]
            m[_SPARE + 1] = m[_PP + 2 * phase + 1]
            v.scale(m, _SPARE, _P_SHARE, 1)
            v.add(m, _QQ + 2 * phase, _SPARE, _QQ + 2 * phase)
            if self._too_much[phase]:
                self._correct(phase)

    def correct(self, phase, share):
        """From now on `share` of S, in 1/2**20, is taken off Q: see turn.py."""
        self._too_much[phase] = share

    def _correct(self, phase):
        m = self._m
        m[_SPARE] = m[_UU + 2 * phase]
        m[_SPARE + 1] = m[_UU + 2 * phase + 1]
        v.scale(m, _SPARE, _II + 2 * phase, 1)
        v.root(m, _SPARE, 1)
        v.integer(m, -self._too_much[phase], -20, _SPARE + 2)
        v.scale(m, _SPARE, _SPARE + 2, 1)
        v.add(m, _QQ + 2 * phase, _SPARE, _QQ + 2 * phase)

    def _apparent(self):
        """S = U * I of each phase, the sum of them, and the power factors."""
        m, out = self._m, self.values
        for i in range(6):
            m[_SS + i] = m[_UU + i]
        for phase in range(3):
            v.scale(m, _SS + 2 * phase, _II + 2 * phase, 1)
        v.scale(m, _SS, _PER_MILLE, 3)
        v.wholes(m, _SS, 3, out, APPARENT)
        out[APPARENT + 3] = out[APPARENT] + out[APPARENT + 1] + out[APPARENT + 2]
        for row in range(4):
            if out[APPARENT + row] < 1:
                out[FACTORS + row] = 10000  # no power, no factor
                continue
            # both fit 30 bits, or are held there together
            v.integer(m, out[WATTS + row], 0, _SPARE)
            v.integer(m, out[APPARENT + row], 0, _SPARE + 2)
            v.divide(m, _SPARE, _SPARE + 2, _SPARE)
            v.scale(m, _SPARE, _TEN4, 1)
            v.wholes(m, _SPARE, 1, out, FACTORS + row)

    def exact(self, row):
        """The voltage, current or power in a row of POINTS with all its digits: a float in mV,
        mA, mW, mvar or mVA, for benches and calibration."""
        if row in (WATTS + 3, VARS + 3, APPARENT + 3):
            return self.exact(row - 3) + self.exact(row - 2) + self.exact(row - 1)
        for first, rows, place in _PLACES:
            if first <= row < first + rows:
                at = place + 2 * (row - first)
                return math.ldexp(self._m[at], self._m[at + 1])
        raise ValueError("row %d of the values has no more digits" % row)


# first row, rows, place of the first number
_PLACES = (
    (VOLTS, 3, _UU),
    (AMPS, 4, _II),
    (WATTS, 3, _PP),
    (VARS, 3, _QQ),
    (APPARENT, 3, _SS),
)
