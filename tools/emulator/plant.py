"""Everything in front of the converters' output: mains signal, dips, truth, sensors, ADC."""

import numpy as np

from tools.emulator.filters import PAGE
from tools.emulator.truth import Truth


class Plant:
    def __init__(self, source, adc, ppm=0.0):
        self.source = source
        self.adc = adc
        self.rate = 8000.0 * (1.0 + ppm * 1e-6)  # samples per second of real time
        self.truth = Truth(self.rate)
        self._dips = []  # [phase, factor, samples left]
        self._envelope = None

    def dip(self, phase, depth, cycles):
        """Lower the voltage of a phase (0..2) by the share `depth`; negative = swell."""
        samples = round(cycles * self.rate / self.source.frequency)
        self._dips.append([phase, 1.0 - depth, samples])

    def step(self):
        """Next page -> converter output [7, PAGE], shares of full scale."""
        self.source.advance()
        clean = self.source.render()
        self._envelope = self._shape()
        if self._envelope is not None:
            clean[1:6:2] *= self._envelope
        self.truth.add(clean)
        if self.adc.has_lead or self.adc.has_leak:
            clean = self._render_led(1)
        return self.adc.convert(clean)

    def fine(self):
        """The same page on the 32 kSPS grid of the sinc filter."""
        return self.adc.convert(self._render_led(4))

    def _render_led(self, over):
        adc = self.adc
        lead = adc.lead_deg if adc.has_lead else None
        page = self._shaped(self.source.render(lead, over), over)
        if adc.has_leak:
            lead = adc.lead_deg.copy()
            lead[1:6:2] += adc.leak_deg
            volts = self._shaped(self.source.render(lead, over), over)[1:6:2]
            page[0:6:2] += adc.leak[:, None] * volts
        return page

    def _shaped(self, page, over):
        if self._envelope is not None:
            page[1:6:2] *= np.repeat(self._envelope, over, axis=1)
        return page

    def _shape(self):
        if not self._dips:
            return None
        envelope = np.ones((3, PAGE))
        for dip in self._dips:
            phase, factor, left = dip
            envelope[phase, :left] *= factor
            dip[2] = left - PAGE
        self._dips = [dip for dip in self._dips if dip[2] > 0]
        return envelope
