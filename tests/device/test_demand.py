"""Demand against a slow twin that keeps every minute: slips, tariffs, gaps, clocks, periods."""

import random
from array import array

from firmware.metering.demand import KINDS, SLIPS, Demand

START = 29000000  # a UTC minute, not at the start of a quarter of an hour in every zone
STEP_S = 20


class Bench:
    """Feeds a Demand every STEP_S seconds and remembers everything."""

    def __init__(self, slip, zone=0, start=START * 60):
        self.demand = Demand(slip)
        self.slip = slip
        self.zone = zone
        self.now = start  # UTC second
        self.minute = start // 60 + zone  # local; the first row of what follows
        self.energy = array("q", bytes(8 * 4 * 200))
        self.tariffs = bytearray(200)  # bits
        self.spoilt = set()  # slips
        self.first = (start // 60 + zone) // slip

    def run(self, seconds, make, tariff):
        for _ in range(seconds // STEP_S):
            six = make(self.now)
            of = tariff(self.now)
            minute = (self.now // 60 + self.zone - self.minute) % 200
            for i in range(6):
                self.energy[4 * minute + (0, 1, 2, 2, 3, 3)[i]] += six[i]
            self.tariffs[minute] |= 1 << of - 1
            self.now += STEP_S
            self.demand.take(six, of, self.now // 60, self.zone)

    def spoil(self):
        self.demand.spoil()
        self.spoilt.add((self.now // 60 + self.zone) // self.slip)

    def truth(self):
        """({(row, kind): (mW, minute)}, complete windows) from the log."""
        best, count = {}, 0
        slips = 15 // self.slip
        last = (self.now // 60 + self.zone) // self.slip
        for end in range(self.first + 1 + slips, last + 1):
            window = range(end - slips, end)
            if [s for s in window if s in self.spoilt]:
                continue
            count += 1
            at = (end - slips) * self.slip - self.minute
            bits = 0
            for minute in range(at, at + 15):
                bits |= self.tariffs[minute]
            rows = [0] + [of for of in range(1, 9) if bits == 1 << of - 1]
            for kind in range(KINDS):
                power = 4 * sum([self.energy[4 * (at + i) + kind] for i in range(15)])
                for row in rows:
                    if power > best.get((row, kind), (0, 0))[0]:
                        best[(row, kind)] = (power, end * self.slip - self.zone)
        return best, count

    def check(self):
        best, count = self.truth()
        d = self.demand
        assert d.windows == count, (d.windows, count)
        for row in range(9):
            for kind in range(KINDS):
                held = (d.maxima[row * KINDS + kind], d.stamps[row * KINDS + kind])
                assert held == best.get((row, kind), (0, 0)), (row, kind, held, best)


def noise(_):
    return [random.getrandbits(20) if random.getrandbits(2) else 0 for _ in range(6)]


def tariff(now):
    return 1 + now // 2400 % 3 if now // 7200 % 2 else 4


random.seed(15)
for slip in SLIPS:
    for zone in (0, 480, -570, 345):
        bench = Bench(slip, zone, START * 60 + random.getrandbits(9) // STEP_S * STEP_S)
        bench.run(3 * 3600, noise, tariff)
        bench.check()

# a window counts for a tariff only when it lies in it as a whole
bench = Bench(5)
bench.run(1800, lambda now: [1000] * 6, lambda now: 1 + now // 60 % 2)
bench.check()
assert bench.demand.maxima[0] == 1000 * 45 * 4 and not any(list(bench.demand.maxima[KINDS:]))
assert bench.demand.maxima[2] == 2000 * 45 * 4

# what lacks something sets no maximum, and is told so
for slip in (1, 15):
    bench = Bench(slip)
    bench.run(2400, noise, tariff)
    bench.spoil()
    bench.run(60, lambda now: [1 << 29] * 6, tariff)
    assert bench.demand.is_complete == (slip == 15)  # there the slip is open still
    bench.run(1740, noise, tariff)
    bench.run(1500, noise, tariff)
    bench.check()
    assert bench.demand.is_complete and bench.demand.maxima[0] < 1 << 29

# the first slip was not watched from its start
bench = Bench(15, 0, (START + 10) * 60 + 20)
bench.run(29 * 60 + 20, noise, tariff)
assert bench.demand.windows == 0
bench.run(20, noise, tariff)
assert bench.demand.windows == 1

# a clock that is set, or a loop that was not there: every window that touches it is incomplete
for jump in (-3600, 120, 86400):
    bench = Bench(1)
    bench.run(1200, lambda now: [10] * 6, tariff)
    before = list(bench.demand.maxima)
    bench.now += jump
    bench.run(14 * 60, lambda now: [99] * 6, tariff)
    assert list(bench.demand.maxima) == before and not bench.demand.is_complete
    bench.run(180, lambda now: [99] * 6, tariff)
    assert bench.demand.is_complete and bench.demand.maxima[0] == 99 * 45 * 4

# a new period; the record of the old one; a reboot keeps what is greater
d = bench.demand
kept = d.record()
assert kept["max"][:4] == [17820, 17820, 35640, 35640] and len(kept["max"]) == len(kept["at"])
assert d.reset() == kept
assert d.record() == {"max": [0] * 4, "at": [0] * 4}

# a period that ended some minutes ago: what came since stays, also when it is said twice; a
# maximum of a clock that was wrong by years does not
MONTH = 30000000
d.restore({"max": [7, 8, 9, 5], "at": [MONTH, MONTH + 1, MONTH + 9, MONTH + 5000000]})
for _ in range(2):
    d.reset(MONTH)
    assert d.record() == {"max": [0, 8, 9, 0], "at": [0, MONTH + 1, MONTH + 9, 0]}
d.reset()
d.restore(kept)
assert d.record() == kept
d.restore({"max": [5, 1 << 40], "at": [1, 2]})
assert d.maxima[0] == 17820 and d.maxima[1] == 1 << 40 and d.stamps[1] == 2
for bad in (
    {"max": [1], "at": []},
    {"max": [-1], "at": [1]},
    {"max": ["1"], "at": [1]},
    {"max": [0] * 37, "at": [0] * 37},
    {"max": None, "at": [1]},
):
    try:
        d.restore(bad)
        raise AssertionError(bad)
    except ValueError as error:
        assert "demand checkpoint" in str(error)

# full scale of the largest settings does not overflow
bench = Bench(15)
bench.run(2700, lambda now: [(1 << 30) - 1] * 6, lambda now: 8)
bench.check()
assert bench.demand.maxima[8 * KINDS + 2] == 2 * ((1 << 30) - 1) * 45 * 4

print("OK")
