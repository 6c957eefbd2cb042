"""Tables of the spectrum, worked out once in integers, so that every build has the same ones.

What is never negative is kept as it is; what has a sign is raised by half its range, because
viper loads are zero-extended on 64-bit builds.
"""

from array import array

from micropython import const

POINTS = const(1536)  # interpolated values a window
COS_ONE = const(8192)  # Q13, and the offset of the cosine table
PHASES = const(512)  # places between two samples that the interpolation knows
TAPS = const(5)
TAP_ONE = const(16384)  # Q14: the taps of a phase add up to just this
KNOTS = const(118)  # of the droop: frequencies of 0, 1/256 .. 117/256 of the sample rate

# the interpolating function is a sum of cosines over five samples, 200 + 254 cos(2 pi t / 5) +
# 55 cos(4 pi t / 5) + cos(6 pi t / 5): its ends are zero, images of harmonics are 47 dB (the 50th
# of 60 Hz) to 90 dB (the fundamental) down, whatever rate comes out
_TERMS = (200, 254, 55, 1)

_BITS = const(60)
_ONE = 1 << _BITS
# cos and sin of the steps below, and pi, times 2**60
_STEP_1536 = (0xFFFF73A1EAC7735, 0x10C14F28378F40)
_STEP_2560 = (0xFFFFCD77B7F70B4, 0xA0D9711F89116)
_STEP_5120 = (0xFFFFF35DEDADF6A, 0x506CBC87C7EFD)
_STEP_512 = (0xFFFB10B4DC96DAC, 0x3243A3F9BD8F09)
_PI = 0x3243F6A8885A308D


def _turn(c, s, step):
    """cos and sin one step further."""
    return (c * step[0] - s * step[1]) >> _BITS, (s * step[0] + c * step[1]) >> _BITS


def cosine():
    """cos(2 pi n / 1536) in Q13 plus COS_ONE, n = 0 .. 1535 (3 KB). The sine is a quarter away:
    -sin at n + 384."""
    table = array("H", bytes(2 * POINTS))
    c, s = _ONE, 0
    for n in range(385):  # a quarter, mirrored into the other three
        value = _near(c * COS_ONE, _ONE)
        table[n] = table[-n] = COS_ONE + value
        table[768 - n] = table[768 + n] = COS_ONE - value
        c, s = _turn(c, s, _STEP_1536)
    return table


def taps():
    """Weights of five samples, for a place (phase + 1/2) / 512 - 1/2 of a sample behind the middle
    one (5 KB)."""
    table = array("H", bytes(2 * TAPS * PHASES))
    # the function at (2 n + 1) / 1024
    curve = array("I", bytes(4 * TAPS * PHASES // 2))
    c, s = _STEP_5120
    for n in range(len(curve)):
        twice = (c * c >> (_BITS - 1)) - _ONE
        thrice = 2 * (c * twice >> _BITS) - c
        value = _TERMS[0] * _ONE + _TERMS[1] * c + _TERMS[2] * twice + _TERMS[3] * thrice
        curve[n] = max(0, value) >> (_BITS - 20)
        c, s = _turn(c, s, _STEP_2560)
    for phase in range(PHASES):
        row, place = TAPS * phase, 2 * phase + 1 - PHASES
        values = [curve[abs(place + 2 * PHASES * k) >> 1] for k in (2, 1, 0, -1, -2)]
        total = sum(values)
        for k in range(TAPS):
            table[row + k] = _near(TAP_ONE * values[k], total)
        table[row + 2] += TAP_ONE - sum([table[row + k] for k in range(TAPS)])
    return table


def _near(num, den):
    return (2 * num + den) // (2 * den)


def droop(response=None):
    """What to multiply bins with, Q16, at multiples of 1/256 of the sample rate: two thirds (see
    fft_kernels.bins) over what the interpolation leaves of a component and over the front end's
    `response(knot)` in Q16."""
    table = array("I", bytes(4 * KNOTS))
    c, s = _ONE, 0
    for n in range(KNOTS):
        left = _ONE
        if n:
            # sin(5 pi f) / pi * sum of +-a 5 f / (25 f**2 - k**2), f = n / 256, over the first a
            total = 0
            for k in range(4):
                part = _TERMS[k] * 1280 * n * _ONE // ((5 * n) ** 2 - (256 * k) ** 2)
                total += -part if k & 1 else part
            left = 256 * s * total // (256 * _TERMS[0] * _PI)
        if response:
            left = left * response(n) >> 16
        table[n] = _near(2 << (_BITS + 16), 3 * left)
        for _ in range(5):  # 5 pi / 256
            c, s = _turn(c, s, _STEP_512)
    return table


def roots():
    """2 * sqrt(n * 2**22), n = 0 .. 256, but at most 65535: see group_kernels."""
    table = array("H", bytes(2 * 257))
    for n in range(257):
        table[n] = min(65535, _isqrt(n << 24))
    return table


def _isqrt(n):
    """The square root, rounded down."""
    r = n
    x = (n + 1) // 2
    while x < r:
        r = x
        x = (x + n // x) // 2
    return r
