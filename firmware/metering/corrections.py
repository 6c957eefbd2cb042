"""What calibration adds to the sums of a window: offsets of P, Q and I**2 that no sample carries.

The metrology IC adds its offset registers behind the samples; whoever meters from the samples adds
the same here, so that both go on agreeing. Runs once a window.
"""

from firmware.metering import layout

_XX, _P, _LATE = 2, 5, 7  # words of a current in the totals


class Corrections:
    def __init__(self):
        self.is_zero = True
        self._rows = [(0, 0, 0)] * 3

    def set(self, rows):
        """A row for each phase: (P, Q in units of y * word, I**2 in word**2), a sample each."""
        self._rows = list(rows)
        self.is_zero = not any([any(row) for row in rows])

    def apply(self, m, sets):
        """Add them to the totals in the memory `m` of a window of so many samples."""
        for phase in range(3):
            p, q, ii = self._rows[phase]
            base = layout.TOTALS + 9 + 9 * phase
            _add(m, base + _P, p * sets)
            _add(m, base + _LATE, q * sets)  # the delay is a quarter cycle to 2 degrees
            ii *= sets
            m[base + _XX] += ii & layout.LOW
            _add(m, base + _XX + 1, ii >> layout.LIMB)


def _add(m, word, value):
    m[word] += value & layout.LOW
    m[word + 1] += value >> layout.LIMB
