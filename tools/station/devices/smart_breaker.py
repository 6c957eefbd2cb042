"""smart-breaker: template C of the Modbus notes."""

from tools.station.devices.feeder import Feeder, walk
from tools.station.devices.modbus_device import (
    ModbusDevice,
    fail,
    refuse_address,
    refuse_value,
    rows,
)

_CLOSED, _TRIPPED, _ALARM, _REMOTE = 1, 2, 4, 8
_RESIDUAL, _BY_REMOTE = 4, 8  # causes
_SWITCH, _KEY, _COIL = 64, 65, 0  # registers, coil
_UNLOCK, _UNLOCK_S = 21930, 10
_CLOSE, _OPEN = 1, 2


class SmartBreaker(ModbusDevice):
    kind = "smart-breaker"
    BAUDS = (9600, 19200)
    is_key = True
    RANGES = ((3, 0, 33), (3, 48, 52))
    ITEMS = (
        *rows(3, 0, "ua ub uc ia ib ic in residual"),
        *rows(3, 8, "p pa pb pc", 1, True),
        *rows(3, 16, "f"),
        *rows(3, 17, "ta tb tc tn", 1, True),
        *rows(3, 24, "ep", 2),
        *rows(3, 32, "state cause"),
        *rows(3, 48, "long_current long_time residual_limit over_voltage under_voltage"),
    )
    WRITES = {
        "long_current": (160, 6300),
        "long_time": (1, 200),
        "residual_limit": (30, 3000),
        "over_voltage": (1000, 3000),
        "under_voltage": (1000, 3000),
    }

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._feeder = Feeder(self.rng, self.rng.choice((63, 125, 250)))
        self._residual = self.rng.uniform(5, 60)
        self._kwh = self.rng.uniform(100, 90000)
        self._unlocked_s = 0  # how long a command is still taken
        self.put(state=_CLOSED | _REMOTE, long_current=2500, long_time=60, residual_limit=300)
        self.put(over_voltage=2750, under_voltage=1650)
        self._show()

    def step(self, seconds=1):
        self._unlocked_s = max(0, self._unlocked_s - seconds)
        self._feeder.step(seconds)
        self._residual = walk(self.rng, self._residual, 2, 1, 250)
        if self.values["state"] & _CLOSED:
            self._kwh += sum(self._feeder.watts()) * seconds / 3.6e6
        self._show()

    def _show(self):
        feeder, on = self._feeder, self.values["state"] & _CLOSED
        u, i = [round(10 * x) for x in feeder.u], [round(10 * x) * on for x in feeder.i]
        p = [round(x / 10) * on for x in feeder.watts()]
        t = [round(10 * feeder.temperature) + k for k in (0, 7, 3, -9)]
        self.put(ua=u[0], ub=u[1], uc=u[2], ia=i[0], ib=i[1], ic=i[2])
        self.put(residual=round(self._residual) * on, p=sum(p), pa=p[0], pb=p[1], pc=p[2])
        self.put(ta=t[0], tb=t[1], tc=t[2], tn=t[3], f=round(100 * feeder.f))
        self.put(**{"in": max(i) - min(i)}, ep=round(100 * self._kwh))

    def raise_alarm(self, on=True):
        state = self.values["state"] & ~(_CLOSED | _TRIPPED | _ALARM)
        if on:
            self.put(state=state | _TRIPPED | _ALARM, cause=_RESIDUAL)
        else:
            self.put(state=state | _CLOSED)
        self._show()

    def check_register(self, register, value):
        if register == _KEY:
            return
        if register == _SWITCH:
            if value not in (_CLOSE, _OPEN):
                refuse_value()
            if not self._unlocked_s:
                fail()
            return
        super().check_register(register, value)

    def write_register(self, register, value):
        if register == _KEY:
            self._unlocked_s = _UNLOCK_S if value == _UNLOCK else 0
        elif register == _SWITCH:
            self._switch(value == _CLOSE)
        else:
            super().write_register(register, value)

    def write_coil(self, coil, on):
        if coil != _COIL:
            refuse_address()
        if not self._unlocked_s:
            fail()
        self._switch(on)

    def _switch(self, on):
        self._unlocked_s = 0
        state = self.values["state"] & ~(_CLOSED | _TRIPPED | _ALARM)
        if on:
            self.put(state=state | _CLOSED)
        else:
            self.put(state=state, cause=_BY_REMOTE)
        self._show()
