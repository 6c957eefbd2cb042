"""ATM90 register access: energy that reading clears is neither lost nor counted twice, wherever
the wire is cut or a bit is turned.

The part below stands for the silicon at its pins: frames of 32 clocks, LastSPIData, registers
that a whole reading clears. Time goes by bytes on the bus.
"""

from firmware.core.errors import LinkError
from firmware.link.atm90e3x import registers as reg
from firmware.link.atm90e3x.bus import Bus
from firmware.link.chip import Restart

PLACES = 4


class Silicon:
    def __init__(self):
        self.registers = {reg.E36A.sentinel: reg.OPERATE}
        self.last = 0
        self.bytes = 0  # clocked so far
        self.cut = (1 << 30, 0)  # bytes from .. to: the wire is off
        self.level = 0xFF  # and reads so
        self.flip = {}  # byte number: bits turned on MISO
        self._frame = None

    def init(self, baudrate, polarity, phase):
        assert baudrate <= 1500000

    def is_cut(self):
        return self.cut[0] <= self.bytes < self.cut[1]

    def select(self, level):
        if not level:
            self._frame = b"" if not self.is_cut() else None
        elif self._frame is not None and len(self._frame) == 4:
            self._end()
        if level:
            self._frame = None

    def _end(self):
        address = (self._frame[0] & 3) << 8 | self._frame[1]
        if address == reg.E36A.last:
            return
        if self._frame[0] & 0x80:
            self.last = self.registers.get(address, 0)
            if 0x80 <= address < 0x90:
                self.registers[address] = 0
        else:
            self.last = self.registers[address] = self._frame[2] << 8 | self._frame[3]

    def _clock(self, byte):
        at = 0 if self._frame is None else len(self._frame)
        out = self.level
        if self._frame is not None and self.is_cut():
            self._frame = None  # a select that came back half-way is another one
        if self._frame is not None:
            out = 0
            if at >= 2 and self._frame[0] & 0x80:
                address = (self._frame[0] & 3) << 8 | self._frame[1]
                is_last = address == reg.E36A.last
                value = self.last if is_last else self.registers.get(address, 0)
                out = value >> 8 if at == 2 else value & 0xFF
            self._frame += bytes([byte])
        out ^= self.flip.pop(self.bytes, 0)
        self.bytes += 1
        return out

    def write(self, data):
        for byte in data:
            self._clock(byte)

    def readinto(self, buf):
        for i in range(len(buf)):
            buf[i] = self._clock(0)


class Host:
    """Reads all energies for ever, as the chip's `serve` does."""

    def __init__(self):
        self.silicon = Silicon()
        self.bus = Bus(self.silicon, self.silicon.select, reg.E36A)
        self.made = [0] * PLACES
        self.got = [0] * PLACES
        self.failures = 0

    def make(self, n):
        """Energy is counted; some registers have none."""
        for place in range(PLACES):
            counts = (n * 7 + place * 13) % 50 if place % 3 else 0
            self.made[place] += counts
            address = reg.AP_ENERGY + place
            held = self.silicon.registers.get(address, 0)
            self.silicon.registers[address] = held + counts

    def round(self):
        try:
            found = self.bus.recover()
            if found is not None:
                self.got[found[0]] += found[1]
            for place in range(PLACES):
                self.got[place] += self.bus.take(reg.AP_ENERGY + place, place)
            self.bus.prove()
        except LinkError as error:
            assert not isinstance(error, Restart)  # nobody made a reset
            self.failures += 1
            self.silicon.bytes += 40  # what others clock while it waits


def run(prepare, rounds=2):
    host = Host()
    prepare(host.silicon)
    for n in range(rounds):
        host.make(n + 1)
        host.round()
    for _ in range(5):  # until the wire is back, and a last reading of all
        host.round()
    assert host.made == host.got, (host.made, host.got, host.silicon.cut)
    return host


length = run(lambda silicon: None).silicon.bytes  # of seven rounds
assert not run(lambda silicon: None).failures

# the wire off at every byte of a round, for a moment and for long, floating or shorted
failures = 0
for first in range(length // 7):
    for span in (1, 5, 150):
        for level in (0xFF, 0x00):

            def cut(silicon, first=first, span=span, level=level):
                silicon.cut = (first, first + span)
                silicon.level = level

            failures += run(cut).failures
assert failures > 50, failures

# a bit turned in every byte of a round, in one and in the next
for first in range(length // 7):
    for mask in (1, 0x80):

        def flip(silicon, first=first, mask=mask):
            silicon.flip = {first: mask, first + 1: mask, first + 9: 0x10}

        run(flip)

# so long a noise that no two readings agree: told, and the echo still holds the value
host = Host()
host.make(1)
host.bus.take(reg.AP_ENERGY, 0)
at = host.silicon.bytes + 4
host.silicon.flip = {at + 2 + 4 * k: 1 + k for k in range(9)}
try:
    host.bus.take(reg.AP_ENERGY + 1, 1)
    raise AssertionError("noise was taken for a value")
except LinkError:
    pass
assert host.bus.owes
host.silicon.flip = {}
assert host.bus.recover() == (1, host.made[1])
assert not host.bus.owes and host.bus.recovered == 1

# an ordinary register is read again
host = Host()
host.silicon.registers[0xD9] = 0x1234
host.silicon.flip = {2 + 4 * k: 1 + k for k in range(9)}
assert host.bus.read(0xD9) == 0x1234 and host.bus.errors

# a reset is told apart from a dead wire, and what was owed is forgotten
host.silicon.registers[reg.E36A.sentinel] = reg.POWER_UP
try:
    host.bus.prove()
    raise AssertionError("a part that was reset passed for one in operation")
except Restart:
    pass
host.silicon.cut = (0, 1 << 29)
try:
    host.bus.prove()
    raise AssertionError("a dead wire passed")
except LinkError as error:
    assert not isinstance(error, Restart) and "0xFF only" in str(error)

print("OK")
