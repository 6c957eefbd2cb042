"""The meter against signals whose truth is known: values, frequency, energy, gaps, dead phases."""

import math
import struct

from firmware.metering import kernels, meter, quantities

U_FS, I_FS = 500000, 400000  # mV, mA peak
FULL = 74532013


class Signal:
    """Three phases as x_PCF words; amplitudes in V and A rms, angles in degrees."""

    def __init__(self, hertz, u=(230, 231, 229), i=(100, 80, 60), phi=(20, -30, 60), dc=0):
        self.w = 2 * math.pi * hertz / 8000
        self.u = [v * math.sqrt(2) * 1000 / U_FS * FULL for v in u]
        self.i = [a * math.sqrt(2) * 1000 / I_FS * FULL for a in i]
        self.phi = [math.radians(d) for d in phi]
        self.dc = dc * FULL

    def words(self, n):
        out = []
        for k in range(3):
            a = self.w * n - 2 * math.pi * k / 3
            out.append(round(self.i[k] * math.sin(a - self.phi[k]) + self.dc))
            out.append(round(self.u[k] * math.sin(a) + self.dc))
        out.append(sum(out[0::2]) - 3 * round(self.dc))
        return out


class Bench:
    """Feeds a Meter with halves as the link does."""

    def __init__(self):
        self.seen = []
        self.meter = meter.Meter(U_FS, I_FS, FULL, 230, 50, self.publish)
        self.at = meter.HISTORY * kernels.SET_BYTES
        self.buf = bytearray(self.at + 128 * kernels.SET_BYTES)
        self.sample = 0

    def publish(self, values, sample, over):
        self.seen.append((list(values), sample, over))

    def feed(self, signal, halves):
        for _ in range(halves):
            self.buf[: self.at] = self.buf[-self.at :]
            for k in range(128):
                at = self.at + k * kernels.SET_BYTES
                struct.pack_into(">7i", self.buf, at, *signal.words(self.sample + k))
            self.meter.feed(self.buf, self.at, 128, self.sample)
            self.sample += 128


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
for hertz in (50.0, 49.7, 47.53, 52.31):
    bench = Bench()
    bench.feed(Signal(hertz), 48)
    assert len(bench.seen) >= 2, bench.seen
    for values, _, over in bench.seen:
        check(values, u, i, phi, hertz)
        assert not over
    assert bench.meter.lost == 0

# 60 Hz: the first window has 10 cycles, then the meter takes 12
bench = Bench()
bench.feed(Signal(60.0), 60)
lengths = [b[1] - a[1] for a, b in zip(bench.seen, bench.seen[1:])]
assert lengths and all(1599 <= n <= 1601 for n in lengths), lengths
check(bench.seen[-1][0], u, i, phi, 60.0)

# no mains frequency: no division by the sine of half a cycle, f = 0
for hertz in (100.0, 200.0, 35.0):
    bench = Bench()
    bench.feed(Signal(hertz), 60)
    assert bench.seen[-1][0][quantities.HERTZ] == 0
    near(bench.seen[-1][0][quantities.VOLTS], 230000, 8000)

# DC on every channel is removed
bench = Bench()
bench.feed(Signal(50.02, dc=0.01), 40)
check(bench.seen[-1][0], u, i, phi, 50.02)

# energy between two windows: contiguous, four quadrants, exact at and off nominal frequency
for hertz in (50.0, 49.7):
    bench = Bench()
    bench.feed(Signal(hertz, phi=(20, -30, 160)), 125)
    first, last = bench.seen[0], bench.seen[-1]
    hours = (last[1] - first[1]) / 8000 / 3600
    counted = [b - a for a, b in zip(first[0], last[0])][len(quantities.POINTS) :]
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
        near(counted[cell], truth, 200)
        counted[cell] = 0
    assert counted == [0] * 24, counted

# a gap loses the window it falls into and nothing else; the values after it are right
bench = Bench()
bench.feed(Signal(50.0), 30)
before = len(bench.seen)
bench.meter.gap(256)
bench.sample += 256
bench.feed(Signal(50.0), 40)
assert bench.meter.lost == 1, bench.meter.lost  # the window the gap fell into
assert len(bench.seen) > before
for values, _, _ in bench.seen:
    check(values, u, i, phi, 50.0)

# phase A dead: the windows follow B; all dead: free-running windows with f = 0
bench = Bench()
dead_a = (0.001, 231, 229)
bench.feed(Signal(49.9, u=dead_a), 80)
near(bench.seen[-1][0][quantities.HERTZ], 499000, 20)
near(bench.seen[-1][0][quantities.VOLTS + 1], 231000, 20)
bench.feed(Signal(49.9, u=(0.001, 0.001, 0.001)), 50)
assert bench.seen[-1][0][quantities.HERTZ] == 0
assert bench.seen[-1][0][quantities.VOLTS] <= 1  # mV

print("OK")
