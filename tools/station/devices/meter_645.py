"""meter-645: a three-phase meter, with the items of the desk-top station's meters."""

from tools.station.devices.dlt645_device import Dlt645Device, items
from tools.station.meter_model import MeterModel
from tools.station.meter_peer import MeterPeer


class Meter645(Dlt645Device):
    kind = "meter-645"
    BAUDS = (9600, 2400)
    ITEMS = items(
        ("ep ep1 ep2 ep3 ep4", "00010000 00010100 00010200 00010300 00010400"),
        ("ua ub uc", "02010100 02010200 02010300"),
        ("ia ib ic", "02020100 02020200 02020300"),
        ("p pa pb pc", "02030000 02030100 02030200 02030300"),
        ("f", "02800002"),
        ("state1 state2 state3 state4", "04000501 04000502 04000503 04000504"),
        ("state5 state6 state7", "04000505 04000506 04000507"),
    )

    def __init__(self, address, seed=0, baud=None, name=None, blocks=None, exports=None):
        """`blocks`: serves FF identifiers; `exports`: phase C feeds back. None: by the last
        digits of the address, half of the meters and a quarter of them."""
        number = int(address)
        blocks = number % 2 == 1 if blocks is None else blocks
        exports = number % 4 == 0 if exports is None else exports
        model = MeterModel(seed, address, exports)
        super().__init__(address, MeterPeer(address, model, blocks), seed, baud, name)

    def step(self, seconds=1):
        for _ in range(int(seconds)):
            self.model.step()
