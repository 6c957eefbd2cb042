"""Sums and extremes of 64-bit rows against big integers: random, extreme, merged, heap locked."""

import random
import struct
from array import array

import micropython

from firmware.metering import aggregate_kernels as k

RULES = b"\x01\x00\x01\x00\x00\x01\x00"  # 1: a square
N = len(RULES)
SQUARES = (0, 1, (1 << 31) - 1, 65535, 65536, 230000, 0x7FFF0000)
PLAIN = (0, -1, 1, 1 << 32, -1 << 32, (1 << 32) - 1, 1 << 31, -1 << 31, (1 << 47) + 5, -1 << 48)


def value(rule):
    if rule:
        return random.choice(SQUARES) if random.getrandbits(1) else random.getrandbits(31)
    if random.getrandbits(1):
        return random.choice(PLAIN)
    return ((random.getrandbits(16) - 32768) << 32) + random.getrandbits(32)


class Rows:
    """The rows under test, and what they were fed."""

    def __init__(self):
        self.rows = array("i", bytes(k.ROW_BYTES * N))
        self.fed = []
        self._now = array("q", bytes(8 * N))

    def feed(self, values):
        for i in range(N):
            self._now[i] = values[i]
        is_first = 0 if self.fed else 1
        micropython.heap_lock()
        k.accumulate(self._now, self.rows, RULES, N)
        k.widen(self._now, self.rows, N, 0, is_first)
        micropython.heap_unlock()
        self.fed.append(values)

    def merge(self, other):
        is_first = 0 if self.fed else 1
        micropython.heap_lock()
        k.add(other.rows, self.rows, N)
        k.widen(other.rows, self.rows, N, 1, is_first)
        micropython.heap_unlock()
        self.fed += other.fed

    def check(self):
        for i in range(N):
            column = [values[i] for values in self.fed]
            a, b, c, d = self.rows[8 * i : 8 * i + 4]
            total = a + (b << 16) + (c << 32) + (d << 48)
            assert total == sum([v * v if RULES[i] else v for v in column]), (i, total)
            low, high = struct.unpack_from("<qq", self.rows, k.ROW_BYTES * i + 16)
            assert (low, high) == (min(column), max(column)), (i, low, high)


random.seed(4730)
total = Rows()
for count in (1, 15, 1, 200):
    part = Rows()
    for _ in range(count):
        part.feed([value(rule) for rule in RULES])
    part.check()
    total.merge(part)
    total.check()

# as many of the largest and the most negative as the words can take
worst = Rows()
values = [(1 << 31) - 1 if rule else -1 for rule in RULES]
for _ in range(4000):
    worst.feed(values)
worst.check()

# the order of neighbours in each of the four halves
for shift in (0, 16, 32, 48):
    for base in (0, -(1 << 62), 1 << 62, -1):
        three = Rows()
        for step in (0, 1 << shift, -1 << shift, 0):
            three.feed([0 if rule else base + step for rule in RULES])
        three.check()

print("OK")
