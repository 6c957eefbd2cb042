"""MCP23017, sixteen pins behind I2C (data sheet DS20001952), with IOCON.BANK 0 as after power-on.

Registers are pairs, port A and B: words here, A0 the lowest bit, B7 the highest. Nothing waits;
a chip that does not answer is OSError. Revision D of the data sheet makes A7 and B7 outputs only.
"""

from micropython import const

IODIR = const(0x00)  # 1: input
IPOL = const(0x02)  # 1: read inverted
GPINTEN = const(0x04)  # 1: interrupt on change
DEFVAL = const(0x06)
INTCON = const(0x08)  # 1: compared to DEFVAL, 0: to what it was
IOCON = const(0x0A)  # the same register twice
GPPU = const(0x0C)  # 1: pulled up
INTF = const(0x0E)  # 1: this pin caused the interrupt
INTCAP = const(0x10)  # the ports at that time; reading it ends the interrupt
GPIO = const(0x12)  # the pins; reading it ends the interrupt too
OLAT = const(0x14)  # what outputs drive

# bits of either byte of IOCON
MIRROR = const(0x40)  # INTA and INTB are one
SEQOP = const(0x20)  # the address stays within its pair
ODR = const(0x04)  # open drain, active low

TWICE = const(0x0101)  # IOCON is written as this times its bits


class Mcp23017:
    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def read(self, register):
        """The word of a pair."""
        self._i2c.readfrom_mem_into(self._address, register, self._word)
        return self._word[0] | self._word[1] << 8

    def read_into(self, register, buf):
        """Registers from an address on, as they lie in the chip."""
        self._i2c.readfrom_mem_into(self._address, register, buf)

    def write(self, register, bits):
        self._word[0] = bits & 0xFF
        self._word[1] = bits >> 8
        self._i2c.writeto_mem(self._address, register, self._word)
