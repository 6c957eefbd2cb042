"""The control module's MCP23017 and what its pins are. The board is invented: four relays for the
coils of two switches, each relay with a contact that is read back, and contacts of the plant.

Pins as bits of a word, A0 the lowest. Revision D of the chip's data sheet allows A7 and B7 as
outputs only: they and A6, B6 are the coils.
  A0..A3   contacts of the relays "q1 close, q1 open, q2 close, q2 open"
  A4 A5    switch q1 is closed, is open;   B0 B1 the same of q2
  B2       key switch: others than people here may operate
  B3       no maintenance plate hangs: 0 also when its wire is broken
  B4       the coils have supply;          B5 free
  A6 A7    coils q1 close, q1 open;        B6 B7 coils q2 close, q2 open
"""

from micropython import const

from firmware.chips import mcp23017
from firmware.core.errors import SlotError

RELAYS = const(0x000F)
REMOTE = const(0x0400)
NO_PLATE = const(0x0800)
SUPPLY = const(0x1000)
COILS = (0x0040, 0x0080, 0x4000, 0x8000)  # in the order of the relays

MOVING, OPEN, CLOSED, FAULTY = const(0), const(1), const(2), const(3)

_POSITION = (4, 8)  # first bit of each switch
_INPUTS = const(0x3F3F)
_WATCHED = const(0x1F3F)  # changes of these are told by the interrupt line
_CONTROL = mcp23017.TWICE * (mcp23017.MIRROR | mcp23017.ODR)

# register pair, word: written in this order, so that a latch is 0 before its pin is an output
_SETTINGS = (
    (mcp23017.OLAT, 0),
    (mcp23017.IOCON, _CONTROL),
    (mcp23017.IPOL, 0),
    (mcp23017.DEFVAL, 0),
    (mcp23017.INTCON, 0),
    (mcp23017.GPPU, 0),
    (mcp23017.GPINTEN, _WATCHED),
    (mcp23017.IODIR, _INPUTS),
)
_COUNT = const(22)  # registers of the chip


class Board:
    """What does not answer is OSError."""

    def __init__(self, i2c, address):
        self.fed = 0  # bits of the coil that may be fed
        self._chip = mcp23017.Mcp23017(i2c, address)
        self._file = bytearray(_COUNT)

    def set_up(self):
        for register, word in _SETTINGS:
            self._chip.write(register, word)
        self.fed = 0

    def look(self):
        """The pins. SlotError when the chip is not set as it was: it has lost its supply."""
        fed = self.fed
        self._chip.read_into(0, self._file)
        for register, word in _SETTINGS[1:]:
            if self._word(register) != word:
                raise SlotError("the control module was reset, its register %d" % register)
        # the timer's callback may have ended the pulse in between
        if self._word(mcp23017.OLAT) not in (0, fed):
            raise SlotError("the control module feeds a coil that nobody ordered")
        return self._word(mcp23017.GPIO)

    def feed(self, relay):
        """One coil, and only this one."""
        self.fed = COILS[relay]
        self._chip.write(mcp23017.OLAT, self.fed)

    def stop(self):
        """No coil."""
        self._chip.write(mcp23017.OLAT, 0)
        self.fed = 0

    def let_go(self):
        """No coil, and no pin is an output: as after a reset."""
        self.stop()
        self._chip.write(mcp23017.IODIR, 0xFFFF)

    def _word(self, register):
        return self._file[register] | self._file[register + 1] << 8


def position(pins, switch):
    """MOVING .. FAULTY of switch 0 or 1: a double point, as IEC 60870-5-101 counts them."""
    pair = pins >> _POSITION[switch]
    return (pair & 1) << 1 | pair >> 1 & 1
