"""The viper kernels against big integers: random, extreme and silent input, heap locked."""

import random
import struct
from array import array

import micropython

from firmware.metering import kernels as k

DELAY = 40
SETS = k.BLOCK
SIZE = k.SET_BYTES


def fill(make):
    """A buffer of DELAY + SETS sets, and its codes as a list of 7-tuples."""
    buf = bytearray(SIZE * (DELAY + SETS))
    codes = []
    for n in range(DELAY + SETS):
        words = [make(n, c) for c in range(7)]
        struct.pack_into(">7i", buf, SIZE * n, *words)
        codes.append([w >> 4 for w in words])
    return buf, codes


def signed(words):
    return (words[0] << 24) + (words[1] << 12) + words[2]


def square(words):
    return (words[0] << 24) + (words[1] << 13) + words[2]


def twin(codes):
    """The same sums in big integers, in the order of the kernel."""
    out = []
    now = codes[DELAY:]
    for phase in range(3):
        i = [s[2 * phase] for s in now]
        v = [s[2 * phase + 1] for s in now]
        late = [s[2 * phase + 1] for s in codes[:SETS]]
        out.append(sum(i))
        out.append(sum(v))
        out.append(sum(a * a for a in i))
        out.append(sum(a * a for a in v))
        out.append(sum(a * b for a, b in zip(v, i)))
        out.append(sum(a * b for a, b in zip(late, i)))
    n = [s[6] for s in now]
    return out + [sum(n), sum(a * a for a in n)]


def joined(words):
    out = []
    for phase in range(3):
        w = words[phase * k.PHASE_WORDS : (phase + 1) * k.PHASE_WORDS]
        out += [w[0], w[1], square(w[2:5]), square(w[5:8]), signed(w[8:11]), signed(w[11:14])]
    w = words[3 * k.PHASE_WORDS :]
    return out + [w[0], square(w[1:4])]


def check(make, in_range):
    buf, codes = fill(make)
    words = array("i", bytes(4 * k.BLOCK_WORDS))
    totals = array("i", bytes(8 * k.BLOCK_WORDS))
    at, delay = SIZE * DELAY, SIZE * DELAY
    micropython.heap_lock()
    bad = k.block(buf, at, SETS, delay, words)
    k.fold(words, totals, k.BLOCK_WORDS)
    k.fold(words, totals, k.BLOCK_WORDS)
    micropython.heap_unlock()
    assert (bad == 0) == in_range, bad
    if in_range:
        assert joined(words) == twin(codes)
        for n in range(k.BLOCK_WORDS):
            assert totals[2 * n] + totals[2 * n + 1] * 65536 == 2 * words[n]


random.seed(645)
LIMIT = 1 << 27
for _ in range(20):
    check(lambda n, c: random.getrandbits(28) - LIMIT, True)
check(lambda n, c: LIMIT - 1, True)  # DC at the top of the word
check(lambda n, c: -LIMIT, True)
check(lambda n, c: LIMIT - 1 if n & 1 else -LIMIT, True)
check(lambda n, c: 0, True)
check(lambda n, c: 1000 if n < DELAY + 20 else 1000000, True)  # a step x1000 in mid-block
check(lambda n, c: -1, True)


def beyond(channel, word):
    return lambda n, c: word if c == channel and n == DELAY + 7 else 5


# one word beyond 28 bits anywhere is reported
for channel in range(7):
    for word in (LIMIT, -LIMIT - 1):
        check(beyond(channel, word), False)


# zero crossings: armed below -arm only, the first sample at or above zero, across calls
def crossings(samples, arm, cut):
    buf = bytearray(SIZE * len(samples))
    for n, value in enumerate(samples):
        struct.pack_into(">i", buf, SIZE * n + 4, value << 16)
    armed = bytearray(1)
    found = []
    for start in range(0, len(samples), cut):
        at, left = start, min(cut, len(samples) - start)
        while left:
            hit = k.rising(buf, SIZE * at + 4, left, arm, armed)
            if hit < 0:
                break
            found.append(at + hit)
            at, left = at + hit, left - hit
    return found


wave = [3, 1, -2, -1, 1, -1, -6, -7, -1, 0, 4, 9, -9, 5, -4, 2]
for cut in (1, 3, 16):
    assert crossings(wave, 5, cut) == [9, 13], (cut, crossings(wave, 5, cut))

print("OK")
