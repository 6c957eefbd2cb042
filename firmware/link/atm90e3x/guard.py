"""The configuration guard of an ATM90: is it still set as it was told?

Each call reads back a few rows of the table, and the checksums the IC computes over its own
configuration. What is not as told is written again, whole, and named.
"""

from micropython import const

from firmware.core.crc import crc16_ccitt
from firmware.core.errors import LinkError

_ROWS = const(5)  # read back a call, of some fifty


class Guard:
    def __init__(self, bus, startup, chip):
        self.bus = bus
        self.startup = startup
        self.chip = chip
        self.rows = ()  # the settings table in force
        self.crc = None  # of the IC's checksums; None: none yet
        self.upsets = 0
        self._calls = 0

    def checksum(self):
        """One number of the IC's own checksums."""
        crc = 0xFFFF
        for register in self.chip.checksums:
            crc = crc16_ccitt(self.bus.read(register).to_bytes(2, "big"), crc)
        return crc

    def check(self):
        """Once a second: None, or (crc, is_same, text) when there is news."""
        wrong = None
        for k in range(_ROWS):
            register, value = self.rows[(self._calls * _ROWS + k) % len(self.rows)]
            if self.bus.read(register) != value:
                wrong = register, value
        self._calls += 1
        if wrong is None and self.checksum() == self.crc:
            return None
        wrong = wrong or self.startup.first_wrong(self.rows)
        text = "the checksum of the configuration is wrong"
        if wrong is not None:
            text = "register 0x%02X held 0x%X, not 0x%X"
            text = text % (wrong[0], self.bus.read(wrong[0]), wrong[1])
        self.bus.prove()  # a dead bus is no upset
        self.upsets += 1
        self.startup.write(self.rows)
        if self.startup.first_wrong(self.rows) is not None or self.checksum() != self.crc:
            raise LinkError(text + ", and cannot be mended")
        return self.crc, False, text + "; written again"

    def change(self, rows):
        """Other rows are in force: (crc, is_same, text)."""
        self.rows = rows
        self.startup.write(rows)
        self.crc = self.checksum()
        return self.crc, True, "new calibration rows are in force"
