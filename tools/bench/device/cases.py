"""The code under test, and how one call of it is made: this is what changes with the firmware.

Each case has run(n). The raw window is kept apart, since the kernels may write into the burst.
"""

import struct
from array import array

from firmware.metering import kernels, layout, meter
from tools.bench.device import signal

BURST = 64  # sets the link hands on at a time
_DELAY_BYTES = 1120  # a quarter cycle


class Feed:
    """The link's buffer, with bursts of the window coming in one after the other."""

    def __init__(self, raw):
        self._raw = memoryview(raw)
        self.at = meter.HISTORY * signal.SET_BYTES
        self.buf = bytearray(self.at + BURST * signal.SET_BYTES)
        view = memoryview(self.buf)
        self._burst = view[self.at :]
        self._history = view[: self.at]
        self._tail = view[BURST * signal.SET_BYTES :]
        self.sample = 0

    def next(self):
        """The next burst; number of its first sample."""
        self._history[:] = self._tail
        at = self.sample % signal.SETS * signal.SET_BYTES
        self._burst[:] = self._raw[at : at + BURST * signal.SET_BYTES]
        self.sample += BURST
        return self.sample - BURST


class Kernel:
    """Raw burst to sums of one block."""

    def __init__(self, feed):
        self.buf, self.at = feed.buf, feed.at
        self.memory = array("i", bytes(4 * layout.WORDS))
        for k in range(4):
            self.memory[layout.SHIFTS + k] = layout.SHIFT_MAX

    def run(self, sets):
        kernels.volts(self.buf, 0, self.at, sets, self.memory)
        if kernels.amps(self.buf, 0, self.at, sets, self.memory):
            raise ValueError("a current left its range")


class Pipeline:
    """Raw bursts to published windows: crossings, half cycles, sums, values, energy."""

    def __init__(self, feed):
        self.feed = feed
        self.windows = 0
        self.meter = meter.Meter(500000, 400000, 74532013, 230, 50, self._published)

    def _published(self, values, _meter):
        if not 229000 < values[0] < 231000:
            raise ValueError("the pipeline measures %d mV" % values[0])
        self.windows += 1

    def run(self, sample):
        self.meter.feed(self.feed.buf, self.feed.at, BURST, sample)


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
