"""The module's MCP23017 as it is wired: twelve inputs, low where there is current, and the switch
between the converter and the bus. Inputs are bits here, di1 the lowest, 1 where there is current.
"""

from micropython import const

from firmware.chips import mcp23017
from firmware.core.errors import SlotError

COUNT = const(12)  # di1..7 on A0..6, di8..12 on B0..4

_OUTPUTS = const(0x8080)  # B7 is the switch, A7 is not used
_SWITCH = const(0x8000)
_CONTROL = mcp23017.MIRROR | mcp23017.ODR
_BURST = const(10)  # IOCON, GPPU, INTF, INTCAP, GPIO, both ports of each
_INTF = const(4)
_INTCAP = const(6)
_GPIO = const(8)


class Ports:
    def __init__(self, i2c, address):
        self.levels = 0  # at the last look
        self.captured = 0  # when a port asked for attention; where none did, as at the look before
        self.causes = 0  # inputs that asked for attention
        self._chip = mcp23017.Mcp23017(i2c, address)
        self._address = address
        self._burst = bytearray(_BURST)

    def set_up(self):
        """No input asks for attention yet. SlotError when there is no such chip."""
        chip = self._chip
        settings = (
            (mcp23017.IOCON, _CONTROL * mcp23017.TWICE),
            (mcp23017.GPINTEN, 0),
            (mcp23017.OLAT, 0),  # before the direction: the switch stays open
            (mcp23017.IODIR, 0xFFFF & ~_OUTPUTS),
            (mcp23017.IPOL, 0),
            (mcp23017.INTCON, 0),
            (mcp23017.GPPU, 0xFFFF & ~_OUTPUTS),
        )
        for register, bits in settings:
            self._ask(chip.write, register, bits)
        for register, bits in settings:
            if self._ask(chip.read, register) != bits:
                raise SlotError("what answers at 0x%02x is no MCP23017" % self._address)

    def arm(self, inputs):
        """These inputs ask for attention when they change."""
        self._ask(self._chip.write, mcp23017.GPINTEN, (inputs & 0x7F) | (inputs & 0xF80) << 1)

    def look(self):
        """One transfer: why it asked, the inputs then and now; the interrupt is over. SlotError
        when the chip is gone or was reset."""
        burst = self._burst
        self._ask(self._chip.read_into, mcp23017.IOCON, burst)
        if burst[0] != _CONTROL or burst[1] != _CONTROL:
            raise SlotError("the MCP23017 at 0x%02x lost its settings" % self._address)
        before = self.levels
        first = burst[_INTF] & 0x7F
        second = burst[_INTF + 1] & 0x1F
        self.causes = first | second << 7
        at = ~burst[_INTCAP] if first else before
        captured = at & 0x7F
        at = ~burst[_INTCAP + 1] if second else before >> 7
        self.captured = captured | (at & 0x1F) << 7
        self.levels = (~burst[_GPIO] & 0x7F) | (~burst[_GPIO + 1] & 0x1F) << 7

    def switch(self, on):
        """The converter is on the bus, or not."""
        self._ask(self._chip.write, mcp23017.OLAT, _SWITCH if on else 0)

    def _ask(self, call, *args):
        try:
            return call(*args)
        except OSError:
            raise SlotError("the MCP23017 at 0x%02x does not answer" % self._address)
