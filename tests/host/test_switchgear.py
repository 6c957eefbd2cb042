"""The emulated control module: relays take their time, the one-shot holds, switches travel."""

import pytest

from tools.emulator.switchgear import Module
from tools.virtual.time import Time

IODIR, OLAT, GPIO = 0x00, 0x14, 0x12


class Rig:
    loop = None

    def __init__(self, **options):
        self.time = Time()
        self.now, self.later = self.time.now, self.time.later
        self.levels = []
        self.module = Module(self, 4, options)
        self.module.power(True)
        self.write(OLAT, 0)
        self.write(IODIR, 0x3F3F)

    def interrupt(self, level):
        self.levels.append(level)

    def write(self, register, word):
        self.module.chips[0x24].write(bytes((register, word & 255, word >> 8)))

    def pins(self):
        chip = self.module.chips[0x24]
        chip.write(bytes((GPIO,)))
        return int.from_bytes(chip.read(2), "little")

    def wait(self, seconds):
        self.time.run(self.time.us + round(seconds * 1e6), lambda: False)

    def pulses(self):
        return [(name, round(length, 3)) for name, _, length in self.module.plant.pulses]


def test_an_operation():
    rig = Rig()
    assert rig.pins() == 0x1C00 | 1 << 4 | 1 << 9  # q1 closed, q2 open
    rig.write(OLAT, 0x80)
    rig.wait(0.007)
    assert not rig.pins() & 0x0F
    rig.wait(0.002)
    assert rig.pins() & 0x0F == 2 and rig.module.status()["feeding"] == "q1 open"
    rig.wait(0.03)
    assert rig.pins() >> 4 & 3 == 0 and rig.module.status()["q1"] == "moving"
    rig.write(OLAT, 0)
    rig.wait(0.2)
    assert rig.pins() >> 4 & 3 == 2 and rig.module.status()["q1"] == "open"
    assert rig.pulses() == [("q1 open", 0.036)]


def test_a_short_pulse_moves_nothing_and_a_long_one_is_ended():
    rig = Rig()
    rig.write(OLAT, 0x80)
    rig.wait(0.015)
    rig.write(OLAT, 0)
    rig.wait(1)
    assert rig.module.status()["q1"] == "closed" and rig.pulses() == [("q1 open", 0.012)]
    rig.write(OLAT, 0x4000)
    rig.wait(2)
    assert rig.pins() & 4 and not rig.module.status()["feeding"]
    assert rig.pulses()[1:] == [("q2 close", 0.5)]


@pytest.mark.parametrize("end", ["power", "reset", "close", "supply"])
def test_what_ends_a_pulse(end):
    rig = Rig()
    rig.write(OLAT, 0x80)
    rig.wait(0.05)
    {
        "power": lambda: rig.module.power(False),
        "reset": lambda: rig.module.set(reset=True),
        "close": rig.module.close,
        "supply": lambda: rig.module.set(supply=False),
    }[end]()
    rig.wait(0.006)
    assert not rig.module.status()["feeding"] and rig.pulses()[0][1] < 0.05


def test_faults():
    rig = Rig(dead="q1 close", stuck="q2", key=False, plate=True)
    assert rig.pins() & 0x1C00 == 0x1000
    rig.write(OLAT, 0x40)
    rig.wait(0.1)
    assert not rig.pins() & 0x0F
    rig.write(OLAT, 0x4000)
    rig.wait(0.3)
    assert rig.pins() & 0x0F == 4 and rig.module.status()["q2"] == "open"
    rig.module.set(welded="q2 close", dead="")
    rig.write(OLAT, 0)
    rig.wait(1)
    assert rig.pins() & 0x0F == 4
    rig.module.set(welded="")
    assert not rig.pins() & 0x0F
    rig.module.set(q1="faulty", q2="moving")
    assert rig.pins() >> 4 & 3 == 3 and rig.pins() >> 8 & 3 == 0


def test_wrong_values():
    rig = Rig()
    for values in ({"q1": "half"}, {"q3": "open"}, {"dead": "q3 close"}, {"welded": "x"}):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            rig.module.set(**values)
