"""Tables of the spectrum, worked out once in integers, so that every build has the same ones.

What is never negative is kept as it is; what has a sign is raised by half its range, because
viper loads are zero-extended on 64-bit builds.
"""

from array import array

from micropython import const

POINTS = const(2048)  # resampled values a window: bins to the 102nd harmonic of 50 Hz
COS_ONE = const(8192)  # Q13, and the offset of the cosine table
PHASES = const(512)  # places between two samples the interpolation knows
TAPS = const(5)
TAP_ONE = const(16384)  # Q14: the taps of a phase add up to just this
KNOTS = const(130)  # of the droop: frequencies of 0, 1/256 .. 129/256 of the sample rate

_BITS = const(60)
# cos and sin of 2 pi / 2048, and pi, times 2**60
_COS_STEP = 0xFFFFB10B10E80E9
_SIN_STEP = 0xC90FC5F66525D
_PI = 0x3243F6A8885A308D


def cosine():
    """cos(2 pi n / 2048) in Q13 plus COS_ONE, n = 0 .. 2047 (4 KB). The sine is a quarter away:
    -sin at n + 512."""
    table = array("H", bytes(2 * POINTS))
    c, s = 1 << _BITS, 0
    half = 1 << (_BITS - 14)
    for n in range(513):  # a quarter, mirrored into the other three
        value = (c + half) >> (_BITS - 13)
        table[n] = table[-n] = COS_ONE + value
        table[1024 - n] = table[(1024 + n) % POINTS] = COS_ONE - value
        c, s = (c * _COS_STEP - s * _SIN_STEP) >> _BITS, (s * _COS_STEP + c * _SIN_STEP) >> _BITS
    return table


def taps():
    """Weights of the quartic B-spline, five a phase, for a place (phase + 1/2) / 512 - 1/2 of a
    sample behind the middle tap (5 KB). It falls off as sinc**5, so images of a component
    are 60 dB down and more, and what it takes from high orders `droop` gives back."""
    table = array("H", bytes(2 * TAPS * PHASES))
    q = 1024
    for phase in range(PHASES):
        v = 2 * phase + 1 - PHASES  # the place times 1024
        row = TAPS * phase
        table[row] = _near(TAP_ONE * (q - 2 * v) ** 4, 384 * q**4)
        table[row + 1] = _near(TAP_ONE * _flank(q + v, q), 96 * q**4)
        table[row + 3] = _near(TAP_ONE * _flank(q - v, q), 96 * q**4)
        table[row + 4] = _near(TAP_ONE * (q + 2 * v) ** 4, 384 * q**4)
        table[row + 2] = TAP_ONE - sum([table[row + k] for k in (0, 1, 3, 4)])
    return table


def _flank(x, q):
    """96 q**4 times the spline at x / q, one half to one and a half away from its middle."""
    return 55 * q**4 + 20 * x * q**3 - 120 * x**2 * q**2 + 80 * x**3 * q - 16 * x**4


def _near(num, den):
    return (2 * num + den) // (2 * den)


def droop(response=None):
    """What to multiply a component with, Q16, at multiples of 1/256 of the sample rate: the
    interpolation's (pi f / sin pi f)**5, over the front end's `response(knot)` in Q16."""
    table = array("I", bytes(4 * KNOTS))
    c, s = 1 << _BITS, 0
    for n in range(KNOTS):
        ratio = ((_PI * n // 256) << _BITS) // s if n else 1 << _BITS
        gain = ratio
        for _ in range(TAPS - 1):
            gain = gain * ratio >> _BITS
        if response:
            gain = (gain << 16) // response(n)
        table[n] = (gain + (1 << (_BITS - 17))) >> (_BITS - 16)
        for _ in range(4):  # pi / 256 is four steps
            c, s = (
                (c * _COS_STEP - s * _SIN_STEP) >> _BITS,
                (s * _COS_STEP + c * _SIN_STEP) >> _BITS,
            )
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
