"""Readings of an IC that measures by itself: energy to the milliwatt-hour, flags, two ways."""

from firmware.core import flags
from firmware.metering.energy_registers import Q1, Q2, Q4, REVERSE, TOTAL
from firmware.metering.register_meter import READINGS, RegisterMeter
from firmware.metering.register_ways import RegisterWays


class Clock:
    now = 0

    def ms(self):
        return self.now


seen = []
meter = RegisterMeter(lambda values, m: seen.append((list(values), m.flags)), 230, 50)
values = [230000] * 3 + [0] * (READINGS - 4) + [500000]

# quadrants of the phases: A forward, inductive; B reverse, inductive; C forward, capacitive
energy = [700, 0, 5, 0, 300, 0, 40, 20, 0, 0, 0, 9]
for _ in range(10):
    meter.readings(values, energy, 0)
cells = meter.energy.cells
assert (cells[0], cells[0 + Q1]) == (7000, 400)
assert (cells[6 + REVERSE], cells[6 + Q2]) == (3000, 200)
assert (cells[12], cells[12 + Q4]) == (50, 90)
assert (cells[6 * TOTAL], cells[6 * TOTAL + Q1]) == (4050, 510)  # the algebraic sum
assert meter.windows == 10 and seen[-1] == (values, 0)

# an hour of 100 kW that the IC counted alone
meter.readings(values, [100000000] + [0] * 11, 0)
meter.energy.settle(0)
assert cells[0] == 100007000

# what is wrong with a reading
meter.restart(3100)
meter.readings(values, energy, flags.EVENT)
assert seen[-1][1] == flags.EVENT | flags.GAP and meter.lost == 15
meter.readings([230000, 22000, 230000] + values[3:], energy, 0)
assert seen[-1][1] == flags.PHASE
for hertz in (424000, 576000, 0):
    meter.readings(values[:-1] + [hertz], energy, 0)
    assert seen[-1][1] == flags.FREQUENCY

# registers and pulses: alike, then one pulse more than the bound
clock = Clock()
told = []
ways = RegisterWays(clock, (1000000, 1000), told.append)
ways.mode("both")
ways.take([0] * 12, 60000000)


def minute(pulses, mw=60000000):
    """60 s at 60 kW: 1 kWh, a thousand pulses."""
    for k in range(300):
        clock.now += 200
        ways.pulses(pulses // 300 + (k < pulses % 300), False)
        ways.take([3333 + (k % 3 == 0)] + [0] * 11, mw)


minute(1000)
minute(1001)
assert ways.compared == 2 and not told, told
minute(1003)
assert ways.mismatches == 1 and "registers 1000000, pulses 1003000" in told[0], told
minute(0, -60000000)  # the power turned: no comparison
assert ways.compared == 3
ways.mode("data_only")
minute(0)
assert ways.compared == 3  # without the pulse channel neither

print("OK")
