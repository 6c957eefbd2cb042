"""Zero crossings of voltages, their combination and currents; line periods (xPERIOD).

A crossing is a change of sign interpolated between two samples.  After one, the same row is
deaf for a quarter of the fastest cycle and waits for the other direction, so noise and notches
near zero make no second edge.  Positions are in samples since power-up.
"""

from collections import deque

import numpy as np

from tools.emulator.filters import PAGE
from tools.emulator.registers import PERIOD_DEFAULT

ROWS = ("VA", "VB", "VC", "COMB", "IA", "IB", "IC")  # STATUS1 bits 9..15
_DEAF = 28  # samples: a quarter cycle of 70 Hz
_SLOWEST = 8000.0 / 40  # samples; below 40 Hz or above 70 Hz the default is reported
_FASTEST = 8000.0 / 70
_CYCLES = 8  # the period is the mean of so many cycles
_THRESHOLD_UNIT = 8192  # codes per ZXTHRSH count: 9 is full scale / 1000 [78, U]


class ZeroCross:
    def __init__(self):
        self.clear()

    def clear(self):
        self._rows = np.zeros((7, PAGE + 1))
        self._at = [-1e9] * 7  # newest crossing of each row
        self._is_high = [None] * 7  # None = direction not known yet
        self._rising = [deque(maxlen=_CYCLES + 1) for _ in range(4)]

    def step(self, x, amplitude, threshold, start):
        """x: codes of the page [7 PCF rows]; amplitude: peak codes of ROWS.

        Returns [(position, row, is_rising)] in order of time.
        """
        rows = self._rows
        rows[:, 0] = rows[:, -1]  # the newest sample of the page before
        rows[:3, 1:] = x[1:6:2]
        rows[3, 1:] = x[1] + x[3] - x[5]  # combination [U]: never zero for one or three phases
        rows[4:, 1:] = x[0:6:2]
        high = rows >= 0
        changed = high[:, 1:] != high[:, :-1]
        if not changed.any():
            return []
        changed[amplitude <= threshold * _THRESHOLD_UNIT] = False
        found = []
        for row, k in np.argwhere(changed).tolist():
            before, after = rows[row, k], rows[row, k + 1]
            # column k is the sample start + k - 1
            position = float(start + k - 1 + before / (before - after))
            if self._accept(row, position, bool(high[row, k + 1])):
                found.append((position, row, bool(high[row, k + 1])))
        found.sort()
        return found

    def _accept(self, row, position, is_rising):
        if position - self._at[row] < _DEAF or self._is_high[row] is is_rising:
            return False
        if row < 4 and position - self._at[row] > _SLOWEST:
            self._rising[row].clear()  # missing crossings: the old ones count no more
        self._at[row] = position
        self._is_high[row] = is_rising
        if row < 4 and is_rising:
            self._rising[row].append(position)
        return True

    def period(self, row, selfreq, now):
        """PERIOD register code of VA VB VC COMB (0..3); the default when nothing is measured."""
        marks = self._rising[row]
        if len(marks) < 2 or now - self._at[row] > 1.5 * _SLOWEST:
            return PERIOD_DEFAULT[selfreq]
        samples = (marks[-1] - marks[0]) / (len(marks) - 1)
        if not _FASTEST <= samples <= _SLOWEST:
            return PERIOD_DEFAULT[selfreq]
        # f = 8000 * 65536 / (PERIOD + 1)
        return round(samples * 65536) - 1

    def silence(self, row, now):
        """Samples since the row's newest crossing, for ZXTOUT."""
        return now - self._at[row]
