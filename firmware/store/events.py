"""The events of this boot in a bounded ring, and the listeners that carry them further.

An event is the tuple (sequence, code, device, stamp, details); the sequence starts at 1 in every
boot and is never reused, so (boot, sequence) names an event for ever. Not for ISRs: it allocates.
"""

from micropython import const

_DETAILS_MAX = const(160)  # characters of a details text that are kept


class EventLog:
    def __init__(self, clock, boot, size=128):
        """clock: for `utc_ms`; boot: number of this boot; size: events kept."""
        self.boot = boot
        self.sequence = 0  # of the newest event; 0: none yet
        self.size = size
        self.dropped = 0  # events that left the ring for newer ones
        self._clock = clock
        self._ring = [()] * size  # () where no event is yet
        self._listeners = []

    def emit(self, code, device="", details="", stamp_ms=0):
        """Keeps and hands on (sequence, code, device, stamp in UTC ms, details); returns it.

        device: name of a device, slot or task; details: a text, cut to 160 characters, a
        core.members.Members, or a small value that JSON can carry; stamp_ms 0: now.
        """
        if isinstance(details, str) and len(details) > _DETAILS_MAX:
            details = details[: _DETAILS_MAX - 3] + "..."
        at = self.sequence % len(self._ring)
        if self._ring[at]:
            self.dropped += 1
        self.sequence += 1
        event = (self.sequence, code, device, stamp_ms or self._clock.utc_ms(), details)
        self._ring[at] = event
        for listener in self._listeners:
            listener(event)
        return event

    def last(self, n):
        """The newest `n` events (fewer when fewer are kept), oldest first."""
        n = min(n, self.sequence, len(self._ring))
        size = len(self._ring)
        return [self._ring[i % size] for i in range(self.sequence - n, self.sequence)]

    def subscribe(self, listener):
        """`listener(event)` is called within emit: it must not wait, raise or emit."""
        self._listeners.append(listener)
