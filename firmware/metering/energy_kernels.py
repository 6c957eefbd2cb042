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
MOST = 30  # bits of a quotient: mWh a call of `settle` moves from one rest

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
def whole(rests: ptr32, at: int, unit: ptr32, work: ptr32) -> int:
    """Rest number `at` / 1 mWh, rounded down (at most 2**30 - 1); what is left stays. `unit` is
    one mWh in six limbs, then that times 2**29 in six; `work` has room for twelve."""
    rest = ptr32(int(rests) + at * 24)
    high = rest[4]
    rest[4] = high & _M
    rest[5] = rest[5] + (high >> 22)
    t = 0
    k = 0
    while k < 6:
        t = rest[0] - unit[0] + (t >> 22)
        work[0] = unit[6]
        rest = ptr32(int(rest) + 4)
        unit = ptr32(int(unit) + 4)
        work = ptr32(int(work) + 4)
        k += 1
    if t < 0:
        return 0  # the common case: a register that does not move
    rest = ptr32(int(rest) - 24)
    less = work
    work = ptr32(int(work) - 24)
    result = 0
    k = 0
    while k < 30:
        t = rest[0] - work[0]
        less[0] = t & _M
        t = rest[1] - work[1] + (t >> 22)
        less[1] = t & _M
        t = rest[2] - work[2] + (t >> 22)
        less[2] = t & _M
        t = rest[3] - work[3] + (t >> 22)
        less[3] = t & _M
        t = rest[4] - work[4] + (t >> 22)
        less[4] = t & _M
        t = rest[5] - work[5] + (t >> 22)
        result = result << 1
        if t >= 0:
            result = result | 1
            rest[0] = less[0]
            rest[1] = less[1]
            rest[2] = less[2]
            rest[3] = less[3]
            rest[4] = less[4]
            rest[5] = t
        # half the unit
        work[0] = work[0] >> 1 | (work[1] & 1) << 21
        work[1] = work[1] >> 1 | (work[2] & 1) << 21
        work[2] = work[2] >> 1 | (work[3] & 1) << 21
        work[3] = work[3] >> 1 | (work[4] & 1) << 21
        work[4] = work[4] >> 1 | (work[5] & 1) << 21
        work[5] = work[5] >> 1
        k += 1
    return result


@micropython.viper
def carry(cells: ptr16, at: int, amount: int):
    """Add `amount` >= 0 to the 64-bit integer number `at` of `cells`."""
    cells = ptr16(int(cells) + at * 8)
    k = 0
    while k < 4:
        t = cells[0] + (amount & 0xFFFF)
        cells[0] = t & 0xFFFF
        amount = (amount >> 16) + (t >> 16)
        cells = ptr16(int(cells) + 2)
        k += 1
