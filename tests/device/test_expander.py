"""The MCP23017 driver of the ESP32-S3 board against a model of the chip's registers."""

from board.esp32s3 import expander


class Chip:
    """Registers of an MCP23017 after power-on (IOCON.BANK 0): all inputs."""

    def __init__(self):
        self.is_there = True
        self.writes = 0
        self.power_on()

    def power_on(self):
        self.registers = bytearray(22)
        self.registers[0:2] = b"\xff\xff"
        self.pins = 0xFFFF  # levels from outside, on inputs

    def _answer(self, address):
        if address != 0x20 or not self.is_there:
            raise OSError(19)

    def writeto_mem(self, address, at, data):
        self._answer(address)
        self.writes += 1
        self.registers[at : at + len(data)] = data

    def readfrom_mem_into(self, address, at, buf):
        self._answer(address)
        assert at == 0x12 and len(buf) == 2
        buf[:] = self.pins.to_bytes(2, "little")

    def out(self, pin):
        """The level an output drives, None while it is an input."""
        direction = int.from_bytes(self.registers[0:2], "little")
        latch = int.from_bytes(self.registers[20:22], "little")
        return None if direction >> pin & 1 else latch >> pin & 1


def fails(call, *args):
    try:
        call(*args)
    except OSError:
        return True
    return False


chip = Chip()
lines = expander.Expander(chip, 0x20, 0x00FF)
presence = expander.Pin(lines, 2)
power, reset = expander.Pin(lines, 10, 0), expander.Pin(lines, 15, 1)
assert chip.writes == 0  # nothing is sent before the first use
chip.pins = 0xFFFB
assert presence() == 0 and chip.registers[12:14] == b"\xff\x00"
assert (chip.out(10), chip.out(15), chip.out(2)) == (0, 1, None)
power(1)
assert (chip.out(10), chip.out(15)) == (1, 1)
writes = chip.writes
assert presence() == 0 and chip.writes == writes  # set up once
chip.is_there = False
assert fails(presence) and fails(power, 0)
chip.power_on()  # it lost its supply meanwhile: what it is to do is told anew
chip.is_there = True
assert presence() == 1 and (chip.out(10), chip.out(15)) == (0, 1)
print("OK")
