"""From the totals of a window to numbers, without floats: the same on every board, no heap.

A number is a mantissa of 28 bits, 2**27 <= |mantissa| < 2**28 or 0, and an exponent, in two words:
value = mantissa * 2**exponent, good to 1e-8. As kernels.py: no operation leaves 31 bits.

Calls cost more than the arithmetic, so there is one: `run` works off a `program`, a table of
operations on words of the memory.
"""

from array import array

import micropython
from micropython import const

_LIMB = const(22)
_LOW = const(0x3FFFFF)
_ONE = const(1 << 27)
_TWO = const(1 << 28)
_STEP = const(6)  # places of an operation

# operations, with their operands
NUMBERS = const(1)  # at, count, i, step, limbs: totals of 2 or 3 limbs from word i, `step` apart
NORMAL = const(2)  # at, count: any mantissa below 2**30 to one of 28 bits
COPY = const(3)  # at, count, a: numbers from word a
SCALE = const(4)  # at, count, b, step: times the number at word b, or with a step the next ones
ADD = const(5)  # at, count, a: plus the numbers from word a
DIVIDE = const(6)  # at, count, b, step: by the positive number at word b, as SCALE; 1 if it is 0
ROOT = const(7)  # at, count: the root of a negative number, nothing but rounding, is 0
WHOLES = const(8)  # at, count, i: rounded and held within 31 bits, to memory[i] and on
VALUES = const(9)  # at, count, i: the same to values[i] and on
LIMBS = const(10)  # at, count, i: to sums[i] * 2**22 + sums[i + 1], below 2**52; every 4 words
TOTALS = const(11)  # at, count, i, step: totals of 2 limbs themselves to sums, as LIMBS
INTEGERS = const(12)  # at, count, i: memory[i] and on, as NORMAL takes them
GIVEN = const(13)  # at, count, i: the same of values[i] and on
LESS = const(14)  # at, count, i, step, limbs: whole parts off the totals of NUMBERS
THREE = const(15)  # -, -, i: values[i .. i + 2] together, held within 31 bits, to values[i + 3]


def program(*operations):
    """(operation, operands ...) each, to what `run` takes."""
    code = array("H", bytes(2 * _STEP * len(operations) + 2))
    for k in range(len(operations)):
        for i in range(len(operations[k])):
            code[_STEP * k + i] = operations[k][i]
    return code


@micropython.viper
def run(m: ptr32, v: int, code: ptr16, values: ptr32, sums: ptr32):
    """Work off a program on the memory; `values` and `sums` are what some operations write to.
    The second argument is scratch."""
    while 1:
        op = code[0]
        count = code[2]
        t = ptr32(int(m) + 4 * code[1])
        s = ptr32(int(m) + 4 * code[3])
        if op == 0:
            return
        if op == 1:  # NUMBERS
            while count:
                w = ptr16(s)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                low = v & _LOW
                v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + (v >> _LIMB)
                s[0] = low  # carries are settled in place; the top limb keeps the sign
                exponent = 44
                if code[5] == 3:
                    mid = v & _LOW
                    top = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) + (v >> _LIMB)
                    s[2] = top
                    s[1] = mid
                else:
                    s[1] = v
                    top = v
                    mid = low
                    low = 0
                    exponent = _LIMB
                sign = 1
                if top < 0:
                    sign = -1
                    low = 0 - low
                    mid = (low >> _LIMB) - mid
                    low &= _LOW
                    top = (mid >> _LIMB) - top
                    mid &= _LOW
                # the amount is (top * 2**44 + mid * 2**22 + low) * 2**(exponent - 44)
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
                v = top
                while k < 24 and v < 0x80000:
                    v <<= 8
                    k += 8
                while k < 27 and v < _ONE:
                    v <<= 1
                    k += 1
                if k <= _LIMB:
                    v |= mid >> (_LIMB - k)
                else:
                    v |= mid << (k - _LIMB) | low >> (44 - k)
                exponent -= k
                while v >= _TWO:
                    v >>= 1
                    exponent += 1
                t[0] = v * sign
                t[1] = exponent
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4 * code[4])
                count -= 1
        elif op == 2:  # NORMAL
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                exponent = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                sign = 1
                if v < 0:
                    sign = -1
                    v = 0 - v
                if v:
                    while v >= _TWO:
                        v >>= 1
                        exponent += 1
                    while v < 0x80000:
                        v <<= 8
                        exponent -= 8
                    while v < _ONE:
                        v <<= 1
                        exponent -= 1
                t[0] = v * sign
                t[1] = exponent
                t = ptr32(int(t) + 8)
                count -= 1
        elif op == 3:  # COPY
            while count:
                t[0] = s[0]
                t[1] = s[1]
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 8)
                count -= 1
        elif op == 4:  # SCALE
            while count:
                w = ptr16(s)
                sign = 1
                low = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                if low < 0:
                    sign = -1
                    low = 0 - low
                exponent = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + 27
                top = low >> 14
                low &= 0x3FFF
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                if v < 0:
                    sign = 0 - sign
                    v = 0 - v
                k = v >> 14
                mid = v & 0x3FFF
                v = (k * top << 1) + ((k * low + mid * top) >> 13)
                exponent += ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                if v >= _TWO:
                    v >>= 1
                    exponent += 1
                t[0] = v * sign
                t[1] = exponent
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4 * code[4])
                count -= 1
        elif op == 5:  # ADD
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                exponent = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                w = ptr16(s)
                top = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                k = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                if v == 0:
                    exponent = k
                elif top == 0:
                    k = exponent
                if exponent < k:  # v keeps the larger exponent
                    low = v
                    v = top
                    top = low
                    low = exponent
                    exponent = k
                    k = low
                k = exponent - k
                if k > 30:
                    k = 30
                v += top >> k
                sign = 1
                if v < 0:
                    sign = -1
                    v = 0 - v
                if v:
                    while v >= _TWO:
                        v >>= 1
                        exponent += 1
                    while v < _ONE:
                        v <<= 1
                        exponent -= 1
                t[0] = v * sign
                t[1] = exponent
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 8)
                count -= 1
        elif op == 6:  # DIVIDE
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                exponent = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                w = ptr16(s)
                low = w[1] << 16 | w[0]
                exponent -= ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                sign = 1
                if v < 0:
                    sign = -1
                    v = 0 - v
                if low == 0:
                    v = _ONE
                    low = _ONE
                    exponent = 0
                    sign = 1
                # 14 bits a step, by no more than the divisor; what is left is below 2**31
                mid = (low >> 14) + 1
                k = v // mid
                v = (v << 14) - k * low
                top = k << 14
                k = v // mid
                v = (v << 14) - k * low
                top = top + k + v // low
                exponent -= 28
                if top >= _TWO:
                    top >>= 1
                    exponent += 1
                t[0] = top * sign
                t[1] = exponent
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4 * code[4])
                count -= 1
        elif op == 7:  # ROOT
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                exponent = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                if v <= 0:
                    t[0] = 0
                    t[1] = 0
                else:
                    v <<= 1
                    exponent -= 1
                    if exponent & 1:
                        v <<= 1
                        exponent -= 1
                    # from 3 % to 14 bits by two Newton steps, the rest from what is left
                    top = ((v >> 14) * 171 >> 9) + 11605
                    top = top + v // top >> 1
                    top = top + v // top + 1 >> 1
                    top = (top << 13) + ((v - top * top << 12) // top)
                    exponent = (exponent >> 1) - 13
                    if top < _ONE:
                        top = _ONE
                    if top >= _TWO:
                        top = _TWO - 1
                    t[0] = top
                    t[1] = exponent
                t = ptr32(int(t) + 8)
                count -= 1
        elif op < 10:  # WHOLES, VALUES
            if op == 9:
                s = ptr32(int(values) + 4 * code[3])
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                k = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                sign = 1
                if v < 0:
                    sign = -1
                    v = 0 - v
                if k > 2:
                    v = 0x3FFFFFFF if v else 0
                elif k >= 0:
                    v <<= k
                elif k < -29:
                    v = 0
                else:
                    k = 0 - k
                    v = (v + (1 << (k - 1))) >> k
                s[0] = v * sign
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4)
                count -= 1
        elif op == 10:  # LIMBS
            s = ptr32(int(sums) + 4 * code[3])
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                k = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                if k < 0:
                    k = 0 - k
                    if k > 30:
                        k = 30
                    v >>= k
                    k = 0
                if k < _LIMB:
                    s[0] = v >> (_LIMB - k)
                    s[1] = v << k & _LOW
                else:
                    s[0] = v << (k - _LIMB)
                    s[1] = 0
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 16)
                count -= 1
        elif op == 11:  # TOTALS
            s = ptr32(int(sums) + 4 * code[3])
            while count:
                s[0] = t[1]
                s[1] = t[0]
                t = ptr32(int(t) + 4 * code[4])
                s = ptr32(int(s) + 16)
                count -= 1
        elif op < 14:  # INTEGERS, GIVEN
            if op == 13:
                s = ptr32(int(values) + 4 * code[3])
            while count:
                t[0] = s[0]
                t[1] = 0
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4)
                count -= 1
        elif op == 14:  # LESS
            while count:
                w = ptr16(t)
                v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
                k = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
                w = ptr16(s)
                if k < 0:
                    k = 0 - k
                    if k > 30:
                        k = 30
                    v >>= k
                    k = 0
                top = code[5] - 1  # limbs above
                while k >= _LIMB and top:
                    k -= _LIMB
                    w = ptr16(int(w) + 4)
                    top -= 1
                if top:
                    ptr32(w)[0] = ptr32(w)[0] - ((v & ((1 << (_LIMB - k)) - 1)) << k)
                    ptr32(w)[1] = ptr32(w)[1] - (v >> (_LIMB - k))
                else:
                    ptr32(w)[0] = ptr32(w)[0] - (v << k)
                t = ptr32(int(t) + 8)
                s = ptr32(int(s) + 4 * code[4])
                count -= 1
        else:  # THREE
            w = ptr16(int(values) + 4 * code[3])
            v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
            top = ((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]
            low = ((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]
            k = (v >> 2) + (top >> 2) + (low >> 2)
            v = v + top + low
            if k >= 0xFFFFFFD:
                v = 0x3FFFFFFF
            elif k < 0 - 0x10000000:
                v = 0 - 0x3FFFFFFF
            ptr32(w)[3] = v
        code = ptr16(int(code) + 12)
