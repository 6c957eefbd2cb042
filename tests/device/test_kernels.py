"""The sampling kernels against big integers, bit for bit: random, extreme and silent input, with
the heap locked. The same script runs on 64-bit and on 32-bit words; on a Cortex-M the kernels in
Thumb-2 have to pass, too."""

import gc
import math
import random
import struct
import sys
from array import array

import kernel_twin
import micropython
from kernel_twin import SIZE, Twin, sets_of

from firmware.metering import kernels as k

LIMIT = 1 << 27
FULL = 74532013
BIAS = 1 << 17


def ints(n):
    return array("i", bytes(4 * n))


ways = [k]
if 3 <= sys.implementation._mpy >> 10 & 15 <= 8:  # armv6 .. armv7emdp
    from board import thumb

    ways.append(thumb)


class Bench:
    """Kernel and twin side by side, block after block, as the window drives them."""

    def __init__(self, shifts=(8, 8, 8, 8), way=k):
        self.way = way
        self.at = SIZE * (k.DELAY + 1)
        self.buf = bytearray(self.at + SIZE * k.BLOCK)
        self.state = ints(k.STATE_WORDS)
        for c in range(4):
            self.state[k.SHIFTS + c] = shifts[c]
        self.out = ints(k.BLOCK_WORDS)
        self.totals = ints(k.TOTAL_WORDS)
        self.twin = Twin(shifts)
        self.n = 0
        history = sets_of(self.buf, 0, k.DELAY + 1)
        self.twin.volts(history)
        self.way.volts(self.buf, 0, 0, k.DELAY + 1, self.state, self.out)

    def raise_shifts(self):
        for c in range(4):
            most = k.peak(self.buf, 0, self.at + 8 * c, self.sets)
            words = [abs(row[2 * c] + (row[2 * c] < 0)) for row in self.words]
            assert most == max(words), (most, max(words))
            while most >> self.state[k.SHIFTS + c] >= 4095:
                self.state[k.SHIFTS + c] += 1
            self.twin.shifts[c] = self.state[k.SHIFTS + c]

    def block(self, make, sets=k.BLOCK):
        """make(sample, channel) gives the words of the next block."""
        self.sets = sets
        size = self.at + SIZE * sets
        for i in range(sets):
            words = [make(self.n + i, c) for c in range(7)]
            struct.pack_into(">7i", self.buf, self.at + SIZE * i, *words)
        self.n += sets
        self.words = sets_of(self.buf, self.at, sets)
        self.twin.volts(self.words)
        micropython.heap_lock()
        self.way.volts(self.buf, 0, self.at, sets, self.state, self.out)
        bad = self.way.amps(self.buf, 0, self.at, sets, self.state, self.out)
        micropython.heap_unlock()
        wanted = self.twin.block(self.words, k.DELAY)
        assert (bad != 0) == (wanted is None)
        if bad:
            before = list(self.state)
            self.raise_shifts()
            assert before[:7] == list(self.state)[:7]  # nothing was taken
            micropython.heap_lock()
            bad = self.way.amps(self.buf, 0, self.at, sets, self.state, self.out)
            micropython.heap_unlock()
            assert bad == 0
            wanted = self.twin.block(self.words, k.DELAY)
        assert list(self.out) == wanted, (list(self.out), wanted)
        assert list(self.state)[:3] == self.twin.volt_rest
        assert list(self.state)[3:7] == self.twin.amp_rest
        self.check_fold(wanted)
        # the quantised voltages stand in the burst, then become the history
        for i in (0, sets // 2, sets - 1):
            stored = struct.unpack_from("<7i", self.buf, self.at + SIZE * i)
            row = self.twin.y[len(self.twin.y) - sets + i]
            assert [stored[c] - BIAS for c in (1, 3, 5)] == row
        self.buf[: self.at] = self.buf[size - self.at : size]

    def check_fold(self, wanted):
        before = kernel_twin.joined(self.totals)
        micropython.heap_lock()
        k.fold(self.out, self.totals, self.state, 1)
        micropython.heap_unlock()
        added = kernel_twin.totals_of(wanted, self.twin.shifts)
        after = kernel_twin.joined(self.totals)
        assert after == [a + b for a, b in zip(before, added)]
        k.fold(self.out, self.totals, self.state, -1)
        assert kernel_twin.joined(self.totals) == before
        k.fold(self.out, self.totals, self.state, 1)


def check_normal(value, limbs):
    """A total comes back to 22 bits, also when its lower limbs have not carried yet."""
    t = ints(4)
    out = ints(1)
    left = value
    for i in range(1, limbs):
        t[i] = (left & 0x3FFFFF) + (random.getrandbits(7) - 64 << 22)
        left = left - t[i] >> 22
    t[limbs] = left
    micropython.heap_lock()
    m = k.normal(t, 1, limbs, out)
    micropython.heap_unlock()
    assert abs(m) < 1 << 30
    assert abs((m << out[0]) - value) <= abs(value) >> 21, (value, m, out[0])
    settled = sum([t[1 + i] << 22 * i for i in range(limbs)])
    assert settled == value and 0 <= t[1] < 1 << 22


def random_words(bits):
    return lambda n, c: random.getrandbits(bits) - (1 << bits - 1)


def one_word(channel, word):
    return lambda n, c: word if c == channel and n == 7 else 5


def stepping(first, second):
    """A sine of full scale whose currents are divided by `first`, then by `second`."""

    def word(n, c):
        size = FULL // (first if n < 96 else second) if c in (0, 2, 4, 6) else FULL
        return int(size * math.sin(n * 0.0392699 - c))

    return word


random.seed(645)

for way in ways:
    # random words of every size; a quiet stretch after a loud one and back
    bench = Bench(way=way)
    for bits in (28, 28, 12, 3, 20, 28, 8, 27):
        for sets in (k.BLOCK, 1, 17):
            bench.block(random_words(bits), sets)

    # full scale, DC at both ends, the alternation of both, silence
    for make in (
        lambda n, c: LIMIT - 1,
        lambda n, c: -LIMIT,
        lambda n, c: LIMIT - 1 if n & 1 else -LIMIT,
        lambda n, c: 0,
        lambda n, c: -1,
        lambda n, c: FULL if n & 1 else -FULL,
    ):
        bench = Bench(way=way)
        for _ in range(3):
            bench.block(make)

    # currents that step by 1000 in the middle of a block, up and down
    for first, second in ((1000, 1), (1, 1000)):
        bench = Bench((0, 0, 0, 0), way)
        for _ in range(3):
            bench.block(stepping(first, second))

    # one word beyond the range of its shift, in any channel, is found and nothing is taken
    for channel in (0, 2, 4, 6):
        for word in (4096 << 8, -4097 << 8):
            bench = Bench(way=way)
            bench.block(one_word(channel, word))
            assert bench.state[k.SHIFTS + channel // 2] == 9

# the sliver at a crossing
for part in (0, 1, 511, 512, 700, 1023, 1024):
    for bits in (28, 14):
        bench = Bench()
        bench.block(random_words(bits))
        bench.block(random_words(bits))
        after = [random.getrandbits(bits) - (1 << bits - 1) for _ in range(7)]
        struct.pack_into(">7i", bench.buf, bench.at, *after)
        out = ints(k.BLOCK_WORDS)
        micropython.heap_lock()
        k.edge(bench.buf, 0, bench.at, part, bench.state, out)
        micropython.heap_unlock()
        y = bench.twin.y
        words = (bench.words[-1], after)
        late = y[len(y) - 1 - k.DELAY], y[len(y) - k.DELAY]
        wanted = kernel_twin.sliver(words, part, bench.twin.shifts, y[-1], late)
        assert list(out) == wanted, (list(out), wanted)

# half cycles: sums before and after a crossing anywhere in a block, or none
for at in (0, 1, 31, 32, 33, 63, 64, 0x7FFF):
    for bits in (27, 19):
        bench = Bench()
        for sets in (k.BLOCK, k.BLOCK):
            bench.block(random_words(bits), sets)
        half = ints(3 * k.HALF_WORDS)
        for phase in range(3):
            half[phase * k.HALF_WORDS] = at
            half[phase * k.HALF_WORDS + 1] = 100 + phase
        # the burst stands in the history now, but for its first sets
        for n in range(k.BLOCK):
            row = list(bench.words[n])
            struct.pack_into(">7i", bench.buf, bench.at + SIZE * n, *row)
            for phase in range(3):
                y = bench.twin.y[len(bench.twin.y) - k.BLOCK + n][phase]
                struct.pack_into("<i", bench.buf, bench.at + SIZE * n + 8 * phase + 4, y + BIAS)
        micropython.heap_lock()
        k.halves(bench.buf, 0, bench.at, k.BLOCK, bench.state, bench.out, half)
        micropython.heap_unlock()
        y = bench.twin.y[len(bench.twin.y) - k.BLOCK :]
        for phase in range(3):
            shift = bench.twin.shifts[phase]
            found = list(half)[phase * k.HALF_WORDS + 1 : (phase + 1) * k.HALF_WORDS]
            before_u, before_i, u, i = kernel_twin.half_sums(
                y, bench.words, phase, bench.out, shift, min(at, 64)
            )
            if at > k.BLOCK:
                assert found == [100 + phase + u, i, k.BLOCK, 0, 0, 0], found
            else:
                left = [u - before_u, i - before_i, k.BLOCK - at]
                assert found == left + [100 + phase + before_u, before_i, at], found

for limbs, bits in ((2, 51), (3, 73)):
    for size in range(1, bits, 3):
        for _ in range(4):
            value = 0
            for _ in range(3):
                value = value << 26 | random.getrandbits(26)
            value &= (1 << size) - 1
            check_normal(value, limbs)
            check_normal(-value, limbs)


bench = None
gc.collect()


def crossings(samples, arm, cut):
    """Sets that the scan finds, `cut` sets a call; samples are the top 16 bits of the words."""
    buf = bytearray(SIZE * len(samples))
    for n, value in enumerate(samples):
        struct.pack_into(">i", buf, SIZE * n + 4, (value << 16) + 0x1234)
    cross = ints(k.CROSS_WORDS)
    found = []
    at = 0
    while at < len(samples):
        sets = min(cut, len(samples) - at)
        micropython.heap_lock()
        hit = k.scan(buf, 0, SIZE * at + 4, sets, arm, cross)
        micropython.heap_unlock()
        at += hit
        if hit < sets:
            found.append(at)
            words = [
                ((value << 16) + 0x1234 >> 8) + (1 << 23) for value in samples[at - 1 : at + 1]
            ]
            assert list(cross)[4:6] == words, (at, list(cross), words)
        cross[3] = 0
    return found


# noise around the crossings, at each place of four; a half cycle too small ends without one
wave = []
for extra in range(4):
    wave += [300] * (8 + extra) + [9, -9, 9, -9, 9] + [-300] * 9 + [-2, 3, -2, 2, -1]
wave += [200] * 8 + [-300] * 8 + [300] * 4
sine = [int(1000 * math.sin(0.0392699 * n + 0.3)) for n in range(350)]
for cut in (64, 48):
    found = crossings(sine, 30, cut)
    true = [n for n in range(1, 350) if (sine[n] < 0) != (sine[n - 1] < 0)]
    assert found == true, (found, true)
for cut in (64, 48, 5):
    assert len(crossings(wave, 250, cut)) == 9, crossings(wave, 250, cut)
noise = [random.getrandbits(5) - 16 for _ in range(640)]
assert crossings(noise, 30, 64) == []

# the last words of a burst are kept for a crossing at its very end, and peaks are seen
cross = ints(k.CROSS_WORDS)
buf = bytearray(SIZE * 4)
for n, value in enumerate((500, 700, 400, 90)):
    struct.pack_into(">i", buf, SIZE * n + 4, value << 16)
assert k.scan(buf, 0, 4, 4, 30, cross) == 4
assert cross[2] == (90 << 8) + (1 << 23) and cross[1] == 1 and cross[3] == 90

print("OK")
