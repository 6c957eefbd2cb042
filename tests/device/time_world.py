"""A terminal whose crystal and battery clock are off by what the test says, in time that is told
to pass. A helper, not a test."""

import random

from firmware.config.schema import SCHEMA
from firmware.core.clock import Clock
from firmware.timing.discipline import Discipline

TICKS = 1 << 30  # of a 32-bit port
START_US = 1796000000000000  # 2026-11-30
SECOND = 1000000
HOUR = 3600 * SECOND


def ticks_diff(a, b):
    return ((a - b + (TICKS >> 1)) & (TICKS - 1)) - (TICKS >> 1)


class Settings:
    """The group `time` at its defaults, as attributes; `changes`: {name: value}."""

    def __init__(self, changes=()):
        for row in SCHEMA:
            if row[0].startswith("time."):
                setattr(self, row[0][5:], row[2])
        for name in changes:
            setattr(self, name, changes[name])


class World:
    """`ppb`: the crystal is so much fast; UTC begins at `utc_us`, the ticks at `ticks`."""

    def __init__(self, ppb=0, utc_us=START_US, ticks=0, seed=1):
        random.seed(seed)
        self.ppb = ppb
        self.us = 0  # of true time since the beginning
        self.start_us = utc_us
        self.first_ticks = ticks
        self._ticked = ticks * 1000000000  # 1e-9 ticks
        self.events = []
        self.saves = 0
        self.worst_us = 0  # the clock was off by
        self.untrue_us = 0  # ... beyond what it said itself
        self.back_us = 0  # it went backwards by, without a step
        self._shown_us = None
        self._steps = 0
        self.clock = Clock(self.ticks_us, ticks_diff, lambda: 0, lambda: 0)
        self.discipline = Discipline(self.clock, self.told, self.saved)

    def ticks_us(self):
        return self._ticked // 1000000000 & TICKS - 1

    def true_us(self):
        return self.start_us + self.us

    def told(self, name, text):
        self.events.append((name, text))
        del self.events[:-40]

    def names(self):
        return [name for name, _ in self.events]

    def saved(self):
        self.saves += 1

    def error_us(self):
        return self.clock.utc_us() - self.true_us()

    def start(self, error_us=0, doubt_us=SECOND, is_known=True):
        self.discipline.start(self.true_us() + error_us, doubt_us, is_known)
        self._shown_us = None

    def pass_by(self, us, every_us=5 * SECOND):
        """The terminal lives on."""
        until = self.us + us
        while self.us < until:
            part = min(every_us, until - self.us)
            self.us += part
            self._ticked += part * (1000000000 + self.ppb)
            self.discipline.tick()
            self.watch()

    def watch(self):
        shown = self.clock.utc_us()
        if self._steps == self.discipline.steps and self._shown_us is not None:
            self.back_us = max(self.back_us, self._shown_us - shown)
        self._steps = self.discipline.steps
        self._shown_us = shown
        error = abs(self.error_us())
        self.worst_us = max(self.worst_us, error)
        self.untrue_us = max(self.untrue_us, error - self.discipline.doubt_us())

    def sntp(self, doubt_us=20000, error_us=0):
        """An answer that is as wrong as it may be, by chance."""
        wrong = random.randrange(-doubt_us, doubt_us + 1) * 9 // 10 + error_us
        self.discipline.offer("sntp", self.true_us() + wrong, doubt_us, self.clock.us())

    def modem(self, error_us=0):
        """The network's time: whole seconds, asked for at any moment of one."""
        self.pass_by(random.randrange(SECOND), SECOND)
        utc_us = (self.true_us() + error_us) // SECOND * SECOND
        self.discipline.offer("modem", utc_us + SECOND // 2, SECOND, self.clock.us())
