"""meter-698, concentrator-698 and end-terminal-698: which objects they hold."""

from dlt698 import _native as core

from tools.station.devices.dlt698_device import Dlt698Device, bits16
from tools.station.devices.feeder import Feeder, walk
from tools.station.meter_model import MeterModel

_PHASES = ("a", "b", "c")
_STATES = tuple(f"state{k}" for k in range(1, 8))
_HARMONICS = 21  # the first is the total
_ARCHIVE = 40  # meters a concentrator has on file

_U = ("20000200", core.Data.uint16, ("ua", "ub", "uc"))
_I = ("20010200", core.Data.int32, ("ia", "ib", "ic"))
_P = ("20040200", core.Data.int32, ("p", "pa", "pb", "pc"))
_F = ("200F0200", core.Data.uint16, "f")
_T = ("20100200", core.Data.int16, "temperature")
_S = ("20140200", bits16, _STATES)
_EP = ("00100200", core.Data.uint32, ("ep", "ep1", "ep2", "ep3", "ep4"))


def _basic(model):
    """The items every kind takes from a MeterModel; u 0.1 V, i mA, p 0.1 W, f 0.01 Hz."""
    out = {"ep": sum(model.energy), "p": sum(model.p), "f": model.f}
    for k, tariff in enumerate(model.energy):
        out[f"ep{k + 1}"] = tariff
    for k, x in enumerate(_PHASES):
        out["u" + x], out["i" + x], out["p" + x] = model.u[k], model.i[k], model.p[k]
    out.update(zip(_STATES, model.words, strict=True))
    return out


class Meter698(Dlt698Device):
    kind = "meter-698"
    OBJECTS = (_EP, _U, _I, _P, _F, _S)

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self.model = MeterModel(f"{seed}/{self.kind}", address, int(address) % 4 == 0)

    def values(self):
        return _basic(self.model)

    def step(self, seconds=1):
        super().step(seconds)
        for _ in range(int(seconds)):
            self.model.step()

    def raise_alarm(self, on=True):
        self.model.raise_alarm(on)


class Concentrator698(Meter698):
    kind = "concentrator-698"
    BAUDS = (9600, 19200)
    APDU_BYTES = 256
    OBJECTS = (
        *Meter698.OBJECTS,
        ("00200200", core.Data.uint32, ("er", "er1", "er2", "er3", "er4")),
        ("20050200", core.Data.int32, ("q", "qa", "qb", "qc")),
        ("200A0200", core.Data.int16, ("pf", "pfa", "pfb", "pfc")),
        _T,
        *(
            (
                f"200D0{k + 2}00",
                core.Data.int16,
                tuple(f"hu{x}{n}" for n in range(1, _HARMONICS + 1)),
            )
            for k, x in enumerate(_PHASES)
        ),
    )

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._temperature = self.rng.uniform(10, 40)
        self._more = {f"er{k}": self.rng.randrange(50000) for k in (1, 2, 3, 4)}
        self._more["er"] = sum(self._more.values())
        self._drift()

    def _drift(self):
        """Items that no meter model has; energy that came back stands still."""
        rng, more = self.rng, self._more
        for k, x in enumerate(_PHASES):
            more["q" + x] = round(self.model.p[k] * 0.3)
            more["pf" + x] = 950 + rng.randrange(-20, 20)
            parts = [rng.randrange(200) // n for n in range(2, _HARMONICS + 1)]
            more.update({f"hu{x}{n}": part for n, part in enumerate(parts, 2)})
            more[f"hu{x}1"] = round(sum(part * part for part in parts) ** 0.5)
        more["q"] = sum(more["q" + x] for x in _PHASES)
        more["pf"] = round(sum(more["pf" + x] for x in _PHASES) / 3)
        self._temperature = walk(rng, self._temperature, 0.1, -10, 60)
        more["temperature"] = round(10 * self._temperature)

    def values(self):
        return super().values() | self._more

    def step(self, seconds=1):
        super().step(seconds)
        self._drift()

    def _object(self, oad, values):
        if (oad.oi, oad.attribute, oad.index) == (0x6000, 2, 0):
            return core.Data.array([_filed(n) for n in range(1, _ARCHIVE + 1)])
        return super()._object(oad, values)


def _filed(number):
    """A row of the meter archive: {number, address, protocol}, 2 = DL/T 645-2007."""
    address = bytes.fromhex(f"{number:012d}")
    make = core.Data
    return make.structure([make.uint16(number), make.octet_string(address), make.enumeration(2)])


class EndTerminal698(Dlt698Device):
    kind = "end-terminal-698"
    OBJECTS = (_U, _I, _T, _S)

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self._feeder = Feeder(self.rng, 200)
        self._words = [0] * 7

    def values(self):
        feeder = self._feeder
        out = {"temperature": round(10 * feeder.temperature)}
        for k, x in enumerate(_PHASES):
            out["u" + x], out["i" + x] = round(10 * feeder.u[k]), round(1000 * feeder.i[k])
        out.update(zip(_STATES, self._words, strict=True))
        return out

    def step(self, seconds=1):
        super().step(seconds)
        self._feeder.step(seconds)

    def raise_alarm(self, on=True):
        self._words[3] = self._words[6] = int(on)
