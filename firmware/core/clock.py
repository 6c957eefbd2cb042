"""The terminal's one clock, made in main and injected everywhere.

`us` wraps like the port's ticks and is only good for differences below a few minutes; `ms` and
`monotonic_us` never wrap as long as one of them, or of the UTC, is read at least once in half a
tick period (8 minutes on a 32-bit port). Durations are taken from these three only: UTC may step.

UTC is the board's own at first. After `set_utc` it is counted by the ticks, at the rate
`set_rate` gives them, and belongs to the discipline (firmware/timing), which alone calls the two:
it is continuous and never runs backwards but for a `set_utc`, and whole microseconds all along.
"""

from micropython import const

_BILLION = const(1000000000)


class Clock:
    def __init__(self, ticks_us, ticks_diff, utc_ms, utc_us=None):
        """ticks_us() and ticks_diff(a, b) as in `time`; utc_ms() -> int, UTC since 1970;
        utc_us() the same in microseconds, where the port has it so finely."""
        self.us = ticks_us
        self.diff_us = ticks_diff
        self.utc_ms = utc_ms
        self.utc_us = utc_us or (lambda: utc_ms() * 1000)
        self.is_known = True  # False: UTC is a guess, what it stamps is to be marked
        self.rate_ppb = 0  # so much faster than the ticks UTC runs
        self._last = ticks_us()
        self._rest_us = 0  # below one millisecond, carried to the next call
        self._ms = 0
        self._base_us = 0  # monotonic, where UTC was `_utc` us and `_part` 1e-9 us
        self._utc = 0
        self._part = 0

    def ms(self):
        """Milliseconds since construction, monotonic, int."""
        now = self.us()
        rest = self._rest_us + self.diff_us(now, self._last)
        self._last = now
        self._ms += rest // 1000
        self._rest_us = rest % 1000
        return self._ms

    def monotonic_us(self):
        """Microseconds since construction, monotonic, int; allocates on 32-bit ports."""
        return self.ms() * 1000 + self._rest_us

    def set_utc(self, utc_us, is_known=True):
        """A step: it is `utc_us` now."""
        self._base_us = self.monotonic_us()
        self._utc = utc_us
        self._part = 0
        self.is_known = is_known
        self.utc_us = self._counted_us
        self.utc_ms = self._counted_ms

    def set_rate(self, rate_ppb):
        """From now on, without a step; within 1000 ppm, so that time never goes backwards."""
        now = self.monotonic_us()
        passed = now - self._base_us
        whole = self._part + passed * self.rate_ppb
        self._utc += passed + whole // _BILLION
        self._part = whole % _BILLION
        self._base_us = now
        self.rate_ppb = max(-1000000, min(1000000, rate_ppb))

    def _counted_us(self):
        passed = self.monotonic_us() - self._base_us
        return self._utc + passed + (self._part + passed * self.rate_ppb) // _BILLION

    def _counted_ms(self):
        return self._counted_us() // 1000
