"""From the sums of a window to the quantities of a meter, on numbers of value_kernels.

Q is the 90-degree-shift definition: the voltage is delayed by so many samples as come next to a
quarter cycle, and the result is corrected for the true angle d of that delay at the measured
frequency: Q = (Pd - P cos d) / sin d. S = U * I; the total S is the arithmetic sum.
"""

import math
from array import array

from micropython import const

from firmware.metering import layout
from firmware.metering import value_kernels as v

SAMPLE_HZ = 8000

_LOWEST_HZ = const(400000)  # 0.1 mHz: outside of these it is no mains frequency, and a quarter
_HIGHEST_HZ = const(700000)  # cycle is longer than DELAY_MAX
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


_FREQUENCY = v.program(
    (v.NORMAL, _LENGTH, 1),
    (v.COPY, _PER_LENGTH, 1, _ONE),
    (v.DIVIDE, _PER_LENGTH, 1, _LENGTH),
    (v.NORMAL, _SPARE, 1),  # cycles
    (v.SCALE, _SPARE, 1, _HZ),
    (v.SCALE, _SPARE, 1, _PER_LENGTH),
    (v.VALUES, _SPARE, 1, HERTZ),
)
_PRODUCTS = v.program(
    (v.NUMBERS, _UU, 3, _T_UU, 2, 2),
    (v.NUMBERS, _II, 4, _T_II, layout.CURRENT_WORDS, 3),
    (v.NUMBERS, _PP, 3, _T_P, layout.CURRENT_WORDS, 2),
    (v.NUMBERS, _QQ, 3, _T_LATE, layout.CURRENT_WORDS, 2),
    (v.TOTALS, _T_P, 3, 0, layout.CURRENT_WORDS),
)
_TURN = v.program(
    (v.NORMAL, _LATE_SHARE, 2),
    (v.SCALE, _QQ, 3, _LATE_SHARE),
    (v.COPY, _SPARE, 3, _PP),
    (v.SCALE, _SPARE, 3, _P_SHARE),
    (v.ADD, _QQ, 3, _SPARE),
)
_CORRECT = [
    v.program(
        (v.NORMAL, _SPARE + 2, 1),  # share of S, negative
        (v.COPY, _SPARE, 1, _UU + at),
        (v.SCALE, _SPARE, 1, _II + at),
        (v.ROOT, _SPARE, 1),
        (v.SCALE, _SPARE, 1, _SPARE + 2),
        (v.ADD, _QQ + at, 1, _SPARE),
    )
    for at in (0, 2, 4)
]
_REACTIVE = v.program((v.LIMBS, _QQ, 3, 2))
_MEANS = v.program(
    (v.SCALE, _UU, 13, _PER_LENGTH),
    (v.ROOT, _UU, 7),
    (v.WHOLES, _II, 4, layout.RMS),
    (v.SCALE, _UU, 3, _U),
    (v.SCALE, _II, 4, _I),
    (v.SCALE, _PP, 6, _P),
    (v.COPY, _SS, 3, _UU),
    (v.SCALE, _SS, 3, _II, 2),
    (v.SCALE, _SS, 3, _PER_MILLE),
    (v.VALUES, _UU, 3, VOLTS),
    (v.VALUES, _II, 4, AMPS),
    (v.VALUES, _PP, 3, WATTS),
    (v.VALUES, _QQ, 3, VARS),
    (v.VALUES, _SS, 3, APPARENT),
)
_FACTOR = v.program(
    (v.NORMAL, _SPARE, 2),  # P, S
    (v.DIVIDE, _SPARE, 1, _SPARE + 2),
    (v.SCALE, _SPARE, 1, _TEN4),
    (v.WHOLES, _SPARE, 1, _SPARE),
)


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
        self._too_much = array("i", bytes(12))  # of S in Q, by the harmonics, 1/2**20

    def _constant(self, at, num, den):
        exponent = 0
        while num >= den << 28:
            den <<= 1
            exponent += 1
        while num < den << 27:
            num <<= 1
            exponent -= 1
        self._put(at, num // den, exponent)

    def _put(self, at, value, exponent):
        """A number that NORMAL makes one."""
        self._m[at] = value
        self._m[at + 1] = exponent

    def set_rate(self, slow_ppb):
        """The sample clock is `slow_ppb` slow: frequencies are that much lower than counted."""
        self._constant(_HZ, SAMPLE_HZ * 10000 * (10**9 - slow_ppb), 10**9)

    def fill(self, length, cycles, sums):
        """Write `values` from a window of `length` / 1024 samples and so many `cycles`, 0 when it
        was not synchronised; `sums` gets the exact products for energy: for each phase P and Q
        as two limbs. DC is removed from whole cycles only."""
        m, out = self._m, self.values
        self._put(_LENGTH, length, -10)
        self._put(_SPARE, cycles, 0)
        v.run(m, 0, _FREQUENCY, out, sums)
        if not _LOWEST_HZ <= out[HERTZ] <= _HIGHEST_HZ:
            out[HERTZ] = 0
        elif self._window.has_dc(length + 512 >> 10):
            self._window.remove_dc(length + 512 >> 10)
        self.products(sums)
        v.run(m, 0, _MEANS, out, sums)
        for row in (WATTS, VARS, APPARENT):
            out[row + 3] = out[row] + out[row + 1] + out[row + 2]
        for row in range(4):
            self._factor(row, out[WATTS + row], out[APPARENT + row])

    def _factor(self, row, p, s):
        """Both fit 30 bits, or are held there together."""
        if s < 1:
            self.values[FACTORS + row] = 10000  # no power, no factor
            return
        self._put(_SPARE, p, 0)
        self._put(_SPARE + 2, s, 0)
        v.run(self._m, 0, _FACTOR, self.values, self.values)
        self.values[FACTORS + row] = self._m[_SPARE]

    def products(self, sums):
        """The exact products of the window to `sums`, as in `fill`; no mean is taken."""
        v.run(self._m, 0, _PRODUCTS, self.values, sums)
        if self.values[HERTZ]:  # otherwise the delay is taken for a quarter cycle
            self._turn(sums)
        v.run(self._m, 0, _REACTIVE, self.values, sums)

    def _turn(self, sums):
        """From the delayed voltage to that of a quarter cycle ago."""
        delay = self._m[layout.LATE] // layout.SET_BYTES
        angle = self.values[HERTZ] * (2 * math.pi * delay / SAMPLE_HZ / 10000)
        share = 1 / math.sin(angle)
        self._put(_LATE_SHARE, int(share * (1 << 26)), -26)
        self._put(_P_SHARE, int(-math.cos(angle) * share * (1 << 26)), -26)
        v.run(self._m, 0, _TURN, self.values, sums)
        for phase in range(3):
            if self._too_much[phase]:
                self._put(_SPARE + 2, -self._too_much[phase], -20)
                v.run(self._m, 0, _CORRECT[phase], self.values, sums)

    def correct(self, phase, share):
        """From now on `share` of S, in 1/2**20, is taken off Q: see turn.py."""
        self._too_much[phase] = share

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
