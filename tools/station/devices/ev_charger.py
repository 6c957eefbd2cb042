"""ev-charger: an invented map."""

from tools.station.devices.feeder import Feeder
from tools.station.devices.modbus_device import ModbusDevice, rows

_IDLE, _CHARGING, _FAULT = 0, 2, 4
_EARTH_FAULT = 2


class EvCharger(ModbusDevice):
    kind = "ev-charger"
    parity = "E"
    BAUDS = (9600, 19200)
    RANGES = ((3, 4096, 4111), (3, 4352, 4352))
    ITEMS = (
        *rows(3, 4096, "state faults ua ub uc ia ib ic"),
        *rows(3, 4104, "p", 2, True),
        *rows(3, 4106, "ep session", 2),
        *rows(3, 4110, "minutes"),
        *rows(3, 4111, "temperature", 1, True),
        *rows(3, 4352, "max_current"),
    )
    WRITES = {"max_current": (60, 320)}

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._feeder = Feeder(self.rng, 32)
        self._kwh = self.rng.uniform(700, 60000)
        self._session_kwh = 0.0
        self._session_s = 0
        self.put(state=self.rng.choice((_IDLE, _CHARGING)), max_current=320)
        self.step(0)

    def step(self, seconds=1):
        self._feeder.step(seconds)
        on = self.values["state"] == _CHARGING
        limit = self.values["max_current"] * 10
        i = [min(limit, round(100 * x)) * on for x in self._feeder.i]
        u = [round(10 * x) for x in self._feeder.u]
        p = round(sum(x * y for x, y in zip(u, i, strict=True)) / 1000)
        self._kwh += p * seconds / 3.6e6
        self._session_kwh += p * seconds / 3.6e6
        self._session_s += seconds * on
        self.put(ua=u[0], ub=u[1], uc=u[2], ia=i[0], ib=i[1], ic=i[2], p=p)
        self.put(ep=round(100 * self._kwh), session=round(100 * self._session_kwh))
        self.put(minutes=self._session_s // 60 % 10000)
        self.put(temperature=round(10 * self._feeder.temperature))

    def raise_alarm(self, on=True):
        self.put(state=_FAULT if on else _IDLE, faults=_EARTH_FAULT if on else 0)
        self.step(0)
