"""What is due later in a loop of `select`: heap of calls by monotonic time."""

import heapq
import itertools
import time


class Handle:
    """Something that is due."""

    def __init__(self, call):
        self.call = call

    def cancel(self):
        self.call = None


class Timers:
    def __init__(self, clock=time.monotonic):
        self.now = clock
        self._due = []  # heap of (s, order, Handle)
        self._order = itertools.count()

    def later(self, seconds, call):
        """call() in so many s; a Handle."""
        handle = Handle(call)
        heapq.heappush(self._due, (self.now() + max(0, seconds), next(self._order), handle))
        return handle

    def wait_s(self, most):
        """How long nothing is due, at most so long."""
        if not self._due:
            return most
        return min(most, max(0, self._due[0][0] - self.now()))

    def run(self):
        """Everything that is due now."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            handle = heapq.heappop(self._due)[2]
            if handle.call:
                handle.call()
