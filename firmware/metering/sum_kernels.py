"""Sums of a block to totals of a window, and the slivers at its edges.

As kernels.py: arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython
from micropython import const

_SET = const(28)  # bytes
_BIAS = const(131072)
_LIMB = const(22)
_LOW = const(0x3FFFFF)


@micropython.viper
def fold(m: ptr32, v: int, sums: int, sign: int):
    """Add the sums at word `sums` to the totals of the window (sign 1), or take them off (-1)."""
    out = ptr32(int(m) + 4 * sums)
    t = ptr32(int(m) + 160)
    st = ptr32(int(m) + 28)
    # voltages: a low limb is not signed, a high one is taken from the high half
    w = ptr16(out)
    t[0] = t[0] + out[0] * sign
    t[1] = t[1] + out[1] * sign
    t[2] = t[2] + out[2] * sign
    t[3] = t[3] + (out[3] & _LOW) * sign
    t[4] = t[4] + (((w[7] ^ 0x8000) - 0x8000) >> 6) * sign
    t[5] = t[5] + (out[4] & _LOW) * sign
    t[6] = t[6] + (((w[9] ^ 0x8000) - 0x8000) >> 6) * sign
    t[7] = t[7] + (out[5] & _LOW) * sign
    t[8] = t[8] + (((w[11] ^ 0x8000) - 0x8000) >> 6) * sign
    t = ptr32(int(t) + 36)
    out = ptr32(int(out) + 24)
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
    quantised, is the first after it, by `part` (0..1024 for a sample). The products are taken
    for straight between two samples, and half of the set at `at` belongs to the other side."""
    p = ptr8(int(p) + at - _SET)
    st = ptr32(int(m) + 28)
    volt = ptr32(int(m) + 328)
    amp = ptr32(int(m) + 352)
    before = part * part >> 11  # weights of the two sets, 1/1024
    after = part - before - 512
    n = 4
    while n:
        shift = st[0]
        y = (((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]) >> shift
        x = (((((p[28] ^ 0x80) - 0x80) << 8 | p[29]) << 8 | p[30]) << 8 | p[31]) >> shift
        amp[0] = (y * before + x * after) >> 10
        amp[1] = ((y * y >> 5) * before >> 5) + ((x * x >> 5) * after >> 5)
        n -= 1
        if n:
            u = ptr32(p)[1] - _BIAS
            v = ((((p[32] ^ 0x80) - 0x80) << 8 | p[33]) << 8 | p[34]) >> 6
            volt[0] = (u * before + v * after) >> 10
            volt[3] = ((u * u >> 5) * before >> 5) + ((v * v >> 5) * after >> 5)
            amp[2] = ((u * y >> 5) * before >> 5) + ((v * x >> 5) * after >> 5)
            late = ptr32(int(p) - m[17])
            u = late[1] - _BIAS
            v = late[8] - _BIAS
            amp[3] = ((u * y >> 5) * before >> 5) + ((v * x >> 5) * after >> 5)
            p = ptr8(int(p) + 8)
            st = ptr32(int(st) + 4)
            volt = ptr32(int(volt) + 4)
            amp = ptr32(int(amp) + 16)


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


@micropython.viper
def has_dc(m: ptr32, length: int) -> int:
    """Does a mean over `length` samples matter: of y a fifth of a unit, of x one? Less than that
    is below a millionth of any product whose shift fits."""
    w = ptr16(int(m) + 160)
    n = 3
    while n:
        v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        if v < 0:
            v = 0 - v
        if v * 5 > length:
            return 1
        w = ptr16(int(w) + 4)
        n -= 1
    w = ptr16(int(m) + 196)
    st = ptr32(int(m) + 28)
    n = 4
    while n:
        low = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + (low >> _LIMB)
        if v + 256 & -512:  # 2**30 or more, and 16 is the largest shift
            return 1
        v = (v << _LIMB | low & _LOW) >> st[0]
        if v < 0:
            v = 0 - v
        if v > length:
            return 1
        w = ptr16(int(w) + 36)
        st = ptr32(int(st) + 4)
        n -= 1
    return 0
