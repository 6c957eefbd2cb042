"""The clock model of the sample counter: crystal error, late stamps, drift, silence, a step.

True times are integers in nanoseconds, so that single-precision floats prove nothing.
"""

import random

import micropython

from firmware.link.timebase import TimeBase

MASK = (1 << 30) - 1  # ticks of a 32-bit port
MARK_US = 8000
SETS = 64


class Ticks:
    """Differences as time.ticks_diff on a 32-bit port."""

    def diff_us(self, a, b):
        return ((a - b + (1 << 29)) & MASK) - (1 << 29)


class Bench:
    """Feeds a TimeBase and compares every answer with the truth."""

    def __init__(self, seed, ppb=0, jitter_us=1000, outliers=100, start_us=5):
        random.seed(seed)
        self.base = TimeBase(Ticks(), MARK_US, SETS)
        self.ppb = ppb
        self.ramp = 0  # ppb a second
        self.jitter_us = jitter_us
        self.outliers = outliers  # one stamp in so many is up to 10 ms late
        self.least_us = 0  # and all are late by so much
        self.behind = 0  # marks that may have passed when the link looks
        self.ns = start_us * 1000  # true time of the newest mark
        self.mark = 0
        self.worst = 0  # error of age_us in us since this was set
        self.wide = 0  # largest stated uncertainty
        self.checks = 0

    def late_us(self):
        late = self.least_us + random.randrange(self.jitter_us + 1)
        if self.outliers and not random.randrange(self.outliers):
            late += random.randrange(10000)
        return late

    def tick(self):
        """8 ms pass."""
        self.ppb += self.ramp * 8 // 1000
        self.ns += MARK_US * 1000 + MARK_US * self.ppb // 1000000
        self.mark += SETS

    def run(self, seconds, stamps=True):
        for k in range(seconds * 125):
            self.tick()
            if stamps:
                late = self.late_us()
                # when the link looks, the writer may have passed further marks
                more = (late + random.randrange(300)) // MARK_US
                more = max(more, random.randrange(self.behind + 1))
                rough = self.ns // 1000 + more * MARK_US + random.randrange(-1000, 1000)
                stamp = self.ns // 1000 + late
                self.base.observe(self.mark + more * SETS, rough & MASK, stamp & MASK)
            if k % 5 == 0:
                self.check()
        return self

    def check(self):
        """The age of a sample 100 ms back, against the truth and the stated uncertainty."""
        now = self.ns // 1000 + 500
        age = self.base.age_us(self.mark - 800, now & MASK)
        true = 500 + 100000 + self.ppb // 10000
        error = abs(age - true)
        assert error <= self.base.uncertainty_us, (self.mark, error, self.base.uncertainty_us)
        self.worst = max(self.worst, error)
        self.wide = max(self.wide, self.base.uncertainty_us)
        self.checks += 1


# a crystal 100 ppm off, handlers up to 1 ms late and some by 10 ms, ticks that wrap on the way
for seed in (1, 2):
    for ppb in (-100000, 100000):
        bench = Bench(seed, ppb, start_us=MASK - 20000000).run(60)
        assert bench.checks == 1500
        bench.worst = bench.wide = 0
        bench.run(4)
        assert bench.worst < 100, bench.worst  # the bar is 1 ms
        assert bench.wide < 1000, bench.wide
        assert abs(bench.base.rate_ppb() - ppb) < 5000, bench.base.rate_ppb()
        assert abs(bench.base.rate_ppm() - ppb / 1000) < 5

# no jitter to speak of: the line is as good as the stamps
bench = Bench(3, 30000, jitter_us=4, outliers=0).run(30)
bench.worst = 0
bench.run(2)
assert bench.worst <= 5 and bench.base.uncertainty_us < 200
assert abs(bench.base.rate_ppb() - 30000) < 200

# what polling gives when the interrupt wire is off
bench = Bench(4, -50000, jitter_us=4000, outliers=0).run(20)
assert bench.base.uncertainty_us < 3000

# temperature: a drift of 1 ppm a minute (here: in four seconds) is followed
bench = Bench(5, 20000).run(30)
bench.ramp = 250
bench.run(90)
bench.worst = 0
bench.run(4)
assert bench.worst < 150, bench.worst
assert abs(bench.base.rate_ppb() - bench.ppb) < 6000, (bench.base.rate_ppb(), bench.ppb)

# a link that looks up to three marks later than the interrupt
bench = Bench(9, 80000, outliers=0)
bench.behind = 3
bench.run(30)
bench.worst = 0
bench.run(4)
assert bench.worst < 100, bench.worst

# a processor so busy for seconds that every handler is late: the statement covers it
bench = Bench(10, 0, jitter_us=10, outliers=0)
for _ in range(4):
    bench.run(8)
    bench.least_us = 300 - bench.least_us

# no stamps for 20 s: the line goes on, the uncertainty grows with the time
bench = Bench(6, 60000).run(30)
before = bench.base.uncertainty_us
bench.run(20, stamps=False)
assert bench.base.uncertainty_us > before
bench.run(3)
assert bench.base.uncertainty_us < 2000

# a step of time is a new start, not a drift to be followed
for step_us in (3000, -3000, 900000, -900000):
    bench = Bench(7, 40000, outliers=0).run(20)
    bench.ns += step_us * 1000
    for _ in range(150):  # it takes a block to be sure
        bench.tick()
        bench.base.observe(bench.mark, bench.ns // 1000 & MASK, bench.ns // 1000 + 100 & MASK)
    bench.worst = 0
    bench.run(10)
    assert bench.worst < 500, (step_us, bench.worst)
    assert abs(bench.base.rate_ppb() - 40000) < 20000, bench.base.rate_ppb()

# nothing is allocated, over the end of a block too
bench = Bench(8, 10000).run(2)
marks = [(bench.mark + 64 * k, (bench.ns // 1000 + 8000 * k) & MASK) for k in range(1, 150)]


def without_heap(base):
    micropython.heap_lock()
    for mark, us in marks:
        base.observe(mark, us, us)
    micropython.heap_unlock()


without_heap(bench.base)

# before the first stamp nothing is claimed
base = TimeBase(Ticks(), MARK_US, SETS)
assert base.age_us(0, 0) is None and base.uncertainty_us is None

print("OK")
