"""smart-capacitor: template E of the Modbus notes."""

from tools.station.devices.feeder import Feeder
from tools.station.devices.modbus_device import ModbusDevice, fail, rows

_OVER_TEMPERATURE = 8
_MANUAL = 1
_DISCHARGE_S = 30  # between two switchings
_COMMAND = 17  # register
_AMPS = 1450  # of a phase that is switched in, 0.01 A


class SmartCapacitor(ModbusDevice):
    kind = "smart-capacitor"
    BAUDS = (9600, 19200)
    RANGES = ((3, 0, 11), (3, 16, 17))
    ITEMS = (
        *rows(3, 0, "ua ub uc ia ib ic state"),
        *rows(3, 7, "temperature", 1, True),
        *rows(3, 8, "rated faults"),
        *rows(3, 10, "switchings", 2),
        *rows(3, 16, "mode command"),
    )
    WRITES = {"mode": (0, 2), "command": (0, 7)}

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._feeder = Feeder(self.rng, 30)
        self._idle_s = _DISCHARGE_S
        self.put(rated=100, switchings=self.rng.randrange(60000, 200000))
        self.put(state=self.rng.randrange(8), mode=self.rng.randrange(2))
        self.step(0)

    def step(self, seconds=1):
        self._idle_s += seconds
        self._feeder.step(seconds)
        if not self.values["mode"] and self._idle_s > 300 and self.rng.random() < 0.01:
            self._switch(self.rng.randrange(8))
        u = [round(10 * x) for x in self._feeder.u]
        i = [
            round(_AMPS * x / 230) * (self.values["state"] >> k & 1)
            for k, x in enumerate(self._feeder.u)
        ]
        self.put(ua=u[0], ub=u[1], uc=u[2], ia=i[0], ib=i[1], ic=i[2])
        self.put(temperature=round(10 * self._feeder.temperature))

    def _switch(self, state):
        if state != self.values["state"]:
            self._idle_s = 0
            self.put(state=state, switchings=self.values["switchings"] + 1)

    def check_register(self, register, value):
        super().check_register(register, value)
        ready = self.values["mode"] == _MANUAL and self._idle_s >= _DISCHARGE_S
        if register == _COMMAND and not ready:
            fail()

    def write_register(self, register, value):
        super().write_register(register, value)
        if register == _COMMAND:
            self._switch(value)

    def raise_alarm(self, on=True):
        self.put(faults=_OVER_TEMPERATURE if on else 0)
