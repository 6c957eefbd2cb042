"""The data channel: every sample once, in order, with its number, however late the reader is."""

import random
import struct

from silicon import Silicon

from firmware.core import flags
from firmware.link.ade9000.bus import Bus
from firmware.link.ade9000.stream import SETS, Stream

HISTORY = 41


class Sink:
    """Checks each set against what the silicon holds under its number."""

    def __init__(self, chip):
        self.chip = chip
        self.fed = 0
        self.offset = None  # set number of the silicon less sample number
        self.next = None
        self.gaps = []
        self.since_gap = 0  # sets fed since the last gap: so much history is valid

    def feed(self, buf, at, sets, sample):
        assert sets == SETS
        first = self.number(buf, at)
        if self.offset is None:
            self.offset = first - sample
        if self.next is not None:
            assert sample == self.next, (sample, self.next)
        back = min(self.since_gap, HISTORY)
        for k in range(-back, sets, 7):
            wanted = [self.chip.word(sample + self.offset + k, c) for c in range(7)]
            assert list(struct.unpack_from(">7i", buf, at + 28 * k)) == wanted, (sample, k)
        self.next = sample + sets
        self.fed += sets
        self.since_gap += sets

    def number(self, buf, at):
        """Set number of the set at `at`, from its first word and the silicon's present."""
        low = struct.unpack_from(">i", buf, at)[0] + (1 << 22) >> 12
        newest = self.chip.sets()
        return newest - (newest - low) % 2048

    def gap(self, sets, why):
        self.gaps.append((sets, why))
        if self.next is not None:
            self.next += sets
        self.since_gap = 0


def bench(check_crc=True):
    chip = Silicon()
    stream = Stream(Bus(chip, chip.select), chip, HISTORY, check_crc)
    sink = Sink(chip)
    stream.attach(sink)
    return chip, stream, sink


def missing(sink):
    return sum([sets for sets, _ in sink.gaps])


# in time: nothing is missing, each quarter comes once
chip, stream, sink = bench()
for _ in range(300):
    chip.advance(1500)
    stream.serve()
assert not sink.gaps
assert sink.fed == stream.sample == stream.quarters * SETS
assert chip.sets() - sink.fed < SETS + 20
assert sink.offset == 0  # the first quarter is not missed

# up to three quarters late, at random: caught up in order, nothing is missing
random.seed(9)
chip, stream, sink = bench()
chip.advance(8100)
stream.serve()
for _ in range(200):
    chip.advance(random.randrange(100, 23000))
    stream.serve()
assert not sink.gaps, sink.gaps
assert sink.fed == stream.sample and chip.sets() - sink.fed < SETS + 40

# later than that: what is gone is counted exactly, what is left is still taken
for late_us, lost in ((31000, 1), (40500, 2), (200000, 22), (1000000, 122)):
    chip, stream, sink = bench()
    chip.advance(8300)
    assert stream.serve() == 1
    chip.advance(late_us)
    stream.serve()
    assert missing(sink) == lost * SETS, (late_us, sink.gaps)
    assert all([why == flags.OVERRUN for _, why in sink.gaps])
    assert stream.overruns == lost
    for _ in range(20):  # and afterwards it runs as before
        chip.advance(7000)
        stream.serve()
    assert missing(sink) == lost * SETS
    assert chip.sets() - stream.sample - sink.offset < 2 * SETS

# the writer enters the quarter during the burst: the mixed one is dropped, the next is whole
mixed = 0
for served_us in range(38700, 40300, 100):  # set 320 replaces the second quarter's first
    chip, stream, sink = bench()
    chip.advance(8010)
    assert stream.serve() == 1
    chip.advance(served_us - chip.us())
    stream.serve()
    mixed += len(sink.gaps)
    for _ in range(5):
        chip.advance(5000)
        stream.serve()
    assert stream.overruns == missing(sink) // SETS <= 1
assert 3 < mixed < 20, mixed  # some were in time, some not

# a bit error: read again; two in a row: the quarter is given up and named
chip, stream, sink = bench()
chip.flips = [(3, 100), (5, 7), (6, 900)]
for _ in range(20):
    chip.advance(4000)
    stream.serve()
assert stream.repeats == 2 and stream.crc_errors == 1
assert sink.gaps == [(SETS, flags.SHORT)], sink.gaps
assert sink.fed + SETS == stream.sample

print("OK")
