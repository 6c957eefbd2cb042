"""residual-current-645: a residual-current breaker of a meter box that speaks DL/T 645, with
identifiers of its maker (invented)."""

import random
from typing import Any

from dlt645 import DataItem
from dlt645.model.types.dlt645_type import EventRecord

from tools.station.devices.dlt645_device import Dlt645Device, items
from tools.station.devices.feeder import Feeder, walk
from tools.station.meter_peer import MeterPeer

_CLOSED, _TRIPPED, _ALARM = 1, 2, 4


class BreakerModel:
    def __init__(self, rng):
        self._rng = rng
        self._feeder = Feeder(rng, 63)
        self._residual = rng.uniform(5, 60)  # mA
        self.state = _CLOSED
        self.trips = rng.randrange(20)
        self.limit = 300  # mA

    def step(self, seconds):
        self._feeder.step(seconds)
        self._residual = walk(self._rng, self._residual, 2, 1, 250)

    def raise_alarm(self, on=True):
        if on and not self.state & _TRIPPED:
            self.trips += 1
        self.state = _TRIPPED | _ALARM if on else _CLOSED

    def registers(self):
        """{identifier: integer}"""
        feeder, on = self._feeder, self.state & _CLOSED
        out = {"04000501": self.state, "03900000": self.trips, "04900101": self.limit}
        out["02900100"] = round(self._residual) * on
        out["02800007"] = round(10 * feeder.temperature)
        for k in range(3):
            out[f"0201{k + 1:02X}00"] = round(10 * feeder.u[k])
            out[f"0202{k + 1:02X}00"] = round(1000 * feeder.i[k]) * on
        return out


class ResidualCurrent645(Dlt645Device):
    kind = "residual-current-645"
    is_key = True
    ITEMS = items(
        ("state ua ub uc", "04000501 02010100 02010200 02010300"),
        ("ia ib ic residual", "02020100 02020200 02020300 02900100"),
        ("temperature trips limit", "02800007 03900000 04900101"),
    )

    def __init__(self, address, seed=0, baud=None, name=None):
        rng = random.Random(f"{seed}/{self.kind}/{address}")
        peer = MeterPeer(address, BreakerModel(rng), True, _makers_items())
        super().__init__(address, peer, seed, baud, name)

    def step(self, seconds=1):
        self.model.step(seconds)


def _makers_items():
    event: Any = EventRecord(0x03900000, "000000")
    return {
        0x02900100: DataItem(0x02900100, "residual current", "X.XXX", 0, "A", 0, 9.999),
        0x03900000: [DataItem(0x03900000, "trips", "XXXXXX", event)],
        0x04900101: DataItem(0x04900101, "residual current limit", "XXXX", "0300"),
    }
