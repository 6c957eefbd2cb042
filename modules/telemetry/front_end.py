"""From codes of the converter to what is measured, and where a signal is no measurement any more.
The values of the parts stand in README.md; integers all the way, products below 2**30.
"""

from micropython import const

from firmware.chips import ads1115

# Conditions of an analog input, and their names
GOOD = const(0)
LOW = const(1)
HIGH = const(2)
UNDER = const(3)
OVER = const(4)
OPEN = const(5)
SHORT = const(6)
FAULT = const(7)
NAMES = ("good", "low", "high", "under range", "over range", "open", "short", "fault signal")

SPAN_MAX = const(30000)  # steps of a scale, so that products stay small

# type: (full scale, (code up to which it is a failure, which), (least code that is a measurement,
# greatest), (code from which on it is a failure, which), codes back before it is well again,
# codes of the scale's ends)
_MA = const(800)  # codes of 1 mA: 100 ohm, 125 uV a code
_V = const(2000)  # codes of 1 V: a quarter of it, 125 uV a code
TYPES = {
    # NAMUR NE 43: failures up to 3.6 mA and from 21 mA on, measurements from 3.8 to 20.5 mA
    "4-20mA": (
        ads1115.FS_4096,
        (3600 * _MA // 1000, OPEN),
        (3800 * _MA // 1000, 20500 * _MA // 1000),
        (21000 * _MA // 1000, FAULT),
        40,
        (4 * _MA, 20 * _MA),
    ),
    "0-10V": (
        ads1115.FS_4096,
        (-32768, UNDER),
        (-_V // 10, 10500 * _V // 1000),
        (32767, OVER),
        40,
        (0, 10 * _V),
    ),
    # 1 mA, 7.8125 uV a code; 60 ohm, -50 and 200 degC, 250 ohm
    "pt100": (
        ads1115.FS_256,
        (7680, SHORT),
        (10279, 22510),
        (32000, OPEN),
        26,
        None,
    ),
}

# Pt100 of IEC 60751: R = 100 (1 + A t + B t^2 + C (t - 100) t^3) ohm, C = 0 from 0 degC on, with
# A = 3.9083e-3, B = -5.775e-7, C = -4.183e-12. Milliohm at -60, -50 .. 220 degC; between them a
# straight line is off by 0.004 K at most.
_R_FIRST = const(-60)
_R_STEP = const(10)
_R_MILLIOHM = (
    76328,
    80306,
    84271,
    88222,
    92160,
    96086,
    100000,
    103903,
    107793,
    111673,
    115541,
    119397,
    123242,
    127075,
    130897,
    134707,
    138506,
    142293,
    146068,
    149832,
    153584,
    157325,
    161054,
    164772,
    168478,
    172173,
    175856,
    179528,
    183188,
)


def celsius(milliohm):
    """Temperature of a Pt100 in 0.01 degC, right to 0.01 K from -50 to 200 degC; the table's ends
    go on as straight lines."""
    i = 1
    while i < len(_R_MILLIOHM) - 1 and milliohm > _R_MILLIOHM[i]:
        i += 1
    low, high = _R_MILLIOHM[i - 1], _R_MILLIOHM[i]
    part = (100 * _R_STEP * (milliohm - low) + (high - low) // 2) // (high - low)
    return 100 * (_R_FIRST + _R_STEP * (i - 1)) + part


def milliohm(code, lead):
    """Of a Pt100 at 1 mA, without its leads."""
    return code * 125 // 16 - lead


def condition(kind, code, before):
    """GOOD, or in which way a code is no measurement; one that was none before is well again a
    little further inside."""
    _, (bottom, low_failure), (least, most), (top, high_failure), back, _ = TYPES[kind]
    # a wire on either side of a threshold is the same wire: each has its own way back
    if code <= bottom + (back if before == low_failure else 0):
        return low_failure
    if code >= top - (back if before == high_failure else 0):
        return high_failure
    if code < least + (back if before in (UNDER, low_failure) else 0):
        return UNDER
    if code > most - (back if before in (OVER, high_failure) else 0):
        return OVER
    return GOOD
