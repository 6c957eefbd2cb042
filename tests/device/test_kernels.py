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

from firmware.metering import cycle_kernels, layout, sum_kernels
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
        self.at = SIZE * (layout.DELAY + 1)
        self.buf = bytearray(self.at + SIZE * layout.BLOCK)
        self.m = ints(layout.WORDS)
        for c in range(4):
            self.m[layout.SHIFTS + c] = shifts[c]
        self.twin = Twin(shifts)
        self.n = 0
        history = sets_of(self.buf, 0, layout.DELAY + 1)
        self.twin.volts(history)
        self.way.volts(self.buf, 0, 0, layout.DELAY + 1, self.m)

    def raise_shifts(self):
        for c in range(4):
            most = sum_kernels.peak(self.buf, 0, self.at + 8 * c, self.sets)
            words = [abs(row[2 * c] + (row[2 * c] < 0)) for row in self.words]
            assert most == max(words), (most, max(words))
            while most >> self.m[layout.SHIFTS + c] >= 4095:
                self.m[layout.SHIFTS + c] += 1
            self.twin.shifts[c] = self.m[layout.SHIFTS + c]

    def block(self, make, sets=layout.BLOCK):
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
        self.way.volts(self.buf, 0, self.at, sets, self.m)
        bad = self.way.amps(self.buf, 0, self.at, sets, self.m)
        micropython.heap_unlock()
        wanted = self.twin.block(self.words, layout.DELAY)
        assert (bad != 0) == (wanted is None)
        if bad:
            before = list(self.m)[:7]
            self.raise_shifts()
            assert before == list(self.m)[:7]  # nothing was taken
            micropython.heap_lock()
            bad = self.way.amps(self.buf, 0, self.at, sets, self.m)
            micropython.heap_unlock()
            assert bad == 0
            wanted = self.twin.block(self.words, layout.DELAY)
        assert self.sums() == wanted, (self.sums(), wanted)
        assert list(self.m)[:3] == self.twin.volt_rest
        assert list(self.m)[3:7] == self.twin.amp_rest
        self.check_fold(wanted)
        # the quantised voltages stand in the burst, then become the history
        for i in (0, sets // 2, sets - 1):
            stored = struct.unpack_from("<7i", self.buf, self.at + SIZE * i)
            row = self.twin.y[len(self.twin.y) - sets + i]
            assert [stored[c] - BIAS for c in (1, 3, 5)] == row
        self.buf[: self.at] = self.buf[size - self.at : size]

    def sums(self):
        return list(self.m)[layout.SUMS : layout.SUMS + 20]

    def totals(self):
        return kernel_twin.joined(list(self.m)[layout.TOTALS :])

    def check_fold(self, wanted):
        before = self.totals()
        micropython.heap_lock()
        sum_kernels.fold(self.m, 0, layout.SUMS, 1)
        micropython.heap_unlock()
        added = kernel_twin.totals_of(wanted, self.twin.shifts)
        assert self.totals() == [a + b for a, b in zip(before, added)]
        sum_kernels.fold(self.m, 0, layout.SUMS, -1)
        assert self.totals() == before
        sum_kernels.fold(self.m, 0, layout.SUMS, 1)


def check_normal(value, limbs):
    """A total comes back to 22 bits, also when its lower limbs have not carried yet."""
    t = ints(layout.WORDS)
    left = value
    for i in range(1, limbs):
        t[i] = (left & 0x3FFFFF) + (random.getrandbits(7) - 64 << 22)
        left = left - t[i] >> 22
    t[limbs] = left
    micropython.heap_lock()
    m = sum_kernels.normal(t, 1, limbs)
    micropython.heap_unlock()
    assert abs(m) < 1 << 30
    assert abs((m << t[layout.EXPONENT]) - value) <= abs(value) >> 21, (value, m)
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
        for sets in (layout.BLOCK, 1, 17):
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
            assert bench.m[layout.SHIFTS + channel // 2] == 9

# the sliver at a crossing
for part in (0, 1, 511, 512, 700, 1023, 1024):
    for bits in (28, 14):
        bench = Bench()
        bench.block(random_words(bits))
        bench.block(random_words(bits))
        after = [random.getrandbits(bits) - (1 << bits - 1) for _ in range(7)]
        struct.pack_into(">7i", bench.buf, bench.at, *after)
        micropython.heap_lock()
        sum_kernels.edge(bench.buf, 0, bench.at, part, bench.m)
        micropython.heap_unlock()
        y = bench.twin.y
        words = (bench.words[-1], after)
        late = y[len(y) - 1 - layout.DELAY], y[len(y) - layout.DELAY]
        wanted = kernel_twin.sliver(words, part, bench.twin.shifts, y[-1], late)
        out = list(bench.m)[layout.SLIVER : layout.SLIVER + 20]
        assert out == wanted, (out, wanted)

# half cycles: sums before and after a crossing anywhere in a block, or none
for at in (0, 1, 31, 32, 33, 63, 64, 0x7FFF):
    for bits in (27, 19):
        bench = Bench()
        for sets in (layout.BLOCK, layout.BLOCK):
            bench.block(random_words(bits), sets)
        for phase in range(3):
            base = layout.HALVES + phase * layout.HALF_WORDS
            bench.m[base + layout.H_AT] = at
            bench.m[base + layout.H_SUMS] = 100 + phase
            bench.m[base + layout.H_SUMS + 2] = 20
            bench.m[base + layout.H_STARTED] = 1
            bench.m[base + layout.H_PART] = 9
            # three quarters of a sample, seen from the set after it
            bench.m[base + layout.H_AROUND] = (1 << 23) + 100
            bench.m[base + layout.H_AROUND + 1] = (1 << 23) - 300
        # the burst stands in the history now: put it back as `volts` left it
        for n in range(layout.BLOCK):
            struct.pack_into(">7i", bench.buf, bench.at + SIZE * n, *bench.words[n])
            for phase in range(3):
                y = bench.twin.y[len(bench.twin.y) - layout.BLOCK + n][phase]
                struct.pack_into("<i", bench.buf, bench.at + SIZE * n + 8 * phase + 4, y + BIAS)
        micropython.heap_lock()
        told = cycle_kernels.halves(bench.buf, 0, bench.at, layout.BLOCK, bench.m, 0x3FFFFFF0)
        micropython.heap_unlock()
        y = bench.twin.y[len(bench.twin.y) - layout.BLOCK :]
        for phase in range(3):
            shift = bench.twin.shifts[phase]
            half = list(bench.m)[layout.HALVES + phase * layout.HALF_WORDS :][:15]
            before_u, before_i, u, i = kernel_twin.half_sums(
                y, bench.words, phase, bench.sums(), shift, min(at, 64)
            )
            if at > layout.BLOCK:
                assert half[1:7] == [100 + phase + u, i, 20 + layout.BLOCK, 0, 0, 0], half
            else:
                assert half[1:4] == [u - before_u, i - before_i, layout.BLOCK - at], half
                length = 32 * (20 + at) + 9 - 24
                assert half[4:7] == [100 + phase + before_u, before_i, length], half
                assert half[10] == 24 and half[14] == 0x3FFFFFF0 + at & 0x3FFFFFFF

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
    """Sets at which phase A crosses, looked for in `cut` sets a call; samples are the top 16 bits
    of the words. No window is cut."""
    buf = bytearray(SIZE * len(samples))
    for n, value in enumerate(samples):
        struct.pack_into(">i", buf, SIZE * n + 4, (value << 16) + 0x1234)
    m = ints(layout.WORDS)
    m[layout.CONTROL + layout.C_BLOCK] = 64
    m[layout.CONTROL + layout.C_ARM] = arm
    m[layout.CONTROL + layout.C_OPEN] = 1
    m[layout.CONTROL + layout.C_WANTED] = 1000
    base = layout.HALVES
    found = []
    at = 0
    while at < len(samples):
        sets = min(cut, len(samples) - at)
        m[base + layout.H_SUMS + 2] = 0
        micropython.heap_lock()
        assert cycle_kernels.look(buf, 0, SIZE * at, sets, m) == sets
        micropython.heap_unlock()
        hit = m[base + layout.H_AT]
        if hit < sets:
            found.append(at + hit)
            pair = samples[at + hit - 1 : at + hit + 1]
            around = [(value << 8) + 0x12 + (1 << 23) for value in pair]
            assert list(m)[base + layout.H_AROUND :][:2] == around, (at, hit)
        at += sets
    return found


# noise around the crossings, at each place of four; a half cycle too small ends without one
wave = []
for extra in range(4):
    wave += [300] * (40 + extra) + [9, -9, 9, -9, 9] + [-300] * 41 + [-2, 3, -2, 2, -1]
wave += [200] * 40 + [-300] * 40 + [300] * 40
for cut in (40, 24, 5):
    assert len(crossings(wave, 250, cut)) == 9, crossings(wave, 250, cut)
sine = [int(1000 * math.sin(0.0392699 * n + 0.3)) for n in range(350)]
for cut in (64, 48):
    found = crossings(sine, 30, cut)
    true = [n for n in range(1, 350) if (sine[n] < 0) != (sine[n - 1] < 0)]
    assert found == true, (found, true)
noise = [random.getrandbits(5) - 16 for _ in range(640)]
assert crossings(noise, 30, 64) == []

# a window is cut where the reference rises often enough, others do not cut
buf = bytearray(SIZE * 64)
for n in range(64):
    row = [0] * 7
    row[1] = 1000 * (20 - n) << 8
    row[3] = 1000 * (n - 30) << 8
    row[5] = 1000 * (40 - n) << 8
    struct.pack_into(">7i", buf, SIZE * n, *row)
for reference, cycles, wanted, cut in ((0, 9, 10, 0), (1, 9, 10, 1), (1, 8, 10, 0), (2, 9, 10, 0)):
    m = ints(layout.WORDS)
    for word, value in (
        (layout.C_BLOCK, 64),
        (layout.C_REFERENCE, reference),
        (layout.C_ARM, 3),
        (layout.C_CYCLES, cycles),
        (layout.C_WANTED, wanted),
        (layout.C_OPEN, 1),
    ):
        m[layout.CONTROL + word] = value
    assert cycle_kernels.look(buf, 0, 0, 64, m) == (30 if cut else 64)
    assert m[layout.CONTROL + layout.C_CUT] == cut
    assert m[layout.CONTROL + layout.C_CYCLES] == cycles + (reference == 1)

print("OK")
