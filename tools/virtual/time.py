"""Virtual time of the host's half of a bench: what is due is done in order, and nothing waits."""

import heapq
import itertools

from tools.emulator.timers import Handle


class Time:
    def __init__(self):
        self.us = 0
        self._due = []  # heap of (us, order, Handle)
        self._order = itertools.count()

    def now(self):
        """s since the start."""
        return self.us / 1e6

    def later(self, seconds, call):
        """call() in so many s; a Handle."""
        handle = Handle(call)
        at = self.us + max(0, round(seconds * 1e6))
        heapq.heappush(self._due, (at, next(self._order), handle))
        return handle

    def run(self, until_us, has_news):
        """Go on to `until_us` (negative: as far as there is anything), or to the first moment at
        which has_news(); False when nothing will ever happen."""
        while self._due and not 0 <= until_us < self._due[0][0]:
            us, _, handle = heapq.heappop(self._due)
            if handle.call is None:
                continue
            self.us = max(self.us, us)
            handle.call()
            if has_news():
                return True
        if until_us < 0:
            return False
        self.us = max(self.us, until_us)
        return True

    def next_us(self):
        """When something is due, -1: nothing is."""
        while self._due and self._due[0][2].call is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else -1
