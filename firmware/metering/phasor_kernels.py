"""Fixed-point arithmetic of phasors. Allocates nothing; no intermediate leaves 32 bits, so that
32-bit and 64-bit builds do the same."""

from array import array

import micropython
from micropython import const

TURN = const(9216000)  # angles are in 1/256 of 0.01 degree
ONE = const(1 << 28)

# arc tangents of 2**0, 2**-1 ..
_ARCS = (1152000, 680065, 359328, 182400, 91554, 45822, 22916, 11459, 5730, 2865, 1432)
ARCS = array("I", _ARCS + (716, 358, 179, 90, 45, 22, 11, 6, 3, 1, 1))


@micropython.viper
def multiply(a: int, b: int) -> int:
    """a * b / 2**28, both within +-2**29 or so, the result within +-2**30."""
    high = a >> 14
    low = a & 0x3FFF
    return (high * (b & 0x3FFF) + low * (b >> 14) >> 14) + high * (b >> 14)


@micropython.viper
def polar(x: int, y: int, out: ptr32, arcs: ptr32):
    """Magnitude and angle of x + jy, parts within +-2**29, to two words (CORDIC): the angle within
    half a turn to either side of zero."""
    angle = 0
    if x < 0:
        x = 0 - x
        y = 0 - y
        angle = 4608000
    n = 0
    while n < 22:
        t = x
        if y > 0:
            x = (y >> n) + x
            y = y - (t >> n)
            angle = arcs[0] + angle
        else:
            x = x - (y >> n)
            y = (t >> n) + y
            angle = angle - arcs[0]
        arcs = ptr32(int(arcs) + 4)
        n += 1
    if angle > 4608000:
        angle = angle - 9216000
    # the steps stretched it: times 0.607252935, in two parts
    out[0] = (x >> 14) * 9949 + ((x >> 14) * 3803 + (x & 0x3FFF) * 9949 >> 14)
    out[1] = angle


@micropython.viper
def share(part: int, whole: int, unit: int) -> int:
    """part * unit / whole, rounded; both below 2**29, `unit` below 2**17. 0 of nothing."""
    if whole < 1:
        return 0
    quotient = 0
    rest = 0
    n = 17
    while n:
        n -= 1
        rest = rest + rest
        quotient = quotient + quotient
        if unit >> n & 1:
            rest = rest + part
        while rest >= whole:
            rest = rest - whole
            quotient += 1
    if rest + rest >= whole:
        quotient += 1
    return quotient
