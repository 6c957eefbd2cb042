"""Register and burst access to the metrology IC over SPI (ADE9000, UG-1098 'SPI protocol').

Frame = 16-bit header (address << 4, bit 3 = read), data, and on register reads a CRC-16 over
the data. Writes carry no CRC: `write_checked` reads back. The lock (WR_LOCK) covers the status
registers too, so it comes off for each acknowledge: 8 bytes more a burst, 3 us at 20 MHz.
Calls block for the transfer only. One caller at a time: the link task.
"""

from micropython import const

from firmware.core import flags
from firmware.core.errors import LinkError
from firmware.link.ade9000 import kernels, registers

_RETRIES = const(2)  # a register read hit by noise is repeated; a pulled link fails thrice
# whole frames: header and data
_UNLOCK = b"\x4b\xf0\x4a\xd1"
_LOCK = b"\x4b\xf0\x3c\x64"
_PAGE_FULL_SEEN = b"\x40\x20\x00\x02\x00\x00"  # STATUS0 <- bit 17


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
        self.faults = 0  # core.flags bits of what made reads fail; whoever acts on them clears

    def _header(self, buf, reg, read):
        buf[0] = reg >> 4
        buf[1] = reg << 4 & 0xF0 | (8 if read else 0)

    def _send(self, frame):
        self._select(0)
        self._spi.write(frame)
        self._select(1)

    def read(self, reg):
        """Unsigned value of a register; LinkError when its CRC stays wrong."""
        rx = self._rx16 if 0x480 <= reg <= 0x4FE else self._rx32
        size = len(rx)
        self._header(self._head, reg, True)
        for _ in range(1 + _RETRIES):
            self._select(0)
            self._spi.write(self._head)
            self._spi.readinto(rx)
            self._select(1)
            # a CRC run on over its own transmission leaves zero (no final XOR)
            if kernels.crc16(rx, 0xFFFF, size, kernels.TABLES) == 0:
                value = rx[0] << 8 | rx[1]
                return value if size == 4 else value << 16 | rx[2] << 8 | rx[3]
            self.crc_errors += 1
        if is_blank(rx, 0, size):
            self.faults |= flags.BUS
            raise LinkError("nothing drives the bus: it reads 0x%02X only" % rx[0])
        self.faults |= flags.SHORT
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
        self._send(tx)

    def write_checked(self, reg, value):
        """Write and read back; LinkError when it did not stay."""
        self.write(reg, value)
        back = self.read(reg)
        if back != value:
            raise LinkError("register 0x%03X: wrote 0x%X, reads 0x%X" % (reg, value, back))

    def lock(self):
        """No more writes but by `acknowledge`, until `unlock`."""
        self._send(_LOCK)

    def unlock(self):
        self._send(_UNLOCK)

    def acknowledge(self):
        """PAGE_FULL was seen: /IRQ0 may ring again. The lock is on afterwards."""
        self._send(_UNLOCK)
        self._send(_PAGE_FULL_SEEN)
        self._send(_LOCK)

    def burst(self, address, view):
        """Fill the preallocated `view` with waveform words from `address` (UG-1098 'WFB')."""
        self._header(self._head, address, True)
        self._select(0)
        self._spi.write(self._head)
        self._spi.readinto(view)
        self._select(1)


def is_blank(buf, at, size):
    """Nothing but ones, or nothing but zeros: the wire is off, or shorted."""
    first = buf[at]
    end = at + size
    while at < end and buf[at] == first:
        at += 1
    return at == end and first in (0, 0xFF)
