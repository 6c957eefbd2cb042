"""Calibration registers of the ADE9000: from reference and measured values to codes and back.

Pure arithmetic on integers (UG-1098, calibration). xIGAIN and xVGAIN: factor 1 + r / 2**27. xPHCAL
turns the current ahead by the angle a with r = sin(a/2) / sin(w - a/2) * 2**27, w = 2 pi f / 8000:
an all-pass of the first order. Gain and phase are in the samples; what xWATTOS, xVAROS and xIRMSOS
add is not, see `offsets`.
"""

import math

from micropython import const

from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import scale

# offsets from the block of a phase
_IGAIN, _PHCAL, _VGAIN = const(0x00), const(0x06), const(0x0B)
_IRMSOS, _WATTOS, _VAROS = const(0x0C), const(0x0F), const(0x10)
_NAMES = (
    (_IGAIN, "IGAIN"),
    (_PHCAL, "PHCAL0"),
    (_VGAIN, "VGAIN"),
    (_IRMSOS, "IRMSOS"),
    (_WATTOS, "WATTOS"),
    (_VAROS, "VAROS"),
)
_NEUTRAL_GAIN = const(0x06D)
_ONE = 1 << 27
_RMS_UNIT = const(15)  # bits: rms**2 is moved by 2**15 * xIRMSOS
# a code of WATT is 2**27 of x_PCF * x_PCF, and the firmware drops 14 bits of the voltage
_PRODUCT_UNIT = const(13)
NEUTRAL = 3


class Calibration:
    """The registers that are not zero; a copy is made by Calibration(other.rows(), ...)."""

    def __init__(self, rows, u_fs_mv, i_fs_ma):
        """`rows`: ((register, signed value), ...); full scales as in the settings."""
        self._values = dict(rows)
        self._u_fs_mv = u_fs_mv
        self._i_fs_ma = i_fs_ma

    def rows(self):
        """((register, signed value), ...) in the order of the registers."""
        return tuple([(r, self._values[r]) for r in sorted(self._values) if self._values[r]])

    def voltage_gain(self, phase, reference, measured):
        """Make `measured` read `reference`, both in one unit. The register, as all below."""
        return self._gain(phase * reg.PHASE_STEP + _VGAIN, reference, measured)

    def current_gain(self, channel, reference, measured):
        """Channel 3 is the neutral."""
        register = _NEUTRAL_GAIN if channel == NEUTRAL else channel * reg.PHASE_STEP + _IGAIN
        return self._gain(register, reference, measured)

    def _gain(self, register, reference, measured):
        factor = (_ONE + self.value(register)) * reference
        self._values[register] = (2 * factor + measured) // (2 * measured) - _ONE
        return register

    def phase(self, phase, lag, hertz):
        """The current reads `lag` radians too late at `hertz`."""
        register = phase * reg.PHASE_STEP + _PHCAL
        w = 2 * math.pi * hertz / scale.SAMPLE_HZ
        c = self.value(register) / _ONE
        half = math.atan2(c * math.sin(w), 1 + c * math.cos(w)) + lag / 2
        self._values[register] = round(math.sin(half) / math.sin(w - half) * _ONE)
        return register

    def active_offset(self, phase, missing_uw):
        return self._power(phase * reg.PHASE_STEP + _WATTOS, missing_uw)

    def reactive_offset(self, phase, missing_uvar):
        return self._power(phase * reg.PHASE_STEP + _VAROS, missing_uvar)

    def _power(self, register, missing):
        num = missing * 2 * scale.WATT_FULL_SCALE
        den = self._u_fs_mv * self._i_fs_ma
        self._values[register] = self.value(register) + (2 * num + den) // (2 * den)
        return register

    def current_offset(self, phase, missing_ua2):
        """`missing_ua2`: reference less measured mean square, uA**2."""
        register = phase * reg.PHASE_STEP + _IRMSOS
        num = missing_ua2 * scale.PCF_FULL_SCALE**2
        den = (self._i_fs_ma * 1000) ** 2 << _RMS_UNIT
        self._values[register] = self.value(register) + (2 * num + den) // (2 * den)
        return register

    def offsets(self, phase):
        """What firmware has to add to its sums for each sample, since the samples know nothing of
        it: (P, Q in units of word * (word >> 14), I**2 in word**2)."""
        base = phase * reg.PHASE_STEP
        return (
            self.value(base + _WATTOS) << _PRODUCT_UNIT,
            self.value(base + _VAROS) << _PRODUCT_UNIT,
            self.value(base + _IRMSOS) << _RMS_UNIT,
        )

    def value(self, register):
        return self._values.get(register, 0)


def name(register):
    """As the manual calls it, such as AIGAIN."""
    if register == _NEUTRAL_GAIN:
        return "NIGAIN"
    for offset, text in _NAMES:
        if register % reg.PHASE_STEP == offset and register < 3 * reg.PHASE_STEP:
            return "ABC"[register // reg.PHASE_STEP] + text
    return "0x%03X" % register
