"""Fixed-point phasors against floats: sizes, angles, fundamental powers, unbalance, the points."""

import math
import random
from array import array

import micropython

from firmware.metering import phasor_kernels as k
from firmware.metering.harmonic_points import (
    POINTS,
    HarmonicPoints,
    fill_orders,
    order_points,
)
from firmware.metering.phasors import Phasors
from firmware.metering.sequence import NEGATIVE, POSITIVE, ZERO, Sequence
from firmware.metering.spectrum import Spectrum

FS = 74532013
UNIT = FS * 4  # of a phasor at full scale
PAIR = array("i", bytes(8))
random.seed(53)


def near(got, expected, most):
    assert abs(got - expected) <= most, (got, expected, most)


for _ in range(200):
    a, b = random.getrandbits(30) - (1 << 29), random.getrandbits(29)
    if a * b >> 58 == 0 or a < 0:
        assert 0 <= (a * b >> 28) - k.multiply(a, b) <= 2, (a, b)
    x, y = random.getrandbits(29) - (1 << 28), random.getrandbits(29) - (1 << 28)
    k.polar(x, y, PAIR, k.ARCS)
    size = math.sqrt(float(x) ** 2 + float(y) ** 2)
    near(PAIR[0], size, size * 3e-6 + 40)
    error = PAIR[1] / 25600 - math.degrees(math.atan2(y, x))
    near((error + 180) % 360 - 180, 0, 0.001)
    part, whole = random.getrandbits(28), random.getrandbits(24) + 1
    unit = random.getrandbits(10)
    assert k.share(part, whole << 4, unit) == (part * unit + (whole << 3)) // (whole << 4)
assert k.share(5, 0, 1000) == 0
k.polar(0, 0, PAIR, k.ARCS)
assert PAIR[0] == 0


def put(s, channel, size, degrees):
    s.re[channel] = round(size * UNIT * math.cos(math.radians(degrees)))
    s.im[channel] = round(size * UNIT * math.sin(math.radians(degrees)))


# symmetrical components: made of known ones
volts = Sequence(UNIT // 100)
s = Spectrum()
for u2, u0, turn in ((0.02, 0.01, 40), (0.001, 0.05, 250), (0, 0, 0), (0.5, 0.3, 100)):
    for phase in range(3):
        x = y = 0
        for share, degrees in ((1, -120 * phase), (u2, 120 * phase + turn), (u0, 3 * turn)):
            x += 0.3 * share * math.cos(math.radians(degrees + 7))
            y += 0.3 * share * math.sin(math.radians(degrees + 7))
        s.re[1 + 2 * phase], s.im[1 + 2 * phase] = round(x * UNIT), round(y * UNIT)
    micropython.heap_lock()
    volts.take(s.re, s.im, 1)
    negative = volts.unbalance(NEGATIVE)
    zero = volts.unbalance(ZERO)
    micropython.heap_unlock()
    near(negative, u2 * 100000, 2)
    near(zero, u0 * 100000, 2)
    assert volts.order() == 1
    near(volts.size[POSITIVE], 0.3 * UNIT * 3 / 4, 2000)

# A C B; one phase gone (u2 = u0 = 1/2 of u1, whatever it is); nothing at all
for phase, degrees in enumerate((0, 120, -120)):
    put(s, 1 + 2 * phase, 0.3, degrees)
volts.take(s.re, s.im, 1)
assert volts.order() == -1 and volts.unbalance(NEGATIVE) == 0
put(s, 1, 0.3, 0)
put(s, 3, 0.3, -120)
put(s, 5, 0, 0)
volts.take(s.re, s.im, 1)
near(volts.unbalance(NEGATIVE), 50000, 3)
near(volts.unbalance(ZERO), 50000, 3)
for channel in (1, 3, 5):
    put(s, channel, 0.001, 10 * channel)
volts.take(s.re, s.im, 1)
assert volts.order() == 0 and volts.unbalance(NEGATIVE) == 0

# powers and angles: 1000 V and 500 A at full scale, 5 % of 230 V is dead
p = Phasors(1000000, 500000, FS, 230)
for lag, size in ((30, 0.5), (-60, 0.01), (150, 0.3), (90, 0.02)):
    for phase in range(3):
        put(s, 1 + 2 * phase, 0.325, 33 - 120 * phase)
        put(s, 2 * phase, size, 33 - 120 * phase - lag)
    put(s, 6, 0.1, 103)
    micropython.heap_lock()
    p.take(s)
    micropython.heap_unlock()
    apparent = 325 * 500 * size / 2 * 1000  # mVA
    for phase in range(3):
        near(p.p[phase], apparent * math.cos(math.radians(lag)), apparent * 2e-5)
        near(p.q[phase], apparent * math.sin(math.radians(lag)), apparent * 2e-5)
        near(p.factors[phase], 10000 * math.cos(math.radians(lag)), 1)
        near(p.angles[1 + 2 * phase], (0, -12000, 12000)[phase], 1)
        error = p.angles[2 * phase] + 12000 * phase + 100 * lag
        near((error + 18000) % 36000 - 18000, 0, 1)
    near(p.p[3], 3 * apparent * math.cos(math.radians(lag)), apparent * 6e-5)
    near(p.q[3], 3 * apparent * math.sin(math.radians(lag)), apparent * 6e-5)
    near(p.factors[3], 10000 * math.cos(math.radians(lag)), 1)
    near(p.angles[6], 7000, 1)

# without the voltage of A the angles are counted as if it stood where B says
put(s, 1, 0.01, 33)
p.take(s)
assert p.angles[1] == 0
near(p.angles[3], -12000, 1)
near(p.angles[5], 12000, 1)

# the points: what was put into the spectrum comes out in its row and unit
points = HarmonicPoints(1000000, 500000, FS, 230)
for n in range(len(s.ratios)):
    s.ratios[n] = 100 + n
s.cells[0] = -FS // 1600  # DC of IA: 1 % of full scale, words >> 4
s.neutral = FS // 160
points.fill(s)
rows = {}
for (name, unit, power), value in zip(POINTS, points.values):
    assert name not in rows
    rows[name] = (value, unit, power)
assert rows["thd_ua"] == (106, "%", -2) and rows["thd_in"] == (136, "%", -2)
assert rows["thds_ia"] == (101, "%", -2) and rows["crest_ub"] == (123, "", -3)
assert rows["thdo_ic"] == (127, "%", -2) and rows["thde_uc"] == (134, "%", -2)
near(rows["dc_ia"][0], -5000, 1)
near(rows["in_sum"][0], 50000, 1)
assert rows["angle_ub"] == (points.phasors.angles[3], "deg", -2)
assert rows["p1a"] == (points.phasors.p[0], "W", -3) and rows["q1"][0] == points.phasors.q[3]
assert rows["dpfc"] == (points.phasors.factors[2], "", -4)
assert rows["u2"][0] == points.phasors.volts.unbalance(NEGATIVE)
assert rows["i0"][0] == points.phasors.amps.unbalance(ZERO)
assert rows["sequence"][0] == 1

# single orders
s.cells[(3 * 51 + 7) * 4 + 1] = FS // 160  # subgroup 7 of UB: 10 % of full scale
template = order_points((5, 7))
out = [0] * len(template)
fill_orders(out, points, s, (5, 7))
where = [name for name, _, _ in template].index("ub_h7")
near(out[where], 100000, 1)
assert sum(out) == out[where] and template[where] == ("ub_h7", "V", -3)

print("OK")
