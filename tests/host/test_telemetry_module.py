"""The emulated telemetry module by itself: what its terminals do to its chips."""

import pytest

from tools.emulator.telemetry import Module
from tools.emulator.telemetry.front_ends import pt100_ohm
from tools.virtual.time import Time

GPINTEN, GPIO, OLAT, IODIR = 0x04, 0x12, 0x14, 0x00


class Port:
    """A slot on virtual time."""

    loop = None

    def __init__(self):
        self.time = Time()
        self.now, self.later = self.time.now, self.time.later
        self.levels = []

    def interrupt(self, level):
        self.levels.append((self.time.us, level))

    def run(self, ms):
        self.time.run(self.time.us + 1000 * ms, lambda: False)


class Rig:
    def __init__(self, **options):
        self.port = Port()
        self.module = Module(self.port, 3, {"log": True, **options})
        self.module.power(True)
        self.pins = self.module.chips[0x23]
        self.adc = self.module.chips[0x48]

    def word(self, register):
        self.pins.write(bytes((register,)))
        return int.from_bytes(self.pins.read(2), "little")


@pytest.fixture
def rig():
    return Rig()


def test_inputs_are_low_while_there_is_current(rig):
    assert rig.word(GPIO) == 0x1F7F
    for n in range(1, 13):
        rig.module.set(**{f"di{n}": 1})
        pin = n - 1 if n < 8 else n
        assert rig.word(GPIO) == 0x1F7F & ~(1 << pin)
        rig.module.set(**{f"di{n}": 0})


def test_a_bounce_and_a_train_of_pulses(rig):
    rig.module.set(di3=1, bounce=5)
    rig.module.set(pulses=["di4", 4, 2.5])
    rig.module.set(pulses="di5:3:1")
    rig.port.run(100)
    edges = [(round(1000 * at, 1), name, level) for at, name, level in rig.module.edges]
    assert [row for row in edges if row[1] == "di3"] == [
        (float(i), "di3", 1 - i % 2) for i in range(5)
    ]
    assert [row[::2] for row in edges if row[1] == "di4"] == [
        (0.0, 1),
        (2.5, 0),
        (5.0, 1),
        (7.5, 0),
    ]
    assert [row[2] for row in edges if row[1] == "di5"] == [1, 0, 1]
    assert rig.module.status()["inputs"]["di5"] == 1


def test_the_interrupt_line_follows_and_can_be_cut(rig):
    rig.pins.write(bytes((GPINTEN, 0x7F)))
    rig.module.set(di1=1)
    assert [level for _, level in rig.port.levels] == [0]
    rig.module.set(interrupt=0)
    assert [level for _, level in rig.port.levels] == [0, 1]
    rig.module.set(interrupt=1)
    assert [level for _, level in rig.port.levels] == [0, 1, 0]
    rig.word(GPIO)
    assert [level for _, level in rig.port.levels] == [0, 1, 0, 1]


def test_the_converter_is_on_the_bus_behind_its_switch_only(rig):
    assert not rig.adc.is_answering()
    rig.pins.write(bytes((OLAT, 0x00, 0x80)))
    assert not rig.adc.is_answering()  # an input still
    rig.pins.write(bytes((IODIR, 0xFF, 0x7F)))
    assert rig.adc.is_answering()
    rig.module.set(converter=0)
    assert not rig.adc.is_answering()
    rig.module.set(converter=1)
    assert rig.adc.is_answering()
    rig.module.set(reset=1)
    assert not rig.adc.is_answering()


@pytest.mark.parametrize(
    "name, value, volts",
    [
        ("ai1", 12.5, 1.25),
        ("ai2", "open", 0),
        ("ai2", "short", 3.0),
        ("ai3", 7.3, 1.825),
        ("ai4", 100, 0.138506),
        ("ai4", -50, 0.080306),
        ("ai4", "short", 0),
    ],
)
def test_front_ends(rig, name, value, volts):
    rig.module.set(**{name: value})
    end = rig.module._ends[int(name[2]) - 1]
    assert abs(end.volts() - volts) < 1e-6


def test_the_platinum_of_iec_60751():
    for celsius, ohm in ((-200, 18.52), (-50, 80.31), (0, 100), (100, 138.51), (850, 390.48)):
        assert abs(pt100_ohm(celsius) - ohm) < 0.005


@pytest.mark.parametrize(
    "values, text",
    [
        ({"di3": 2}, "di3 is 0 or 1"),
        ({"di13": 1}, "there is no di13: inputs are di1 to di12 and ai1 to ai4"),
        ({"ai1": 33}, "ai1 is 0 to 32 mA"),
        ({"ai3": "hot"}, 'ai3 is a number of V, or "open" or "short"'),
        ({"di1": 1, "bounce": 4}, "bounce is an odd number of edges, 1 to 999"),
        ({"pulses": ["di1", 0, 5]}, "pulses are like"),
        ({"pulses": "di1"}, "pulses are like"),
        ({"pulses": ["di1", 5, 0]}, "pulses are up to 60000 ms apart"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(rig, values, text):
    before = rig.module.status()
    with pytest.raises(ValueError, match=text):
        rig.module.set(**values)
    assert rig.module.status() == before


def test_pulled_out_nothing_comes_any_more(rig):
    rig.module.set(pulses=["di1", 10, 5])
    rig.module.close()
    rig.port.run(1000)
    assert len(rig.module.edges) == 1


def test_a_front_end_that_is_none():
    with pytest.raises(ValueError, match="a front end is one of mA, V, degC, not 'K'"):
        Rig(ends=["mA", "mA", "K", "V"])
