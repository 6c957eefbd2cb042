"""Numbers of mantissa and exponent against exact integers: the same bits on every board."""

import random
from array import array

import micropython

from firmware.metering import value_kernels as v

ONE = 1 << 27


def memory():
    return array("i", bytes(4 * 32))


def run(m, *operation):
    """A program of one operation."""
    v.run(m, 0, v.program(operation), out, pair)


def integer(m, value, exponent, at):
    m[at], m[at + 1] = value, exponent
    run(m, v.NORMAL, at, 1)


def value_of(m, at):
    """(numerator, denominator) of a number, exactly; its form is checked on the way."""
    mantissa, exponent = m[at], m[at + 1]
    assert mantissa == 0 or ONE <= abs(mantissa) < 2 * ONE, mantissa
    return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)


def near(m, at, numerator, denominator, bits=26):
    """Is the number at `at` numerator / denominator, to a relative 2**-bits?"""
    n, d = value_of(m, at)
    error = abs(n * denominator - numerator * d) << bits
    assert error <= abs(numerator * d), (n, d, numerator, denominator)


def any_int(bits):
    value = 0
    for _ in range(bits // 26 + 1):
        value = value << 26 | random.getrandbits(26)
    value &= (1 << bits) - 1
    return value if random.getrandbits(1) else -value


def spread(m, at, value, limbs):
    """A total whose lower limbs have not carried yet."""
    left = value
    for i in range(limbs - 1):
        m[at + i] = (left & 0x3FFFFF) + (random.getrandbits(7) - 64 << 22)
        left = left - m[at + i] >> 22
    m[at + limbs - 1] = left


random.seed(9000)
m = memory()
out = array("i", bytes(12))
pair = array("i", bytes(32))

for limbs, most in ((2, 51), (3, 73)):
    for bits in range(1, most):
        first, second = any_int(bits), any_int(bits)
        spread(m, 1, first, limbs)
        spread(m, 5, second, limbs)
        run(m, v.NUMBERS, 20, 2, 1, 4, limbs)
        near(m, 20, first, 1)
        near(m, 22, second, 1)
        for at, value in ((1, first), (5, second)):
            assert sum([m[at + i] << 22 * i for i in range(limbs)]) == value
            assert 0 <= m[at] < 1 << 22

for _ in range(200):
    a, b = any_int(random.getrandbits(4) + 12), any_int(random.getrandbits(4) + 12)
    e, f = random.getrandbits(5) - 16, random.getrandbits(5) - 16
    integer(m, a, e, 0)
    integer(m, b, f, 2)
    n, d = value_of(m, 0)
    assert n * (1 << 40) == (a << e + 40) * d  # integer() is exact
    # a sum is good to the larger of both
    run(m, v.COPY, 4, 1, 0)
    run(m, v.ADD, 4, 1, 2)
    n, d = value_of(m, 4)
    true, largest = (a << e + 40) + (b << f + 40), max(abs(a) << e + 40, abs(b) << f + 40)
    assert abs((n << 40) - true * d) << 25 <= largest * d
    integer(m, a, e, 4)
    run(m, v.SCALE, 4, 1, 2)
    if a and b:
        near(m, 4, a * b << e + f + 80, 1 << 80)
    if b:
        integer(m, abs(b), f, 2)
        run(m, v.COPY, 6, 1, 0)
        run(m, v.DIVIDE, 6, 1, 2)
        if a:
            near(m, 6, a << e + 80, abs(b) << f + 80)
    # the root, checked by its square
    integer(m, abs(a), e, 8)
    integer(m, -5, 0, 10)
    run(m, v.ROOT, 8, 2)
    assert m[10] == 0
    if a:
        n, d = value_of(m, 8)
        near_square = abs(n * n * (1 << 40) - (abs(a) << e + 40) * d * d) << 24
        assert near_square <= (abs(a) << e + 40) * d * d

# to integers: rounded, held within 30 bits; to limbs: below one unit
for _ in range(200):
    a, e = any_int(27), random.getrandbits(5) - 29
    integer(m, a, e, 0)
    run(m, v.VALUES, 0, 1, 1)
    run(m, v.WHOLES, 0, 1, 30)
    assert m[30] == out[1]
    wanted = (abs(a) << 40 + e) + (1 << 39) >> 40
    wanted = min(wanted, (1 << 30) - 1) if a >= 0 else -min(wanted, (1 << 30) - 1)
    assert abs(a) << 40 + e >= 1 << 70 or out[1] == wanted, (a, e, out[1], wanted)
    a, e = any_int(28), random.getrandbits(5) - 8
    integer(m, a, e, 0)
    run(m, v.LIMBS, 0, 1, 1)
    back = (pair[1] << 22) + pair[2]
    assert 0 <= (a << 40 + e) - (back << 40) < 1 << 40, (a, e, back)

# each operation on several numbers, or totals, does the same to each
values = (77777, 3), (-5, 20), (12345678, -9)
for operation, step in ((v.ADD, 2), (v.SCALE, 2), (v.SCALE, 0), (v.DIVIDE, 0)):
    for at in range(3):
        integer(m, values[at][0], values[at][1], 2 * at)
        integer(m, 999 + at * 31, -at, 6 + 2 * at)
        m[12 + 2 * at], m[13 + 2 * at] = m[2 * at], m[2 * at + 1]
        run(m, operation, 12 + 2 * at, 1, 6 + step * at)
    run(m, operation, 0, 3, 6, step)
    assert list(m[:6]) == list(m[12:18]), operation
run(m, v.COPY, 0, 3, 6)
assert list(m[:6]) == list(m[6:12])
integer(m, 40 << 22, 0, 0)
integer(m, 41 << 22, 0, 2)
run(m, v.LIMBS, 0, 2, 2)
m[4], m[5], m[7], m[8] = 11, 12, 13, 14
run(m, v.TOTALS, 4, 2, 0, 3)
assert list(pair) == [12, 11, 40, 0, 14, 13, 41, 0]

# nothing is allocated, and a program is worked off to its end
integer(m, 12345, 3, 0)
integer(m, 777, -9, 2)
every = v.program(
    (v.NUMBERS, 20, 2, 10, 3, 3),
    (v.NORMAL, 0, 2),
    (v.COPY, 4, 1, 0),
    (v.SCALE, 0, 1, 2),
    (v.ADD, 0, 1, 4),
    (v.DIVIDE, 0, 1, 2),
    (v.ROOT, 2, 1),
    (v.WHOLES, 4, 1, 20),
    (v.LIMBS, 0, 1, 0),
    (v.TOTALS, 4, 1, 2, 2),
    (v.VALUES, 4, 1, 2),
)
out[2] = 0
micropython.heap_lock()
v.run(m, 0, every, out, pair)
micropython.heap_unlock()
assert out[2] == m[20] == 12345 << 3

print("OK")
