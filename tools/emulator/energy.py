"""Energy and power accumulation (ade9000.md sections 3 and 4).

Internal 42-bit accumulators add a power code per sample; EGYRDY moves or adds them to the 45-bit
user registers (HI = upper 32 bits, LO = lower 13).  Arrays are [WATT VAR VA FWATT FVAR FVA][ABC].
"""

import numpy as np

from tools.emulator.filters import PAGE, SMOOTH_PAGES

_INTERNAL, _USER = 42, 45
_LOW_BITS = 13
_NO_LOAD_LEVELS = ("ACT_NL_LVL", "REACT_NL_LVL", "APP_NL_LVL")


def _wrap(value, bits):
    half = 1 << bits - 1
    return (value + half & (1 << bits) - 1) - half


def signed_mode(increment, power, mode):
    """WATTACC/VARACC: 0 signed, 1 absolute, 2 positive only, 3 negative only [78]."""
    if mode == 1:
        return np.where(power < 0, -increment, increment)
    if mode == 2:
        return np.where(power > 0, increment, 0.0)
    if mode == 3:
        return np.where(power < 0, increment, 0.0)
    return increment


class Energy:
    def __init__(self, registers):
        self.registers = registers
        self.clear()

    def clear(self):
        self.user = [[0] * 3 for _ in range(6)]
        self.power_acc = [[0] * 3 for _ in range(6)]
        self.no_load = np.zeros((6, 3), bool)
        self._internal = np.zeros((6, 3))
        self._power = np.zeros((6, 3))
        self._samples = 0  # since the last energy latch
        self._halves = 0
        self._power_samples = 0
        self._pages = 0

    def restart(self):
        """EGY_PWR_EN 0 -> 1."""
        self._internal[:] = 0
        self._power[:] = 0
        self._samples = self._halves = self._power_samples = 0

    def increments(self, watt, var, powers):
        """Function (a, b) -> codes*samples [6][3] of the samples a..b of this page."""
        watt_mode = self.registers.field("ACCMODE", 0, 2)
        var_mode = self.registers.field("ACCMODE", 2, 2)
        self._update_no_load(powers)

        def between(a, b):
            inc = powers * (b - a)
            inc[0] = watt[:, a:b].sum(axis=1)
            inc[1] = var[:, a:b].sum(axis=1)
            if watt_mode or var_mode:
                for row, mode in ((0, watt_mode), (3, watt_mode), (1, var_mode), (4, var_mode)):
                    inc[row] = signed_mode(inc[row], powers[row], mode)
            inc[self.no_load] = 0.0
            return inc

        return between

    def step(self, between, whole, halves):
        """Accumulate a page.  whole = between(0, PAGE); halves: samples of half-cycle marks.

        Returns (energy latches, power latches) that happened.
        """
        r = self.registers
        by_halves = r.field("EP_CFG", 1, 1)
        length, power_length = r["EGY_TIME"] + 1, r["PWR_TIME"] + 1
        halves = list(halves) if by_halves else []
        latched = power_latched = at = 0
        while at < PAGE:
            stop = min(PAGE, at + max(1, power_length - self._power_samples))
            if by_halves:
                stop = min([stop] + [max(h, at + 1) for h in halves])
            else:
                stop = min(stop, at + max(1, length - self._samples))
            inc = whole if stop - at == PAGE else between(at, stop)
            self._internal += inc
            self._power += inc
            self._samples += stop - at
            self._power_samples += stop - at
            at = stop
            if by_halves and halves and at >= halves[0]:
                halves.pop(0)
                self._halves += 1
            if self._halves >= length if by_halves else self._samples >= length:
                self._latch_energy()
                latched += 1
            if self._power_samples >= power_length:
                self._latch_power()
                power_latched += 1
        return latched, power_latched

    def _latch_energy(self):
        whole = np.floor(self._internal)
        self._internal -= whole
        is_load = self.registers.field("EP_CFG", 4, 1)
        for row in range(6):
            for phase in range(3):
                value = _wrap(int(whole[row, phase]), _INTERNAL)
                if not is_load:
                    value += self.user[row][phase]
                self.user[row][phase] = _wrap(value, _USER)
        self._samples = self._halves = 0

    def _latch_power(self):
        """x_ACC = sum over PWR_TIME + 1 samples, upper 32 of 45 bits [78]."""
        for row in range(6):
            for phase in range(3):
                self.power_acc[row][phase] = int(self._power[row, phase]) >> _LOW_BITS
        self._power[:] = 0
        self._power_samples = 0

    def read(self, row, phase, is_high, clears):
        """User register half; with `clears` (RD_RST_EN) the half that was read starts anew."""
        value = self.user[row][phase]
        if is_high:
            if clears:
                self.user[row][phase] = value & (1 << _LOW_BITS) - 1
            return value >> _LOW_BITS & 0xFFFFFFFF
        if clears:
            self.user[row][phase] = value >> _LOW_BITS << _LOW_BITS
        return value & (1 << _LOW_BITS) - 1

    def signed_sum(self, row, sign):
        """PWATT_ACC, NWATT_ACC, ...: the phases of that sign only."""
        return sum(v for v in self.power_acc[row] if v * sign > 0)

    def _update_no_load(self, powers):
        """Level = 64 * code [78]; judged on smoothed power, so not before it has settled."""
        self._pages = min(self._pages + 1, SMOOTH_PAGES)
        if self._pages < SMOOTH_PAGES or self.registers.field("EP_CFG", 13, 3) == 7:
            self.no_load = np.zeros((6, 3), bool)
            return
        level = np.array([self.registers[name] for name in _NO_LOAD_LEVELS] * 2, float)[:, None]
        self.no_load = np.abs(powers) * 64 < level
