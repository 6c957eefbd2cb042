"""Clock model of the sample counter: which microsecond was sample n?

The IC's sample counter is the metering time base; page-full stamps tell when every 128th
sample was taken. A second-order tracking filter (offset and rate, integers only) follows
them; what it cannot explain is the stated uncertainty.
"""

from micropython import const

_SCALE = const(4096)  # fractions of a microsecond
_OFFSET_GAIN = const(32)  # a residual moves the offset by 1/32 ...
_RATE_GAIN = const(8192)  # ... and the period of a half by 1/8192: settled within seconds
_STEP_US = const(5000)  # a larger residual is a new start, not a drift


class TimeBase:
    def __init__(self, clock, half_us):
        self.clock = clock
        self.half_us = half_us
        self.uncertainty_us = None  # None: no stamp yet
        self.restart()

    def restart(self):
        self._at = None  # sample number of the last stamp
        self._us = 0  # that stamp, in ticks as they wrap
        self._offset = 0  # modelled time of that sample less its stamp, 1/_SCALE us
        self._period = self.half_us * _SCALE  # modelled length of a half

    def observe(self, sample, sets, stamp_us):
        """Sample number `sample` (a multiple of `sets` after the last) was taken at `stamp_us`."""
        if self._at is None:
            self._start(sample, stamp_us)
            return
        halves = (sample - self._at) // sets
        expected = self._offset + self._period * halves
        residual = self.clock.diff_us(stamp_us, self._us) * _SCALE - expected
        if abs(residual) > _STEP_US * _SCALE:
            self._start(sample, stamp_us)
            return
        self._us = stamp_us
        self._offset = residual // _OFFSET_GAIN - residual
        self._at = sample
        self._period += (residual + _RATE_GAIN // 2) // _RATE_GAIN
        size = abs(residual) // _SCALE
        self.uncertainty_us += (2 * size - self.uncertainty_us) // 16

    def _start(self, sample, stamp_us):
        self.restart()
        self._at = sample
        self._us = stamp_us
        self.uncertainty_us = 1000

    def age_us(self, sample, now_us, sample_hz=8000):
        """Microseconds since sample number `sample` (may have a fraction); None before the
        first stamp."""
        if self._at is None:
            return None
        passed = self.clock.diff_us(now_us, self._us) - self._offset // _SCALE
        return passed - int((sample - self._at) * 1000000 / sample_hz)

    def rate_ppm(self):
        """Crystal of the IC against this clock; positive: the IC is slow."""
        nominal = self.half_us * _SCALE
        return (self._period - nominal) * 1000000 / nominal
