"""surge-protector: the published map of a surge monitor (B of the Modbus notes), of which the
word order is not stated; here the high word goes first."""

from tools.station.devices.modbus_device import ModbusDevice, refuse_value, rows

_PHASES = "abc"
_CLEAR = 11460  # register
_LOST_A = 1


class SurgeProtector(ModbusDevice):
    kind = "surge-protector"
    RANGES = ((3, 188, 205), (3, 11461, 11464), (3, 12269, 12274))
    ITEMS = (
        *rows(3, 188, "high_a medium_a low_a high_b medium_b low_b high_c medium_c low_c", 2),
        *rows(3, 11461, "faults"),
        *rows(3, 11463, "low_total", 2),
        *rows(3, 12269, "total_a total_b total_c", 2),
    )

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        most = {"high": 50, "medium": 3000, "low": 200000}
        self._show({f"{n}_{x}": self.rng.randrange(most[n]) for n in most for x in _PHASES})

    def _show(self, counts):
        self.put(**counts)
        now = self.values
        self.put(low_total=sum(now[f"low_{x}"] for x in _PHASES))
        for x in _PHASES:
            total = sum(now[f"{n}_{x}"] for n in ("high", "medium", "low"))
            self.put(**{f"total_{x}": total})

    def step(self, seconds=1):
        if self.rng.random() < 0.002 * seconds:
            name = f"low_{self.rng.choice(_PHASES)}"
            self._show({name: self.values[name] + 1})

    def check_register(self, register, value):
        if register != _CLEAR:
            super().check_register(register, value)
        elif value != 1:
            refuse_value()

    def write_register(self, register, value):
        counts = [n for n in self.values if n.startswith(("high_", "medium_", "low_"))]
        self._show(dict.fromkeys(counts, 0))

    def raise_alarm(self, on=True):
        self.put(faults=_LOST_A if on else 0)
