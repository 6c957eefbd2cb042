"""Sums of a block to totals of a window: fold, slivers at the edges, totals as numbers.

As kernels.py: arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython
from micropython import const

_SET = const(28)  # bytes
_LATE = const(1120)  # DELAY * SET_BYTES
_BIAS = const(131072)
_LIMB = const(22)
_LOW = const(0x3FFFFF)


@micropython.viper
def fold(m: ptr32, v: int, sums: int, sign: int):
    """Add the sums at word `sums` to the totals of the window (sign 1), or take them off (-1)."""
    out = ptr32(int(m) + 4 * sums)
    t = ptr32(int(m) + 160)
    st = ptr32(int(m) + 28)
    n = 3
    while n:  # voltages
        w = ptr16(out)
        t[0] = t[0] + (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t = ptr32(int(t) + 4)
        out = ptr32(int(out) + 4)
        n -= 1
    n = 3
    while n:
        w = ptr16(out)
        v = (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t[0] = t[0] + (v & _LOW)
        t[1] = t[1] + (v >> _LIMB)
        t = ptr32(int(t) + 8)
        out = ptr32(int(out) + 4)
        n -= 1
    n = 4
    while n:  # currents, the neutral last
        shift = st[0]
        left = _LIMB - shift
        mask = (1 << left) - 1
        w = ptr16(out)
        v = (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t[0] = t[0] + ((v & mask) << shift)
        t[1] = t[1] + (v >> left)
        v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) * sign
        if shift < 11:
            k = shift + shift
            t[2] = t[2] + ((v & ((1 << (_LIMB - k)) - 1)) << k)
            v >>= _LIMB - k
            t[3] = t[3] + (v & _LOW)
            t[4] = t[4] + (v >> _LIMB)
        else:
            k = shift + shift - _LIMB
            t[3] = t[3] + ((v & ((1 << (_LIMB - k)) - 1)) << k)
            t[4] = t[4] + (v >> (_LIMB - k))
        n -= 1
        if n:
            v = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) * sign
            t[5] = t[5] + ((v & mask) << shift)
            t[6] = t[6] + (v >> left)
            v = (((w[7] ^ 0x8000) - 0x8000) << 16 | w[6]) * sign
            t[7] = t[7] + ((v & mask) << shift)
            t[8] = t[8] + (v >> left)
            out = ptr32(int(out) + 16)
            t = ptr32(int(t) + 36)
            st = ptr32(int(st) + 4)


@micropython.viper
def edge(p: ptr8, y: int, at: int, part: int, m: ptr32):
    """What whole samples miss at a crossing, as sums at SLIVER. The set at byte `at`, not yet
    quantised, is the first after it, by `part` (1..1024 for a sample): the sliver from the
    crossing to half a sample before that set, negative when the crossing is nearer."""
    p = ptr8(int(p) + at - _SET)
    st = ptr32(int(m) + 28)
    volt = ptr32(int(m) + 328)
    amp = ptr32(int(m) + 352)
    middle = 768 - (part >> 1)  # of the sliver, counted from the set before
    width = part - 512
    n = 4
    while n:
        shift = st[0]
        y = (((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]) >> shift
        x = (((((p[28] ^ 0x80) - 0x80) << 8 | p[29]) << 8 | p[30]) << 8 | p[31]) >> shift
        x = y + ((x - y) * middle >> 10)
        amp[0] = x * width >> 10
        amp[1] = (x * x >> 5) * width >> 5
        n -= 1
        if n:
            y = ptr32(p)[1] - _BIAS
            v = ((((p[32] ^ 0x80) - 0x80) << 8 | p[33]) << 8 | p[34]) >> 6
            v = y + ((v - y) * middle >> 10)
            volt[0] = v * width >> 10
            volt[3] = (v * v >> 5) * width >> 5
            amp[2] = (v * x >> 5) * width >> 5
            p = ptr8(int(p) - _LATE)
            y = ptr32(p)[1] - _BIAS
            v = ptr32(p)[8] - _BIAS
            v = y + ((v - y) * middle >> 10)
            amp[3] = (v * x >> 5) * width >> 5
            p = ptr8(int(p) + _LATE + 8)
            st = ptr32(int(st) + 4)
            volt = ptr32(int(volt) + 4)
            amp = ptr32(int(amp) + 16)


@micropython.viper
def normal(m: ptr32, i: int, limbs: int) -> int:
    """The total of 2 or 3 limbs at word `i` as mantissa and exponent: returns k, |k| < 2**30, with
    value = k * 2**m[EXPONENT] to 22 bits or better. Carries are settled in place; the top limb
    keeps the sign."""
    t = ptr32(int(m) + 4 * i)
    w = ptr16(t)
    v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    low = v & _LOW
    v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + (v >> _LIMB)
    t[0] = low
    top = 0
    if limbs == 3:
        mid = v & _LOW
        top = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) + (v >> _LIMB)
        t[2] = top
    else:
        mid = v
    t[1] = mid
    sign = 1
    if top < 0 or mid < 0:
        sign = -1
        low = 0 - low
        mid = (low >> _LIMB) - mid
        low &= _LOW
        if limbs == 3:
            top = (mid >> _LIMB) - top
            mid &= _LOW
    if limbs != 3:
        top = mid >> _LIMB
        mid &= _LOW
    exponent = _LIMB
    if top == 0:
        top = mid
        mid = low
        exponent = 0
    k = 0
    while k < _LIMB and (top << k) < 0x8000000:
        k += 1
    m[81] = exponent + _LIMB - k
    return (top << k | mid >> (_LIMB - k)) * sign


@micropython.viper
def clear(m: ptr32, first: int, words: int):
    """Zeros from word `first` on."""
    m = ptr32(int(m) + 4 * first)
    while words:
        m[0] = 0
        m = ptr32(int(m) + 4)
        words -= 1


@micropython.viper
def peak(p: ptr8, h: int, at: int, sets: int) -> int:
    """Greatest magnitude of the words at byte `at` over `sets` sets; -n counts as n - 1."""
    p = ptr8(int(p) + at)
    most = 0
    n = sets
    while n:
        h = ((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]
        if h < 0:
            h = -1 - h
        if h > most:
            most = h
        p = ptr8(int(p) + _SET)
        n -= 1
    return most
