"""The pulse channel: edges of the metrology IC's own wires, stamped in the ISR.

It needs no byte of the data channel, so it can contradict it. `hit` is the interrupt
handler: it stamps, counts and sets a flag; it allocates nothing.
"""

from micropython import const

_COUNT_MASK = const(0x3FFFFFFF)


class Edge:
    """One wire. Written by the ISR, read by the link task."""

    def __init__(self, stamp_us, wake=None):
        self._stamp_us = stamp_us
        self._wake = wake  # called with no argument; must be ISR safe
        self.count = 0
        self.last_us = None  # stamp of the newest edge; None before the first

    def hit(self, _pin):
        self.last_us = self._stamp_us()
        self.count = self.count + 1 & _COUNT_MASK  # an int beyond 2**30 would need the heap
        if self._wake is not None:
            self._wake()


class PulseChannel:
    def __init__(self, clock, stamp_us, wake):
        """`stamp_us()` is the time of the edge being handled, in clock.us ticks; `wake` is
        called on the page-full interrupt."""
        self.clock = clock
        self.page = Edge(stamp_us, wake)  # /IRQ0
        self.event = Edge(stamp_us, wake)  # /IRQ1
        self.cf1 = Edge(stamp_us)  # total active energy pulses
        self.zx = Edge(stamp_us)  # zero crossings of phase A
        self._taken = 0  # pulses already handed out
        self._seen = 0
        self._seen_ms = None  # when an edge of any wire was last seen

    def is_alive(self, timeout_ms):
        """Did any wire move within the last `timeout_ms`? Call at least that often."""
        total = self.page.count + self.cf1.count + self.zx.count
        now = self.clock.ms()
        if total != self._seen:
            self._seen = total
            self._seen_ms = now
        return self._seen_ms is not None and now - self._seen_ms < timeout_ms

    def take_pulses(self):
        """Energy pulses since the last call."""
        count = self.cf1.count
        fresh = count - self._taken & _COUNT_MASK
        self._taken = count
        return fresh
