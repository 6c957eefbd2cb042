"""How often the same trouble is told: at once, then ever more rarely, so that a task that crashes
for ever costs eleven events on the first day and one on each day after.

After an hour without it, it is news again: at most 24 a day.
"""

from micropython import const

_FIRST_MS = const(60000)  # before it is told again ...
_MOST_MS = const(86400000)  # ... doubling up to this
_NEWS_MS = const(3600000)  # without it


class Quota:
    def __init__(self):
        self.untold = 0  # times since it was told last
        self._next_ms = 0
        self._pause_ms = _FIRST_MS
        self._last_ms = None  # when it happened last

    def allows(self, now_ms):
        """It happened; may it be told? `untold` says how often it was not, until the next."""
        last_ms, self._last_ms = self._last_ms, now_ms
        if last_ms is None or now_ms - last_ms >= _NEWS_MS:
            self._pause_ms = _FIRST_MS
            self._next_ms = now_ms
        if now_ms < self._next_ms:
            self.untold += 1
            return False
        self._next_ms = now_ms + self._pause_ms
        self._pause_ms = min(2 * self._pause_ms, _MOST_MS)
        return True

    def text(self, why):
        """`why`, and how often it was not told before; counts anew from here."""
        untold, self.untold = self.untold, 0
        return "%s (and %d times before)" % (why, untold) if untold else why
