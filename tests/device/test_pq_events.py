"""Power-quality events from synthetic half cycles and windows: limits, hysteresis, polyphase
rules, delays, extremes, and a normal state that costs no heap."""

import micropython

from firmware.config.schema import SCHEMA
from firmware.core import flags
from firmware.metering import pq_events, quantities
from firmware.metering.thresholds import Thresholds

U_FS, I_FS, FULL = 500000, 400000, 74532013
HALF = 80  # samples of a half cycle
MASK = (1 << 30) - 1


class Settings:
    """The defaults of the schema, as main hands them over."""

    def __init__(self, **other):
        for row in SCHEMA:
            if row[0].startswith("pq."):
                setattr(self, row[0][3:], row[2])
        for name, value in other.items():
            setattr(self, name, value)


class Log:
    """A listener: what began and ended, in order."""

    def __init__(self):
        self.lines = []

    def begin(self, kind, phases, value, sample):
        self.lines.append(("begin", pq_events.NAMES[kind], phases, value, sample))

    def end(self, kind, phases, extreme, start, samples):
        self.lines.append(("end", pq_events.NAMES[kind], phases, extreme, start, samples))

    def take(self):
        lines, self.lines = self.lines, []
        return lines


def square(rms, full_scale):
    """The mean square the meter gives for an rms in V or A (4 * mean of (word >> 14)**2)."""
    return round((rms * 1000 * FULL / full_scale / 8192) ** 2)


class Feed:
    """Half cycles of three phases, 60 degrees apart: A C B, as a forward sequence crosses."""

    def __init__(self, order=(0, 2, 1), base=8000, **other):
        self.log = Log()
        self.limits = Thresholds(Settings(**other), 230, U_FS, I_FS, FULL)
        self.pq = pq_events.PowerQuality(self.limits, self.log)
        self.order = order
        self.sample = base
        self.crossed = [0, 0, 0]
        self.values = [0] * len(quantities.POINTS)

    def halves(self, count, u=(230, 230, 230), i=(100, 100, 100)):
        for _ in range(count):
            for k in range(3):
                phase = self.order[k]
                at = (self.sample + HALF * k // 3) & MASK
                self.crossed[phase] = at
                self.pq.half_cycle(phase, square(u[phase], U_FS), square(i[phase], I_FS), at)
            self.sample += HALF

    def windows(self, count, u=(230, 230, 230), i=(100, 100, 100), bits=0):
        for _ in range(count):
            self.halves(20, u, i)
            for phase in range(3):
                self.values[quantities.VOLTS + phase] = u[phase] * 1000
                self.values[quantities.AMPS + phase] = i[phase] * 1000
            self.values[quantities.HERTZ] = 500000
            bits |= self.pq.window_flags()
            self.pq.window(self.values, bits, self.sample, lambda phase: self.crossed[phase])

    def points(self):
        out = [0] * (len(pq_events.POINTS) + 1)
        self.pq.fill(out, 1)
        return {pq_events.POINTS[k][0]: out[k + 1] for k in range(len(pq_events.POINTS))}


def near(got, wanted, part=2000):
    return abs(got - wanted) * part <= wanted


def test_conversion():
    limits = Feed().limits
    for volts in (1, 11, 23, 207, 230, 253, 340):
        assert near(limits.mv(square(volts, U_FS)), volts * 1000, 200 if volts < 20 else 5000)
    for amps in (5, 100, 240):
        assert near(limits.ma(square(amps, I_FS)), amps * 1000, 1000)
    # limits no small int can hold are limits nothing reaches
    far = Thresholds(Settings(rated_a=1000000, overcurrent=1000), 100000, 1000, 100, FULL)
    for pair in (far.dip, far.swell, far.over):
        assert pair[0] == pair[1] == (1 << 30) - 1


def test_dip():
    feed = Feed()
    feed.halves(20)
    assert feed.log.take() == [] and feed.pq.active == 0
    feed.halves(1, (230, 208, 230))  # 90.4 %: not a dip
    feed.halves(1, (230, 206, 230))  # 89.6 %: one
    (line,) = feed.log.take()
    start = line[4]
    assert line[:3] == ("begin", "dip", 2) and near(line[3], 206000), line
    assert start == feed.sample - HALF + HALF * 2 // 3  # B crosses last of the three
    assert feed.pq.active == 1 << pq_events.DIP and feed.points()["dip"] == 2
    feed.halves(3, (230, 120, 60))
    feed.halves(2, (230, 225, 210))  # 91.3 %: within the hysteresis
    assert feed.log.take() == [] and feed.points()["dip"] == 6
    assert feed.pq.window_flags() == flags.EVENT
    feed.halves(1, (230, 225, 212))  # 92.2 %: over; C crosses second
    (line,) = feed.log.take()
    assert line[:3] == ("end", "dip", 6) and near(line[3], 60000), line
    assert line[4] == start and line[4] + line[5] == feed.sample - HALF + HALF // 3, line
    points = feed.points()
    assert points["dip"] == 0 and points["dip_n"] == 1 and near(points["dip_u"], 60000)
    assert points["dip_time"] == line[5] // 8
    # the window in which it ended is flagged, the next is not
    assert feed.pq.window_flags() == flags.EVENT and feed.pq.window_flags() == 0


def test_swell_and_overcurrent():
    feed = Feed()
    feed.halves(4)
    feed.halves(1, (252, 230, 230), (230, 230, 230))
    assert feed.log.take() == []
    feed.halves(1, (254, 230, 230), (230, 260, 230))  # 110.4 %, 130 %
    feed.halves(1, (280, 230, 230), (230, 270, 230))
    feed.halves(1, (249, 230, 230), (230, 237, 230))  # 108.3 %, 118.5 %: hysteresis
    got = feed.log.take()
    assert [line[:3] for line in got] == [("begin", "swell", 1), ("begin", "overcurrent", 2)], got
    feed.halves(1, (248, 230, 230), (230, 235, 230))
    got = feed.log.take()
    assert [line[:3] for line in got] == [("end", "swell", 1), ("end", "overcurrent", 2)], got
    assert near(got[0][3], 280000) and near(got[1][3], 270000)
    assert [line[5] for line in got] == [3 * HALF, 3 * HALF]
    points = feed.points()
    assert points["swell_n"] == points["overcurrent_n"] == 1
    assert near(points["overcurrent_i"], 270000)
    assert feed.pq.window_flags() == flags.EVENT  # an overcurrent alone would not flag
    feed.halves(1, i=(250, 1, 1))
    assert feed.pq.window_flags() == 0


def test_interruption():
    """It takes all three, and one that is back ends it; the dip lasts until all are."""
    feed = Feed()
    feed.halves(2)
    feed.halves(10, (230, 0, 0))
    assert [line[1] for line in feed.log.take()] == ["dip"]
    feed.halves(1, (8, 0, 0))  # A is the last: 3.5 %
    feed.halves(20, (2, 1, 3))
    (line,) = feed.log.take()
    assert line[:3] == ("begin", "interruption", 7)
    assert feed.points()["interruption"] == 7
    feed.halves(1, (2, 15, 3))  # 6.5 %: hysteresis
    assert feed.log.take() == []
    feed.halves(1, (2, 17, 3))  # 7.4 %
    (line,) = feed.log.take()
    assert line[:3] == ("end", "interruption", 7) and line[3] < 300, line
    assert line[5] == 22 * HALF + HALF * 2 // 3, line
    feed.halves(1)
    (line,) = feed.log.take()
    assert line[:3] == ("end", "dip", 7), line
    assert feed.points()["interruption_time"] == (22 * HALF + HALF * 2 // 3) // 8


def test_losses():
    feed = Feed(loss_s=3)
    feed.windows(1)
    feed.log.take()
    start = feed.sample
    feed.windows(14, (160, 230, 130))  # 70 %, 57 %: 2.8 s
    assert not [line for line in feed.log.take() if "loss" in line[1]]
    feed.windows(1, (160, 230, 130))
    got = [line for line in feed.log.take() if "loss" in line[1]]
    assert got == [
        ("begin", "voltage_loss", 5, 130000, start),
        ("begin", "phase_loss", 4, 130000, start),
    ], got
    feed.windows(1, (183, 230, 141))  # 79.6 %, 61.3 %: hysteresis
    feed.windows(1, (183, 230, 120), bits=flags.GAP)  # no evidence of anything
    assert not [line for line in feed.log.take() if "loss" in line[1]]
    back = feed.sample
    feed.windows(1, (185, 230, 185))
    got = [line for line in feed.log.take() if "loss" in line[1]]
    assert got == [
        ("end", "voltage_loss", 5, 130000, start, back - start),
        ("end", "phase_loss", 4, 130000, start, back - start),
    ], got
    feed.windows(20, (230, 100, 230), (100, 8, 100))  # 4 % load: a loss of voltage only
    got = [line[:3] for line in feed.log.take() if "loss" in line[1]]
    assert got == [("begin", "voltage_loss", 2)], got


def test_sequence():
    for order, is_reversed in (((0, 2, 1), False), ((0, 1, 2), True), ((1, 0, 2), False)):
        feed = Feed(order, loss_s=1)
        feed.windows(10)
        got = [line[:3] for line in feed.log.take()]
        assert got == ([("begin", "sequence", 7)] if is_reversed else []), (order, got)
        if is_reversed:
            assert feed.pq.window_flags() == 0
            feed.order = (0, 2, 1)
            feed.windows(2)
            (line,) = feed.log.take()
            assert line[:3] == ("end", "sequence", 7), line
    # two phases in step, and a dead one: not for this judgement
    feed = Feed((0, 1, 2), loss_s=0)
    feed.windows(5, (230, 230, 20))
    assert "sequence" not in [line[1] for line in feed.log.take()]


def test_imbalance():
    feed = Feed(imbalance_s=2)
    feed.windows(2, i=(100, 80, 90))
    feed.windows(30, i=(9, 1, 0))  # no load to speak of
    feed.windows(1)
    assert feed.log.take() == []
    start = feed.sample
    feed.windows(9, i=(100, 70, 90))
    assert feed.log.take() == []
    feed.windows(1, i=(100, 60, 90))
    (line,) = feed.log.take()
    assert line == ("begin", "imbalance", 7, 4000, start), line
    feed.windows(2, i=(100, 76, 90))  # 24 %: hysteresis
    assert feed.log.take() == []
    back = feed.sample
    feed.windows(1, i=(100, 78, 90))
    (line,) = feed.log.take()
    assert line == ("end", "imbalance", 7, 4000, start, back - start), line
    # what ends before its time was nothing
    feed.windows(5, i=(100, 10, 90))
    feed.windows(1)
    assert feed.log.take() == []


def test_restart():
    feed = Feed(loss_s=0)
    feed.windows(2)
    feed.windows(2, (100, 230, 230))
    assert [line[1] for line in feed.log.take()] == ["dip", "voltage_loss", "phase_loss"]
    feed.pq.restart(feed.sample)
    got = feed.log.take()
    assert [line[:2] for line in got] == [
        ("end", "dip"),
        ("end", "voltage_loss"),
        ("end", "phase_loss"),
    ]
    assert got[0][4] + got[0][5] == feed.sample and feed.pq.active == 0
    feed.sample = 0
    feed.windows(3)
    assert feed.log.take() == []


def test_numbers_wrap():
    """After 37 hours, and every 37 hours: what is under way has its right duration."""
    for base in (MASK + 1 - 3000, (1 << 40) - 3000):
        feed = Feed((0, 1, 2), base=base, loss_s=1)
        feed.windows(1)
        feed.windows(6, (230, 100, 230))
        got = [line[:2] for line in feed.log.take()]
        names = [name for _, name in got]
        assert names == ["dip", "voltage_loss", "phase_loss"], got
        feed.windows(1)
        for line in feed.log.take():
            assert line[0] == "end" and 0 <= line[4] <= MASK, line
            assert 9500 < line[5] < 9700, line
        feed.windows(7)
        got = [line[:2] for line in feed.log.take()]
        assert got == [("begin", "sequence")], got


def test_heap():
    feed = Feed()
    feed.windows(3)
    u2, i2 = square(230, U_FS), square(100, I_FS)
    half_cycle, low = feed.pq.half_cycle, square(150, U_FS)
    micropython.heap_lock()
    for n in range(60):
        half_cycle(n % 3, u2, i2, 20000 + 27 * n)
    micropython.heap_unlock()
    half_cycle(1, low, i2, 30000)
    micropython.heap_lock()  # a dip that goes on
    for n in range(60):
        half_cycle(n % 3, low + n, i2, 30001 + 27 * n)
    micropython.heap_unlock()
    assert len(feed.log.take()) == 1
    changes = feed.pq.changes
    feed.halves(2)
    assert feed.pq.changes == changes + 1 and len(feed.log.take()) == 1


test_conversion()
test_dip()
test_swell_and_overcurrent()
test_interruption()
test_losses()
test_sequence()
test_imbalance()
test_restart()
test_numbers_wrap()
test_heap()
print("OK")
