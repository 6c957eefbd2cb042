"""A window of seven channels in steps: amplitudes, ratios, phasors, gaps, and the heap locked."""

import gc
import math
import struct

import micropython

from firmware.metering.harmonics import STEPS, Harmonics
from firmware.metering.ring import SET, WaveRing
from firmware.metering.spectrum import (
    CREST,
    EVEN,
    GROUP,
    INTER,
    LINE,
    ODD,
    RATIOS,
    SUBGROUP,
    THD,
    THDG,
    THDS,
)

RING = WaveRing(2048)
# channel: amplitude of the fundamental, degrees, then (order, share, degrees)
WAVES = (
    (300, -30, ((5, 0.4, 10),)),
    (9000, 0, ((5, 0.1, 180), (50, 0.02, 20))),
    (30, -140, ((2, 0.1, 0),)),
    (9000, -120, ((4.5, 0.03, 0),)),
    (3000, 100, ()),
    (9000, 120, ()),
    (0, 0, ()),
)


def value(wave, turn, dc):
    amplitude, degrees, more = wave
    x = math.cos(turn + math.radians(degrees))
    for order, share, at in more:
        x += share * math.cos(order * turn + math.radians(at))
    return amplitude * x + dc


def fill(hertz, sets):
    """As the ring does it: what is cut off a sample is carried into the next."""
    rest = [0.0] * 7
    for n in range(sets):
        turn = 2 * math.pi * ((hertz * n / 8000) % 20)
        for channel in range(7):
            at = SET * n + 2 * channel
            dc = 25 if channel == 4 else 0
            x = value(WAVES[channel], turn, dc) + rest[channel] - 1 / 32
            rest[channel] = x - math.floor(x)
            struct.pack_into("<h", RING.buf, at, math.floor(x))
    RING.newest = sets - 1


def near(got, expected, most):
    assert abs(got - expected) <= most, (got, expected, most)


def rms(amplitude):
    return amplitude * 256 / math.sqrt(2)


def run(work):
    steps = 0
    while not work.step():
        steps += 1
        assert steps < STEPS
    return work.result


work = Harmonics()
assert not work.step()  # nothing to do
for hertz, cycles in ((50, 10), (49.3, 10), (60.7, 12)):
    fill(hertz, 2000)
    length = int(cycles * 8000 / hertz * 65536)
    assert work.begin(RING, 101, 30000, length, cycles)
    s = run(work)
    assert (s.start, s.cycles) == (101, cycles)
    for channel, (amplitude, _, more) in enumerate(WAVES):
        full = rms(max(amplitude, 22))  # what errors are a part of
        for order in range(1, 51):
            share = 1 if order == 1 else 0
            for h, part, _ in more:
                share = part if h == order else share
            for kind in (LINE, SUBGROUP, GROUP):
                if kind == GROUP and channel == 3 and order in (4, 5):
                    # half an order between: half of it, by its power, belongs to either group
                    near(
                        s.amplitude(channel, order, kind),
                        full * 0.03 * math.sqrt(0.5),
                        full / 1000,
                    )
                elif amplitude:
                    most = full / (5000 if amplitude > 1000 else 1500 if amplitude > 100 else 100)
                    most *= 2 if order > 25 else 1  # where the ring's error moves to
                    near(s.amplitude(channel, order, kind), share * full, most)
        between = 0.03 if channel == 3 else 0
        near(s.amplitude(channel, 4, INTER), between * rms(amplitude), full / 500)
    near(s.amplitude(4, 0, LINE), 25 * 256, 12)  # DC, one unit is 256
    near(s.amplitude(1, 0, LINE), 0, 12)

    ratios = s.ratios
    near(ratios[0 + THD], 4000, 12)  # 40 % of the 5th
    near(ratios[0 + ODD], 4000, 12)
    near(ratios[0 + EVEN], 0, 12)
    near(ratios[RATIOS + THD], 1020, 3)
    near(ratios[RATIOS + THDS], 1020, 3)
    near(ratios[RATIOS + EVEN], 200, 3)
    near(ratios[3 * RATIOS + THD], 0, 5)
    near(ratios[3 * RATIOS + THDG], 300, 6)
    near(ratios[5 * RATIOS + CREST], 1414, 3)
    assert list(ratios[6 * RATIOS :]) == [0] * RATIOS  # nothing there, nothing to compare

    # phasors: amplitude, and the angle between channels
    for channel, (amplitude, degrees, _) in enumerate(WAVES[:6]):
        size = math.sqrt(float(s.re[channel]) ** 2 + float(s.im[channel]) ** 2) / 16384
        near(size, amplitude, amplitude / 10000 + 0.05)
        angle = math.atan2(s.im[channel], s.re[channel]) - math.atan2(s.im[1], s.re[1])
        error = math.degrees(angle) - degrees
        near((error + 180) % 360 - 180, 0, 0.02 + 1.0 / amplitude)
    # the sum of the currents, sample by sample; its DC counts
    x = sum([a * math.cos(math.radians(d)) for a, d, _ in (WAVES[0], WAVES[2], WAVES[4])])
    y = sum([a * math.sin(math.radians(d)) for a, d, _ in (WAVES[0], WAVES[2], WAVES[4])])
    total = (x * x + y * y + 120.0**2 + 3.0**2) / 2 + 25.0**2
    near(s.neutral, 256 * math.sqrt(total), 256 * math.sqrt(total) / 500)

# out of the range, no cycles of ours
assert not work.begin(RING, 100, 0, 1379 << 16, 10)
assert not work.begin(RING, 100, 0, 1600 << 16, 11)
assert not work.step()

# what is yet to come is waited for, what is gone is given up, what is broken off is counted
lost = work.lost
RING.newest = 1650
assert work.begin(RING, 101, 0, 1600 << 16, 10)
assert not work.step() and work._left == STEPS
RING.newest = 1720
assert not work.step() and work._left == STEPS - 1
assert work.lost == lost
assert work.begin(RING, 101, 0, 1600 << 16, 10)
assert work.lost == lost + 1
RING.newest = 95 + RING.capacity  # overwrites sample 95, and 96 is the first one taken
run(work)
assert work.begin(RING, 101, 0, 1600 << 16, 10)
RING.newest = 96 + RING.capacity
assert not work.step() and work.lost == lost + 2
assert not work.step()
assert work.begin(RING, 101, 0, 1600 << 16, 10)
RING.gap(2200)
assert not work.step() and work.lost == lost + 3
RING.oldest, RING.newest = 0, 1999

# the heap: nothing in a step, and no more than a division in `begin`
gc.collect()
assert work.begin(RING, 101, 3, 1600 << 16, 10)
micropython.heap_lock()
run(work)
micropython.heap_unlock()
before = gc.mem_alloc()
work.begin(RING, 101, 3, (1600 << 16) + 9, 10)
assert gc.mem_alloc() - before <= 128, gc.mem_alloc() - before

print("OK")
