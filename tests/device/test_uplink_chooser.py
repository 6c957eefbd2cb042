"""Which of two links is used, on a clock of our own: over in time, back late, never too often."""

import random

from firmware.core.clock import Clock
from firmware.uplink.chooser import Chooser

MINUTE = 60000


class Bench:
    """Two links that are well or not, and a session that goes as the chooser says."""

    def __init__(self):
        self.us = 0
        self.clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: 0)
        self.chooser = Chooser(self.clock)
        self.well = [True, True]
        self.cap_ms = 1000  # the back-off
        self.up_at = None  # since when a session is up
        self.due = 0  # when the next attempt is made
        self.switched = []  # ms
        self.probe_at = 0

    def go(self, until_ms):
        """Second by second."""
        while self.clock.ms() < until_ms:
            self.us += 1000000
            self.step(self.clock.ms())

    def step(self, now):
        chooser = self.chooser
        if self.up_at is not None:
            if not self.well[chooser.used]:
                self.end(now, now - self.up_at)
            elif chooser.is_probing and now >= self.probe_at:
                self.probe_at = now + MINUTE
                chooser.probed(self.well[0])
            if self.up_at is not None and chooser.wants_return():
                self.end(now, now - self.up_at)
        elif now >= self.due:
            if self.well[chooser.at]:
                self.up_at = now
                if chooser.opened():
                    self.switched.append(now)
            else:
                self.end(now + 10000, 0)  # it takes ten seconds to find out

    def end(self, now, up_ms):
        if up_ms >= MINUTE:
            self.cap_ms = 1000
        pause = random.randrange(self.cap_ms + 1)
        self.cap_ms = min(2 * self.cap_ms, 300000)
        self.up_at = None
        self.due = now + self.chooser.ended(up_ms, pause)


def most_in_an_hour(times):
    return max([len([t for t in times if at <= t <= at + 60 * MINUTE]) for at in times] or [0])


def test_over_and_back():
    bench = Bench()
    bench.go(5 * MINUTE)
    assert bench.switched == [] and bench.chooser.used == 0
    bench.well[0] = False
    bench.go(6 * MINUTE)
    assert len(bench.switched) == 1 and bench.switched[0] <= 5 * MINUTE + 20000
    bench.go(30 * MINUTE)
    assert bench.chooser.used == 1
    bench.well[0] = True
    bench.go(40 * MINUTE)
    assert bench.chooser.used == 1  # ten minutes of health, seen once a minute
    bench.go(42 * MINUTE)
    assert bench.chooser.used == 0 and len(bench.switched) == 2


def test_one_bad_probe_begins_the_wait_anew():
    bench = Bench()
    bench.go(MINUTE)
    bench.well[0] = False
    bench.go(30 * MINUTE)
    bench.well[0] = True
    bench.go(39 * MINUTE)
    bench.well[0] = False
    bench.go(41 * MINUTE)
    bench.well[0] = True
    bench.go(51 * MINUTE)
    assert bench.chooser.used == 1
    bench.go(54 * MINUTE)
    assert bench.chooser.used == 0


def test_a_broker_that_is_away_is_no_switch():
    """Both are tried in turns, at the back-off's pace, and the first that works is used."""
    bench = Bench()
    bench.go(MINUTE)
    bench.well = [False, False]
    bench.go(60 * MINUTE)
    assert bench.switched == [] and bench.cap_ms == 300000
    bench.well = [False, True]
    bench.go(75 * MINUTE)
    assert len(bench.switched) == 1
    bench.well = [False, False]
    bench.go(80 * MINUTE)
    bench.well = [True, False]
    bench.go(100 * MINUTE)
    assert bench.chooser.used == 0 and len(bench.switched) == 2


def test_a_healthy_second_is_not_left_for_ever():
    """The second dies while the first is well: back at once."""
    bench = Bench()
    bench.go(MINUTE)
    bench.well = [False, True]
    bench.go(3 * MINUTE)
    bench.well = [True, False]
    bench.go(4 * MINUTE)
    assert bench.chooser.used == 0 and len(bench.switched) == 2


def test_a_first_that_only_answers_probes():
    """A broker that nobody can log in to by that link: it costs one try in ten minutes, and the
    session on the second stays up in between."""
    bench = Bench()
    bench.go(MINUTE)
    bench.well[0] = False
    bench.go(30 * MINUTE)
    chooser = bench.chooser
    probed = chooser.probed
    chooser.probed = lambda is_well: probed(True)
    ends = []
    ended = chooser.ended
    chooser.ended = lambda up_ms, pause_ms: ends.append(up_ms) or ended(up_ms, pause_ms)
    bench.go(90 * MINUTE)
    assert bench.up_at is not None and chooser.used == 1
    assert len([up_ms for up_ms in ends if up_ms]) <= 6, ends


def test_flapping():
    """However the links come and go: six switches in any hour at most."""
    random.seed(8)
    worst = 0
    for kind in range(12):
        bench = Bench()
        at = 0
        while at < 200 * MINUTE:
            at += random.randrange(5000, MINUTE * (1 + 2 * kind))
            bench.go(at)
            link = 0 if kind % 2 else random.randrange(2)
            bench.well[link] = not bench.well[link]
        worst = max(worst, most_in_an_hour(bench.switched))
    assert 4 <= worst <= 6, worst


test_over_and_back()
test_one_bad_probe_begins_the_wait_anew()
test_a_broker_that_is_away_is_no_switch()
test_a_healthy_second_is_not_left_for_ever()
test_a_first_that_only_answers_probes()
test_flapping()
print("OK")
