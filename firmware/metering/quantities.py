"""From the sums of a window to the quantities of a meter.

Q is the 90-degree-shift definition: the voltage is delayed by DELAY samples, a quarter cycle
at 50 Hz, and the result is corrected for the true angle d of that delay at the measured
frequency: Q = (Pd - P cos d) / sin d. S = U * I; the total S is the arithmetic sum.
"""

import math

from micropython import const

from firmware.metering import layout

_LOWEST_HZ = const(40)  # outside of these it is no mains frequency, and the delay of
_HIGHEST_HZ = const(70)  # DELAY sets comes near half a cycle, where Q cannot be told
_PART = const(1024)  # positions are in 1/1024 of a sample

SAMPLE_HZ = 8000

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
    """Scales the sums of windows. A float is 16 bytes of heap on a 32-bit board, so intermediate
    results are few and the values are ints."""

    def __init__(self, u_fs_mv, i_fs_ma, fs_word):
        """Full scales are peaks; `fs_word` is the sample word there."""
        self._u2 = (u_fs_mv * (1 << layout.VOLT_SHIFT) / fs_word) ** 2  # mV**2 per y**2
        self._i2 = (i_fs_ma / fs_word) ** 2
        # mV * mA = uW, to mW
        self._p = u_fs_mv * (1 << layout.VOLT_SHIFT) / fs_word * (i_fs_ma / fs_word) / 1000
        self.rate = 1.0  # true Hz per Hz of the sample clock: see Meter.set_rate
        self.values = [0] * len(POINTS)
        self.rms_words = [0] * 4  # currents in units of the word
        self._words_per_ma = 16 * fs_word // i_fs_ma  # times 16

    def fill(self, window, length, cycles, sums):
        """Write `values` from a closed `window` of `length` / 1024 samples and so many `cycles`,
        0 when it was not synchronised; `sums` gets the exact products for energy.Energy.add:
        for each phase P and Q as two limbs. DC is removed from whole cycles only."""
        out = self.values
        hertz = cycles * SAMPLE_HZ * _PART / length
        if not _LOWEST_HZ <= hertz <= _HIGHEST_HZ:
            hertz = 0.0
        out[HERTZ] = round(hertz * self.rate * 10000)
        if hertz:
            window.remove_dc((length + _PART // 2) // _PART)
            angle = hertz * (2 * math.pi * layout.DELAY / SAMPLE_HZ)
            q_late = 1 / math.sin(angle)
            q_p = math.cos(angle) * q_late
        else:  # the delay is taken for a quarter cycle
            q_late, q_p = 1.0, 0.0
        per_sample = _PART / length
        u_scale = self._u2 * per_sample
        i_scale = self._i2 * per_sample
        p_scale = self._p * per_sample
        for phase in range(3):
            u = math.sqrt(max(0, _scaled(window.uu(phase), window, u_scale)))
            i = math.sqrt(max(0, _scaled(window.ii(phase), window, i_scale)))
            p = math.ldexp(window.product(phase, False), window.memory[layout.EXPONENT])
            q = (
                math.ldexp(window.product(phase, True), window.memory[layout.EXPONENT]) * q_late
                - p * q_p
            )
            window.exact(phase, False, sums, 4 * phase)
            high = int(q / (1 << layout.LIMB))
            sums[4 * phase + 2] = high
            sums[4 * phase + 3] = int(q - high * (1 << layout.LIMB))
            out[VOLTS + phase] = round(u)
            out[AMPS + phase] = round(i)
            self._row(phase, round(p * p_scale), round(q * p_scale), u * i / 1000)
        self._row(
            3,
            out[WATTS] + out[WATTS + 1] + out[WATTS + 2],
            out[VARS] + out[VARS + 1] + out[VARS + 2],
            out[APPARENT] + out[APPARENT + 1] + out[APPARENT + 2],
        )
        out[NEUTRAL] = round(math.sqrt(max(0, _scaled(window.ii(3), window, i_scale))))
        for channel in range(4):
            self.rms_words[channel] = out[AMPS + channel] * self._words_per_ma >> 4

    def energy_only(self, window, sums):
        """The exact products of a window that has no values: `sums` as in `fill`."""
        for phase in range(3):
            for is_late in (False, True):
                window.product(phase, is_late)
                window.exact(phase, is_late, sums, 4 * phase + 2 * is_late)

    def _row(self, row, p, q, s):
        out = self.values
        out[WATTS + row] = p
        out[VARS + row] = q
        out[APPARENT + row] = round(s)
        # no power, no factor: report 1 rather than noise divided by noise
        out[FACTORS + row] = round(p / s * 10000) if s >= 1 else 10000


def _scaled(mantissa, window, scale):
    return math.ldexp(mantissa, window.memory[layout.EXPONENT]) * scale
