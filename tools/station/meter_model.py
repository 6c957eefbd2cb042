"""A household or small shop behind a three-phase meter: voltages, currents, power and energy that
drift plausibly, second by second, the same for the same seed and address.

All registers are integers in the unit and power of ten of their DL/T 645-2007 item, so that what
a terminal read can be compared exactly. One step is one second.
"""

import random

_TARIFF_S = 900  # the tariff in force changes every quarter of an hour
_COUNT_J = 36000  # 0.01 kWh
_VOLTAGE_LOST = 1  # bit 0 of status word 4: phase A
_SEQUENCE = 1  # bit 0 of status word 7
_ENERGIES = ("00010100", "00010200", "00010300", "00010400")
_PHASES = tuple((f"0201{k:02X}00", f"0202{k:02X}00", f"0203{k:02X}00") for k in (1, 2, 3))
_WORDS = tuple(f"040005{k:02X}" for k in range(1, 8))


class MeterModel:
    def __init__(self, seed, address, exports=False):
        """`exports`: phase C feeds back, so its current and power are negative."""
        self._rng = random.Random(f"{seed}/{address}")
        self._seconds = 0
        self._joules = 0.0  # not yet counted
        self._sag = self._rng.uniform(0.0, 6.0)  # V below nominal at this place
        self._load = [self._rng.uniform(0.5, 12.0) for _ in range(3)]  # A
        self._signs = (1, 1, -1 if exports else 1)
        self.energy = [self._rng.randrange(1000, 200000) for _ in range(4)]  # 0.01 kWh a tariff
        self.u = [0, 0, 0]  # 0.1 V
        self.i = [0, 0, 0]  # mA
        self.p = [0, 0, 0]  # 0.1 W
        self.f = 0  # 0.01 Hz
        self.words = [0] * 7  # status words 1 to 7
        self.step()

    def step(self):
        """One second goes by."""
        rng = self._rng
        for k in range(3):
            self._load[k] = min(60.0, max(0.05, self._load[k] * rng.uniform(0.97, 1.031)))
            volts = 232.0 - self._sag - 0.08 * self._load[k] + rng.uniform(-0.4, 0.4)
            self.u[k] = round(volts * 10)
            self.i[k] = self._signs[k] * round(self._load[k] * 1000)
            self.p[k] = round(self.u[k] * self.i[k] * 0.94 / 1000)
        self.f = 5000 + rng.randrange(-3, 4)
        self._joules += max(0.0, sum(self.p) / 10)
        tariff = self._seconds // _TARIFF_S % 4
        counts = int(self._joules // _COUNT_J)
        self._joules -= counts * _COUNT_J
        self.energy[tariff] += counts
        self._seconds += 1

    def raise_alarm(self, on=True):
        """Voltage of phase A lost (word 4, bit 0) and word 7, bit 0."""
        self.words[3] = _VOLTAGE_LOST if on else 0
        self.words[6] = _SEQUENCE if on else 0

    def registers(self):
        """{identifier: integer} of everything the meter shows."""
        out = {"00010000": sum(self.energy), "02030000": sum(self.p), "02800002": self.f}
        out.update(zip(_ENERGIES, self.energy, strict=True))
        out.update(zip(_WORDS, self.words, strict=True))
        for k, (u, i, p) in enumerate(_PHASES):
            out[u] = self.u[k]
            out[i] = self.i[k]
            out[p] = self.p[k]
        return out
