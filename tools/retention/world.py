"""A station's meters as numbers: what each shows at each quarter of an hour, from one load series.

Every device is at another place of the series, with another size and another counter. A few
values are not good, now and then. All whole numbers: whoever asks twice gets the same. Runs under
MicroPython.
"""

from array import array

from firmware.core.quality import IV, NT

CURVE = (("ep", -2), ("ua", -1), ("ia", -3), ("p", -4))  # as a DL/T 645 meter has them
REGISTERS = (
    ("ep", -2),
    ("ep1", -2),
    ("ep2", -2),
    ("ep3", -2),
    ("ep4", -2),
    ("er", -2),
    ("er1", -2),
    ("er2", -2),
    ("er3", -2),
    ("er4", -2),
)
_SHARES = (100, 10, 25, 40, 25)  # % of the energy by tariff
_BAD = 50  # one value in so many is not good


class World:
    def __init__(self, path, devices, seed):
        """`path`: a file of 32-bit words: how many minutes, then of each the power (0.1 W), the
        voltage (0.1 V), the current (mA), and the energy up to it (Wh), one series after the
        other."""
        with open(path, "rb") as file:
            count = array("i", [0])
            file.readinto(count)
            self._count = count[0]
            self._series = []
            for _ in range(4):
                series = array("i", bytes(4 * self._count))
                file.readinto(series)
                self._series.append(series)
        self.devices = devices
        self._dice = seed * 2654435761 % 4294967296 or 1
        self._at = array("i", [self._roll(self._count) for _ in range(devices)])
        self._size = array("i", [300 + self._roll(2200) for _ in range(devices)])  # 1/1000
        self._counter = array("i", [10000 + self._roll(2000000) for _ in range(devices)])
        self._volts = array("i", [self._roll(60) - 30 for _ in range(devices)])
        self.values = array("q", bytes(8 * max(len(CURVE), len(REGISTERS))))
        self.bits = bytearray(len(self.values))

    def _roll(self, n):
        self._dice = (self._dice * 1103515245 + 12345) % 2147483648
        return (self._dice >> 8) % n

    def name(self, number):
        return "meter-%d" % (number + 1)

    def curve(self, number, row):
        """Fills `values` and `bits` with the quarter `row` of a device."""
        power, volts, amps, _ = self._series
        count = self._count
        at = (self._at[number] + 15 * row) % count
        size = self._size[number] + (at * 7919 + number * 104729) % 41 - 20
        values, bits = self.values, self.bits
        values[0] = self._energy(number, row)
        values[1] = volts[at] + self._volts[number]
        values[2] = amps[at] * size // 1000
        values[3] = power[at] * size // 1000
        for i in range(4):
            dice = (row * 31 + number * 17 + i * 7) * 2654435761 >> 8 & 0xFFFF
            bits[i] = 0
            if dice % _BAD == 0:
                bits[i] = (NT, IV, IV | NT)[dice // _BAD % 3]

    def registers(self, number, row):
        """The same of REGISTERS."""
        total = self._energy(number, row)
        for i in range(len(REGISTERS)):
            self.values[i] = total * _SHARES[i % 5] // 100 // (1 if i < 5 else 20)
            self.bits[i] = 0

    def _energy(self, number, row):
        """0.01 kWh."""
        sums, count = self._series[3], self._count
        turns, at = divmod(self._at[number] + 15 * row, count)
        wh = sums[at] - sums[self._at[number]] + turns * sums[count - 1]
        return self._counter[number] + wh * self._size[number] // 10000

    def rows(self, columns, fill, row, devices):
        """What CurveStore.put goes through."""
        return _Rows(self, columns, fill, row, devices)


class _Rows:
    def __init__(self, world, columns, fill, row, devices):
        self._world, self._columns, self._fill = world, columns, fill
        self._row, self._devices = row, devices

    def __iter__(self):
        world = self._world
        for number in range(self._devices):
            self._fill(number, self._row)
            yield world.name(number), self._columns, world.values, world.bits
