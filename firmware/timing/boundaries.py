"""Each boundary of a quarter of an hour, a day and a month exactly once, whatever the clock does.

`look` compares UTC with the monotonic clock: what they do not move alike by is a step. A boundary
that comes while time runs is taken as it comes (marks 0, or CLOCK when the clock was set in the
period it ends): within 20 ms and what blocks the loop, but never before it. What UTC went over
without that is taken afterwards, the oldest first:

  power was off, or the loop hung for more than 5 s         MISSED
  a step forward went over them                             MISSED and CLOCK; the newest CLOCK
                                                            alone: it is as it is read now
  the time was not known (no boundary is taken meanwhile)   MISSED and CLOCK

At most 192 quarters, 31 days and 12 months are filled in, the newest; older ones stay without a
row. A clock set back finds what was taken (eras.py) and takes nothing again. The first boundary
that is ever looked at, and the first of an era before all others, counts as taken: nobody was
there. A zone that changes makes a day longer or shorter: CLOCK.
"""

import asyncio

from micropython import const

from firmware.core.marks import CLOCK, MISSED
from firmware.timing import periods
from firmware.timing.eras import Eras

_LOOK_MS = const(100)  # between two looks, unless a boundary is nearer
_STEP_MS = const(500)  # UTC that moves by more than time itself was set
_LATE_MS = const(5000)  # what is taken later was missed
_TURN = (8, 8, 1)  # taken in one look, by kind: others have their turn. Missed months have rows
_FILLED = (192, 31, 12)  # boundaries filled in at most, by kind


class _Gap:
    """Boundaries of a kind that wait to be taken."""

    def __init__(self, first, last, older, newest):
        self.next = first
        self.last = last
        self.older = older  # marks of all but the last
        self.newest = newest


class Boundaries:
    def __init__(self, clock, zone_min, take, kept=None, last=None):
        """take(kind, end_ms, marks): the period of that kind (of periods.KINDS) that ends at UTC
        end_ms is over; must not raise. `kept`: what `record` gave before the reboot, or None;
        `last`: {kind: end_ms} of the row the store wrote last, where it has any. What is wrong
        with `kept` is left out."""
        self._clock = clock
        self._zone_min = zone_min
        self._take = take
        self._eras = [Eras() for _ in periods.KINDS]
        self._is_touched = [False] * len(periods.KINDS)  # was the clock set in the open period?
        self._gaps = [None] * len(periods.KINDS)
        self._utc_ms = None  # of the last look; None: the next is the first of its kind
        self._now_ms = 0
        self._next_ms = 0  # no boundary before
        self.taken = 0  # boundaries, since boot
        self.missed = 0  # of them, nobody was there
        self._ends = [None] * len(periods.KINDS)  # UTC of the boundary taken last
        self._zone_was = zone_min  # when that was
        firsts = self._restore(kept) if kept else self._ends
        for kind, name in enumerate(periods.KINDS):
            end_ms = last.get(name) if last else None
            if end_ms is not None and end_ms != self._ends[kind]:  # `kept` is a look behind
                self._ends[kind] = end_ms
                number = periods.nearest(kind, end_ms, self._zone_was)
                first = firsts[kind]
                self._eras[kind].add(number if first is None else min(first, number), number)
        self._was_unknown = False
        self._is_zone_new = False

    def _restore(self, kept):
        """Of each kind the first boundary of the gap that was being filled, or None."""
        try:
            eras = [Eras(ranges) for ranges in kept["eras"]]
            touched = [bool(flag) for flag in kept["touched"]]
            ends, firsts = list(kept["ends"]), list(kept["firsts"])
            zone_min = kept["zone"] + 0
        except (KeyError, TypeError, ValueError):
            return self._ends
        if not len(eras) == len(touched) == len(ends) == len(firsts) == len(periods.KINDS):
            return self._ends
        self._eras = eras
        self._is_touched = touched
        self._ends = ends
        self._zone_was = zone_min
        if zone_min != self._zone_min:
            self._touch_days()
        return firsts

    def record(self):
        """What is to be kept over a reboot, for JSON."""
        return {
            "zone": self._zone_min,
            "eras": [eras.ranges for eras in self._eras],
            "ends": self._ends,
            "firsts": [gap and gap.next for gap in self._gaps],
            "touched": [int(flag) for flag in self._is_touched],
        }

    def set_zone(self, zone_min):
        """Local time is so much ahead of UTC from now on."""
        if zone_min != self._zone_min:
            self._zone_min = zone_min
            self._touch_days()
            self._is_zone_new = True
            self._next_ms = 0

    def _touch_days(self):
        self._is_touched[periods.DAILY] = self._is_touched[periods.MONTHLY] = True

    async def run(self, save, beat):
        """For ever; save() when what `record` gives has changed; beat() with each look."""
        while True:
            beat()
            if self.look():
                save()
            await asyncio.sleep_ms(self.wait_ms())

    def wait_ms(self):
        """Until the next look."""
        if self.is_behind():
            return 0
        left_ms = self._next_ms - self._clock.utc_ms()
        return left_ms if 0 < left_ms < _LOOK_MS else _LOOK_MS

    def is_behind(self):
        """Do boundaries wait to be taken?"""
        return any(self._gaps)

    def look(self):
        """Take what is over by now. True when that, or what is to be taken next, must be saved
        before the next look: a power cut in between repeats nothing and leaves nothing out."""
        if not self._clock.is_known:
            self._was_unknown = True
            self._utc_ms = None
            return False
        utc_ms, now_ms = self._clock.utc_ms(), self._clock.ms()
        was_ms, before_ms = self._utc_ms, self._now_ms
        self._utc_ms, self._now_ms = utc_ms, now_ms
        is_first = was_ms is None
        is_step = self._was_unknown
        if not is_first:
            moved_ms = utc_ms - was_ms - (now_ms - before_ms)
            is_step = abs(moved_ms) > _STEP_MS + (now_ms - before_ms) // 1000
        if is_first or is_step:
            self._gaps = [None] * len(self._gaps)  # found anew
        elif utc_ms < self._next_ms and not any(self._gaps):
            return False
        if is_step:
            self._is_touched = [True] * len(self._is_touched)
        must_save = self._is_zone_new
        for kind in range(len(periods.KINDS)):
            if self._gaps[kind] is None:
                is_moved = is_step or (self._is_zone_new and kind != periods.CURVE)
                must_save = self._find(kind, utc_ms, is_moved) or must_save
        self._was_unknown = self._is_zone_new = False
        self._next_ms = min([self._end_ms(kind, utc_ms) for kind in range(len(periods.KINDS))])
        if must_save:
            return True
        taken = 0
        for kind in range(len(periods.KINDS)):
            taken = taken or self._work(kind, _TURN[kind])
        return taken > 0

    def _end_ms(self, kind, utc_ms):
        """Of the boundary that comes next."""
        zone = self._zone_min
        return periods.end_ms(kind, periods.number(kind, utc_ms, zone) + 1, zone)

    def _find(self, kind, utc_ms, is_step):
        """What is over and was not taken becomes a gap. True when that is more than the next."""
        eras = self._eras[kind]
        newest = periods.number(kind, utc_ms, self._zone_min)
        before = eras.before(newest)
        if before is None:
            eras.add(newest, newest)
            return True
        if before < newest:
            first = max(before + 1, newest - _FILLED[kind] + 1)
            late_ms = utc_ms - periods.end_ms(kind, newest, self._zone_min)
            older = MISSED | CLOCK if is_step else MISSED
            marks = MISSED if late_ms > _LATE_MS else 0
            if is_step:
                marks = CLOCK | (MISSED if self._was_unknown else 0)
            self._gaps[kind] = _Gap(first, newest, older, marks)
            return before + 1 < newest
        return False

    def _work(self, kind, most):
        """Take up to `most` boundaries of a gap; how many."""
        gap, taken = self._gaps[kind], 0
        while gap and taken < most:
            number = gap.next
            marks = gap.newest if number == gap.last else gap.older
            if self._is_touched[kind]:
                marks |= CLOCK
            end_ms = periods.end_ms(kind, number, self._zone_min)
            self._take(periods.KINDS[kind], end_ms, marks)
            self._eras[kind].add(number, number)
            self._ends[kind] = end_ms
            # the period a step leads into is as wrong as the one it was made in
            self._is_touched[kind] = self._is_touched[kind] and gap.newest & CLOCK != 0
            self.missed += marks & MISSED
            self.taken += 1
            taken += 1
            gap.next += 1
            if number == gap.last:
                gap = self._gaps[kind] = None
        return taken
