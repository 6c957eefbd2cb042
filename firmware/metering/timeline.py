"""Where a window ends in UTC, as small ints: the number of its 10-minute interval since 1970 and
the milliseconds in it. A stamp in ms is a long integer on a 32-bit board, so it is touched once.
"""

from micropython import const

from firmware.metering import ring_kernels

TEN_MS = const(600000)
_SLACK_MS = const(50)  # a quarter of a window: less is the clock being disciplined


class Timeline:
    def __init__(self):
        self.ten = -1  # number of the interval, -1: no window yet
        self.at = 0  # ms in it, 0 .. TEN_MS - 1
        self._start_ms = 0  # UTC of that interval

    def move(self, end_ms, length_ms):
        """A window of `length_ms` ends at `end_ms`. How many ms later that is than the window
        before lets expect, 0 when it follows; negative when the clock was set back."""
        ten, at = self.ten, self.at
        passed = end_ms - self._start_ms
        if ten >= 0 and 0 <= passed < TEN_MS:
            self.at = ring_kernels.small(passed)
            missed = self.at - at - length_ms
        else:
            self.ten = ring_kernels.small(end_ms // TEN_MS)
            self._start_ms = self.ten * TEN_MS
            self.at = ring_kernels.small(end_ms - self._start_ms)
            if ten < 0:
                return 0
            missed = (self.ten - ten) * TEN_MS + self.at - at - length_ms
        return missed if abs(missed) > _SLACK_MS else 0
