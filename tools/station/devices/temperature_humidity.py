"""temperature-humidity: the public map of the XY-MD02 (A of the Modbus notes)."""

from tools.station.devices.feeder import walk
from tools.station.devices.modbus_device import ModbusDevice, rows


class TemperatureHumidity(ModbusDevice):
    kind = "temperature-humidity"
    RANGES = ((4, 1, 2), (3, 257, 260))
    ITEMS = (
        *rows(4, 1, "temperature", 1, True),
        *rows(4, 2, "humidity"),
        *rows(3, 257, "unit baud"),
        *rows(3, 259, "temperature_offset humidity_offset", 1, True),
    )
    WRITES = {"temperature_offset": (-100, 100), "humidity_offset": (-100, 100)}

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._temperature = self.rng.uniform(-150, 350)
        self._humidity = self.rng.uniform(200, 900)
        self.put(unit=self.unit, baud=self.baud)
        self.step(0)

    def step(self, seconds=1):
        self._temperature = walk(self.rng, self._temperature, 1, -300, 600)
        self._humidity = walk(self.rng, self._humidity, 3, 50, 950)
        shown = round(self._temperature) + self.values["temperature_offset"]
        self.put(temperature=shown)
        self.put(humidity=round(self._humidity) + self.values["humidity_offset"])
