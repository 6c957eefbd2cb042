"""The arithmetic of the energy registers on limbs of 22 bits. Allocates nothing.

A *value* of `sums` is two words (high, low), high * 2**22 + low, low any signed word, and is
below 2**52. Every intermediate fits 32 bits; ptr32 loads are zero-extended on a 64-bit port, so
signed words are taken as halves and kept words are never negative: identical on both.

A *rest* is what a register holds below one mWh (and, until `settle`, above): six limbs, the two
lowest a fraction of a product unit, which only the division leaves there. A *ring* is a signed
sum modulo 2**74: three limbs, the highest of 30 bits.
"""

import micropython
from micropython import const

LIMB = 22  # bits
FRACTION = 2  # limbs of a rest below one product unit
REST_WORDS = 6
MULTIPLES = (0, 5, 13, 21, 29)  # powers of two of one mWh that `wholes` looks at

_M = const(0x3FFFFF)
_TOP = const(0x3FFFFFFF)


@micropython.viper
def split(sums: ptr16, rows: ptr32, rings: ptr32):
    """The six values of `sums` to eight of three limbs in `rows` (P and Q of a phase, then of the
    total; the highest limb modulo 2**30, its bit 29 is the sign), and added to their `rings`."""
    p_0 = 0
    p_1 = 0
    p_2 = 0
    q_0 = 0
    q_1 = 0
    q_2 = 0
    k = 0
    while k < 6:
        low = sums[2] | ((sums[3] ^ 0x8000) - 0x8000) << 16
        mid = (sums[0] | ((sums[1] ^ 0x8000) - 0x8000) << 16) + (low >> 22)
        low = low & _M
        high = mid >> 22
        mid = mid & _M
        rows[0] = low
        rows[1] = mid
        rows[2] = high & _TOP
        if k & 1:
            q_0 += low
            q_1 += mid
            q_2 += high
        else:
            p_0 += low
            p_1 += mid
            p_2 += high
        low = rings[0] + low
        rings[0] = low & _M
        mid = rings[1] + mid + (low >> 22)
        rings[1] = mid & _M
        rings[2] = rings[2] + high + (mid >> 22) & _TOP
        sums = ptr16(int(sums) + 8)
        rows = ptr32(int(rows) + 12)
        rings = ptr32(int(rings) + 12)
        k += 1
    p_1 += p_0 >> 22
    q_1 += q_0 >> 22
    rows[0] = p_0 & _M
    rows[1] = p_1 & _M
    rows[2] = p_2 + (p_1 >> 22) & _TOP
    rows[3] = q_0 & _M
    rows[4] = q_1 & _M
    rows[5] = q_2 + (q_1 >> 22) & _TOP


@micropython.viper
def credit(rows: ptr32, rests: ptr32):
    """Add the amount of each of the eight values of `rows` to the rest it belongs to: P to forward
    or reverse, Q to the quadrant that both signs name (register 2..5 are quadrants I..IV)."""
    k = 0
    reverse = 0
    while k < 8:
        low = rows[0]
        mid = rows[1]
        high = rows[2]
        negative = high >> 29 & 1
        if k & 1:
            register = 2 + reverse
            if negative:
                register = 5 - reverse
        else:
            reverse = negative
            register = negative
        if negative:
            low = 0 - low
            mid = (low >> 22) - mid
            high = (mid >> 22) - high & _TOP
            low = low & _M
            mid = mid & _M
        rest = ptr32(int(rests) + ((k >> 1) * 6 + register) * 24)
        low = rest[2] + low
        rest[2] = low & _M
        mid = rest[3] + mid + (low >> 22)
        rest[3] = mid & _M
        rest[4] = rest[4] + high + (mid >> 22)
        rows = ptr32(int(rows) + 12)
        k += 1


@micropython.viper
def quanta(rows: ptr32, rings: ptr32, out: ptr32):
    """(ring + value of `rows`) / 2**28, rounded down, modulo 2**30: what the six rings would be
    with the open window added."""
    k = 0
    while k < 6:
        mid = rings[1] + rows[1] + (rings[0] + rows[0] >> 22)
        out[0] = (rings[2] + rows[2] + (mid >> 22) << 16 | (mid & _M) >> 6) & _TOP
        rows = ptr32(int(rows) + 12)
        rings = ptr32(int(rings) + 12)
        out = ptr32(int(out) + 4)
        k += 1


@micropython.viper
def wholes(rests: ptr32, work: ptr32, units: ptr32, steps: ptr32, cells: int):
    """Of each rest the mWh, rounded down (at most 2**30 - 1), to `steps`; what is left stays.
    `units` is one mWh in six limbs, then that times 2**5, 2**13, 2**21 and 2**29 in six each;
    `work` has room for twelve."""
    less = ptr32(int(work) + 24)
    while cells:
        t = rests[4]
        rests[4] = t & _M
        rests[5] = rests[5] + (t >> 22)
        # the least of the multiples above the rest, and the bits of the quotient that begin there
        unit = units
        k = -2
        n = 5
        while n:
            t = rests[0] - unit[0]
            t = rests[1] - unit[1] + (t >> 22)
            t = rests[2] - unit[2] + (t >> 22)
            t = rests[3] - unit[3] + (t >> 22)
            t = rests[4] - unit[4] + (t >> 22)
            t = rests[5] - unit[5] + (t >> 22)
            if t < 0:
                break
            k += 8
            n -= 1
            if n:
                unit = ptr32(int(unit) + 24)
        if k > 30:
            k = 30
        result = 0
        if k > 0:  # a register that moves
            work[0] = unit[0]
            work[1] = unit[1]
            work[2] = unit[2]
            work[3] = unit[3]
            work[4] = unit[4]
            work[5] = unit[5]
        while k > 0:
            t = rests[0] - work[0]
            less[0] = t & _M
            t = rests[1] - work[1] + (t >> 22)
            less[1] = t & _M
            t = rests[2] - work[2] + (t >> 22)
            less[2] = t & _M
            t = rests[3] - work[3] + (t >> 22)
            less[3] = t & _M
            t = rests[4] - work[4] + (t >> 22)
            less[4] = t & _M
            t = rests[5] - work[5] + (t >> 22)
            result = result << 1
            if t >= 0:
                result = result | 1
                rests[0] = less[0]
                rests[1] = less[1]
                rests[2] = less[2]
                rests[3] = less[3]
                rests[4] = less[4]
                rests[5] = t
            # half of it
            work[0] = work[0] >> 1 | (work[1] & 1) << 21
            work[1] = work[1] >> 1 | (work[2] & 1) << 21
            work[2] = work[2] >> 1 | (work[3] & 1) << 21
            work[3] = work[3] >> 1 | (work[4] & 1) << 21
            work[4] = work[4] >> 1 | (work[5] & 1) << 21
            work[5] = work[5] >> 1
            k -= 1
        steps[0] = result
        steps = ptr32(int(steps) + 4)
        rests = ptr32(int(rests) + 24)
        cells -= 1


@micropython.viper
def carry(cells: ptr16, at: int, steps: ptr32, first: int, count: int):
    """Add `count` amounts >= 0 of `steps`, from number `first` on, to the 64-bit integers of
    `cells` from number `at` on."""
    cells = ptr16(int(cells) + at * 8)
    steps = ptr32(int(steps) + first * 4)
    while count:
        amount = steps[0]
        k = 0
        while amount:
            t = cells[k] + (amount & 0xFFFF)
            cells[k] = t & 0xFFFF
            amount = (amount >> 16) + (t >> 16)
            k += 1
        cells = ptr16(int(cells) + 8)
        steps = ptr32(int(steps) + 4)
        count -= 1
