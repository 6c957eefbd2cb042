"""SPI slave of the ATM90: one access per /CS low, exactly 32 clocks (atm90e36a.md 'Link').

Bit 15 of the first word: 1 = read; the low 10 bits are the address. LastSPIData keeps the data of
the access before; reading it does not disturb it [U]. A read-clear register is cleared when that
echo has been renewed, that is, at the end of a whole frame.
"""

_IDLE = b"\xff"


class SpiSlave:
    def __init__(self, chip):
        self.chip = chip
        self._is_selected = False
        self._begin()

    def _begin(self):
        self._frame = b""
        self._value = 0  # what is read

    def select(self):
        self._is_selected = True
        self._begin()

    def clock(self, mosi):
        """len(mosi) bytes in, as many out."""
        if not self._is_selected or not self.chip.is_alive:
            return _IDLE * len(mosi)
        reply = bytearray()
        for byte in mosi:
            at = len(self._frame)
            self._frame += bytes((byte,))
            if at == 1 and self._frame[0] & 0x80:
                self._value = self.chip.read(self._address)
            is_data = at in (2, 3) and self._frame[0] & 0x80
            reply.append(self._value >> (8 * (3 - at)) & 0xFF if is_data else 0)
        return bytes(reply)

    @property
    def _address(self):
        return int.from_bytes(self._frame[:2], "big") & 0x3FF

    def deselect(self):
        """/CS rises: an access of another length never was."""
        if self._is_selected and len(self._frame) == 4:
            if self._frame[0] & 0x80:
                self.chip.was_read(self._address, self._value)
            else:
                self.chip.write(self._address, int.from_bytes(self._frame[2:], "big"))
        self._is_selected = False
