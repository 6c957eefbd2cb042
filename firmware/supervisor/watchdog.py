"""Feeds the hardware watchdog only while every vital task reports within its deadline.

When nobody had a turn for more than a second - a name is looked up, a flash is slow - that is
nobody's silence: it is forgiven once, and the hardware's to judge.
"""

from micropython import const

_STALL_MS = const(1000)  # between two looks; they are half of that apart


class _Watched:
    def __init__(self, deadline_ms, is_vital, now_ms):
        self.deadline_ms = deadline_ms
        self.is_vital = is_vital
        self.rest_ms = 0  # it said that it rests so long after its last report
        self.last_ms = now_ms
        self.is_forgiven = False
        self.worst_ms = 0  # longest silence so far, rests not counted

    def beat(self, now_ms, rest_ms):
        self.worst_ms = max(self.worst_ms, now_ms - self.last_ms - self.rest_ms)
        self.last_ms = now_ms
        self.rest_ms = rest_ms
        self.is_forgiven = False

    def forgive(self, stall_ms):
        if not self.is_forgiven:
            self.is_forgiven = True
            self.rest_ms += stall_ms

    def is_late(self, now_ms):
        return now_ms - self.last_ms - self.rest_ms > self.deadline_ms


class Watchdog:
    def __init__(self, clock, feed):
        """clock: for `ms`; feed(): restarts the hardware's count, such as `machine.WDT.feed`."""
        self.late = []  # names that are overdue now
        self.unfed_ms = 0  # longest time between two feeds
        self._clock = clock
        self._feed = feed
        self._fed_ms = None
        self._checked_ms = None
        self._watched = {}

    def watch(self, name, deadline_ms, is_vital=True):
        """From now on `name` must report at least every `deadline_ms`; while one that is vital
        does not, nothing is fed."""
        self._watched[name] = _Watched(deadline_ms, is_vital, self._clock.ms())

    def forget(self, name):
        """`name` is watched no more, if it was."""
        self._watched.pop(name, None)

    def beat(self, name, rest_ms=0):
        """`name` is alive, did its work and has nothing to do for `rest_ms`. KeyError when it is
        not watched."""
        self._watched[name].beat(self._clock.ms(), rest_ms)

    def restart(self):
        """Counts every deadline from now."""
        for name in self._watched:
            self.watch(name, self._watched[name].deadline_ms, self._watched[name].is_vital)

    def age_ms(self, name):
        """Time since the last report, None when `name` is not watched."""
        watched = self._watched.get(name)
        return None if watched is None else self._clock.ms() - watched.last_ms

    def worst_ms(self, name):
        """The longest silence so far, None when `name` is not watched."""
        watched = self._watched.get(name)
        return None if watched is None else watched.worst_ms

    def check(self):
        """Feeds unless somebody vital is overdue; returns the names newly overdue."""
        now_ms = self._clock.ms()
        last_ms, self._checked_ms = self._checked_ms, now_ms
        if last_ms is not None and now_ms - last_ms > _STALL_MS:
            for name in self._watched:
                self._watched[name].forgive(now_ms - last_ms)
        before = self.late
        self.late = [name for name in self._watched if self._watched[name].is_late(now_ms)]
        if not [name for name in self.late if self._watched[name].is_vital]:
            if self._fed_ms is not None:
                self.unfed_ms = max(self.unfed_ms, now_ms - self._fed_ms)
            self._fed_ms = now_ms
            self._feed()
        return [name for name in self.late if name not in before]
