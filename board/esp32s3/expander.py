"""MCP23017, sixteen pins behind two bytes of I2C, polled (data sheet DS20001952, IOCON.BANK 0).

Registers are pairs, port A and B. A chip that does not answer is OSError; it is set up again at
the next use, so it may lose its power meanwhile. Modules in slots leave 0x20 and 0x27 free.
"""

from micropython import const

_IODIR = const(0x00)  # 1: input
_GPPU = const(0x0C)  # 1: pulled up
_GPIO = const(0x12)
_OLAT = const(0x14)


class Expander:
    def __init__(self, i2c, address, inputs):
        """`inputs`: a bit for each pin that is one, A0 the lowest, B7 the highest."""
        self._i2c = i2c
        self._address = address
        self._inputs = inputs
        self._out = 0  # levels of the outputs
        self._is_set = False  # has the chip been told, and did it answer since?
        self._buf = bytearray(2)

    def preset(self, pin, level):
        """The level of an output from the first use on; nothing is sent."""
        self._out = self._out & ~(1 << pin) | level << pin

    def read(self, pin):
        """Level of an input."""
        self._set_up()
        self._is_set = False
        self._i2c.readfrom_mem_into(self._address, _GPIO, self._buf)
        self._is_set = True
        return self._buf[pin >> 3] >> (pin & 7) & 1

    def drive(self, pin, level):
        """Level of an output."""
        self.preset(pin, level)
        self._set_up()
        self._write(_OLAT, self._out)

    def _set_up(self):
        if not self._is_set:
            self._write(_OLAT, self._out)  # before the direction: outputs start without a glitch
            self._write(_GPPU, self._inputs)
            self._write(_IODIR, self._inputs)

    def _write(self, register, bits):
        self._is_set = False
        self._buf[0] = bits & 0xFF
        self._buf[1] = bits >> 8
        self._i2c.writeto_mem(self._address, register, self._buf)
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
