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
from firmware.metering.sum_kernels import has_dc

SAMPLE_HZ = 8000

_LOWEST_HZ = const(400000)  # 0.1 mHz: outside of these it is no mains frequency, and a quarter
_HIGHEST_HZ = const(700000)  # cycle is longer than DELAY_MAX
# places of numbers in the memory of the meter, from layout.NUMBERS on: constants ...
_U = const(192)  # mV per y
_I = const(194)  # mA per word
_P = const(196)  # units of power per y * word
_HZ = const(198)  # 0.1 mHz per cycle and sample
_ONE = const(200)  # two
_LESS_ONE = const(204)  # -1
_PER_MILLE = const(206)
_TEN4 = const(208)
_ANGLE = const(210)  # quarter cycles a byte of layout.LATE, at one cycle a sample
_RIGHT = const(212)  # a right angle
_SERIES = const(214)  # factors of cosine and sine, four steps of two
# ... and what a window has: its length and factors, then means
_LENGTH = const(230)
_PER_LENGTH = const(232)
_PACE = const(234)  # cycles a sample
_SHARES = const(236)  # of S in Q, three, by the harmonics, negative
_SPARE = const(242)  # eight
_UU = const(258)  # three, becoming U
_II = const(264)  # four, becoming I
_PP = const(272)  # three
_QQ = const(278)  # three
_SS = const(284)  # three
# totals: see layout.TOTALS
_T_U, _T_UU, _T_I, _T_II, _T_P, _T_LATE = (
    const(40),
    const(43),
    const(49),
    const(51),
    const(54),
    const(56),
)

# One row a phase, then the totals; units and powers chosen so that 1:1000 keeps 10 ppm. Where a
# full scale is large, powers are coarser: see `points`.
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


_POWERS = ("W", "var", "VA")
_MOST = const(0x3FFFFFFF)  # of a value


def power_exponent(u_fs_mv, i_fs_ma):
    """Of ten: of the unit that powers have, -3 or more, so that all of a full scale fits."""
    total = 3 * u_fs_mv * i_fs_ma // 2000  # mW
    exponent = -3
    while total > _MOST:
        total //= 10
        exponent += 1
    return exponent


def points(exponent):
    """POINTS with that unit."""
    return tuple([(n, unit, exponent if unit in _POWERS else e) for n, unit, e in POINTS])


_CURRENT = layout.CURRENT_WORDS  # from one to the next

_FREQUENCY = v.program(
    (v.NORMAL, _LENGTH, 1),
    (v.COPY, _PER_LENGTH, 1, _ONE),
    (v.DIVIDE, _PER_LENGTH, 1, _LENGTH),
    (v.NORMAL, _PACE, 1),
    (v.SCALE, _PACE, 1, _PER_LENGTH),
    (v.COPY, _SPARE, 1, _PACE),
    (v.SCALE, _SPARE, 1, _HZ),
    (v.VALUES, _SPARE, 1, HERTZ),
)
# the products of the means off the totals
_WITHOUT_DC = v.program(
    (v.INTEGERS, _SPARE, 3, _T_U),
    (v.NORMAL, _SPARE, 3),
    (v.NUMBERS, _SPARE + 6, 4, _T_I, _CURRENT, 2),
    (v.COPY, _UU, 3, _SPARE),
    (v.SCALE, _UU, 3, _SPARE, 2),
    (v.COPY, _II, 4, _SPARE + 6),
    (v.SCALE, _II, 4, _SPARE + 6, 2),
    (v.COPY, _PP, 3, _SPARE),
    (v.SCALE, _PP, 3, _SPARE + 6, 2),
    (v.SCALE, _UU, 10, _PER_LENGTH),
    (v.LESS, _UU, 3, _T_UU, 2, 2),
    (v.LESS, _II, 4, _T_II, _CURRENT, 3),
    (v.LESS, _PP, 3, _T_P, _CURRENT, 2),
    (v.LESS, _PP, 3, _T_LATE, _CURRENT, 2),
)
_PRODUCTS = (
    (v.NUMBERS, _UU, 3, _T_UU, 2, 2),
    (v.NUMBERS, _II, 4, _T_II, _CURRENT, 3),
    (v.NUMBERS, _PP, 3, _T_P, _CURRENT, 2),
    (v.NUMBERS, _QQ, 3, _T_LATE, _CURRENT, 2),
    (v.TOTALS, _T_P, 3, 0, _CURRENT),
)
# Q = late / cos e + P tan e, with e the angle of the delay beyond a right one
_E, _EE, _COS, _SIN = _SPARE, _SPARE + 2, _SPARE + 4, _SPARE + 6
_TURN = (
    (v.INTEGERS, _E, 1, layout.LATE),
    (v.NORMAL, _E, 1),
    (v.SCALE, _E, 1, _ANGLE),
    (v.SCALE, _E, 1, _PACE),
    (v.ADD, _E, 1, _LESS_ONE),
    (v.SCALE, _E, 1, _RIGHT),
    (v.COPY, _EE, 1, _E),
    (v.SCALE, _EE, 1, _E),
    (v.COPY, _COS, 2, _ONE),
    (v.SCALE, _COS, 2, _SERIES, 2),
    (v.SCALE, _COS, 2, _EE),
    (v.ADD, _COS, 2, _ONE),
    (v.SCALE, _COS, 2, _SERIES + 4, 2),
    (v.SCALE, _COS, 2, _EE),
    (v.ADD, _COS, 2, _ONE),
    (v.SCALE, _COS, 2, _SERIES + 8, 2),
    (v.SCALE, _COS, 2, _EE),
    (v.ADD, _COS, 2, _ONE),
    (v.SCALE, _COS, 2, _SERIES + 12, 2),
    (v.SCALE, _COS, 2, _EE),
    (v.ADD, _COS, 2, _ONE),
    (v.SCALE, _E, 1, _SIN),
    (v.COPY, _SPARE + 8, 1, _ONE),
    (v.DIVIDE, _SPARE + 8, 1, _COS),  # 1 / cos e
    (v.SCALE, _E, 1, _SPARE + 8),  # tan e
    (v.SCALE, _QQ, 3, _SPARE + 8),
    (v.COPY, _SPARE + 2, 3, _PP),
    (v.SCALE, _SPARE + 2, 3, _E),
    (v.ADD, _QQ, 3, _SPARE + 2),
)
_CORRECT = (
    (v.COPY, _SPARE, 3, _UU),
    (v.SCALE, _SPARE, 3, _II, 2),
    (v.ROOT, _SPARE, 3),
    (v.SCALE, _SPARE, 3, _SHARES, 2),
    (v.ADD, _QQ, 3, _SPARE),
)
_REACTIVE = ((v.LIMBS, _QQ, 3, 2),)
_AS_DELAYED = v.program(*(_PRODUCTS + _REACTIVE))
_TURNED = v.program(*(_PRODUCTS + _TURN + _REACTIVE))
_CORRECTED = v.program(*(_PRODUCTS + _TURN + _CORRECT + _REACTIVE))
_NORMAL_SHARES = v.program((v.NORMAL, _SHARES, 3))
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
    (v.THREE, 0, 0, WATTS),
    (v.THREE, 0, 0, VARS),
    (v.THREE, 0, 0, APPARENT),
    # power factors; without power they are 1
    (v.GIVEN, _SPARE, 4, WATTS),
    (v.GIVEN, _SPARE + 8, 4, APPARENT),
    (v.NORMAL, _SPARE, 8),
    (v.DIVIDE, _SPARE, 4, _SPARE + 8, 2),
    (v.SCALE, _SPARE, 4, _TEN4),
    (v.VALUES, _SPARE, 4, FACTORS),
)


class Quantities:
    def __init__(self, memory, u_fs_mv, i_fs_ma, fs_word):
        """Of the window in `memory`. Full scales are peaks; `fs_word` is the sample word there."""
        self._m = memory
        u_num = u_fs_mv << layout.VOLT_SHIFT
        self._constant(_U, u_num, fs_word)
        self._constant(_I, i_fs_ma, fs_word)
        self.exponent = power_exponent(u_fs_mv, i_fs_ma)
        coarser = 10 ** (self.exponent + 3)
        self._constant(_P, u_num * i_fs_ma, fs_word**2 * 1000 * coarser)  # mV * mA = uW
        for at in (_ONE, _ONE + 2):
            self._constant(at, 1, 1)
        self._constant(_LESS_ONE, -1, 1)
        self._constant(_PER_MILLE, 1, 1000 * coarser)
        self._constant(_TEN4, 10000, 1)
        # bytes back to samples to quarter cycles
        self._constant(_ANGLE, 4, layout.SET_BYTES)
        self._constant(_RIGHT, 1570796327, 10**9)
        # cos e = 1 - ee/2 (1 - ee/12 (1 - ee/30 (1 - ee/56))), sin e / e = 1 - ee/6 (1 - ...
        for k, den in enumerate((56, 72, 30, 42, 12, 20, 2, 6)):
            self._constant(_SERIES + 2 * k, -1, den)
        self.set_rate(0)
        self.values = array("i", bytes(4 * len(POINTS)))
        self._is_corrected = False

    def _constant(self, at, num, den):
        """A number to word `at`; it is not 0, `den` is positive."""
        sign = -1 if num < 0 else 1
        num *= sign
        exponent = 0
        while num >= den << 28:
            den <<= 1
            exponent += 1
        while num < den << 27:
            num <<= 1
            exponent -= 1
        self._m[at] = num // den * sign
        self._m[at + 1] = exponent

    def set_rate(self, slow_ppb):
        """The sample clock is `slow_ppb` slow: frequencies are that much lower than counted."""
        self._constant(_HZ, SAMPLE_HZ * 10000 * (10**9 - slow_ppb), 10**9)

    def fill(self, length, cycles, sums):
        """Write `values` from a window of `length` / 1024 samples and so many `cycles`, 0 when it
        was not synchronised; `sums` gets the exact products for energy: for each phase P and Q
        as two limbs. DC is removed from whole cycles only."""
        m, out = self._m, self.values
        m[_LENGTH] = length
        m[_LENGTH + 1] = -10
        m[_PACE] = cycles
        m[_PACE + 1] = 0
        v.run(m, 0, _FREQUENCY, out, sums)
        if not _LOWEST_HZ <= out[HERTZ] <= _HIGHEST_HZ:
            out[HERTZ] = 0
        elif has_dc(m, length + 512 >> 10):
            v.run(m, 0, _WITHOUT_DC, out, sums)
        self.products(sums)
        v.run(m, 0, _MEANS, out, sums)

    def products(self, sums):
        """The exact products of the window to `sums`, as in `fill`; no mean is taken."""
        program = _AS_DELAYED  # when no frequency is known it is taken for a quarter cycle
        if self.values[HERTZ]:
            program = _CORRECTED if self._is_corrected else _TURNED
        v.run(self._m, 0, program, self.values, sums)

    def correct(self, phase, share):
        """From now on `share` of S, in 1/2**20, is taken off Q: see turn.py."""
        at = _SHARES + 2 * phase
        self._m[at] = -share
        self._m[at + 1] = -20
        v.run(self._m, 0, _NORMAL_SHARES, self.values, self.values)
        self._is_corrected = self._is_corrected or share != 0

    def exact(self, row):
        """The voltage, current or power in a row of POINTS with all its digits: a float in its
        unit, for benches."""
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
