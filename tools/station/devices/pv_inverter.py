"""pv-inverter: an invented map; input registers, low word first."""

from tools.station.devices.feeder import Feeder, walk
from tools.station.devices.modbus_device import ModbusDevice, rows

_WAITING, _FEEDING, _FAULT, _STOPPED = range(4)
_ISLANDING = 16
_STANDBY_W = -5  # what it takes from the grid when it does not feed


class PvInverter(ModbusDevice):
    kind = "pv-inverter"
    BAUDS = (9600, 19200)
    LOW_WORD_FIRST = True
    RANGES = ((4, 0, 25), (3, 256, 257))
    ITEMS = (
        *rows(4, 0, "state faults u1"),
        *rows(4, 3, "i1", 1, True),
        *rows(4, 4, "u2"),
        *rows(4, 5, "i2", 1, True),
        *rows(4, 6, "p_dc", 2),
        *rows(4, 8, "ua ub uc ia ib ic"),
        *rows(4, 14, "p q", 2, True),
        *rows(4, 18, "f"),
        *rows(4, 19, "temperature", 1, True),
        *rows(4, 20, "ep_day ep hours", 2),
        *rows(3, 256, "limit run"),
    )
    WRITES = {"limit": (0, 100), "run": (0, 1)}

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._feeder = Feeder(self.rng, 30)
        self._sun = self.rng.uniform(-0.3, 0.9)  # share of the rated power; below 0: night
        self._day_kwh = self.rng.uniform(0, 60)
        self._kwh = self.rng.uniform(7000, 200000)
        self._hours = self.rng.uniform(100, 90000)
        self.put(limit=100, run=1)
        self.step(0)

    def step(self, seconds=1):
        self._feeder.step(seconds)
        self._sun = walk(self.rng, self._sun, 0.01, -0.3, 1.0)
        dc = self._dc_watts()
        share = min(dc, 200 * self.values["limit"]) if self.values["run"] else 0
        if self.values["state"] != _FAULT or not self.values["faults"]:
            stopped = _FEEDING if dc else _WAITING
            self.put(state=stopped if self.values["run"] else _STOPPED)
        feeding = self.values["state"] == _FEEDING
        p = round(share * 0.97) if feeding else _STANDBY_W
        if self.values["faults"]:
            p = 0
        self._kwh += max(0, p) * seconds / 3.6e6
        self._day_kwh += max(0, p) * seconds / 3.6e6
        self._hours += seconds * feeding / 3600
        self._show(p, dc if feeding else 0)

    def _dc_watts(self):
        return round(20000 * max(0.0, self._sun))

    def _show(self, p, dc):
        u = [round(10 * x) for x in self._feeder.u]
        amps = [round(max(0, p) * 100 / 3 / x) for x in u]  # 0.1 A
        string = 6000 + round(200 * self._sun) if dc else 300
        amp = round(dc * 100 / 2 / string)
        self.put(u1=string, u2=string - 7, i1=amp, i2=amp, p_dc=dc, p=p, q=-round(p / 20))
        self.put(ua=u[0], ub=u[1], uc=u[2], ia=amps[0], ib=amps[1], ic=amps[2])
        self.put(f=round(100 * self._feeder.f), temperature=round(10 * self._feeder.temperature))
        self.put(ep_day=round(10 * self._day_kwh), ep=round(10 * self._kwh))
        self.put(hours=int(self._hours))

    def raise_alarm(self, on=True):
        self.put(state=_FAULT if on else _WAITING, faults=_ISLANDING if on else 0)
        self.step(0)
