"""The 8 kSPS data path: gains, phase, DC removal, and the smoothed quantities behind the results.

`step()` takes one page of converter samples; `read()` turns the smoothed state into register
codes (ade9000.md section 4).  x_PCF comes one sample after the converter (phase all-pass).
"""

import numpy as np

from tools.emulator import filters
from tools.emulator.adc import PCF_CODE
from tools.emulator.filters import HILBERT_HALF, PAGE, TWO27
from tools.emulator.registers import PHASES

_CURRENTS = (0, 2, 4, 6)  # rows of the current channels
_GAIN_NAMES = ("AIGAIN", "AVGAIN", "BIGAIN", "BVGAIN", "CIGAIN", "CVGAIN", "NIGAIN")
_PHASE_NAMES = ("APHCAL0", "BPHCAL0", "CPHCAL0", "NPHCAL")
_PF_SAMPLES = 8192  # PF and THD are renewed every 1.024 s
OS_UNIT = float(1 << 15)  # xRMSOS: rms^2 + 2^15 * register


class Dsp:
    def __init__(self, registers):
        self.registers = registers
        self.hilbert = filters.hilbert_matrix()
        self.clear()
        self.configure()

    def clear(self):
        """RUN 0 -> 1, or reset: all results start from zero."""
        self.x = np.zeros((7, PAGE))  # x_PCF codes of the page
        self.p = np.zeros((3, PAGE))  # v*i, power codes
        self.q = np.zeros((3, PAGE))  # v lagging by 90 degrees, times i
        self.mean = np.zeros(26)  # smoothed: 8 squares, 3 p, 3 q, 6+6 phasor parts
        self.pf = np.zeros(3)
        self.thd = np.zeros((2, 3))  # rows V, I
        self._dc = filters.PageMeans(7)
        self._means = filters.PageMeans(26)
        self._v_history = filters.History(3, 2 * HILBERT_HALF + PAGE)
        self._i_history = filters.History(3, HILBERT_HALF + PAGE)
        self._rows = np.zeros((26, PAGE))
        self._before = np.zeros(7)  # last sample into the all-pass
        self._after = np.zeros(4)  # last sample out of it, current channels
        self._theta = 0.0  # demodulator phase
        self._since_pf = 0

    def configure(self):
        """Read the calibration registers; call when one was written."""
        r = self.registers
        self._gain = np.array([1 + r.signed(n) / TWO27 for n in _GAIN_NAMES])[:, None] * PCF_CODE
        factors = [r.signed(name) / TWO27 for name in _PHASE_NAMES]
        self._allpass = [(c,) + filters.recursion(c) if c else None for c in factors]
        self._is_hpf = not r["CONFIG0"] >> 3 & 1
        self._isum = (0.0, 1.0, -1.0, 0.0)[r["CONFIG0"] & 3]
        self.power_gain = np.array([1 + r.signed(p + "PGAIN") / TWO27 for p in PHASES])
        self.power_offset = np.array(
            [
                [r.signed(p + name + "OS") for p in PHASES]
                for name in ("WATT", "VAR", "FWATT", "FVAR")
            ],
            float,
        )
        self._rms_offset = (
            np.array(
                [
                    r.signed(n)
                    for n in (
                        "AIRMSOS",
                        "AVRMSOS",
                        "BIRMSOS",
                        "BVRMSOS",
                        "CIRMSOS",
                        "CVRMSOS",
                        "NIRMSOS",
                        "ISUMRMSOS",
                    )
                ]
            )
            * OS_UNIT
        )
        self._frms_offset = (
            np.array([r.signed(p + q + "FRMSOS") for p in PHASES for q in "IV"]) * OS_UNIT
        )
        vnom = r["CONFIG0"] >> 8 & 7
        self._vnom = [float(r["VNOM"]) if vnom >> k & 1 else None for k in range(3)]

    def step(self, page, period):
        """One page [7, PAGE] of full-scale shares; period = samples per mains cycle."""
        dc = self._dc.push(page)
        if self._is_hpf and self._dc.is_full:  # a part of the window would leak mains
            page = page - dc[:, None]
        self.x = x = self._phase(page * self._gain)
        v, i = x[1:6:2], x[0:6:2]
        np.multiply(v, i, out=self.p)
        lagging = self._v_history.push(v) @ self.hilbert
        np.multiply(lagging, self._i_history.push(i)[:, :PAGE], out=self.q)
        self._average(x, period)
        self.p *= (self.power_gain / TWO27)[:, None]
        self.q *= (self.power_gain / TWO27)[:, None]

    def _phase(self, x):
        """First-order all-pass of the current channels, one plain delay for the rest.

        H(z) = (c + z^-1) / (1 + c z^-1) has the angle that UG-1098's xPHCAL formula inverts.
        """
        y = np.empty_like(x)
        y[:, 1:] = x[:, :-1]
        y[:, 0] = self._before
        self._before = x[:, -1].copy()
        for k, row in enumerate(_CURRENTS):
            allpass = self._allpass[k]  # None = a plain delay
            if allpass is not None:
                c, matrix, decay = allpass
                y[row] = (c * x[row] + y[row]) @ matrix + self._after[k] * decay
            self._after[k] = y[row, -1]
        return y

    def _average(self, x, period):
        rows = self._rows
        np.multiply(x, x, out=rows[:7])
        rows[7] = (x[0] + x[2] + x[4] + self._isum * x[6]) ** 2
        rows[8:11] = self.p
        rows[11:14] = self.q
        omega = 2 * np.pi / period
        angle = self._theta + omega * np.arange(PAGE)
        self._theta = (self._theta + omega * PAGE) % (2 * np.pi)
        np.multiply(x[:6], np.cos(angle), out=rows[14:20])
        np.multiply(x[:6], np.sin(angle), out=rows[20:])
        self.mean = self._means.push(rows)
        self._since_pf += PAGE
        if self._since_pf >= _PF_SAMPLES:
            self._since_pf -= _PF_SAMPLES
            self._renew_ratios()

    @property
    def ratios_renewed(self):
        return self._since_pf == 0

    def rms(self):
        """Codes of IA VA IB VB IC VC IN ISUM."""
        return np.sqrt(np.maximum(self.mean[:8] + self._rms_offset, 0.0))

    def phasors(self):
        """Complex peak codes of IA VA IB VB IC VC; a common rotating reference."""
        return 2 * (self.mean[14:20] - 1j * self.mean[20:26])

    def fundamental_rms(self):
        square = np.abs(self.phasors()) ** 2 / 2
        return np.sqrt(np.maximum(square + self._frms_offset, 0.0))

    def powers(self):
        """Codes [WATT VAR VA FWATT FVAR FVA][A B C]."""
        rms, phasor = self.rms(), self.phasors()
        product = phasor[1::2] * np.conj(phasor[0::2]) / 2 * self.power_gain / TWO27
        fundamental = self.fundamental_rms()
        volts = np.array([rms[2 * k + 1] if n is None else n for k, n in enumerate(self._vnom)])
        gain = self.power_gain / TWO27
        offset = self.power_offset
        return np.array(
            (
                self.mean[8:11] * gain + offset[0],
                self.mean[11:14] * gain + offset[1],
                volts * rms[0:6:2] * gain,
                product.real + offset[2],
                product.imag + offset[3],
                fundamental[0::2] * fundamental[1::2] * gain,
            )
        )

    def _renew_ratios(self):
        powers, rms, fundamental = self.powers(), self.rms(), self.fundamental_rms()
        apparent = np.maximum(powers[2], 1.0)
        self.pf = np.clip(powers[0] / apparent, -1.0, 1.0)
        rest = np.sqrt(np.maximum(rms[:6] ** 2 - fundamental**2, 0.0))
        ratio = rest / np.maximum(fundamental, 1.0)
        self.thd = np.array((ratio[1::2], ratio[0::2]))
