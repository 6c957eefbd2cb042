"""The data path of the ATM90, as much as the registers need: means, energies, pulses, sags.

Scale, chosen here [U]: with a gain of 0x8000 the full scale of a converter is 655.36 V or
65.536 A peak, so that U_peak in 0.01 V is 2 * raw * Ugain / 0x8000 with raw = 0x8000 at full
scale, as the open drivers take it for SagTh. Energy follows the smoothed power.
"""

import numpy as np

from tools.emulator import filters
from tools.emulator.filters import HILBERT_HALF, PAGE
from tools.emulator.zerocross import ZeroCross

VOLTS, AMPS = 655.36, 65.536  # peak at full scale and gain 0x8000
_ADC_CODE = 1 << 15
_PAGE_S = PAGE / 8000.0
_KWH_PER_CF = 450e9  # CF per kWh = this / PLconst
_SAG_PAGES = 6  # 12 ms: longer than half a cycle
_LOW_S = 0.08  # of a pulse


class Measure:
    def __init__(self, word):
        """`word(name)` reads a configuration register."""
        self._word = word
        self.clear()

    def clear(self):
        self._dc = filters.PageMeans(7)
        self._means = filters.PageMeans(13)  # squares of IA VA IB VB IC VC IN, P, Q
        self._v = filters.History(3, 2 * HILBERT_HALF + PAGE)
        self._i = filters.History(3, HILBERT_HALF + PAGE)
        self._hilbert = filters.hilbert_matrix()
        self.zero = ZeroCross()
        self.u = np.zeros(3)  # V, A, W, var in the units of the registers
        self.i = np.zeros(4)
        self.p = np.zeros(3)
        self.q = np.zeros(3)
        self._peaks = np.zeros((3, _SAG_PAGES))
        self._rest = np.zeros((4, 3))  # of energy, below a count
        self.counts = np.zeros((4, 3), int)  # ever made: APenergy ANenergy RPenergy RNenergy
        self._charge = 0.0  # of the pulse output, in CF
        self.pulses = 0

    def _gains(self):
        u = np.array([self._word("Ugain" + p) for p in "ABC"]) / _ADC_CODE * VOLTS
        i = np.array([self._word("Igain" + p) for p in "ABCN"]) / _ADC_CODE * AMPS
        return u, i

    def step(self, share, start):
        """A page of converter shares. Returns the zero crossings [(position, row, is_rising)]."""
        dc = self._dc.push(share)
        x = share - dc[:, None] if self._dc.is_full else share
        v, i = x[1:6:2], x[0:6:2]
        lagging = self._v.push(v) @ self._hilbert
        rows = np.vstack((x * x, v * i, lagging * self._i.push(i)[:, :PAGE]))
        mean = self._means.push(rows)
        u_gain, i_gain = self._gains()
        root = np.sqrt(np.maximum(mean[:7], 0.0))
        self.u = root[1:6:2] * u_gain
        self.i = np.append(root[0:6:2], root[6]) * i_gain
        self.p = mean[7:10] * u_gain * i_gain[:3]
        self.q = mean[10:13] * u_gain * i_gain[:3]
        self._peaks = np.roll(self._peaks, 1, axis=1)
        self._peaks[:, 0] = np.abs(v).max(axis=1) * _ADC_CODE
        return self.zero.step(x * 7e7, np.full(7, 7e6), 9, start)

    def below(self, threshold):
        """Phases whose voltage peak stays below a register such as SagTh."""
        return self._peaks.max(axis=1) < self._word(threshold)

    def energy(self):
        """New counts [4][3] of the page, and the pulses it made."""
        per_cf = _KWH_PER_CF / max(1, self._word("PLconstH") << 16 | self._word("PLconstL"))
        per_count = per_cf * (100 if self._word("MMode0") >> 9 & 1 else 10)
        kwh = np.array((self.p, -self.p, self.q, -self.q)) * _PAGE_S / 3.6e6
        self._rest += np.maximum(kwh, 0.0) * per_count
        fresh = np.floor(self._rest).astype(int)
        self._rest -= fresh
        self.counts += fresh
        self._charge += abs(self.p.sum()) * _PAGE_S / 3.6e6 * per_cf
        pulses = int(self._charge)
        self._charge -= pulses
        self.pulses += pulses
        return fresh, pulses

    def low_samples(self):
        """How long a pulse is low: 80 ms or half the period."""
        per_cf = _KWH_PER_CF / max(1, self._word("PLconstH") << 16 | self._word("PLconstL"))
        rate = abs(self.p.sum()) / 3.6e6 * per_cf
        return 8000 * min(_LOW_S, 0.5 / rate if rate else _LOW_S)
