"""The waveform side of an ADE9000 at its SPI pins, with time in the test's hand.

Sets are numbered from the start of the capture; word c of set n is `word(n, c)`, so that a
reader can tell what it got. Each byte on the bus takes its time, so a burst can be overtaken
by the writer. It shares nothing with the emulator in tools/, which has no such time.
"""

import struct

from firmware.core.crc import crc16_ccitt

BYTE_NS = 400  # 20 MHz
ACCESS_US = 20  # what the processor takes around a frame
SET_US = 125
STATUS0, TRG_STAT, CRC_SPI = 0x402, 0x4A3, 0x4A9
PAGE_FULL = 1 << 17


def word(n, c):
    """Changes from set to set in every channel, as noise would; any 2048 sets are distinct."""
    return (n % 2048 << 12) + (c << 9) - (1 << 22)


class Silicon:
    def __init__(self):
        self.ns = 0  # time on the crystal
        self.word = word
        self.select_level = 1
        self.registers = {}
        self.flips = []  # (burst number, byte) to be inverted on MISO
        self.dead = None  # 0xFF or 0x00: what MISO reads while the wire is off
        self.blank_bursts = None  # the same for bursts only
        self.bursts = 0
        self.edges = 0  # falls of /IRQ0
        self._frame = b""
        self._is_full = False
        self._told = 0  # quarters whose PAGE_FULL was raised
        self._crc = 0

    # the processor's clock is the same crystal

    def us(self):
        return self.ns // 1000

    def diff_us(self, a, b):
        return a - b

    def advance(self, us):
        self.ns += us * 1000
        self._ring()

    def _ring(self):
        quarters = self.sets() // 64
        if quarters > self._told:
            self._told = quarters
            self.edges += not self._is_full
            self._is_full = True

    def sets(self):
        """Written so far."""
        return self.ns // (SET_US * 1000)

    # machine.SPI and the select pin

    def select(self, level):
        if level:
            self._end()
            self.advance(ACCESS_US)
        self._frame = b""

    def write(self, data):
        self._frame += bytes(data)
        self.ns += len(data) * BYTE_NS

    def readinto(self, buf):
        self._ring()
        address = (self._frame[0] << 8 | self._frame[1]) >> 4
        data = self._waveform(address, len(buf)) if address >= 0x800 else self._read(address)
        if self.dead is not None:
            data = bytes([self.dead]) * len(buf)
        buf[:] = data

    def _end(self):
        if len(self._frame) > 2:
            address = (self._frame[0] << 8 | self._frame[1]) >> 4
            value = int.from_bytes(self._frame[2:], "big")
            self._ring()
            if self.dead is not None:
                return
            if address == STATUS0:
                self._is_full = self._is_full and not value & PAGE_FULL
            else:
                self.registers[address] = value

    def _read(self, address):
        size = 2 if 0x480 <= address <= 0x4FE else 4
        value = self.registers.get(address, 0)
        if address == STATUS0:
            value = PAGE_FULL if self._is_full else 0
        elif address == TRG_STAT:
            value = (self.sets() // 16 - 1) % 16 << 12
        elif address == CRC_SPI:
            value = self._crc
        self.ns += (size + 2) * BYTE_NS
        data = value.to_bytes(size, "big")
        return data + crc16_ccitt(data).to_bytes(2, "big")

    def _waveform(self, address, size):
        self.bursts += 1
        data = bytearray(size)
        first = (address - 0x800) // 8
        for k in range(size // 28):
            place = first + k
            newest = self.sets() - 1  # the last one that is there by now
            n = newest - (newest - place) % 256
            struct.pack_into(">7i", data, 28 * k, *[self.word(n, c) for c in range(7)])
            self.ns += 28 * BYTE_NS
        self._crc = crc16_ccitt(data)
        for burst, at in self.flips:
            if burst == self.bursts:
                data[at] ^= 0x10
        if self.blank_bursts is not None:
            return bytes([self.blank_bursts]) * size
        return data
