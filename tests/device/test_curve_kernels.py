"""The groups of curves against big integers: random and extreme values, quality, what is missing;
the same bits on 64-bit and on 32-bit words, with the heap locked."""

import random
from array import array

import micropython
from curve_twin import group, learn, signed

from firmware.store.curve_kernels import (
    AT,
    QUANTITIES,
    SLOTS,
    STATE,
    clear,
    decode,
    encode,
    most,
    skip,
)

random.seed(7)
ENDS = []
for shift in (0, 7, 8, 15, 16, 23, 24, 31, 32, 39, 47, 55, 62, 63):
    for sign in (1, -1):
        for more in (-1, 0, 1):
            ENDS.append(signed(sign * (1 << shift) + more))
QUALITY = (0, 0, 0, 0, 0x40, 0x80, 0xC0, 0x21)
FIRST = 8 * (AT + 1 + SLOTS)  # bit

out = bytearray(2048)
now = array("q", bytes(8 * QUANTITIES))
base = array("q", bytes(8 * QUANTITIES))
read = array("q", bytes(8 * QUANTITIES))
bits = bytearray(QUANTITIES)
read_bits = bytearray(QUANTITIES)
zeros = bytes(8 * QUANTITIES)
state = bytearray(STATE)


def prepare(ks):
    out[AT] = len(ks)
    out[AT + 1 : AT + 1 + len(ks)] = bytes(ks)
    clear(out, AT + 1 + len(ks), len(out))


def bits_of(first, until):
    return [out[i >> 3] >> (i & 7) & 1 for i in range(first, until)]


def number():
    if random.getrandbits(1):
        return random.choice(ENDS)
    return signed(random.getrandbits(random.randrange(1, 33)) << random.randrange(0, 33))


def draw(n, is_good):
    for i in range(n):
        base[i] = number()
        is_near = random.getrandbits(1)
        now[i] = signed(base[i] + random.randrange(-70000, 70000)) if is_near else number()
        bits[i] = 0 if is_good else random.choice(QUALITY)
    if random.randrange(6) == 0:
        for i in range(n):
            bits[i] = 0xC0


def check(n):
    slots = random.randrange(1, SLOTS + 1)
    ks = [random.choice((0, 1, 5, 8, 13, 20, 31)) for _ in range(slots)]
    prepare(ks)
    at = FIRST + random.randrange(20)
    medians = [random.randrange(249) for _ in range(slots)]
    state[:slots] = bytes(medians)
    micropython.heap_lock()
    end = encode(out, at, now, base, bits, n, state)
    micropython.heap_unlock()
    want = group(list(now[:n]), list(base[:n]), list(bits[:n]), ks)
    found = bits_of(at, end)
    assert found == want, (found, want)
    learn(medians, list(now[:n]), list(base[:n]), list(bits[:n]))
    assert list(state[:slots]) == medians, (list(state[:slots]), medians)
    assert end - at <= 8 * most(n)
    # nothing around it is touched
    assert not any(bits_of(FIRST, at)) and not any(bits_of(end, 8 * len(out)))
    read[0] = 77
    micropython.heap_lock()
    same = decode(out, at, n, base, read, read_bits)
    micropython.heap_unlock()
    assert same == end and read_bits[:n] == bits[:n]
    for i in range(n):
        assert read[i] == (0 if bits[i] & 0x80 else now[i]), (i, read[i], now[i])
    assert skip(out, at, bytes([9, n]), 1, 2) == end
    assert skip(out, at, bytes([9, n]), 1, 1) == at


for turn in range(400):
    n = random.choice((1, 2, 3, 4, 4, 4, 5, 8, 11, QUANTITIES))
    draw(n, turn & 1)
    check(n)

# the longest group there is, and the shortest
prepare([0])
for i in range(QUANTITIES):
    now[i], base[i], bits[i] = -(1 << 63), 0, 0x40
end = encode(out, FIRST, now, base, bits, QUANTITIES, state)
assert 8 * most(QUANTITIES) - 8 < end - FIRST <= 8 * most(QUANTITIES)
prepare([0])
for i in range(4):
    now[i], bits[i] = 0, 0
assert encode(out, FIRST, now, zeros, bits, 4, state) == FIRST + 5

# a median is found, and stays
for _ in range(300):
    now[0] = random.choice((3, 5, 700))  # 3, 4 and 11 bits with the sign
    prepare([0])
    encode(out, FIRST, now, zeros, bits, 1, state)
assert 3 <= state[0] >> 3 <= 4, state[0]

# several devices in a row are passed at once
prepare([3, 9])
at, counts = FIRST, []
for _ in range(20):
    n = random.randrange(1, 7)
    draw(n, False)
    counts.append(n)
    at = encode(out, at, now, base, bits, n, state)
assert skip(out, FIRST, bytes(counts), 0, 20) == at

print("OK")
