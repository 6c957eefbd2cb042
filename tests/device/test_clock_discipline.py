"""Stamps and frequency of windows after a minute with a crystal that is 100 ppm off and interrupts
that are served up to 1 ms late: real meter, real clock model, true times in whole nanoseconds.

Bounds: the stamp of a window, in ms, is within 1 ms of its last zero crossing; f within 1 mHz
(10 mHz are demanded; the crystal alone would make 5).
"""

import math
import random
import struct

from firmware.core.clock import Clock
from firmware.link.timebase import TimeBase
from firmware.metering import layout, meter, quantities

U_FS, I_FS, FULL = 500000, 400000, 74532013
TURN = 1 << 29  # of a phase: a sum of two stays a small int on 32 bits
PEAK = 230000 * math.sqrt(2) / U_FS * FULL
TICKS = (1 << 30) - 1  # of a 32-bit port
SETS = 64
SET_NS = 125000
EPOCH_US = 1790000000123456
MINUTE = 7500 * SETS


def ticks_diff(a, b):
    return ((a - b + (1 << 29)) & TICKS) - (1 << 29)


class World:
    """A unit with a crystal that is `ppb` slow, an interrupt every 64 samples, and a mains of
    `step` a sample. Signal time is `ns`."""

    def __init__(self, seed, ppb, step):
        random.seed(seed)
        self.ppb = ppb
        self.step = step
        self.ns = 0  # now
        self.start_us = random.getrandbits(30)  # ticks wrap on the way or do not
        clock = Clock(self.ticks_us, ticks_diff, self.no_ms, self.utc_us)
        self.base = TimeBase(clock, SETS * SET_NS // 1000, SETS)
        self.meter = meter.Meter(U_FS, I_FS, FULL, 230, 50, self.window)
        self.at = meter.HISTORY * layout.SET_BYTES
        self.buf = bytearray(self.at + SETS * layout.SET_BYTES)
        self.seen = 0
        self.worst_ns = self.worst_f = 0

    def ticks_us(self):
        return self.start_us + self.ns // 1000 & TICKS

    def utc_us(self):
        return EPOCH_US + self.ns // 1000

    def no_ms(self):
        raise AssertionError("milliseconds are too coarse for a stamp")

    def true_ns(self, sample):
        """When it is taken."""
        return sample * SET_NS + sample * SET_NS * self.ppb // 1000000000

    def mark(self, sample):
        """The interrupt that sample number `sample` is full, served late."""
        at = self.true_ns(sample)
        stamp = self.start_us + (at // 1000 + random.randrange(1001)) & TICKS
        rough = self.start_us + (at // 1000 + random.randrange(-900, 901)) & TICKS
        self.base.observe(sample, rough, stamp)
        self.ns = at + 1000000 + random.randrange(1000000)

    def minute(self):
        for sample in range(SETS, MINUTE + SETS, SETS):
            self.mark(sample)

    def feed(self, quarters):
        """Samples from the minute on; the phase of the mains is 0 at its first."""
        turn = 0
        for sample in range(MINUTE, MINUTE + quarters * SETS, SETS):
            self.buf[: self.at] = self.buf[-self.at :]
            for k in range(SETS):
                word = int(PEAK * math.sin(turn * (2 * math.pi / TURN)))
                place = self.at + k * layout.SET_BYTES
                struct.pack_into(">7i", self.buf, place, 0, word, 0, word, 0, word, 0)
                turn = turn + self.step & TURN - 1
            self.mark(sample + SETS)
            self.meter.feed(self.buf, self.at, SETS, sample)

    def window(self, values, window):
        """What the terminal does with it, against the crossing next to its last sample."""
        stamp = self.base.utc_ms(window.end)
        cycles = ((window.end - MINUTE) * self.step + TURN // 2) // TURN
        since = cycles * TURN * SET_NS // self.step  # by the crystal
        true = self.true_ns(MINUTE) + since + since * self.ppb // 1000000000
        error = stamp * 1000000 - EPOCH_US * 1000 - true
        self.worst_ns = max(self.worst_ns, abs(error))
        # cycles a second by the true clock, in 0.1 mHz
        true_f = self.step * 80000000 * 1000000000 // (TURN * (1000000000 + self.ppb))
        self.worst_f = max(self.worst_f, abs(values[quantities.HERTZ] - true_f))
        self.seen += 1


for seed in range(3):
    for ppb in (-100000, 100000):
        hertz = 47.3 + seed * 2.9
        world = World(seed, ppb, round(hertz / 8000 * TURN))
        world.minute()
        assert abs(world.base.rate_ppb() - ppb) < 5000, (seed, world.base.rate_ppb())
        world.meter.quantities.set_rate(world.base.rate_ppb())
        world.feed(80)
        assert world.seen >= 2
        assert world.worst_ns <= 1000000, (seed, ppb, world.worst_ns)
        assert world.worst_f <= 10, (seed, ppb, world.worst_f)

print("OK")
