"""Sensors and converters: primary volts and amps to a share of ADC full scale (+-1).

Holds the stated full scale, the injected sensor errors of each channel, the PGA and the noise.
Order of the rows: IA VA IB VB IC VC IN.
"""

import numpy as np

from tools.emulator.registers import CHANNELS

# Codes at full scale, ade9000.md section 4 (UG-1098 table 8)
SINC_CODE = 67107786.0
LPF_CODE = 74518668.0
PCF_CODE = 74532013.0
_PGA_ORDER = ("IA", "IB", "IC", "IN", "VA", "VB", "VC")  # PGA_GAIN, 2 bits each from bit 0
_PGA_FACTOR = (1.0, 2.0, 4.0, 4.0)  # 3 is reserved [U]


class Adc:
    def __init__(self, full_scale_v=500.0, full_scale_a=400.0, noise=1e-5, seed=1):
        self.full_scale_v = full_scale_v  # peak primary value at ADC full scale, PGA 1
        self.full_scale_a = full_scale_a
        self.noise = noise  # rms, share of full scale
        self.gain_error = np.zeros(7)  # 0.001 = reads 0.1 % high
        self.lead_deg = np.zeros(7)  # sensor phase error; positive = channel leads
        self.offset = np.zeros(7)  # V or A primary
        # what the voltage of a phase leaks into its current; A per V, and how far it leads
        self.leak = np.zeros(3)
        self.leak_deg = np.zeros(3)
        self.pga = np.ones(7)
        self.enabled = np.ones(7)
        self.stuck = [False] * 7  # repeats the share it had when that was set
        self._held = np.zeros(7)
        self._random = np.random.default_rng(seed)
        self.update()

    def update(self):
        """Call after any attribute has changed."""
        scale = np.array(
            [self.full_scale_v if c[0] == "V" else self.full_scale_a for c in CHANNELS]
        )
        self._factor = ((1.0 + self.gain_error) * self.pga / scale)[:, None]
        self._offset = (self.offset * self.pga / scale)[:, None]
        self._enabled = self.enabled[:, None]
        self.has_lead = bool(np.any(self.lead_deg))
        self.has_leak = bool(np.any(self.leak))

    def set_pga(self, register):
        for k, channel in enumerate(_PGA_ORDER):
            self.pga[CHANNELS.index(channel)] = _PGA_FACTOR[register >> 2 * k & 3]
        self.update()

    def set_disabled(self, register):
        """CHNL_DIS: bit order taken as that of PGA_GAIN [U]."""
        for k, channel in enumerate(_PGA_ORDER):
            self.enabled[CHANNELS.index(channel)] = 0.0 if register >> k & 1 else 1.0
        self.update()

    def convert(self, analogue):
        """Primary values [7, n] -> share of full scale, clipped like the modulator."""
        page = analogue * self._factor + self._offset
        if self.noise:
            # drawn sample by sample, so that the seed alone fixes the stream
            page += self._random.standard_normal((page.shape[1], 7)).T * self.noise
        page = np.clip(page, -1.0, 1.0) * self._enabled
        for row in range(7):
            if self.stuck[row]:
                page[row] = self._held[row]
        self._held = page[:, -1].copy()
        return page
