"""The clock model of the sample counter: crystal error, stamp jitter, ticks that wrap, a step."""

import random

from firmware.link.timebase import TimeBase

MASK = (1 << 30) - 1  # ticks of a 32-bit port
HALF_US = 16000
SETS = 128


class Ticks:
    """Differences as time.ticks_diff on a 32-bit port."""

    def diff_us(self, a, b):
        return ((a - b + (1 << 29)) & MASK) - (1 << 29)


def follow(base, ppm, jitter_us, halves, start_us):
    """Feed stamps of a crystal `ppm` slow; the worst error of age_us at the end, in us."""
    period = HALF_US * (1 + ppm / 1e6)
    worst = 0
    for k in range(halves):
        true_us = start_us + k * period
        stamp = int(true_us + random.random() * jitter_us) & MASK
        base.observe(k * SETS, SETS, stamp)
        if k > halves * 3 // 4:
            now = int(true_us + 5000) & MASK
            worst = max(worst, abs(base.age_us(k * SETS, now) - 5000 + jitter_us / 2))
    return worst


random.seed(7)
for ppm in (-100, 0, 100):
    base = TimeBase(Ticks(), HALF_US)
    # 60 s that run over the wrap of the ticks
    worst = follow(base, ppm, 1000, 3750, MASK - 20000000)
    assert worst < 1000, (ppm, worst)
    assert abs(base.rate_ppm() - ppm) < 60, (ppm, base.rate_ppm())
    assert base.uncertainty_us < 1000

base = TimeBase(Ticks(), HALF_US)
worst = follow(base, 30, 0, 3750, 5)
assert worst < 20, worst
assert abs(base.rate_ppm() - 30) < 2, base.rate_ppm()

# a step is a new start, not a drift to be followed
base.observe(3750 * SETS, SETS, int(3750 * HALF_US + 900000) & MASK)
assert base.age_us(3750 * SETS, int(3750 * HALF_US + 900000) & MASK) == 0
assert TimeBase(Ticks(), HALF_US).age_us(0, 0) is None

print("OK")
