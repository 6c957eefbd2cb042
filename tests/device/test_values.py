"""Numbers of mantissa and exponent against exact integers: the same bits on every board."""

import random
from array import array

import micropython

from firmware.metering import value_kernels as v

ONE = 1 << 27


def memory():
    return array("i", bytes(4 * 32))


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

for limbs, most in ((2, 51), (3, 73)):
    for bits in range(1, most):
        first, second = any_int(bits), any_int(bits)
        spread(m, 1, first, limbs)
        spread(m, 5, second, limbs)
        v.numbers(m, 1, 4, limbs, 2, 20)
        near(m, 20, first, 1)
        near(m, 22, second, 1)
        for at, value in ((1, first), (5, second)):
            assert sum([m[at + i] << 22 * i for i in range(limbs)]) == value
            assert 0 <= m[at] < 1 << 22

for _ in range(200):
    a, b = any_int(random.getrandbits(4) + 12), any_int(random.getrandbits(4) + 12)
    e, f = random.getrandbits(5) - 16, random.getrandbits(5) - 16
    v.integer(m, a, e, 0)
    v.integer(m, b, f, 2)
    n, d = value_of(m, 0)
    assert n * (1 << 40) == (a << e + 40) * d  # integer() is exact
    # a sum is good to the larger of both
    v.add(m, 0, 2, 4)
    n, d = value_of(m, 4)
    true, largest = (a << e + 40) + (b << f + 40), max(abs(a) << e + 40, abs(b) << f + 40)
    assert abs((n << 40) - true * d) << 25 <= largest * d
    v.integer(m, a, e, 4)
    v.scale(m, 4, 2, 1)
    if a and b:
        near(m, 4, a * b << e + f + 80, 1 << 80)
    if b:
        v.integer(m, abs(b), f, 2)
        v.divide(m, 0, 2, 6)
        if a:
            near(m, 6, a << e + 80, abs(b) << f + 80)
    # the root, checked by its square
    v.integer(m, abs(a), e, 8)
    v.integer(m, -5, 0, 10)
    v.root(m, 8, 2)
    assert m[10] == 0
    if a:
        n, d = value_of(m, 8)
        near_square = abs(n * n * (1 << 40) - (abs(a) << e + 40) * d * d) << 24
        assert near_square <= (abs(a) << e + 40) * d * d

# to integers: rounded, held within 30 bits; to limbs: below one unit
out = array("i", bytes(12))
pair = array("i", bytes(12))
for _ in range(200):
    a, e = any_int(27), random.getrandbits(5) - 29
    v.integer(m, a, e, 0)
    v.wholes(m, 0, 1, out, 1)
    wanted = (abs(a) << 40 + e) + (1 << 39) >> 40
    wanted = min(wanted, (1 << 30) - 1) if a >= 0 else -min(wanted, (1 << 30) - 1)
    assert abs(a) << 40 + e >= 1 << 70 or out[1] == wanted, (a, e, out[1], wanted)
    a, e = any_int(28), random.getrandbits(5) - 8
    v.integer(m, a, e, 0)
    v.limbs(m, 0, pair, 1)
    back = (pair[1] << 22) + pair[2]
    assert 0 <= (a << 40 + e) - (back << 40) < 1 << 40, (a, e, back)

# nothing is allocated
v.integer(m, 12345, 3, 0)
v.integer(m, -777, -9, 2)
micropython.heap_lock()
v.numbers(m, 10, 3, 3, 2, 20)
v.scale(m, 0, 2, 1)
v.add(m, 0, 2, 4)
v.integer(m, 99, 1, 2)
v.divide(m, 0, 2, 6)
v.root(m, 2, 1)
v.limbs(m, 0, pair, 1)
v.wholes(m, 0, 1, out, 1)
micropython.heap_unlock()

print("OK")
