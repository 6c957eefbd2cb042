"""The waveform ring against big integers: wrap-around, gaps, extremes, heap locked."""

import random
import struct

import micropython

from firmware.metering import ring_kernels
from firmware.metering.ring import SET, WaveRing

LIMIT = 1 << 27
EDGES = (0, -1, 1, LIMIT - 4097, -LIMIT, 4095, 4096, -4096, -4097, 0x00ABCDEF, -0x00ABCDEF)


def raw(words):
    """A burst of the words, seven a set."""
    return struct.pack(">%di" % len(words), *words)


def at(ring, sample):
    return struct.unpack_from("<7h", ring.buf, (sample & ring.mask) * SET)


class Twin:
    """What is cut off goes into the next sample of the channel; the lowest byte is left out."""

    def __init__(self):
        self.rest = [0] * 7

    def set(self, words):
        row = []
        for k in range(7):
            fine = (words[k] >> 8) + self.rest[k]
            row.append(fine >> 4)
            self.rest[k] = fine % 16
        return tuple(row)


def random_words(sets):
    return [min(random.getrandbits(28), 2 * LIMIT - 4097) - LIMIT for _ in range(7 * sets)]


random.seed(37)

# bit for bit, at every channel, with the sets before and after left alone
for words in (random_words(9), [EDGES[n % len(EDGES)] for n in range(77)][:63]):
    buf, out = b"\x5a" * 5 + raw(words), bytearray(b"\xee" * (SET * 12))
    rest = bytearray(range(3, 10))
    ring_kernels.pack(buf, 0, out, 5, 2, 9, rest)
    assert out[: 2 * SET] == b"\xee" * (2 * SET) and out[11 * SET :] == b"\xee" * SET
    twin = Twin()
    twin.rest = list(range(3, 10))
    for n in range(9):
        got = struct.unpack_from("<7h", out, (n + 2) * SET)
        assert got == twin.set(words[7 * n : 7 * n + 7]), (n, got)
    assert list(rest) == twin.rest

# a small steady value is right on average
ring = WaveRing(64)
for sample in range(0, 64, 16):
    ring.pack(raw([1000 + k << 8 for k in range(7)] * 16), 0, 16, sample)
for k in range(7):
    assert sum([at(ring, n)[k] for n in range(64)]) == (1000 + k) * 64 >> 4

# bursts of every length, over the end of the ring, with the heap locked
ring = WaveRing(64)
twin = Twin()
kept = {}
sample = 0
for sets in (1, 40, 64, 7, 63, 17, 64, 3, 200):
    words = random_words(sets)
    burst = raw(words)
    micropython.heap_lock()
    ring.pack(burst, 0, sets, sample)
    micropython.heap_unlock()
    for n in range(sets):
        kept[sample + n] = twin.set(words[7 * n : 7 * n + 7])
    sample += sets
    assert ring.newest == sample - 1
    for n in range(max(0, sample - 64), sample):
        assert at(ring, n) == kept[n], (sets, n)

# what may be read: not the future, not what was overwritten
assert ring.has(sample - 64, 64) and ring.has(sample - 1, 1)
assert not ring.has(sample - 65, 1) and not ring.has(sample - 65, 65)
assert not ring.has(sample - 3, 4) and not ring.has(sample, 1)
assert not WaveRing(64).has(0, 1) and not WaveRing(64).has(-1, 1)

# a gap, told or seen in the numbers: nothing across it, the old samples neither
for told in (True, False):
    sample += 10
    if told:
        ring.gap(sample)
        assert not ring.has(sample - 11, 1)
    ring.pack(raw(random_words(5)), 0, 5, sample)
    assert ring.has(sample, 5) and not ring.has(sample - 1, 1) and not ring.has(sample - 11, 2)
    sample += 5
# numbers that start anew
ring.pack(raw(random_words(5)), 0, 5, 0)
assert ring.has(0, 5) and not ring.has(sample - 5, 5)

# numbers of more than 30 bits, where an int of a small machine becomes a long one
for base in (1 << 30, 1 << 31, (1 << 32) - 20, (1 << 40) + 11):
    ring = WaveRing(64)
    twin = Twin()
    words = random_words(40)
    ring.pack(raw(words[: 7 * 19]), 0, 19, base)
    ring.pack(raw(words), 19 * 28, 21, base + 19)
    assert ring.has(base, 40)
    for n in range(40):
        assert at(ring, base + n) == twin.set(words[7 * n : 7 * n + 7]), (base, n)

for wrong in (0, 1, 3, 4095):
    try:
        WaveRing(wrong)
    except ValueError:
        continue
    raise AssertionError(wrong)

print("OK")
