"""Aggregates around the ticks: the overlap, a clock that is set, gaps, coverage, and the heap."""

import gc

from firmware.core import flags
from firmware.metering import aggregate, level, quantities, ring_kernels

TEN = 600000
START = 1767225600000  # a whole number of two hours
LENGTH = 1638400  # 200 ms in 1/1024 sample
COLUMNS = tuple([(k, level.RMS) for k in range(7)]) + tuple(
    [(k, level.MEAN) for k in range(7, 19)]
)
NAMES = ("150", "ten", "two", "hertz", "minute")
ALL = NAMES[:3]


class Run:
    """An aggregator and a clock that starts `late` ms after START."""

    def __init__(self, late=0, keep=("ten",), columns=((0, level.RMS), (23, level.MEAN))):
        self.lines = []
        self.keep = keep
        self.parts = aggregate.Aggregator(columns, self.publish)
        self.values = [0] * len(quantities.POINTS)
        self.ms = START + late

    def publish(self, kind, values, bits, end_ms, coverage):
        if NAMES[kind] in self.keep:
            self.lines.append((NAMES[kind], values[0], bits, end_ms - START, coverage))

    def windows(self, count, volts=230, bits=0, cycles=10):
        for _ in range(count):
            self.ms += 200
            for k in range(3):
                self.values[k] = volts * 1000
            self.values[23] = 500000
            self.parts.window(self.values, bits, self.ms, LENGTH, cycles)
            bits = 0  # of the first only

    def take(self):
        lines, self.lines = self.lines, []
        return lines


def test_overlap():
    """The window under way at the tick is of the old interval; 150 cycles overlap."""
    run = Run(TEN - 2100, ALL)  # windows end at ... 597900 + 200 n: one over the tick by 100 ms
    run.windows(11, 100)
    run.windows(4, 200)
    run.windows(20, 200)
    got = run.take()
    # 11 windows at 100 and, of the interval that goes on, 4 of the new ten minutes at 200
    both = round((11 * 100000**2 + 4 * 200000**2) ** 0.5 / 15**0.5)
    assert ("ten", 100000, 0, TEN, 4) in got, got
    assert ("150", both, 0, TEN + 900, 1000) in got, got
    assert ("150", 200000, 0, TEN + 100 + 15 * 200, 1000) in got, got
    assert len(got) == 3
    # a window that ends with the interval leaves nothing over
    run = Run(TEN - 200 * 15, ALL)
    run.windows(30, 150)
    got = run.take()
    assert got == [("150", 150000, 0, TEN, 1000), ("ten", 150000, 0, TEN, 5)] or got == [
        ("150", 150000, 0, TEN, 1000),
        ("ten", 150000, 0, TEN, 5),
        ("150", 150000, 0, TEN + 3000, 1000),
    ], got


def test_flags():
    """What one window has, all that contain it have, and no others."""
    run = Run(0, ALL)
    run.windows(1, bits=flags.EVENT)
    run.windows(40)
    assert [line[2] for line in run.take()] == [flags.EVENT, 0]
    run.keep = ("ten",)
    run.windows(2 * 3000)
    assert [line[2] for line in run.take()] == [flags.EVENT, 0]


def test_gap():
    """Time without samples is a gap on both its sides, and intervals without a window are told."""
    run = Run(0, ALL)
    run.windows(100)  # 20 s
    run.ms += 100 * 60000
    run.windows(1, bits=flags.GAP)
    run.windows(20)
    cut = [line for line in run.take() if line[0] == "150" and line[4] < 1000]
    assert cut == [("150", 230000, flags.GAP, 20000, 666)], cut
    run = Run()
    run.windows(100)  # 20 s
    run.ms += 100 * 60000
    run.windows(1, bits=flags.GAP)
    run.windows(6100)
    tens = run.take()
    assert tens[:2] == [
        ("ten", 230000, flags.GAP, TEN, 33),
        ("ten", 230000, flags.GAP, 11 * TEN, 967),
    ], tens
    assert tens[2] == ("ten", 230000, 0, 12 * TEN, 1000)
    assert run.parts.skipped == 9
    # a few lost windows within an interval
    run.ms += 600
    run.windows(1, bits=flags.OVERRUN)
    run.windows(6000)
    tens = run.take()
    assert tens[0][2] == flags.OVERRUN | flags.GAP and tens[0][4] == 999, tens


def test_clock_forward():
    run = Run()
    run.windows(1500)  # 5 minutes
    run.ms += 35 * 60000  # to 0:40
    run.windows(3100)
    tens = run.take()
    assert tens == [
        ("ten", 230000, flags.CLOCK, TEN, 500),
        ("ten", 230000, flags.CLOCK, 5 * TEN, 1000),
    ], tens
    assert run.parts.skipped == 3
    # small corrections are the discipline of the clock
    run.ms += 40
    run.windows(3000)
    assert run.take()[0][2] == 0


def test_clock_back():
    """An interval that comes twice is flagged each time it does."""
    run = Run(25 * 60000)
    run.windows(600)  # 0:25 to 0:27
    run.ms -= 15 * 60000  # to 0:12
    run.windows(3000 * 3)
    tens = run.take()
    assert [(line[3] // TEN, line[2]) for line in tens] == [
        (3, flags.CLOCK),
        (2, flags.CLOCK),
        (3, flags.CLOCK),
        (4, 0),
    ], tens
    # within one interval: once, and flagged
    run.windows(100)
    run.ms -= 5000
    run.windows(3000)
    tens = run.take()
    assert [(line[3] // TEN, line[2]) for line in tens] == [(5, flags.CLOCK)], tens


def test_clock_wild():
    """A clock that jumps with every window costs flags, not the terminal."""
    run = Run()
    for jump in (1 << 40, -(1 << 40), 7200000, -3600000, TEN, -TEN, 86400000, 5, -300):
        for _ in range(20):
            run.ms += jump
            run.windows(1)
            if run.ms < 0:
                run.ms = START
    run.windows(7000)
    lines = run.take()
    assert [line[2] & flags.CLOCK for line in lines].count(0) <= 2 < len(lines) - 4, lines
    assert lines[-1][2] == 0 and lines[-1][4] == 1000, lines


def test_two_hours():
    run = Run(7200000 - 2 * TEN, ("two",))
    run.windows(3000)
    run.windows(3020, 240)
    mean = round(((230000**2 + 240000**2) / 2) ** 0.5)
    assert run.take() == [("two", mean, 0, 7200000, 167)]
    run.ms += 7200000  # the next two hours end within this time
    run.windows(1, 100, flags.GAP)
    run.windows(3000, 100)
    assert run.take() == [("two", 240000, flags.GAP, 2 * 7200000, 1)]


def test_frequency_and_minutes():
    run = Run(0, ("hertz", "minute"))
    run.parts.frequency.rate_ppb = 100000  # the sample clock is slow by 100 ppm
    run.windows(25)
    run.windows(25, cycles=0)
    run.windows(60, 240)
    run.windows(240, 240)
    got = run.take()
    assert got[0] == ("hertz", 499950, 0, 10000, 500), got
    assert got[1][:1] + got[1][3:] == ("hertz", 20000, 980), got
    # 50 windows of the first minute at 230 V (one ends with it and is of the next), then 240 V
    minutes = [line for line in got if line[0] == "minute"]
    assert minutes == [("minute", 238328, 0, 60000, 997)], minutes


def test_heap():
    """What a window costs: while results are worked out, and in the few of 15 that have none."""
    run = Run(0, (), COLUMNS)
    stamps = [START + 200 * (n + 1) for n in range(120)]
    values = [
        230000,
        231000,
        229000,
        100000,
        80000,
        60000,
        20000,
        22000000,
        -17000000,
        1,
        39000000,
    ]
    values += values[7:] + values[7:] + [0, 0, 0, 0, 500000]
    for n in range(60):
        run.parts.window(values, 0, stamps[n], LENGTH, 10)
    spent = []
    for n in range(60, 120):
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        run.parts.window(values, 0, stamps[n], LENGTH, 10)
        spent.append(gc.mem_alloc() - before)
        gc.enable()
    quiet = sorted(spent)[: len(spent) // 10]
    word = 8 if ring_kernels.small(1 << 31) > 0 else 4
    print("heap a window on %d-bit words: least %d, most %d" % (8 * word, quiet[0], max(spent)))
    assert max(quiet) <= 40 * word, spent
    assert max(spent) <= 160 * word, spent


test_overlap()
test_flags()
test_gap()
test_clock_forward()
test_clock_back()
test_clock_wild()
test_two_hours()
test_frequency_and_minutes()
test_heap()
print("OK")
