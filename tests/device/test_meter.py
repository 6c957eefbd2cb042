"""The meter against signals whose truth is known: values, frequency, energy, half cycles, gaps,
dead phases, flags."""

import gc
import math
import struct

from firmware.core import flags
from firmware.metering import layout, meter, quantities

U_FS, I_FS = 500000, 400000  # mV, mA peak
FULL = 74532013


TURN = 1 << 29  # of a phase: a sum of two stays a small int on 32 bits
MASK = TURN - 1


class Signal:
    """Three phases as x_PCF words; amplitudes in V and A rms, angles in degrees. The phase is an
    integer, so that single-precision floats do, and runs on from sample to sample, so that no
    big integer is needed."""

    def __init__(self, hertz, u=(230, 231, 229), i=(100, 80, 60), phi=(20, -30, 60), dc=0):
        self.step = round(hertz / 8000 * TURN)
        self.u = [v * math.sqrt(2) * 1000 / U_FS * FULL for v in u]
        self.i = [a * math.sqrt(2) * 1000 / I_FS * FULL for a in i]
        self.behind = [TURN * k // 3 for k in range(3)]
        self.lag = [round(d / 360 * TURN) for d in phi]
        self.dc = round(dc * FULL)
        self.clip = 0  # where a converter stops, 0: nowhere
        self.at(0)

    def at(self, n):
        """The next set is number `n`."""
        self.turn = n * self.step & MASK

    def words(self):
        """Of the next set."""
        out = []
        for k in range(3):
            turn = self.turn - self.behind[k]
            out.append(round(self.i[k] * _sine(turn - self.lag[k])) + self.dc)
            out.append(round(self.u[k] * _sine(turn)) + self.dc)
        self.turn = self.turn + self.step & MASK
        out.append(out[0] + out[2] + out[4] - 3 * self.dc)
        if self.clip:
            return [max(-self.clip, min(self.clip, w)) for w in out]
        return out


def _sine(turn):
    return math.sin((turn & MASK) * (2 * math.pi / TURN))


class Bench:
    """Feeds a Meter with quarters of the waveform buffer as the link does."""

    def __init__(self):
        gc.collect()
        self.seen = []  # (values, end, length / 1024, flags) of each window
        self.halves = []  # (phase, u2, i2, sample)
        self.meter = meter.Meter(U_FS, I_FS, FULL, 230, 50, self.publish, self.half)
        self.at = meter.HISTORY * layout.SET_BYTES
        self.buf = bytearray(self.at + 64 * layout.SET_BYTES)
        self.sample = 0

    def publish(self, values, m):
        self.seen.append((list(values), m.end, m.length, m.flags))

    def half(self, phase, u2, i2, sample):
        if len(self.halves) < 300:
            self.halves.append((phase, u2, i2, sample))

    def feed(self, signal, quarters):
        signal.at(self.sample)
        for _ in range(quarters):
            self.buf[: self.at] = self.buf[-self.at :]
            for k in range(64):
                at = self.at + k * layout.SET_BYTES
                struct.pack_into(">7i", self.buf, at, *signal.words())
            self.meter.feed(self.buf, self.at, 64, self.sample)
            self.sample += 64


def near(value, truth, ppm, of=None):
    bound = abs(of or truth) * ppm / 1e6 + 0.6
    assert abs(value - truth) <= bound, (value, truth, bound)


def check(values, signal_u, signal_i, phi, hertz):
    for k in range(3):
        s = signal_u[k] * signal_i[k] * 1000
        near(values[quantities.VOLTS + k], signal_u[k] * 1000, 20)
        near(values[quantities.AMPS + k], signal_i[k] * 1000, 20)
        near(values[quantities.WATTS + k], s * math.cos(math.radians(phi[k])), 20, s)
        near(values[quantities.VARS + k], s * math.sin(math.radians(phi[k])), 100, s)
    near(values[quantities.HERTZ], hertz * 10000, 20)


u, i, phi = (230, 231, 229), (100, 80, 60), (20, -30, 60)
for hertz in (50.0, 49.7, 47.53, 52.31, 42.5, 57.5):
    bench = Bench()
    bench.feed(Signal(hertz), 96)
    assert len(bench.seen) >= 2, bench.seen
    for values, _, length, bits in bench.seen:
        check(values, u, i, phi, hertz)
        cycles = 12 if length > 10.5 * 8000 * 1024 / hertz else 10
        near(length, cycles * 8000 * 1024 / hertz, 2)
        assert not bits
    # windows follow each other without a gap
    assert bench.meter.lost == 0
    ends = [end for _, end, _, _ in bench.seen]
    for k in range(1, len(ends)):
        assert abs((ends[k] - ends[k - 1]) * 1024 - bench.seen[k][2]) <= 1024
    # one-cycle rms at every half cycle of every phase
    for phase in range(3):
        mine = [h for h in bench.halves if h[0] == phase]
        assert abs(len(mine) - 2 * 96 * 64 * hertz / 8000) < 6, len(mine)
        for _, u2, i2, _ in mine:
            near(math.sqrt(u2) / 2 * 16384 * U_FS / FULL, u[phase] * 1000, 300)
            near(math.sqrt(i2) / 2 * 16384 * I_FS / FULL, i[phase] * 1000, 20000)

# 60 Hz: the first window has 10 cycles, then the meter takes 12
bench = Bench()
bench.feed(Signal(60.0), 120)
lengths = [b[1] - a[1] for a, b in zip(bench.seen, bench.seen[1:])]
assert lengths and all([1599 <= n <= 1601 for n in lengths]), lengths
check(bench.seen[-1][0], u, i, phi, 60.0)

# no mains frequency: no division by the sine of half a cycle, f = 0, and a flag
for hertz in (100.0, 200.0, 35.0):
    bench = Bench()
    bench.feed(Signal(hertz), 60)
    assert bench.seen[-1][0][quantities.HERTZ] == 0
    assert bench.seen[-1][3] & flags.FREQUENCY
    near(bench.seen[-1][0][quantities.VOLTS], 230000, 8000)

# DC on every channel is removed
bench = Bench()
bench.feed(Signal(50.02, dc=0.01), 80)
check(bench.seen[-1][0], u, i, phi, 50.02)

# currents that step by 1000 in mid-window and back: right again from the second whole window on
small = [a / 1000 for a in i]
bench = Bench()
for signal, quarters in (
    (Signal(50.0, i=small), 60),
    (Signal(50.0), 63),
    (Signal(50.0, i=small), 82),
):
    bench.feed(signal, quarters)
    check(bench.seen[-1][0], u, i if signal.i[0] > 1e6 else small, phi, 50.0)
assert bench.meter.window.redone > 0

# energy between two windows: contiguous, four quadrants, exact at and off nominal frequency
for hertz in (50.0, 49.7):
    bench = Bench()
    signal = Signal(hertz, phi=(20, -30, 160))
    bench.feed(signal, 60)
    counted, ends = [], []
    for _ in range(2):
        bench.meter.energy.settle()
        counted.append(list(bench.meter.energy.cells))
        ends.append(bench.seen[-1][1])
        bench.feed(signal, 190)
    hours = (ends[1] - ends[0]) / 8000 / 3600
    gained = [b - a for a, b in zip(*counted)]
    p = [a * b * math.cos(math.radians(d)) * hours * 1000 for a, b, d in zip(u, i, (20, -30, 160))]
    q = [a * b * math.sin(math.radians(d)) * hours * 1000 for a, b, d in zip(u, i, (20, -30, 160))]
    for cell, truth in (
        (0, p[0]),  # A: forward, quadrant I
        (2, q[0]),
        (6 + 0, p[1]),  # B: forward, quadrant IV
        (6 + 5, -q[1]),
        (12 + 1, -p[2]),  # C: reverse, quadrant II
        (12 + 3, q[2]),
        (18 + 0, sum(p)),  # total: algebraic sum
        (18 + 2, sum(q)),
    ):
        near(gained[cell], truth, 200)
        gained[cell] = 0
    assert gained == [0] * 24, gained

# a gap loses the window it falls into and nothing else; the next one says so, values are right
bench = Bench()
bench.feed(Signal(50.0), 60)
before = len(bench.seen)
bench.meter.gap(256, flags.OVERRUN)
bench.sample += 256
bench.feed(Signal(50.0), 80)
assert bench.meter.lost == 1, bench.meter.lost  # the window the gap fell into
assert len(bench.seen) > before + 1
for values, _, _, _ in bench.seen:
    check(values, u, i, phi, 50.0)
assert [bits for _, _, _, bits in bench.seen[before - 1 : before + 2]] == [
    0,
    flags.OVERRUN | flags.GAP,
    0,
]

# beyond the measuring range of its nominal frequency it meters on, and says so
for hertz in (42.3, 57.7):
    bench = Bench()
    bench.feed(Signal(hertz), 70)
    values, _, _, bits = bench.seen[-1]
    check(values, u, i, phi, hertz)
    assert bits == flags.FREQUENCY

# phase A dead: the windows follow B; all dead: free-running windows with f = 0
bench = Bench()
dead_a = (0.001, 231, 229)
bench.feed(Signal(49.9, u=dead_a), 160)
near(bench.seen[-1][0][quantities.HERTZ], 499000, 20)
near(bench.seen[-1][0][quantities.VOLTS + 1], 231000, 20)
assert bench.seen[-1][3] == flags.PHASE
bench.halves.clear()
bench.feed(Signal(49.9, u=(0.001, 0.001, 0.001)), 100)
assert bench.seen[-1][0][quantities.HERTZ] == 0
assert bench.seen[-1][0][quantities.VOLTS] <= 60  # mV: half an LSB of the quantised voltage
assert bench.seen[-1][3] == flags.PHASE | flags.FREQUENCY
# half cycles go on without crossings, and say that there is nothing
for phase in range(3):
    mine = [h for h in bench.halves if h[0] == phase]
    assert len(mine) > 30 and mine[-1][1] < 10, (len(mine), mine[-1])

# a dip to 70 % of phase B is there one half cycle after it began, in its own crossings
bench = Bench()
bench.feed(Signal(50.0), 30)
began = bench.sample
bench.halves.clear()
bench.feed(Signal(50.0, u=(230, 231 * 0.7, 229)), 3)
mine = [h for h in bench.halves if h[0] == 1]
volts = [math.sqrt(h[1]) / 2 * 16384 * U_FS / FULL for h in mine]
assert min(volts) < 0.9 * 231000 and mine[1][3] - began <= 160, (volts, mine)

# behind current transformers of 20:1 and more the powers have a coarser unit, and none is clipped
for ratio, exponent in ((1, -3), (20, -2), (2000, 0)):
    bench = Bench()
    bench.meter = meter.Meter(U_FS, I_FS * ratio, FULL, 230, 50, bench.publish)
    bench.feed(Signal(50.0), 60)
    assert quantities.points(bench.meter.quantities.exponent)[quantities.WATTS][2] == exponent
    true = sum([u[k] * i[k] * math.cos(math.radians(phi[k])) for k in range(3)])
    near(bench.seen[-1][0][quantities.WATTS + 3], true * ratio / 10**exponent, 20)
    near(bench.seen[-1][0][quantities.AMPS], 100000 * ratio, 20)
    near(bench.seen[-1][0][quantities.FACTORS], 10000 * math.cos(math.radians(phi[0])), 100)

# a voltage, then a current at the end of the range
for what in ("u", "i"):
    bench = Bench()
    signal = Signal(50.0)
    if what == "u":
        signal.u[2] *= 1.8
    else:
        signal.i[1] *= 4
    signal.clip = FULL
    bench.feed(signal, 60)
    assert bench.seen[-1][3] == flags.SATURATED, bench.seen[-1][3]

print("OK")
