"""Four-quadrant energy as integers, without rounding loss (IEC 62053-23 quadrants).

Registers count milliwatt-hours (or mvarh); what is below one stays in a remainder of the
exact ratio, so any number of additions adds up exactly. Totals follow the algebraic sum of
the phases. Quadrants: I P>0 Q>0, II P<0 Q>0, III P<0 Q<0, IV P>0 Q<0.
"""

from micropython import const

FORWARD, REVERSE, Q1, Q2, Q3, Q4 = range(6)
NAMES = ("ep", "er", "q1", "q2", "q3", "q4")
ROWS = ("a", "b", "c", "")  # phases, then the total
TOTAL = const(3)
_CELLS = const(24)


class Energy:
    def __init__(self, num, den):
        """One code**2 of a sum of samples is worth num/den mWh."""
        self.num = num
        self.den = den
        self.cells = [0] * _CELLS  # mWh, row * 6 + register; never decreases
        self._rest = [0] * _CELLS  # below one mWh, in 1/den mWh
        self._restored = 0  # net mWh of the total that came from a checkpoint
        self.substituted = 0  # mWh of the total that did not come from samples
        self._pulse_rest = 0

    def _add(self, cell, code2):
        rest = self._rest[cell] + code2 * self.num
        self.cells[cell] += rest // self.den
        self._rest[cell] = rest % self.den

    def _add_row(self, row, p, q):
        base = row * 6
        if p >= 0:
            self._add(base + FORWARD, p)
        else:
            self._add(base + REVERSE, -p)
        if q >= 0:
            self._add(base + (Q1 if p >= 0 else Q2), q)
        else:
            self._add(base + (Q4 if p >= 0 else Q3), -q)

    def add(self, p, q):
        """Sums of one window: p and q are sequences of three ints in code**2 * samples."""
        for phase in range(3):
            self._add_row(phase, p[phase], q[phase])
        self._add_row(TOTAL, p[0] + p[1] + p[2], q[0] + q[1] + q[2])

    def add_pulses(self, count, num, den):
        """`count` energy pulses of num/den mWh each replace samples that are missing; the
        total only, since a pulse does not tell its phase."""
        rest = self._pulse_rest + count * num
        self._pulse_rest = rest % den
        self.add_missing(rest // den)

    def add_missing(self, mwh):
        """`mwh` were imported while no samples came; the total only."""
        self.cells[TOTAL * 6 + FORWARD] += mwh
        self.substituted += mwh

    def restore(self, cells):
        """Continue from a checkpoint, _CELLS integers; ValueError when it has another shape."""
        if len(cells) != _CELLS or min(cells) < 0:
            raise ValueError("an energy checkpoint is %d counts from zero up" % _CELLS)
        for i in range(_CELLS):
            self.cells[i] += cells[i]
        self._restored += _net(cells)

    def exported(self):
        """Total export, mWh."""
        return self.cells[TOTAL * 6 + REVERSE]

    def net(self):
        """Total import less export since boot, mWh."""
        return _net(self.cells) - self._restored


def _net(cells):
    return cells[TOTAL * 6 + FORWARD] - cells[TOTAL * 6 + REVERSE]
