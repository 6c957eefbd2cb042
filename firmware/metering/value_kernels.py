"""From the totals of a window to numbers, without floats: the same on every board, no heap.

A number is a mantissa of 28 bits, 2**27 <= |mantissa| < 2**28 or 0, and an exponent, in two words:
value = mantissa * 2**exponent, good to 1e-8. As kernels.py: no operation leaves 31 bits.
"""

import micropython
from micropython import const

_LIMB = const(22)
_LOW = const(0x3FFFFF)
_ONE = const(1 << 27)
_TWO = const(1 << 28)


@micropython.viper
def numbers(m: ptr32, i: int, step: int, limbs: int, count: int, at: int):
    """`count` totals of 2 or 3 limbs from word `i`, `step` words apart, as numbers from word `at`.
    Carries are settled in place; the top limb keeps the sign."""
    t = ptr32(int(m) + 4 * i)
    out = ptr32(int(m) + 4 * at)
    while count:
        w = ptr16(t)
        v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        low = v & _LOW
        v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + (v >> _LIMB)
        t[0] = low
        exponent = 0
        if limbs == 3:
            mid = v & _LOW
            top = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) + (v >> _LIMB)
            t[2] = top
            t[1] = mid
        else:
            t[1] = v
            top = v
            mid = low
            low = 0
            exponent = 0 - _LIMB
        sign = 1
        if top < 0:
            sign = -1
            low = 0 - low
            mid = (low >> _LIMB) - mid
            low &= _LOW
            top = (mid >> _LIMB) - top
            mid &= _LOW
        # value = top * 2**44 + mid * 2**22 + low, times 2**exponent
        exponent += 44
        if top == 0:
            top = mid
            mid = low
            low = 0
            exponent -= _LIMB
            if top == 0:
                top = mid
                mid = 0
                exponent -= _LIMB
        k = 0
        while k < 27 and (top << k) < _ONE:
            k += 1
        v = top << k
        if k <= _LIMB:
            v |= mid >> (_LIMB - k)
        else:
            v |= mid << (k - _LIMB) | low >> (44 - k)
        exponent -= k
        while v >= _TWO:
            v >>= 1
            exponent += 1
        out[0] = v * sign
        out[1] = exponent
        t = ptr32(int(t) + 4 * step)
        out = ptr32(int(out) + 8)
        count -= 1


@micropython.viper
def scale(m: ptr32, at: int, by: int, count: int):
    """`count` numbers from word `at` times the one at word `by`, in place."""
    w = ptr16(int(m) + 4 * by)
    b = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    turn = 1
    if b < 0:
        turn = -1
        b = 0 - b
    e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    b1 = b >> 14
    b0 = b & 0x3FFF
    t = ptr32(int(m) + 4 * at)
    while count:
        w = ptr16(t)
        a = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        sign = turn
        if a < 0:
            sign = 0 - turn
            a = 0 - a
        a1 = a >> 14
        a0 = a & 0x3FFF
        a = (a1 * b1 << 1) + ((a1 * b0 + a0 * b1) >> 13)
        exponent = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + e + 27
        if a >= _TWO:
            a >>= 1
            exponent += 1
        t[0] = a * sign
        t[1] = exponent
        t = ptr32(int(t) + 8)
        count -= 1


@micropython.viper
def add(m: ptr32, a: int, b: int, at: int):
    """The sum of the numbers at words `a` and `b` to words `at`."""
    w = ptr16(int(m) + 4 * a)
    x = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    w = ptr16(int(m) + 4 * b)
    y = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    f = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    if x == 0:
        e = f
    elif y == 0:
        f = e
    if e < f:  # x keeps the larger exponent
        t = x
        x = y
        y = t
        t = e
        e = f
        f = t
    t = e - f
    if t > 30:
        t = 30
    x += y >> t
    sign = 1
    if x < 0:
        sign = -1
        x = 0 - x
    if x:
        while x >= _TWO:
            x >>= 1
            e += 1
        while x < _ONE:
            x <<= 1
            e -= 1
    out = ptr32(int(m) + 4 * at)
    out[0] = x * sign
    out[1] = e


@micropython.viper
def divide(m: ptr32, a: int, b: int, at: int):
    """The number at words `a` over the positive one at words `b`, to words `at`."""
    w = ptr16(int(m) + 4 * a)
    r = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    w = ptr16(int(m) + 4 * b)
    d = w[1] << 16 | w[0]
    e -= ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    sign = 1
    if r < 0:
        sign = -1
        r = 0 - r
    q = 0
    if r >= d:
        r -= d
        q = 1
    k = 28
    while k:
        r <<= 1
        q <<= 1
        if r >= d:
            r -= d
            q += 1
        k -= 1
    e -= 28
    if q >= _TWO:
        q >>= 1
        e += 1
    out = ptr32(int(m) + 4 * at)
    out[0] = q * sign
    out[1] = e


@micropython.viper
def integer(m: ptr32, value: int, exponent: int, at: int):
    """value * 2**exponent as a number to words `at`; |value| < 2**30."""
    sign = 1
    if value < 0:
        sign = -1
        value = 0 - value
    if value:
        while value >= _TWO:
            value >>= 1
            exponent += 1
        while value < _ONE:
            value <<= 1
            exponent -= 1
    out = ptr32(int(m) + 4 * at)
    out[0] = value * sign
    out[1] = exponent


@micropython.viper
def root(m: ptr32, at: int, count: int):
    """The square roots of `count` numbers from word `at`, in place; of a negative one, which is
    nothing but rounding, 0."""
    t = ptr32(int(m) + 4 * at)
    while count:
        w = ptr16(t)
        v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
        if v <= 0:
            t[0] = 0
            t[1] = 0
        else:
            if e & 1:
                v <<= 1
                e -= 1
            # two bits a step: 15 pairs of v, then 13 of zeros: the root of v * 2**26
            q = 0
            r = 0
            k = 28
            while k:
                r = r << 2 | (v >> 28 & 3)
                v = v << 2 & 0x3FFFFFFF
                x = q << 2 | 1
                q <<= 1
                if r >= x:
                    r -= x
                    q += 1
                k -= 1
            e = (e - 26) >> 1
            while q < _ONE:
                q <<= 1
                e -= 1
            t[0] = q
            t[1] = e
        t = ptr32(int(t) + 8)
        count -= 1


@micropython.viper
def limbs(m: ptr32, at: int, out: ptr32, i: int):
    """The number at words `at` as out[i] * 2**22 + out[i + 1]; below 2**52."""
    w = ptr16(int(m) + 4 * at)
    v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
    out = ptr32(int(out) + 4 * i)
    if e < 0:
        e = 0 - e
        if e > 30:
            e = 30
        v >>= e
        e = 0
    if e < _LIMB:
        out[0] = v >> (_LIMB - e)
        out[1] = v << e & _LOW
    else:
        out[0] = v << (e - _LIMB)
        out[1] = 0


@micropython.viper
def wholes(m: ptr32, at: int, count: int, out: ptr32, i: int):
    """`count` numbers from word `at`, rounded and held within 31 bits, to out[i] and on."""
    t = ptr32(int(m) + 4 * at)
    out = ptr32(int(out) + 4 * i)
    while count:
        w = ptr16(t)
        v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
        e = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
        sign = 1
        if v < 0:
            sign = -1
            v = 0 - v
        if e > 2:
            v = 0x3FFFFFFF if v else 0
        elif e >= 0:
            v <<= e
        elif e < -29:
            v = 0
        else:
            e = 0 - e
            v = (v + (1 << (e - 1))) >> e
        out[0] = v * sign
        t = ptr32(int(t) + 8)
        out = ptr32(int(out) + 4)
        count -= 1
