"""The transformer meter for an IC that measures by itself: readings in, points and energies out.

It has the face of `meter.Meter` towards the terminal: a window is a reading, each 200 ms. The
link gives increments of energy, so nothing is integrated here, and nothing is lost that the IC
counted while the link was away.
"""

from array import array

from micropython import const

from firmware.core import flags
from firmware.metering import energy_registers

READINGS = const(24)  # the first rows of quantities.POINTS
_HERTZ = const(23)
_WINDOW_MS = const(200)
_SETTLE_WINDOWS = const(5)
_LOW = const(22)  # bits of the lower word of a sum

ENERGY_POINTS = tuple(
    (name + row, "Wh" if name[0] == "e" else "varh", -3)
    for row in energy_registers.ROWS
    for name in energy_registers.NAMES
)


class RegisterMeter:
    def __init__(self, publish, nominal_v, nominal_hz):
        """`publish(values, meter)` gets a reading, one int a row of quantities.POINTS[:READINGS]
        in a list that is reused; `flags` of it are in the meter."""
        self.publish = publish
        self.energy = energy_registers.EnergyRegisters(1, 1)  # the link counts in mWh
        self.values = [0] * READINGS
        self.windows = 0  # readings taken and published
        self.lost = 0  # readings that did not come
        self.flags = 0  # core.flags of the reading that is published
        self.is_settled = False  # with it, energies were moved to the registers
        self.tariff = 0  # the one that energies go to
        self._dead_mv = nominal_v * 100  # below 10 % of nominal a phase is missing
        # IEC 61000-4-30, 5.1.1: what is measured at all, in 0.1 mHz
        self._lowest = 510000 if nominal_hz == 60 else 425000
        self._highest = 690000 if nominal_hz == 60 else 575000
        self._sums = array("i", bytes(48))
        self._noted = 0

    def restart(self, missing_ms=0):
        """Readings begin anew, `missing_ms` after the last one."""
        self.lost += missing_ms // _WINDOW_MS
        if missing_ms >= 2 * _WINDOW_MS:
            self._noted |= flags.GAP

    def note(self, bits):
        """Add flags to the next reading."""
        self._noted |= bits

    def readings(self, values, energy, bits):
        """From the link: see link.dual. Allocates nothing but what the numbers need."""
        self.values = values
        for k in range(3):
            self._put(4 * k, energy[k] - energy[3 + k])
            self._put(4 * k + 2, energy[6 + k] - energy[9 + k])
        self.energy.add(self._sums)
        self.flags = bits | self._noted | self._judge(values)
        self._noted = 0
        self.windows += 1
        self.is_settled = self.windows % _SETTLE_WINDOWS == 0
        if self.is_settled:
            self.energy.settle(self.tariff)
        self.publish(values, self)

    def _put(self, at, value):
        self._sums[at] = value >> _LOW
        self._sums[at + 1] = value & (1 << _LOW) - 1

    def _judge(self, values):
        bits = 0
        if not self._lowest <= values[_HERTZ] <= self._highest:
            bits = flags.FREQUENCY
        for phase in range(3):
            if values[phase] < self._dead_mv:
                bits |= flags.PHASE
        return bits
