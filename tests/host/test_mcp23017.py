"""The emulated MCP23017 against its data sheet, DS20001952; chapters in the names or comments."""

import pytest

from tools.emulator.mcp23017 import Mcp23017

IODIR, IPOL, GPINTEN, DEFVAL, INTCON, IOCON, GPPU, INTF, INTCAP, GPIO, OLAT = range(0, 22, 2)
BANK, MIRROR, SEQOP, ODR, INTPOL = 0x80, 0x40, 0x20, 0x04, 0x02


class Rig:
    def __init__(self):
        self.edges = []  # (line, level)
        self.looks = 0
        self.chip = Mcp23017(lambda line, level: self.edges.append((line, level)), self._look)
        self.chip.power(True)

    def _look(self):
        self.looks += 1

    def write(self, register, *data):
        self.chip.write(bytes((register, *data)))

    def read(self, register, count=1):
        self.chip.write(bytes((register,)))
        return self.chip.read(count)

    def pins(self, word):
        for pin in range(16):
            self.chip.drive(pin, word >> pin & 1)


@pytest.fixture
def rig():
    return Rig()


def test_power_on_values_and_no_answer_without_power(rig):
    assert rig.read(0, 22) == b"\xff\xff" + bytes(20)  # table 3-5
    rig.write(IODIR, 0, 0)
    rig.chip.power(False)
    assert not rig.chip.is_answering()
    rig.chip.power(True)
    assert rig.chip.is_answering()
    assert rig.read(IODIR, 2) == b"\xff\xff"


def test_sequential_access_rolls_over_after_the_last_register(rig):
    rig.write(OLAT + 1, 0x5A, 0x01, 0x02)  # OLATB, then IODIRA and IODIRB
    assert rig.read(OLAT + 1, 3) == b"\x5a\x01\x02"
    assert rig.chip.read(1) == b"\x00"  # a read goes on where the last one ended: IPOLA


def test_byte_mode_toggles_within_a_pair(rig):
    rig.write(IOCON, SEQOP)
    rig.write(GPPU, 1, 2, 3)  # 3.2.1: A, B, A
    assert rig.read(GPPU, 5) == b"\x03\x02\x03\x02\x03"
    assert rig.read(GPPU + 1, 2) == b"\x02\x03"


def test_bank_1_parts_the_ports_and_its_byte_mode_stays(rig):
    rig.write(GPPU, 0x12, 0x34)
    rig.write(IOCON, BANK)
    assert rig.read(0x06) == b"\x12"  # GPPUA
    assert rig.read(0x16) == b"\x34"  # GPPUB
    assert rig.read(0x0B) == b"\x00"
    rig.write(0x1A, 0x77, 0xFE)  # OLATB, then IODIRA
    assert rig.read(0x1A, 2) == b"\x77\xfe"
    rig.write(0x05, BANK | SEQOP)
    assert rig.read(0x06, 3) == b"\x12\x12\x12"
    rig.write(0x15, BANK, 0x99)  # IOCON has two addresses here too; then GPPUB
    assert rig.read(0x16) == b"\x99"
    rig.write(0x16, 0x34)
    rig.write(0x15, 0)
    assert rig.read(GPPU, 2) == b"\x12\x34"


def test_iocon_is_one_register_without_bit_0(rig):
    rig.write(IOCON + 1, 0x7F & ~SEQOP)
    assert rig.read(IOCON, 2) == bytes((0x5E, 0x5E))


def test_a_write_to_gpio_modifies_the_latch(rig):
    rig.write(IODIR, 0xF0)
    rig.write(GPIO, 0xA5)
    assert rig.read(OLAT) == b"\xa5"
    rig.chip.drive(7, 0)
    rig.chip.drive(4, 1)
    assert rig.read(GPIO) == b"\x15"  # 3.5.10: the port is read, not the latch


def test_outputs_pull_ups_and_floating_pins_from_outside(rig):
    assert rig.chip.level(3) is None
    rig.write(GPPU, 0x08)
    assert rig.chip.level(3) == 1
    rig.chip.drive(3, 0)
    assert rig.chip.level(3) == 0
    rig.write(OLAT, 0x08)
    looks = rig.looks
    rig.write(IODIR, 0xF7)
    assert rig.chip.level(3) == 1
    assert rig.looks == looks + 1
    rig.read(GPIO)
    assert rig.looks == looks + 1
    rig.chip.power(False)
    assert rig.chip.level(3) == 0  # what drives it from outside is left


def test_polarity_shows_in_the_port_register(rig):
    rig.pins(0x00F0)
    rig.write(IPOL, 0xFF)
    assert rig.read(GPIO, 2) == b"\x0f\x00"
    assert rig.chip.level(4) == 1


def test_a_change_interrupts_and_the_first_capture_stays(rig):
    rig.pins(0)
    rig.write(GPINTEN, 0x03)
    rig.chip.drive(2, 1)  # not enabled
    assert rig.edges == []
    rig.chip.drive(0, 1)
    assert rig.edges == [(0, 0)]  # active low, after power-on
    rig.chip.drive(1, 1)
    rig.chip.drive(0, 0)
    assert rig.edges == [(0, 0)]
    assert rig.read(INTF) == b"\x01"
    assert rig.edges == [(0, 0)]  # INTF does not clear
    assert rig.read(INTCAP) == b"\x05"
    assert rig.edges == [(0, 0), (0, 1)]
    assert rig.read(INTF) == b"\x00"
    assert rig.read(INTCAP) == b"\x05"  # as it was
    rig.chip.drive(1, 0)  # compared to what it was when the interrupt ended
    assert rig.edges[2:] == [(0, 0)]
    assert rig.read(GPIO) == b"\x04"
    assert rig.edges[3:] == [(0, 1)]


def test_a_port_is_cleared_by_its_own_registers_only(rig):
    rig.pins(0)
    rig.write(GPINTEN, 0xFF, 0xFF)
    rig.chip.drive(0, 1)
    rig.chip.drive(8, 1)
    assert rig.edges == [(0, 0), (1, 0)]
    rig.read(GPIO)
    assert rig.edges[2:] == [(0, 1)]
    rig.read(INTCAP + 1)
    assert rig.edges[3:] == [(1, 1)]


def test_mirrored_lines_are_one_and_wait_for_both_ports(rig):
    rig.pins(0)
    rig.write(IOCON, MIRROR | ODR | INTPOL)
    assert [rig.chip.line(n) for n in (0, 1)] == [1, 1]  # ODR overrides INTPOL
    rig.write(GPINTEN, 0xFF, 0xFF)
    rig.chip.drive(0, 1)
    rig.chip.drive(8, 1)
    assert rig.edges == [(0, 0), (1, 0)]
    rig.read(GPIO)
    assert len(rig.edges) == 2
    rig.read(GPIO + 1)
    assert rig.edges[2:] == [(0, 1), (1, 1)]


def test_polarity_of_the_interrupt_line(rig):
    rig.write(IOCON, INTPOL)
    assert rig.edges == [(0, 0), (1, 0)]  # idle is low now
    rig.write(GPINTEN, 0x01)
    rig.chip.drive(0, 1)
    assert rig.edges[2:] == [(0, 1)]


def test_compared_to_defval_it_lasts_as_long_as_the_pin_differs(rig):
    rig.pins(0x01)
    rig.write(DEFVAL, 0x01)
    rig.write(INTCON, 0x01)
    rig.write(GPINTEN, 0x01)
    assert rig.edges == []
    rig.chip.drive(0, 0)
    assert rig.edges == [(0, 0)]
    rig.read(GPIO)
    assert rig.edges[-1] == (0, 0)  # still, or again
    rig.chip.drive(0, 1)
    assert rig.edges[-1] == (0, 0)  # until it is read
    rig.read(INTCAP)
    assert rig.edges[-1] == (0, 1)


def test_an_interrupt_is_over_with_the_power(rig):
    rig.pins(0)
    rig.write(GPINTEN, 0x01)
    rig.chip.drive(0, 1)
    rig.chip.power(False)
    assert rig.edges == [(0, 0), (0, 1)]
    rig.chip.power(True)
    assert rig.read(INTF, 4) == bytes(4)
