"""Register access to an ATM90 over SPI: one access of exactly 32 clocks per /CS low.

There is no CRC; LastSPIData repeats the data of the access before it. So a value is taken when
two of these agree. A register that reading clears is never read twice: what it held is still in
LastSPIData, also after the wire was off, until another access comes. Before each such reading the
sentinel (a register whose value is known) is read, to tell later whether the reading happened.
All ones are no value: a register that is full has lost count anyway.
"""

from micropython import const

from firmware.core import flags
from firmware.core.errors import LinkError
from firmware.link.chip import Restart

# high and low of SCLK take at least 5 and 2 of 61 ns, so a square clock at most 1.5 MHz
SPI_HZ = 1000000
_TRIES = const(3)
_ECHOES = const(6)
_PATIENCE = const(50)  # calls of `recover` after which all ones may be what a register held
_ONES = const(0xFFFF)  # what a wire that is off reads
_BLANK = (0x0000, _ONES)  # ... or one that is shorted


class Bus:
    def __init__(self, spi, select, chip):
        """`chip` is one of registers.E36A and E32AS; `spi` as machine.SPI."""
        spi.init(baudrate=SPI_HZ, polarity=1, phase=1)
        self._spi = spi
        self._select = select
        self._last = chip.last
        self._sentinel = chip.sentinel
        self.sentinel_value = chip.sentinel_value
        self._tx = bytearray(4)
        self._head = bytearray(2)
        self._rx = bytearray(2)
        self.errors = 0  # values that did not agree with their echo
        self.full = 0  # energy registers that were full: how much is not known
        self.recovered = 0  # readings of a register that clears, saved by the echo
        self.faults = 0  # core.flags bits of what made reads fail
        self._dead = 0  # times in a row that `recover` found the wire off
        self._pending = -1  # place of the reading that has not been confirmed; -1: none

    def _access(self, register):
        self._head[0] = 0x80 | register >> 8
        self._head[1] = register & 0xFF
        self._select(0)
        self._spi.write(self._head)
        self._spi.readinto(self._rx)
        self._select(1)
        return self._rx[0] << 8 | self._rx[1]

    def write(self, register, value):
        tx = self._tx
        tx[0] = register >> 8
        tx[1] = register & 0xFF
        tx[2] = value >> 8 & 0xFF
        tx[3] = value & 0xFF
        self._select(0)
        self._spi.write(tx)
        self._select(1)

    def _agreed(self, value):
        """What two of a value and its echoes say; -1 when no two agree. Blank echoes of another
        value are no votes."""
        echo = self._access(self._last)
        if echo == value:
            return value
        self.errors += 1
        for _ in range(_ECHOES):
            again = self._access(self._last)
            if again == value or (again == echo and again not in _BLANK):
                return again
            echo = again
        return -1

    def read(self, register):
        """Value of a register that reading does not clear. A dead bus shows in `prove` only."""
        for _ in range(_TRIES):
            value = self._agreed(self._access(register))
            if value >= 0:
                return value
        self.faults |= flags.SHORT
        raise LinkError("register 0x%02X: no two readings agree" % register)

    def write_checked(self, register, value):
        self.write(register, value)
        back = self.read(register)
        if back != value:
            raise LinkError("register 0x%02X: wrote 0x%X, reads 0x%X" % (register, value, back))

    def prove(self):
        """The bus lives and the IC runs as it was told; LinkError when not."""
        for _ in range(_TRIES):
            value = self._access(self._sentinel)
            if value == self.sentinel_value:
                return
        if value in _BLANK:
            self.faults |= flags.BUS
            raise LinkError("nothing drives the bus: it reads 0x%02X only" % (value & 0xFF))
        if self.read(self._sentinel) != self.sentinel_value:
            self._pending = -1  # gone with the reset
            raise Restart("the metrology IC was reset")

    def take(self, register, place):
        """Value of a register that reading clears. When that fails, `recover` will tell it."""
        for _ in range(_TRIES):
            self.prove()
            self._pending = place
            answer = self._access(register)
            value = self._agreed(answer)
            if value < 0 or value == _ONES:
                break  # no other access now: the echo may still tell
            if value == 0:
                self.prove()  # a zero is a zero only on a bus that lives
            self._pending = -1
            if value == answer or value != self.sentinel_value:
                return value
            # the echo is that of the sentinel: the reading never happened
        self.faults |= flags.SHORT
        raise LinkError("register 0x%02X: no two readings agree" % register)

    def recover(self):
        """(place, value) of a reading that failed after the register was cleared, None without
        one. Before any other access. LinkError while the bus is still dead."""
        if self._pending < 0:
            return None
        value = self._agreed(self._access(self._last))
        if value < 0 or value == _ONES:
            self._dead += 1
            if self._dead < _PATIENCE:
                raise LinkError("nothing drives the bus: it reads 0xFF only")
            self.prove()  # raises while the wire is off; else the register was full
            self.full += 1
        if value == 0:
            self.prove()
        self._dead = 0
        place, self._pending = self._pending, -1
        if value in (self.sentinel_value, _ONES, -1):
            return None  # the reading never happened
        self.recovered += 1
        return place, value

    @property
    def owes(self):
        """Is there something to `recover`?"""
        return self._pending >= 0
