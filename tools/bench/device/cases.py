"""The code under test, and how one call of it is made: this is what changes with the firmware.

Each case has run(n). The raw sets are kept apart, since the kernels may write into the burst.
"""

import struct
from array import array

from micropython import const

from firmware.config.schema import SCHEMA
from firmware.metering import harmonics, layout, meter, ring
from firmware.metering.measuring import Measuring
from tools.bench.device import signal

BURST = 64  # sets the link hands on at a time
_DELAY_BYTES = 1120  # a quarter cycle
_SETS = const(19)  # layout.AT + 1


class Feed:
    """The link's buffer, with bursts of the window coming in one after the other."""

    def __init__(self, raw):
        size = BURST * signal.SET_BYTES
        view = memoryview(raw)
        self._bursts = [view[at : at + size] for at in range(0, len(raw), size)]
        self._turn = 0
        self.at = meter.HISTORY * signal.SET_BYTES
        self.buf = bytearray(self.at + size)
        view = memoryview(self.buf)
        self._burst = view[self.at :]
        self._history = view[: self.at]
        self._tail = view[size:]
        self.sample = 0

    def next(self):
        """The next burst; number of its first sample."""
        self._history[:] = self._tail
        self._burst[:] = self._bursts[self._turn]
        self._turn = (self._turn + 1) % len(self._bursts)
        self.sample += BURST
        return self.sample - BURST


class Kernel:
    """Raw burst to sums of one block; `code` offers sums."""

    def __init__(self, feed, code):
        self.buf = feed.buf
        self.sums = code.sums
        self.memory = array("i", bytes(4 * layout.WORDS))
        self.memory[layout.LATE] = _DELAY_BYTES
        self.memory[layout.AT] = feed.at
        for k in range(4):
            self.memory[layout.SHIFTS + k] = layout.SHIFT_MAX

    def run(self, sets):
        self.memory[_SETS] = sets
        if self.sums(self.buf, 1, self.memory):
            raise ValueError("a current left its range")


class Pipeline:
    """Raw bursts to published windows: crossings, half cycles, sums, values, energy. `fast` is
    what a board has in place of the kernels, or None."""

    def __init__(self, feed, fast):
        self.feed = feed
        self.windows = 0
        self.meter = meter.Meter(500000, 400000, 74532013, 230, 50, self._published, fast=fast)
        self._take, self._buf, self._at = self.meter.feed, feed.buf, feed.at

    def _published(self, values, _meter):
        if not 229000 < values[0] < 231000:
            raise ValueError("the pipeline measures %d mV" % values[0])
        self.windows += 1

    def run(self, sample):
        self._take(self._buf, self._at, BURST, sample)


class Settings:
    """What the terminal has when nobody has set anything."""

    def __init__(self, group):
        for row in SCHEMA:
            if row[0].startswith(group):
                setattr(self, row[0][len(group) :], row[2])


class Whole:
    """Everything that is measured from samples, as the terminal has it: the pipeline, the waveform
    ring, power-quality events, aggregates and a step of the harmonics a burst."""

    def __init__(self, feed, fast):
        self.feed = feed
        self.windows = self.spectra = 0
        self.measuring = Measuring(
            (500000, 400000, 74532013),
            Settings("metering."),
            Settings("pq."),
            self,
            lambda sample: 1772323200000 + (sample >> 3),
            fast,
        )

    def run(self, sample):
        self.measuring.feed(self.feed.buf, self.feed.at, BURST, sample)

    # the sink

    def window(self, values, meter, stamp_ms):
        self.windows += 1

    def spectrum(self, values, stamp_ms):
        self.spectra += 1

    def aggregate(self, kind, values, flags, end_ms, coverage):
        pass

    def disturbed(self, values):
        pass

    def begin(self, *what):
        raise ValueError("an event where there is none")

    end = begin


class Harmonics:
    """A window in the waveform ring to the spectra of all channels, a step a call."""

    def __init__(self, feed):
        self.ring = ring.WaveRing(2048)
        for _ in range(2 * signal.WINDOW_SETS // BURST):
            sample = feed.next()
            self.ring.pack(feed.buf, feed.at, BURST, sample)
        self.first = feed.sample - signal.WINDOW_SETS - 200  # taps and all are in the ring
        self.work = harmonics.Harmonics()
        self.done = False

    def begin(self, more):
        length = (signal.WINDOW_SETS << 16) + more
        if not self.work.begin(self.ring, self.first, 0, length, 10):
            raise ValueError("harmonics refuse the window")

    def run(self, n):
        self.done = self.work.step()

    def check(self):
        """The fifth is 10 % of the currents and 2 % of the voltages, the seventh nothing."""
        amplitude = self.work.result.amplitude
        for channel in range(6):
            first, fifth = amplitude(channel, 1), amplitude(channel, 5)
            wrong = abs(fifth * 1000 - (20 if channel & 1 else 100) * first)
            if max(wrong, amplitude(channel, 7) * 1000) > first:
                raise ValueError("the fifth of channel %d is %d of %d" % (channel, fifth, first))


class Compiled:
    """The kernel's work in C -O2."""

    def __init__(self, feed, sums):
        self.feed = feed
        self.sums = sums
        self.out = bytearray(8 * 20)

    def run(self, sets):
        self.sums(self.feed.buf, self.feed.at, sets, _DELAY_BYTES, self.out)

    def results(self):
        return list(struct.unpack("20q", self.out))


class Plain:
    """The kernel's work in byte code."""

    def __init__(self, feed, sums):
        self.feed = feed
        self.sums = sums
        self.out = [0] * 20

    def run(self, sets):
        self.sums(self.feed.buf, self.feed.at, sets, _DELAY_BYTES, self.out)
