"""machine.I2C over emulated chips of this process: what a driver uses of it."""


class Bus:
    def __init__(self, chips):
        """{address: chip}, as the emulators of tools/emulator are."""
        self.chips = chips
        self.transfers = 0

    def _transfer(self, address, out, into):
        self.transfers += 1
        chip = self.chips.get(address)
        if chip is None or not chip.is_answering():
            raise OSError(19)
        chip.write(bytes(out))
        found = chip.read(len(into))
        if found is None:
            raise OSError(19)
        into[:] = found

    def writeto(self, address, data):
        self._transfer(address, data, bytearray(0))

    def readfrom_into(self, address, buf):
        self._transfer(address, b"", buf)

    def writeto_mem(self, address, register, data):
        self._transfer(address, bytes((register,)) + bytes(data), bytearray(0))

    def readfrom_mem_into(self, address, register, buf):
        self._transfer(address, bytes((register,)), buf)
