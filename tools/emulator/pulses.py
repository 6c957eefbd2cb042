"""CF outputs: energy to pulses, CF(Hz) = fDTOF * code / (xTHR * 512 * CFxDEN).

A pulse pulls the pin low for 80 ms, or for half the pulse period when that is shorter.
"""

from tools.emulator.filters import PAGE

DTOF_HZ = 8.192e6  # CLKIN / 3 on the ADE9000 [U]; the sibling has 4.096 MHz
_WIDTH = 640.0  # samples: 80 ms
_MOST = 64  # pulses a page that are still modelled one by one
_THRESHOLD = ("WTHR", "VARTHR", "VATHR") * 2


class Pulses:
    """One of CF1..CF4 (number 0..3)."""

    def __init__(self, number, registers):
        self.number = number
        self.registers = registers
        self.count = 0  # pulses since reset, for the tests and `truth`
        self.clear()
        self.configure()

    def configure(self):
        """Take over CFMODE, COMPMODE, CFxDEN and xTHR; call when one was written."""
        r = self.registers
        self._quantity = r.field("CFMODE", 3 * self.number, 3)
        self._unit = 0.0  # code*samples*fDTOF of a pulse; 0 = off
        if self._quantity < 6 and not r["CFMODE"] >> 12 + self.number & 1:
            denominator = r["CF%dDEN" % (self.number + 1)]
            self._unit = r[_THRESHOLD[self._quantity]] * 512.0 * denominator
        terms = r.field("COMPMODE", 3 * self.number, 3)
        self._phases = [k for k in range(3) if terms >> k & 1]

    def clear(self):
        self._charge = 0.0
        self._rise_at = None  # None = pin is high

    def step(self, increment, start):
        """increment [6][3]: codes*samples of the page -> [(position, level)] of the pin."""
        edges = []
        if self._unit:
            of_phase = increment[self._quantity]
            total = sum(of_phase[k] for k in self._phases)
            edges = self._pulse(total * DTOF_HZ / 8000.0, self._unit, start)
        if self._rise_at is not None and self._rise_at <= start + PAGE:
            edges.append((self._rise_at, 1))
            self._rise_at = None
        return edges

    def _pulse(self, charge, unit, start):
        before = self._charge
        after = self._charge = before + charge
        pulses = min(int(abs(after) // unit), _MOST)
        if not pulses:
            return []
        sign = 1.0 if after > 0 else -1.0
        self._charge = sign * (abs(after) % unit)
        width = min(_WIDTH, PAGE * unit / abs(charge) / 2) if charge else _WIDTH
        edges = []
        for k in range(1, pulses + 1):
            share = (sign * unit * k - before) / charge if charge else 0.0
            at = start + PAGE * min(max(share, 0.0), 1.0)
            if self._rise_at is not None:  # power rose meanwhile: the pin has to be up again
                edges.append((min(self._rise_at, at), 1))
            edges.append((at, 0))
            self._rise_at = at + width
            self.count += 1
        return edges
