"""The emulated ADS1115 against its data sheet, SBAS444D."""

import pytest

from tools.emulator.ads1115 import Ads1115

CONVERSION, CONFIG, LO, HI = range(4)
START, SINGLE, QUIET = 0x8000, 0x0100, 0x0003
MUX = {"0-1": 0, "0-3": 1, "1-3": 2, "2-3": 3, "0": 4, "1": 5, "2": 6, "3": 7}


class Rig:
    def __init__(self, **options):
        self.now = 0.0
        self.volts = [0.0, 0.0, 0.0, 0.0]
        self.chip = Ads1115(lambda: self.now, lambda n: self.volts[n], **options)
        self.chip.power(True)

    def write(self, register, word):
        self.chip.write(bytes((register, word >> 8, word & 0xFF)))

    def read(self, register):
        self.chip.write(bytes((register,)))
        return int.from_bytes(self.chip.read(2), "big")

    def code(self):
        return int.from_bytes(self.read(CONVERSION).to_bytes(2, "big"), "big", signed=True)

    def convert(self, mux, gain=1, rate=7):
        self.write(CONFIG, START | MUX[mux] << 12 | gain << 9 | SINGLE | rate << 5 | QUIET)
        self.now += 0.2
        return self.code()


@pytest.fixture
def rig():
    return Rig()


def test_registers_after_power_on(rig):
    assert [rig.read(n) for n in range(4)] == [0x0000, 0x8583, 0x8000, 0x7FFF]
    rig.write(HI, 0x1234)
    rig.write(CONVERSION, 0x5555)  # read only
    assert [rig.read(n) for n in range(4)] == [0x0000, 0x8583, 0x8000, 0x1234]
    rig.chip.power(False)
    assert not rig.chip.is_answering()
    rig.chip.power(True)
    assert rig.read(HI) == 0x7FFF


def test_the_switch_in_front_parts_it_from_the_bus(rig):
    rig.chip.is_connected = False
    assert not rig.chip.is_answering()


@pytest.mark.parametrize("rate, per_s", list(enumerate((8, 16, 32, 64, 128, 250, 475, 860))))
def test_a_conversion_takes_its_time_and_os_says_so(rig, rate, per_s):
    rig.volts[0] = 1.0
    word = 0x4000 | 1 << 9 | SINGLE | rate << 5 | QUIET
    rig.write(CONFIG, START | word)
    rig.now = 0.99 / per_s
    assert rig.read(CONFIG) == word
    assert rig.read(CONVERSION) == 0
    rig.now = 1.01 / per_s
    assert rig.read(CONFIG) == START | word
    assert rig.read(CONVERSION) == 8000
    rig.volts[0] = 2.0
    rig.now += 1
    assert rig.read(CONVERSION) == 8000  # asleep
    assert rig.chip.conversions == 1


@pytest.mark.parametrize(
    "gain, step_uv", list(enumerate((187.5, 125, 62.5, 31.25, 15.625, 7.8125)))
)
def test_full_scales(rig, gain, step_uv):
    rig.volts[1] = 0.1
    assert rig.convert("1", gain) == round(1e5 / step_uv)
    for spare in (6, 7):
        assert rig.convert("1", spare) == 12800


def test_the_multiplexer(rig):
    rig.volts = [0.8, 0.4, 0.2, 0.1]
    found = {name: rig.convert(name) for name in MUX}
    assert found == {
        "0-1": 3200,
        "0-3": 5600,
        "1-3": 2400,
        "2-3": 800,
        "0": 6400,
        "1": 3200,
        "2": 1600,
        "3": 800,
    }


def test_codes_end_at_full_scale_and_inputs_at_the_supply(rig):
    rig.volts[0] = 3.0
    assert rig.convert("0", 2) == 32767
    rig.volts = [0.0, 3.0, 0.0, 0.0]
    assert rig.convert("0-1", 2) == -32768
    rig.volts[0] = 5.0
    assert rig.convert("0", 1) == 28800  # 3.6 V
    rig.volts[0] = -2.0
    assert rig.convert("0", 1) == -2400


def test_without_os_nothing_begins_and_os_in_mid_conversion_is_without_effect(rig):
    rig.volts[0] = 1.0
    word = 0x4000 | 1 << 9 | SINGLE | QUIET  # 125 ms
    rig.write(CONFIG, word)
    rig.now = 1.0
    assert rig.read(CONVERSION) == 0
    rig.write(CONFIG, START | word)
    rig.now = 1.1
    rig.write(CONFIG, START | word)
    rig.now = 1.126
    assert rig.read(CONVERSION) == 8000
    assert rig.read(CONFIG) & START


def test_continuous_mode_goes_on_and_a_change_waits_for_the_end(rig):
    rig.volts[:2] = [1.0, 2.0]
    word = 0x4000 | 1 << 9 | 1 << 5 | QUIET  # 16 a second
    rig.write(CONFIG, word)
    rig.now = 0.063
    assert rig.read(CONVERSION) == 8000
    assert not rig.read(CONFIG) & START
    rig.chip.settle()
    rig.volts[0] = 1.5
    assert rig.read(CONVERSION) == 8000
    rig.now = 0.126
    assert rig.read(CONVERSION) == 12000
    rig.write(CONFIG, word + 0x1000)
    rig.now = 0.188
    assert rig.read(CONVERSION) == 12000
    rig.now = 0.251
    assert rig.read(CONVERSION) == 16000
    rig.now = 3600.0
    assert rig.read(CONVERSION) == 16000
    assert rig.chip.conversions < 10  # and no hour of work
    rig.write(CONFIG, word | SINGLE)
    rig.now += 0.063
    assert rig.read(CONFIG) & START


def test_pace_and_noise():
    rig = Rig(pace=1.1, noise=lambda: 0.001)
    rig.write(CONFIG, START | 0x4000 | 1 << 9 | SINGLE | QUIET)
    rig.now = 0.13
    assert not rig.read(CONFIG) & START
    rig.now = 0.138
    assert rig.code() == 8
