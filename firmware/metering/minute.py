"""Means of the three voltages over each minute of the clock: the unit in which voltage deviation
is judged (GB/T 12325). A window counts where it ends.
"""

from micropython import const

from firmware.metering.clock_interval import ClockInterval

_INTERVAL_MS = const(60000)
_SAMPLES = const(480000)


class Minute(ClockInterval):
    def __init__(self, publish, volts):
        """publish(values, bits, end_ms, coverage): the means in mV, a list that is reused; per
        mille. volts: index of the first of three voltages in the values."""
        self._publish = publish
        self._volts = volts
        self._sums = [0, 0, 0]
        self._values = [0, 0, 0]
        super().__init__(_INTERVAL_MS)

    def _clear(self):
        for k in range(3):
            self._sums[k] = 0
        self._count = 0
        self._samples = 0

    def take(self, line, length_ms, bits, values, samples):
        """A window of so many samples that ends at `line`, a Timeline."""
        self.window(line, length_ms, bits)
        sums, at = self._sums, self._volts
        sums[0] += values[at]
        sums[1] += values[at + 1]
        sums[2] += values[at + 2]
        self._count += 1
        self._samples += samples

    def _finish(self, bits, end_ms):
        for k in range(3):
            self._values[k] = (self._sums[k] + self._count // 2) // self._count
        coverage = (self._samples * 1000 + _SAMPLES // 2) // _SAMPLES
        self._publish(self._values, bits, end_ms, min(1000, coverage))
