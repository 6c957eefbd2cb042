"""The pins of an MCP23017, polled. A chip that does not answer is OSError; it is set up again at
the next use, so it may lose its power meanwhile. Modules in slots leave 0x20 and 0x27 free.
"""

from firmware.chips import mcp23017


class Expander:
    def __init__(self, i2c, address, inputs):
        """`inputs`: a bit for each pin that is one, A0 the lowest, B7 the highest."""
        self._chip = mcp23017.Mcp23017(i2c, address)
        self._inputs = inputs
        self._out = 0  # levels of the outputs
        self._is_set = False  # has the chip been told, and did it answer since?

    def preset(self, pin, level):
        """The level of an output from the first use on; nothing is sent."""
        self._out = self._out & ~(1 << pin) | level << pin

    def read(self, pin):
        """Level of an input."""
        self._set_up()
        self._is_set = False
        levels = self._chip.read(mcp23017.GPIO)
        self._is_set = True
        return levels >> pin & 1

    def drive(self, pin, level):
        """Level of an output."""
        self.preset(pin, level)
        self._set_up()
        self._write(mcp23017.OLAT, self._out)

    def _set_up(self):
        if not self._is_set:
            # before the direction: outputs start without a glitch
            self._write(mcp23017.OLAT, self._out)
            self._write(mcp23017.GPPU, self._inputs)
            self._write(mcp23017.IODIR, self._inputs)

    def _write(self, register, bits):
        self._is_set = False
        self._chip.write(register, bits)
        self._is_set = True


class Pin:
    """One pin, called as a machine.Pin is. An output has the level it starts with."""

    def __init__(self, chip, number, level=None):
        self._chip = chip
        self._number = number
        if level is not None:
            chip.preset(number, level)

    def __call__(self, level=None):
        if level is None:
            return self._chip.read(self._number)
        self._chip.drive(self._number, level)
        return None
