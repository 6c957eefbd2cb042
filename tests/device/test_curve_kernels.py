"""The groups of curves against big integers: random and extreme values, quality, what is missing;
the same bytes on 64-bit and on 32-bit words, with the heap locked."""

import random
from array import array

import micropython
from curve_twin import group, signed

from firmware.store.curve_kernels import QUANTITIES, decode, encode, most, skip

random.seed(7)
ENDS = []
for shift in (0, 7, 8, 15, 16, 23, 24, 31, 32, 39, 47, 55, 62, 63):
    for sign in (1, -1):
        for more in (-1, 0, 1):
            ENDS.append(signed(sign * (1 << shift) + more))
QUALITY = (0, 0, 0, 0, 0x40, 0x80, 0xC0, 0x21)

out = bytearray(2048)
room = bytearray(b"\xaa" * len(out))
now = array("q", bytes(8 * QUANTITIES))
base = array("q", bytes(8 * QUANTITIES))
read = array("q", bytes(8 * QUANTITIES))
bits = bytearray(QUANTITIES)
read_bits = bytearray(QUANTITIES)
zeros = bytes(8 * QUANTITIES)


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
    at = random.randrange(3, 40)
    out[:] = room
    micropython.heap_lock()
    end = encode(out, at, now, base, bits, n)
    micropython.heap_unlock()
    want = group(list(now[:n]), list(base[:n]), bits[:n])
    assert bytes(out[at:end]) == want, (bytes(out[at:end]), want)
    assert end - at <= most(n)
    # nothing before it is touched, nor anything behind the room it may take
    assert out[:at] == room[:at] and out[at + most(n) :] == room[at + most(n) :]
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
for i in range(QUANTITIES):
    now[i], base[i], bits[i] = -(1 << 63), 0, 0x40
assert encode(out, 0, now, base, bits, QUANTITIES) == most(QUANTITIES)
for i in range(4):
    now[i], bits[i] = 0, 0
assert encode(out, 0, now, zeros, bits, 4) == 5

# several devices in a row are passed at once
at, counts = 0, []
for _ in range(20):
    n = random.randrange(1, 7)
    draw(n, False)
    counts.append(n)
    at = encode(out, at, now, base, bits, n)
assert skip(out, 0, bytes(counts), 0, 20) == at

# a base row in place: what is read becomes what the next is compared with
draw(4, True)
encode(out, 0, now, zeros, bytes(4), 4)
decode(out, 0, 4, zeros, base, read_bits)
assert list(base[:4]) == list(now[:4])

print("OK")
