"""residual-current: template D of the Modbus notes."""

from tools.station.devices.feeder import walk
from tools.station.devices.modbus_device import ModbusDevice, rows

_ALARM, _TRIPPED = 1, 2
_GOOD = 1


class ResidualCurrent(ModbusDevice):
    kind = "residual-current"
    parity = "E"
    BAUDS = (9600, 19200)
    is_key = True
    RANGES = ((3, 0, 5),)
    ITEMS = (
        *rows(3, 0, "residual limit state"),
        *rows(3, 3, "temperature", 1, True),
        *rows(3, 4, "self_test trips"),
    )
    WRITES = {"limit": (100, 10000)}

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._residual = self.rng.uniform(20, 400)  # 0.1 mA
        self._temperature = self.rng.uniform(-50, 350)  # 0.1 degC
        self.put(limit=3000, self_test=_GOOD, trips=self.rng.randrange(20))
        self.step(0)

    def step(self, seconds=1):
        self._residual = walk(self.rng, self._residual, 10, 5, 900)
        self._temperature = walk(self.rng, self._temperature, 1, -200, 600)
        self.put(residual=round(self._residual), temperature=round(self._temperature))

    def raise_alarm(self, on=True):
        if on and not self.values["state"] & _TRIPPED:
            self.put(trips=self.values["trips"] + 1)
        self.put(state=_ALARM | _TRIPPED if on else 0)
