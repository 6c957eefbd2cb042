"""A 24C02 at register level: 256 bytes, an address pointer, sequential reads that wrap at the end,
writes within a page of 8 bytes and the write cycle afterwards, in which it acknowledges nothing.
"""

import time

SIZE = 256
_PAGE = 8
_CYCLE_S = 0.005  # tWR, longest


class Eeprom:
    def __init__(self, data=b"", clock=time.monotonic):
        """`data` from address 0 on; the rest is as the chip leaves the factory, all ones."""
        self.data = bytearray(data[:SIZE].ljust(SIZE, b"\xff"))
        self.pointer = 0
        self._clock = clock
        self._busy_until = 0.0

    def is_answering(self):
        """Does it acknowledge its address now?"""
        return self._clock() >= self._busy_until

    def write(self, data):
        """Bytes after the address: the word address, then data that stay within their page."""
        if not data:
            return
        self.pointer = data[0]
        for byte in data[1:]:
            self.data[self.pointer] = byte
            page = self.pointer - self.pointer % _PAGE
            self.pointer = page + (self.pointer + 1) % _PAGE
        if len(data) > 1:
            self._busy_until = self._clock() + _CYCLE_S

    def read(self, count):
        """A sequential read of `count` bytes from where the pointer stands."""
        found = bytes(self.data[(self.pointer + i) % SIZE] for i in range(count))
        self.pointer = (self.pointer + count) % SIZE
        return found
