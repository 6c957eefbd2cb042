"""Read side of the result registers: address -> function giving the unsigned register code.

Values are computed when they are read, from the state the data path keeps (ade9000.md
sections 3 and 4).
"""

import math

from tools.emulator.adc import LPF_CODE, SINC_CODE
from tools.emulator.dsp import OS_UNIT
from tools.emulator.filters import TWO27
from tools.emulator.registers import ADDRESS, CHANNELS, ENERGIES, PHASES

_SIGN_SUMS = (("PWATT_ACC", 0, 1), ("NWATT_ACC", 0, -1), ("PVAR_ACC", 1, 1), ("NVAR_ACC", 1, -1))
_PERIODS = ("APERIOD", "BPERIOD", "CPERIOD", "COM_PERIOD")
# phasor rows: IA VA IB VB IC VC
_ANGLES = (
    ("ANGL_VA_VB", 1, 3),
    ("ANGL_VB_VC", 3, 5),
    ("ANGL_VA_VC", 1, 5),
    ("ANGL_VA_IA", 1, 0),
    ("ANGL_VB_IB", 3, 2),
    ("ANGL_VC_IC", 5, 4),
    ("ANGL_IA_IB", 0, 2),
    ("ANGL_IB_IC", 2, 4),
    ("ANGL_IA_IC", 0, 4),
)


def code(value):
    """Nearest 32-bit two's complement code, saturated."""
    whole = round(float(value))
    return max(-1 << 31, min((1 << 31) - 1, whole)) & 0xFFFFFFFF


class Results:
    def __init__(self, chip):
        self.chip = chip
        self.readers = {}
        for row, channel in enumerate(CHANNELS):
            self._channel(row, channel)
        for k, phase in enumerate(PHASES):
            self._phase(k, phase)
        self._add("ISUMRMS", lambda: code(chip.dsp.rms()[7]))
        for name, row, sign in _SIGN_SUMS:
            self._add(name, lambda r=row, s=sign: chip.energy.signed_sum(r, s) & 0xFFFFFFFF)
        for row, name in enumerate(_PERIODS):
            self._add(name, lambda r=row: chip.period_code(r))
        for name, first, second in _ANGLES:
            self._add(name, lambda a=first, b=second: self._angle(a, b))
        self._add("PHNOLOAD", self._no_load)
        self._add("WFB_TRG_STAT", lambda: chip.buffer.trigger_status)

    def _add(self, name, reader):
        self.readers[ADDRESS[name]] = reader

    def _channel(self, row, channel):
        """Instant samples and RMS values of a channel; row = its place in the sample set."""
        chip = self.chip
        prefix = channel[1] + channel[0]  # AI, AV, ... NI
        self._add(prefix + "_PCF", lambda: code(chip.dsp.x[row, -1]))
        self._add(channel + "_SINC_DAT", lambda: code(chip.share[row, -1] * SINC_CODE))
        self._add(channel + "_LPF_DAT", lambda: code(chip.share[row, -1] * LPF_CODE))
        name = "NIRMS" if row == 6 else prefix + "RMS"
        self._add(name, lambda: code(chip.dsp.rms()[row]))
        self._add(name + "ONE", lambda: code(self.rms_one(row)))
        self._add(
            name + "1012",
            lambda: code(self._with_offset(name + "1012", chip.half_cycle.long[row])),
        )
        if row < 6:
            fundamental = prefix[0] + prefix[1] + "FRMS"
            self._add(fundamental, lambda: code(chip.dsp.fundamental_rms()[row]))

    def _phase(self, k, phase):
        chip = self.chip
        for row, quantity in enumerate(ENERGIES):
            self._add(phase + quantity, lambda r=row: code(chip.dsp.powers()[r][k]))
            self._add(
                phase + quantity + "_ACC", lambda r=row: chip.energy.power_acc[r][k] & 0xFFFFFFFF
            )
            for is_high, suffix in ((False, "HR_LO"), (True, "HR_HI")):
                self._add(
                    phase + quantity + suffix,
                    lambda r=row, h=is_high: chip.energy.read(r, k, h, chip.access.clears_on_read),
                )
        self._add(phase + "PF", lambda: code(chip.dsp.pf[k] * TWO27))
        self._add(phase + "VTHD", lambda: code(chip.dsp.thd[0, k] * TWO27))
        self._add(phase + "ITHD", lambda: code(chip.dsp.thd[1, k] * TWO27))

    def rms_one(self, row):
        """xRMSONE as a number; row in sample-set order."""
        channel = CHANNELS[row]
        name = "NIRMSONE" if row == 6 else channel[1] + channel[0] + "RMSONE"
        return self._with_offset(name, self.chip.half_cycle.one[row])

    def _with_offset(self, name, mean_square):
        offset = self.chip.registers.signed(name + "OS") * OS_UNIT
        return math.sqrt(max(float(mean_square) + offset, 0.0))

    def _angle(self, first, second):
        """1.024 MHz ticks from the zero crossing of one fundamental to that of the other."""
        phasors = self.chip.dsp.phasors()
        if not (abs(phasors[first]) > 0 and abs(phasors[second]) > 0):
            return 0
        turn = phasors[first] / phasors[second]
        share = math.atan2(turn.imag, turn.real) / (2 * math.pi) % 1.0
        return round(share * self.chip.samples_per_cycle * 128) & 0xFFFF

    def _no_load(self):
        """Six flags a phase, A first: WATT VAR VA FWATT FVAR FVA [U]."""
        flags = self.chip.energy.no_load
        return sum(1 << 6 * k + q for k in range(3) for q in range(6) if flags[q, k])
