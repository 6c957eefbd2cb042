"""Feeds the hardware watchdog only while every critical task reports within its deadline."""


class Watchdog:
    def __init__(self, clock, feed):
        """clock: for `ms`; feed(): restarts the hardware's count, such as `machine.WDT.feed`."""
        self.late = []  # names that are overdue now
        self._clock = clock
        self._feed = feed
        self._watched = {}  # name -> [deadline in ms, time of the last report]

    def watch(self, name, deadline_ms):
        """From now on `name` must report at least every `deadline_ms`."""
        self._watched[name] = [deadline_ms, self._clock.ms()]

    def forget(self, name):
        """`name` is watched no more, if it was."""
        self._watched.pop(name, None)

    def beat(self, name):
        """`name` is alive and did its work. KeyError when it is not watched."""
        self._watched[name][1] = self._clock.ms()

    def restart(self):
        """Counts every deadline from now."""
        for name in self._watched:
            self.beat(name)

    def age_ms(self, name):
        """Time since the last report, None when `name` is not watched."""
        entry = self._watched.get(name)
        return None if entry is None else self._clock.ms() - entry[1]

    def check(self):
        """Feeds unless somebody is overdue; returns [(name, deadline)] newly overdue."""
        late = []
        fresh = []
        for name in self._watched:
            deadline_ms = self._watched[name][0]
            if self.age_ms(name) > deadline_ms:
                late.append(name)
                if name not in self.late:
                    fresh.append((name, deadline_ms))
        self.late = late
        if not late:
            self._feed()
        return fresh
