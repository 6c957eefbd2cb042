"""From the means of a window to the quantities of a meter. Pure arithmetic, no state.

Q is the 90-degree-shift definition: the voltage is delayed by DELAY samples, a quarter cycle
at 50 Hz, and the result is corrected for the true angle d of that delay at the measured
frequency: Q = (Pd - P cos d) / sin d. S = U * I; the total S is the arithmetic sum.
"""

import math

from micropython import const

_LOWEST_HZ = const(40)  # outside of these it is no mains frequency, and the delay of
_HIGHEST_HZ = const(70)  # DELAY sets comes near half a cycle, where Q cannot be told
_UNIT = const(1 << 20)  # fractions of a sine; one part in a million, and exact in an integer

DELAY = 40  # sets: a quarter cycle at 50 Hz and 8 kSPS
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


def reactive(p, late, f):
    """Exact sums p = sum u*i and late = sum u_delayed*i to the reactive one, an int; `f` is the
    frequency in 0.1 mHz, 0 when unknown (the delay is then taken for a quarter cycle)."""
    if not f:
        return late
    angle = 2 * math.pi * f * DELAY / (SAMPLE_HZ * 10000)
    cos, sin = round(math.cos(angle) * _UNIT), round(math.sin(angle) * _UNIT)
    return (late * _UNIT - p * cos) // sin


def fill(out, window, end, u_scale, i_scale):
    """Write the values of a closed `window` into the list `out`, one int a row of POINTS. The
    scales are mV and mA per kernel code."""
    p_scale = u_scale * i_scale / 1000  # mV * mA = uW, to mW
    angle, hertz = _angle_and_hertz(window, end)
    p_total = q_total = s_total = 0.0
    for phase in range(3):
        u2, i2, p, late = window.means(phase, end)
        u = math.sqrt(max(0, u2)) * u_scale
        i = math.sqrt(max(0, i2)) * i_scale
        q = (late - p * math.cos(angle)) / math.sin(angle) * p_scale
        p *= p_scale
        s = u * i / 1000
        out[VOLTS + phase] = round(u)
        out[AMPS + phase] = round(i)
        _row(out, phase, p, q, s)
        p_total += p
        q_total += q
        s_total += s
    _row(out, 3, p_total, q_total, s_total)
    out[NEUTRAL] = round(math.sqrt(max(0, window.neutral_mean(end))) * i_scale)
    out[HERTZ] = round(hertz * 10000)


def _row(out, row, p, q, s):
    out[WATTS + row] = round(p)
    out[VARS + row] = round(q)
    out[APPARENT + row] = round(s)
    # no power, no factor: report 1 rather than noise divided by noise
    out[FACTORS + row] = round(p / s * 10000) if s >= 1 else 10000


def _angle_and_hertz(window, end):
    """Angle of the voltage delay in radians, and the frequency (0 when not synchronised)."""
    if window.start is None or end is None or not window.cycles:
        return math.pi / 2, 0.0
    hertz = window.cycles * SAMPLE_HZ / window.length(end)
    if not _LOWEST_HZ <= hertz <= _HIGHEST_HZ:
        return math.pi / 2, 0.0
    return 2 * math.pi * hertz * DELAY / SAMPLE_HZ, hertz
