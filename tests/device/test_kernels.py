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
    """Kernel and twin side by side, block after block, as the window drives them; the delay is
    another one each time."""

    delays = (layout.DELAY, 29, layout.DELAY_MAX)
    made = 0

    def __init__(self, shifts=(8, 8, 8, 8), way=k):
        self.way = way
        self.delay = self.delays[Bench.made % 3]
        Bench.made += 1
        self.at = SIZE * (layout.DELAY_MAX + 1)
        self.buf = bytearray(self.at + SIZE * layout.BLOCK)
        self.m = ints(layout.WORDS)
        for c in range(4):
            self.m[layout.SHIFTS + c] = shifts[c]
        self.twin = Twin(shifts)
        self.n = 0
        history = sets_of(self.buf, 0, layout.DELAY_MAX + 1)
        self.twin.volts(history)
        self.take(0, layout.DELAY_MAX + 1)
        self.m[layout.LATE] = self.delay * SIZE

    def take(self, at, sets):
        self.m[layout.AT] = at
        self.m[layout.AT + 1] = sets
        return self.way.sums(self.buf, 1, self.m)

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
        bad = self.take(self.at, sets)
        micropython.heap_unlock()
        wanted = self.twin.block(self.words, self.delay)
        assert (bad != 0) == (wanted is None)
        if bad:
            before = list(self.m)[:7]
            self.raise_shifts()
            assert before == list(self.m)[:7]  # nothing was taken
            micropython.heap_lock()
            bad = self.way.sums(self.buf, 0, self.m)
            micropython.heap_unlock()
            assert bad == 0
            wanted = self.twin.block(self.words, self.delay)
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
        late = y[len(y) - 1 - bench.delay], y[len(y) - bench.delay]
        wanted = kernel_twin.sliver(words, part, bench.twin.shifts, y[-1], late)
        out = list(bench.m)[layout.SLIVER : layout.SLIVER + 20]
        assert out == wanted, (out, wanted)


def crossing_at(at, bits):
    """Voltages that fall through zero at set `at` of the block, currents of `bits`."""

    def word(n, c):
        if c & 1:
            size = random.getrandbits(26) + (1 << 24)
            return size if n % layout.BLOCK < at else -size
        return random.getrandbits(bits) - (1 << bits - 1)

    return word


class Half:
    """Words of a phase at layout.HALVES."""

    def __init__(self, m, phase):
        self.m = m
        self.base = layout.HALVES + phase * layout.HALF_WORDS

    def put(self, **words):
        for name in words:
            self.m[self.base + getattr(layout, "H_" + name)] = words[name]

    def words(self, first, count):
        return list(self.m)[self.base + first :][:count]


def never(*_):
    raise AssertionError("a shift was raised")


# half cycles: sums before and after a crossing anywhere in a block, or none
for at in (0, 1, 31, 32, 33, 63, 99):
    for bits in (24, 16):
        bench = Bench((12, 12, 12, 12))
        bench.block(crossing_at(at, bits))
        # the same block once more, as `block` sees it: raw, with the history that belongs to it
        for n in range(layout.BLOCK):
            words = [crossing_at(at, bits)(n, c) for c in range(7)]
            struct.pack_into(">7i", bench.buf, bench.at + SIZE * n, *words)
        words = sets_of(bench.buf, bench.at, layout.BLOCK)
        for word, value in ((layout.C_BLOCK, 64), (layout.C_ARM, 9), (layout.C_WANTED, 10)):
            bench.m[layout.CONTROL + word] = value
        halves = [Half(bench.m, phase) for phase in range(3)]
        for phase in range(3):
            halves[phase].put(STARTED=1, PART=9, NEGATIVE=0, LAST=(1 << 23) + 99)
            halves[phase].put(SUMS=100 + phase)
            bench.m[halves[phase].base + layout.H_NEGATIVE + 1] = 1
            bench.m[halves[phase].base + layout.H_SUMS + 2] = 20
        bench.twin.volts(words)
        micropython.heap_lock()
        told = cycle_kernels.block(
            bench.buf, 0, bench.buf, bench.at, 64, bench.m, 0x3FFFFFF0, k.sums, never
        )
        micropython.heap_unlock()
        assert told & 0xFF == layout.BLOCK and not told & layout.TOLD_CUT
        assert bench.sums() == bench.twin.block(words, bench.delay)
        y = bench.twin.y[len(bench.twin.y) - layout.BLOCK :]
        for phase in range(3):
            before_u, before_i, u, i = kernel_twin.half_sums(
                y, words, phase, bench.sums(), 12, min(at, 64)
            )
            running = halves[phase].words(layout.H_SUMS, 3)
            ended = halves[phase].words(layout.H_ENDED, 3)
            if at > layout.BLOCK:
                assert running == [100 + phase + u, i, 20 + layout.BLOCK], running
                assert ended == [0, 0, 0], ended
                continue
            assert running == [u - before_u, i - before_i, layout.BLOCK - at], running
            after = (words[at][2 * phase + 1] >> 8) + (1 << 23)
            last = (words[at - 1][2 * phase + 1] >> 8) if at else 99
            assert halves[phase].words(layout.H_AROUND, 2) == [last + (1 << 23), after]
            part = (((1 << 23) - after) * 32) // (last - after + (1 << 23))
            assert ended == [100 + phase + before_u, before_i, 32 * (20 + at) + 9 - part]
            assert halves[phase].words(layout.H_PART, 1) == [part]
            assert halves[phase].words(layout.H_SAMPLE, 1) == [0x3FFFFFF0 + at & 0x3FFFFFFF]

bench = None
gc.collect()


def crossings(samples, arm, cut):
    """Sets at which phase A crosses, looked for in `cut` sets a call; samples are the top 16 bits
    of the words. No window is cut."""
    start = SIZE * (layout.DELAY_MAX + 1)
    buf = bytearray(start + SIZE * len(samples))
    for n, value in enumerate(samples):
        struct.pack_into(">i", buf, start + SIZE * n + 4, (value << 16) + 0x1234)
    m = ints(layout.WORDS)
    m[layout.CONTROL + layout.C_BLOCK] = 64
    m[layout.CONTROL + layout.C_ARM] = arm
    m[layout.CONTROL + layout.C_OPEN] = 1
    m[layout.CONTROL + layout.C_WANTED] = 1000
    phase = Half(m, 0)
    found = []
    at = 0
    while at < len(samples):
        sets = min(cut, len(samples) - at)
        m[phase.base + layout.H_SUMS + 2] = 0
        told = cycle_kernels.block(buf, 0, buf, start + SIZE * at, sets, m, 0, k.sums, never)
        assert told & 0xFF == sets
        hit = m[phase.base + layout.H_AT]
        if hit < sets:
            found.append(at + hit)
            pair = samples[at + hit - 1 : at + hit + 1]
            around = [(value << 8) + 0x12 + (1 << 23) for value in pair]
            assert phase.words(layout.H_AROUND, 2) == around, (at, hit)
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
start = SIZE * (layout.DELAY_MAX + 1)
buf = bytearray(start + SIZE * 64)
for n in range(64):
    row = [0] * 7
    row[1] = 1000 * (20 - n) << 8
    row[3] = 1000 * (n - 30) << 8
    row[5] = 1000 * (40 - n) << 8
    struct.pack_into(">7i", buf, start + SIZE * n, *row)
raw = bytes(buf)
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
    buf[:] = raw
    told = cycle_kernels.block(buf, 0, buf, start, 64, m, 0, k.sums, never)
    assert told & 0xFF == (30 if cut else 64)
    assert bool(told & layout.TOLD_CUT) == bool(cut)
    assert m[layout.CONTROL + layout.C_CYCLES] == cycles + (reference == 1)

print("OK")
