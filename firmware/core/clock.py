"""The terminal's one clock, made in main and injected everywhere.

`us` wraps like the port's ticks and is only good for differences below a few
minutes; `ms` never wraps as long as it is read at least once per tick period.
"""


class Clock:
    def __init__(self, ticks_us, ticks_diff, utc_ms, utc_us=None):
        """ticks_us() and ticks_diff(a, b) as in `time`; utc_ms() -> int, UTC since 1970;
        utc_us() the same in microseconds, where the port has it so finely."""
        self.us = ticks_us
        self.diff_us = ticks_diff
        self.utc_ms = utc_ms
        self.utc_us = utc_us or (lambda: utc_ms() * 1000)
        self._last = ticks_us()
        self._rest_us = 0  # below one millisecond, carried to the next call
        self._ms = 0

    def ms(self):
        """Milliseconds since construction, monotonic, int."""
        now = self.us()
        rest = self._rest_us + self.diff_us(now, self._last)
        self._last = now
        self._ms += rest // 1000
        self._rest_us = rest % 1000
        return self._ms
