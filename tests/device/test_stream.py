"""The data channel: every sample once, in order, with its number, however late the reader is."""

import random
import struct

from silicon import Silicon, word

from firmware.core import flags
from firmware.core.errors import LinkError
from firmware.link.ade9000.bus import Bus
from firmware.link.ade9000.stream import SETS, Stream

HISTORY = 41
WRITTEN = 512  # by the sink in place of the voltages, as the meter puts what it made of them


class Sink:
    """Checks each set against what the silicon holds under its number."""

    def __init__(self, chip):
        self.chip = chip
        self.fed = 0
        self.offset = None  # set number of the silicon less sample number
        self.next = None
        self.gaps = []
        self.notes = []  # (sample, flags)
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
            if k < 0:
                wanted[1] = wanted[3] = wanted[5] = WRITTEN
            assert list(struct.unpack_from(">7i", buf, at + 28 * k)) == wanted, (sample, k)
        for k in range(sets):
            for c in (1, 3, 5):
                struct.pack_into(">i", buf, at + 28 * k + 4 * c, WRITTEN)
        self.next = sample + sets
        self.fed += sets
        self.since_gap += sets

    def note(self, why):
        self.notes.append((self.next, why))

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

# first served late: nothing is missing while it is there, else the newest quarter begins
for late_us, first in ((12000, 0), (20000, 0), (29000, 0), (38000, 192), (100000, 704)):
    chip, stream, sink = bench()
    chip.advance(late_us)
    while sink.fed < 5 * SETS:
        stream.serve()
        chip.advance(3000)
    assert sink.offset == first and not sink.gaps, (late_us, sink.offset)

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

assert not sink.notes

# a bus that reads nothing but ones or zeros: LinkError, and named with what is lost by it
for level in (0xFF, 0x00):
    chip, stream, sink = bench()
    chip.advance(8100)
    assert stream.serve() == 1
    chip.dead = level
    for _ in range(15):
        chip.advance(3000)
        try:
            stream.serve()
            raise AssertionError("a dead bus was taken for good")
        except LinkError as error:
            assert "0x%02X only" % level in str(error)
    chip.dead = None
    for _ in range(20):
        chip.advance(4000)
        stream.serve()
    assert sink.gaps == [(missing(sink), flags.OVERRUN | flags.BUS)], sink.gaps
    assert missing(sink) == 3 * SETS
    chip.advance(100000)  # a later loss has nothing to do with it
    stream.serve()
    assert sink.gaps[1][1] == flags.OVERRUN

# it dies between the look and the burst, with the burst's CRC checked and not
for check_crc in (True, False):
    for level in (0xFF, 0x00):
        chip, stream, sink = bench(check_crc)
        chip.advance(8100)
        stream.serve()
        chip.blank_bursts = level
        chip.advance(8000)
        stream.serve()
        chip.blank_bursts = None
        chip.advance(8000)
        stream.serve()
        assert sink.gaps == [(SETS, flags.BUS)], sink.gaps
        assert stream.blanks == 1 and stream.crc_errors == 0

# a channel that stands still for 16 sets is noted, with each quarter that has some; 15 are not


def notes(channel, first, count, code=None):
    """What is noted when `channel` stands still from set `first`, at `code` or where it is."""
    chip, stream, sink = bench()

    def stands(n, c):
        if c != channel or not first <= n < first + count:
            return word(n, c)
        return word(first, c) if code is None else code

    chip.word = stands
    while sink.fed < 6 * SETS:
        chip.advance(8000)
        stream.serve()
    assert stream.stuck == len([1 for _, why in sink.notes if why == flags.STUCK])
    return sink.notes


random.seed(11)
for channel in range(7):
    for first in (192, 240, 192 + random.randrange(64)):
        assert not notes(channel, first, 15)
        # told with the quarter in which it came to 16 sets
        assert notes(channel, first, 16) == [((first + 15) // SETS * SETS, flags.STUCK)], first
for first in range(193, 193 + 15):
    assert notes(4, first, 16) == [((first + 15) // SETS * SETS, flags.STUCK)], first
assert notes(2, 216, 40) == [(192, flags.STUCK)]  # over at the end of its quarter
assert notes(2, 217, 40) == [(192, flags.STUCK), (256, flags.STUCK)]
# the first word of a quarter is what the sink left of a dead phase in the history
assert not notes(3, 192, 1, WRITTEN)

# a clipped channel repeats its last code: saturated, not stuck; below that it is stuck
for code, why in (
    (74532013, flags.SATURATED),
    (-74532013, flags.SATURATED),
    (60000000, flags.STUCK),
    (-60000000, flags.STUCK),
    (0, flags.STUCK),
    (-1, flags.STUCK),
):
    found = notes(3, 200, 30, code)
    assert found == [(192, why)], (code, found)

print("OK")
