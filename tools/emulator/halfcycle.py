"""One-cycle RMS renewed each half cycle (xRMSONE) and 10/12-cycle RMS (xRMS1012).

The window follows the selected line period, with fractional samples at both edges
(IEC 61000-4-30 class S; ade9000.md sections 3 and 7).  Rows: IA VA IB VB IC VC IN.
"""

import numpy as np

from tools.emulator.filters import PAGE, History

_LENGTH = 256  # samples kept; a cycle of 40 Hz is 200


class HalfCycle:
    def __init__(self):
        self.clear()

    def clear(self):
        self.one = np.zeros(7)  # mean square over the last cycle
        self.long = np.zeros(7)  # mean square over the last 10 or 12 cycles
        self._history = History(7, _LENGTH)
        self._next = None  # position of the next half-cycle mark
        self._sum = np.zeros(7)
        self._samples = 0.0
        self._halves = 0

    def step(self, x, start, period, cycles):
        """Page of codes -> list of (position, is_long): marks inside it, long = x1012 is new."""
        history = self._history.push(x * x)
        end = start + PAGE
        if self._next is None:
            self._next = start + period / 2
        marks = []
        while self._next <= end:
            marks.append((self._next, self._mark(history, end, period, cycles)))
            self._next += period / 2
        return marks

    def _mark(self, history, end, period, cycles):
        running = np.concatenate((np.zeros((7, 1)), np.cumsum(history, axis=1)), axis=1)
        edge = self._next - (end - _LENGTH)  # position inside the history

        def upto(position):
            whole = max(0, min(int(position), _LENGTH - 1))
            return running[:, whole] + (position - whole) * history[:, whole]

        now = upto(edge)
        self.one = (now - upto(edge - period)) / period
        self._sum += now - upto(edge - period / 2)
        self._samples += period / 2
        self._halves += 1
        if self._halves < 2 * cycles:
            return False
        self.long = self._sum / self._samples
        self._sum, self._samples, self._halves = np.zeros(7), 0.0, 0
        return True
