"""A 24C02 on an I2C bus, written from the chip's data sheet (Atmel 0180Z1, 24C02): 256 bytes, an
address pointer that a write sets and every byte moves on, a page of 8 bytes for writes."""

_SIZE = 256
_PAGE = 8


class Eeprom:
    def __init__(self, data=b""):
        self.data = bytearray(b"\xff" * _SIZE)
        self.data[: len(data)] = data
        self.pointer = 0
        self.is_powered = True

    def write(self, out):
        """The first byte is the word address; what follows stays within its page."""
        if not out:
            return
        self.pointer = out[0]
        for byte in out[1:]:
            self.data[self.pointer] = byte
            page = self.pointer & ~(_PAGE - 1)
            self.pointer = page | (self.pointer + 1) & (_PAGE - 1)

    def read(self, count):
        """Sequential read; after the last byte comes the first."""
        found = bytearray(count)
        for i in range(count):
            found[i] = self.data[self.pointer]
            self.pointer = (self.pointer + 1) % _SIZE
        return bytes(found)


class Bus:
    """The calls of machine.I2C the firmware makes. `chips` by address; nobody there: ENODEV."""

    def __init__(self):
        self.chips = {}
        self.transfers = 0

    def _chip(self, address):
        self.transfers += 1
        chip = self.chips.get(address)
        if chip is None or not chip.is_powered:
            raise OSError(19)
        return chip

    def readfrom_mem(self, address, memaddr, count):
        chip = self._chip(address)
        chip.write(bytes((memaddr,)))
        return chip.read(count)

    def writeto_mem(self, address, memaddr, data):
        self._chip(address).write(bytes((memaddr,)) + data)
