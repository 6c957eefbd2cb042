"""Register and burst access to the metrology IC over SPI (ADE9000, UG-1098 'SPI protocol').

Frame = 16-bit header (address << 4, bit 3 = read), data, and on register reads a CRC-16 over
the data. Writes carry no CRC: `write_checked` reads back. Calls block for the transfer only
(below 2 ms for the longest burst at 20 MHz). One caller at a time: the link task.
"""

from micropython import const

from firmware.core.crc import crc16_ccitt
from firmware.core.errors import LinkError
from firmware.link.ade9000 import registers

_RETRIES = const(2)  # a register read hit by noise is repeated; a pulled link fails thrice


class Bus:
    def __init__(self, spi, select):
        """`spi` as machine.SPI, mode 0; `select(level)` drives /SS."""
        self._spi = spi
        self._select = select
        self._head = bytearray(2)
        self._rx16 = bytearray(4)  # data and CRC
        self._rx32 = bytearray(6)
        self._tx16 = bytearray(4)  # header and data
        self._tx32 = bytearray(6)
        self.crc_errors = 0

    def _header(self, buf, reg, read):
        buf[0] = reg >> 4
        buf[1] = reg << 4 & 0xF0 | (8 if read else 0)

    def read(self, reg):
        """Unsigned value of a register; LinkError when its CRC stays wrong."""
        size = registers.width(reg)
        rx = self._rx16 if size == 2 else self._rx32
        for _ in range(1 + _RETRIES):
            self._header(self._head, reg, True)
            self._select(0)
            self._spi.write(self._head)
            self._spi.readinto(rx)
            self._select(1)
            value = 0
            for i in range(size):
                value = value << 8 | rx[i]
            # a CRC run on over its own transmission leaves zero (no final XOR)
            if crc16_ccitt(rx) == 0:
                return value
            self.crc_errors += 1
        raise LinkError("register 0x%03X: CRC wrong in %d reads" % (reg, 1 + _RETRIES))

    def read_signed(self, reg):
        """As `read`, two's complement over the register's width."""
        value = self.read(reg)
        bits = registers.width(reg) * 8
        return value - (1 << bits) if value >> bits - 1 else value

    def write(self, reg, value):
        """Write without check (for write-1-to-clear and keys)."""
        size = registers.width(reg)
        tx = self._tx16 if size == 2 else self._tx32
        self._header(tx, reg, False)
        for i in range(size):
            tx[1 + size - i] = value >> 8 * i & 0xFF
        self._select(0)
        self._spi.write(tx)
        self._select(1)

    def write_checked(self, reg, value):
        """Write and read back; LinkError when it did not stay."""
        self.write(reg, value)
        back = self.read(reg)
        if back != value:
            raise LinkError("register 0x%03X: wrote 0x%X, reads 0x%X" % (reg, value, back))

    def burst(self, address, view):
        """Fill the preallocated `view` with waveform words from `address` (UG-1098 'WFB')."""
        self._header(self._head, address, True)
        self._select(0)
        self._spi.write(self._head)
        self._spi.readinto(view)
        self._select(1)
