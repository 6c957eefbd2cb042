"""Resampled capture: four cycles at 128 points each, 16-bit, one shot (ade9000.md section 5)."""

import numpy as np

from tools.emulator.adc import PCF_CODE

_POINTS, _CYCLES = 128, 4
_FULL_SCALE = 18196.0
_MARGIN = 4  # samples on either side for the cubic interpolation


class Resampler:
    def __init__(self):
        self._pages = []
        self._samples = 0
        self._cycle = 160.0

    def add(self, pcf, samples_per_cycle):
        """One page of codes [7, n]; True when four cycles are there."""
        self._pages.append(pcf.copy())
        self._samples += pcf.shape[1]
        self._cycle = samples_per_cycle
        return self._samples >= _CYCLES * samples_per_cycle + 2 * _MARGIN

    def words(self):
        """Array [512, 8] of big-endian 16-bit: IA VA IB VB IC VC IN spare."""
        data = np.concatenate(self._pages, axis=1)
        at = _MARGIN + np.arange(_POINTS * _CYCLES) * (self._cycle / _POINTS)
        whole = at.astype(int)
        t = at - whole
        p0, p1, p2, p3 = (data[:, whole + k] for k in (-1, 0, 1, 2))
        # Catmull-Rom cubic
        value = p1 + t / 2 * (
            p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))
        )
        result = np.zeros((_POINTS * _CYCLES, 8), ">i2")
        result[:, :7] = np.rint(value * (_FULL_SCALE / PCF_CODE)).T
        return result
