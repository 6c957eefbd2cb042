"""The position of a switch that reports both of its ends, as the double point of IEC 60870-5-101
(7.2.6.2): 1 off, 2 on, 0 neither, 3 both. Neither is a switch that moves, for a time; both at once
may be one contact that is late, for a moment.
"""

from micropython import const

MOVING = const(0)
OFF = const(1)
ON = const(2)
FAULTY = const(3)

NAMES = ("between", "off", "on", "faulty")

_LATE_MS = const(100)  # one contact behind the other


class Position:
    def __init__(self, on, off, moving_ms):
        """Numbers of the inputs that are 1 at either end; the longest time between them."""
        self.on = on
        self.off = off
        self.told = None  # value that was told and holds
        self.seen = None
        self.stamp_ms = 0  # UTC of what is seen
        self._moving_ms = moving_ms
        self._since_ms = 0

    def see(self, states, stamp_ms, now_ms):
        """The inputs; True when a position was left and where it goes is not clear yet."""
        seen = (states >> self.on & 1) << 1 | states >> self.off & 1
        if seen == self.seen:
            return False
        self.seen = seen
        self.stamp_ms = stamp_ms
        self._since_ms = now_ms
        if seen in (OFF, ON):
            return False
        self.told = None  # also when it comes back
        return True

    def forget(self):
        """What was told is not valid any more: the position is told again."""
        self.told = None

    def wait_ms(self, now_ms):
        """How long until what is seen is to be told; None: it was."""
        if self.told == self.seen:
            return None
        patience = 0
        if self.seen == MOVING:
            patience = self._moving_ms
        elif self.seen == FAULTY:
            patience = _LATE_MS
        return max(0, self._since_ms + patience - now_ms)
