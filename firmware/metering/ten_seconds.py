"""Frequency of each 10-second interval of the clock (IEC 61000-4-30, 5.1): whole cycles in it
over their duration, from the windows that lie wholly within, hence a coverage of 96 % and more.
"""

from micropython import const

from firmware.metering.clock_interval import ClockInterval

_INTERVAL_MS = const(10000)
_SAMPLES = const(80000)
_UNIT = 8000 * 1024 * 10000  # cycles over 1/1024 sample, in 0.1 mHz
_ONE = 1000000000


class TenSeconds(ClockInterval):
    def __init__(self, publish):
        """publish(values, bits, end_ms, coverage): a list of one int, 0.1 mHz, 0 when there was
        no whole cycle; per mille."""
        self._publish = publish
        self.rate_ppb = 0  # the sample clock is so much slower than nominal
        self._values = [0]
        super().__init__(_INTERVAL_MS)

    def _clear(self):
        self._cycles = 0
        self._length = 0  # of those cycles, 1/1024 sample

    def take(self, line, length_ms, bits, length, cycles):
        """A window that ends at `line`, a Timeline."""
        if self.window(line, length_ms, bits) and cycles:
            self._cycles += cycles
            self._length += length

    def _finish(self, bits, end_ms):
        hertz = 0
        if self._cycles:
            true_length = self._length * (_ONE + self.rate_ppb)
            hertz = (self._cycles * _UNIT * _ONE + true_length // 2) // true_length
        self._values[0] = hertz
        coverage = min(1000, (self._length >> 10) * 1000 // _SAMPLES)
        self._publish(self._values, bits, end_ms, coverage)
