"""A terminal's clock that steps, stops and forgets, and a judge of the boundaries that were taken.

The judge shares nothing with firmware/timing: it thinks in datetime, knows which way the clock
went, and demands of every boundary it went over that it was taken once, in time where time ran,
with the marks that its story explains. A helper, not a test.
"""

import datetime
import json
import random

from firmware.core.clock import Clock
from firmware.timing.boundaries import Boundaries

TICKS = 1 << 30
EPOCH = datetime.datetime(1970, 1, 1)
MS = datetime.timedelta(milliseconds=1)
KINDS = ("curve", "daily", "monthly")
FILLED = {"curve": 192, "daily": 31, "monthly": 12}
MISSED, CLOCK = 1, 2
IN_TIME_MS = 20
HUNG_MS = 5000
STARTS = (
    datetime.datetime(2026, 11, 30, 11, 7),
    datetime.datetime(2026, 12, 31, 15, 59, 50),  # a year ends at UTC+8
    datetime.datetime(2028, 2, 28, 15, 58),
    datetime.datetime(2032, 2, 29, 23, 59),
    datetime.datetime(2038, 1, 19, 3, 10),  # 31 bits of seconds end
    datetime.datetime(2100, 2, 28, 15, 50),  # no leap year
    datetime.datetime(2027, 3, 28, 0, 58),
)
SECOND, MINUTE, HOUR, DAY = 1000, 60000, 3600000, 86400000
STEPS = (SECOND, MINUTE, 7 * MINUTE, HOUR, DAY, 3653 * DAY)
ZONES = (480, 540, 420, 0, -300, 330, 345)


class Cut(Exception):
    """The power went."""


def at(utc_ms):
    return EPOCH + utc_ms * MS


def ms(moment):
    return (moment - EPOCH) // MS


def floor(kind, moment):
    """The newest boundary that is not after `moment`, on the clock that kind goes by."""
    if kind == "curve":
        return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if kind == "monthly" else day


def before(kind, boundary):
    return floor(kind, boundary - MS)


class World:
    def __init__(self, seed, make=Boundaries):
        self.rng = random.Random(seed)
        self.make = make
        self.story = []
        self.problems = []
        self.mono_us = 0
        self.ticks = self.rng.choice((TICKS - 10_000_000, 0, self.rng.randrange(TICKS)))
        self.utc_ms = ms(self.rng.choice(STARTS)) + self.rng.randrange(HOUR)
        self.zone = 480
        self.rtc_is_lost = False
        self.kept = None  # on flash
        self.last = {}  # of the store: the row written last
        self.taken = {kind: set() for kind in KINDS}  # boundaries, by the kind's own clock
        self.nobody = {kind: set() for kind in KINDS}  # nobody was there, and nobody before
        self.went = {kind: [] for kind in KINDS}  # (from, to] the clock went over
        self.touched = dict.fromkeys(KINDS, False)
        self.fresh = []  # (kind, boundary, marks, utc) since the judge looked
        self.cut_in = 0  # takes until the power goes, 0: it does not
        self.is_cut = False
        self.owed = {kind: set() for kind in KINDS}  # not taken yet because it went
        self.boot()
        self.look()
        self.save()
        for kind in KINDS:
            self.begin(kind)

    def local(self, kind, utc_ms):
        return at(utc_ms if kind == "curve" else utc_ms + self.zone * MINUTE)

    def boot(self):
        self.clock = Clock(
            lambda: (self.ticks + self.mono_us) % TICKS,
            lambda a, b: (a - b + TICKS // 2) % TICKS - TICKS // 2,
            lambda: self.utc_ms,
        )
        self.clock.is_known = not self.rtc_is_lost
        last = dict(self.last)
        self.boundaries = self.make(self.clock, self.zone, self.take, self.kept, last)

    def begin(self, kind):
        """The boundary before all that are known counts as taken."""
        here = floor(kind, self.local(kind, self.utc_ms))
        known = self.taken[kind] | self.nobody[kind]
        if not known or min(known) > here:
            self.nobody[kind].add(here)

    def take(self, kind, end_ms, marks):
        is_cut = self.cut_in == 1
        self.cut_in = max(0, self.cut_in - 1)
        if is_cut and self.rng.random() < 0.5:
            raise Cut  # before it is on flash
        boundary = self.local(kind, end_ms)
        if floor(kind, boundary) != boundary:
            self.problems.append(f"{kind} {boundary} is no boundary")
        if boundary in self.taken[kind]:
            self.problems.append(f"{kind} {boundary} is taken twice")
        if end_ms > self.utc_ms:
            self.problems.append(f"{kind} {boundary} is taken early")
        self.taken[kind].add(boundary)
        self.last[kind] = end_ms
        self.fresh.append((kind, boundary, marks, self.utc_ms))
        if is_cut:
            raise Cut

    def look(self):
        """Until nothing waits, or the power goes."""
        try:
            while self.boundaries.look() or any(self.boundaries._gaps):
                self.save()
        except Cut:
            self.is_cut = True

    def save(self):
        self.kept = json.loads(json.dumps(self.boundaries.record()))

    def pass_by(self, by_ms):
        """Time goes by, at most some minutes between two readings of the clock."""
        while by_ms > 0:
            part = min(by_ms, 5 * MINUTE)
            self.mono_us += 1000 * part
            self.utc_ms += part
            by_ms -= part
            self.clock.ms()

    # what happens

    def run(self, by_ms):
        """Time runs, the terminal looks."""
        until = self.utc_ms + by_ms
        while self.utc_ms < until:
            start = self.utc_ms
            nexts = []
            for kind in KINDS:
                here = self.local(kind, start)
                step = {"curve": 900, "daily": 86400, "monthly": 32 * 86400}[kind]
                there = floor(kind, floor(kind, here) + datetime.timedelta(seconds=step))
                nexts.append(start + (there - here) // MS)
            # both sides of it
            for stop in (min(nexts) - 1, min(nexts) + self.rng.randrange(IN_TIME_MS)):
                self.pass_by(min(stop, until) - self.utc_ms)
                self.look()
                if self.judge(start, "run"):
                    return
                start = self.utc_ms

    def step(self, by_ms):
        start = self.utc_ms
        self.utc_ms += by_ms
        self.touch(KINDS)
        self.look()
        self.judge(start, "step")

    def hang(self, by_ms):
        """The terminal does not look for a while."""
        start = self.utc_ms
        self.pass_by(by_ms)
        self.look()
        self.judge(start, "off")

    def off(self, by_ms):
        """No power."""
        start = self.utc_ms
        self.utc_ms += by_ms
        self.ticks = self.rng.randrange(TICKS)
        self.boot()
        self.look()
        self.judge(start, "off")

    def lose(self, by_ms):
        """No power, and no battery: the time is told after a while."""
        start = self.utc_ms
        self.utc_ms = ms(datetime.datetime(2000, 1, 1))
        self.rtc_is_lost = True
        self.boot()
        for _ in range(3):
            self.pass_by(7 * MINUTE)
            self.look()
        if self.fresh:
            self.problems.append("a boundary of an unknown time was taken")
        self.utc_ms = start + by_ms
        self.rtc_is_lost = False
        self.clock.is_known = True
        self.touch(KINDS)
        self.look()
        self.judge(start, "lost")

    def change_zone(self, zone):
        here = {kind: self.local(kind, self.utc_ms) for kind in KINDS}
        if zone != self.zone:
            self.touch(KINDS[1:])
        self.zone = zone
        self.boundaries.set_zone(zone)
        self.look()
        self.judge(self.utc_ms, "zone", here)

    def touch(self, kinds):
        for kind in kinds:
            self.touched[kind] = True

    # the judge

    def judge(self, start_ms, how, here=None):
        """Of what was taken since; True when the power went and the terminal was started anew."""
        for kind in KINDS:
            begin = here[kind] if here else self.local(kind, start_ms)
            end = self.local(kind, self.utc_ms)
            fresh = [one[1:] for one in self.fresh if one[0] == kind]
            self.begin(kind)
            known = (self.taken[kind] | self.nobody[kind]) - {one[0] for one in fresh}
            due = self.due(kind, begin, end, known)
            self.went[kind].append((begin, end))
            if self.is_cut:
                self.owed[kind].update(due)
                self.touched[kind] = None  # whether it was kept is luck
            else:
                for boundary, marks, utc_ms in fresh:
                    self.judge_one(kind, boundary, marks, utc_ms, how, end)
                owed = [one for one in self.due(kind, EPOCH, end, known) if one in self.owed[kind]]
                self.owed[kind].clear()
                for boundary in due + owed:
                    if boundary not in self.taken[kind]:
                        self.problems.append(f"{kind} {boundary} was not taken ({how})")
        self.fresh = []
        if not self.is_cut:
            self.save()  # the discipline tells of its steps
            return False
        self.is_cut = False
        self.story.append(("cut", 0))
        self.off(self.rng.randrange(3000))
        return True

    def due(self, kind, begin, end, known):
        """Boundaries in (begin, end] behind those that are known, the newest first, as many as are
        filled in."""
        found = []
        boundary = floor(kind, end)
        while boundary > begin and boundary not in known and len(found) < FILLED[kind]:
            found.append(boundary)
            boundary = before(kind, boundary)
        return found

    def judge_one(self, kind, boundary, marks, utc_ms, how, end):
        if not any(begin < boundary <= to for begin, to in self.went[kind]):
            self.problems.append(f"{kind} {boundary}: the clock was never there")
        late_ms = (self.local(kind, utc_ms) - boundary) // MS
        is_newest = floor(kind, end) == boundary
        touched = self.touched[kind]
        if how == "run":
            wanted = CLOCK if touched else 0
            if late_ms > IN_TIME_MS:
                self.problems.append(f"{kind} {boundary} is {late_ms} ms late")
        elif how == "off":
            wanted = 0 if is_newest and late_ms <= HUNG_MS else MISSED
            wanted |= CLOCK if touched else 0
        elif how == "lost":
            wanted = MISSED | CLOCK
        else:
            wanted = CLOCK if is_newest else MISSED | CLOCK
        mask = MISSED if touched is None else MISSED | CLOCK
        if (marks ^ wanted) & mask:
            self.problems.append(f"{kind} {boundary} has marks {marks}, not {wanted} ({how})")
        self.touched[kind] = touched and how not in ("run", "off")

    # what may happen

    def wander(self, count):
        """So many things at random."""
        rng = self.rng
        for _ in range(count):
            what = rng.random()
            if rng.random() < 0.1:
                self.cut_in = rng.randrange(1, 12)
            amount = rng.choice(STEPS)
            if what < 0.35:
                self.note("run", rng.choice((MINUTE, 20 * MINUTE, HOUR, 5 * HOUR)))
            elif what < 0.65:
                self.note("step", rng.choice((-1, 1)) * amount)
            elif what < 0.75:
                self.note("off", rng.choice((2000, 20 * MINUTE, HOUR, 2 * DAY, 40 * DAY)))
            elif what < 0.8:
                self.note("hang", rng.choice((2000, 20 * MINUTE)))
            elif what < 0.85:
                self.note("lose", rng.choice((HOUR, DAY)))
            elif what < 0.92:
                self.note("change_zone", rng.choice(ZONES))
            else:  # to just before a midnight, and over it
                here = self.local("daily", self.utc_ms)
                rest = DAY - (here - floor("daily", here)) // MS
                self.note("step", rest - rng.randrange(3000))
                self.note("run", 5000)
            if self.problems:
                break
        return self.problems

    def note(self, what, value):
        self.story.append((what, value))
        getattr(self, what)(value)
