"""A Microchip MCP23017 at register level (data sheet DS20001952): two ports of eight pins behind
I2C, with interrupt on change. Pins are numbered as in 16-bit words: A0 is 0, B7 is 15.

Where the data sheet leaves it open: an interrupt that waits to be read takes no further pins into
INTF; INTCAP and GPIO show IPOL, comparisons are of pins; reserved addresses of BANK 1 read 0. Its
revision D makes A7 and B7 outputs only: here they may be inputs as before.

Plain enough to run under MicroPython too, in a test on virtual time.
"""

# Registers, their address in BANK 0 halved and in BANK 1 without the port (table 3-1)
IODIR, IPOL, GPINTEN, DEFVAL, INTCON, IOCON, GPPU, INTF, INTCAP, GPIO, OLAT = range(11)

# Bits of IOCON (register 3-6); HAEN is kept, but the I2C chip's address pins always count
BANK, MIRROR, SEQOP, DISSLW, HAEN, ODR, INTPOL = (1 << n for n in (7, 6, 5, 4, 3, 2, 1))

_COUNT = 11
_LAST = (0x15, 0x1A)  # last address in BANK 0 and 1
_PORT_B = 0x10  # in BANK 1
_READ_ONLY = (INTF, INTCAP)


class Mcp23017:
    def __init__(self, interrupt=None, outputs=None):
        """`interrupt(line, level)`: INTA (0) or INTB (1) changed, as seen with a pull-up;
        `outputs()`: a pin may look otherwise from outside now. It starts without power."""
        self._interrupt = interrupt
        self._outputs = outputs
        self._driven = [None] * 16  # from outside: level, or None where nobody does
        self._lines = [1, 1]  # as they were told last
        self._seen = None  # what decides on the outputs, as it was told last
        self._before = 0  # what the pins are compared to while no interrupt waits
        self.is_on = False
        self._reset()

    # wires

    def power(self, on):
        """Supply and /RESET together; either way all registers are lost (3.1)."""
        self.is_on = bool(on)
        self._reset()
        self._before = self._pins()
        self._tell()

    def drive(self, pin, level):
        """A level from outside, or None to let go. An output of the chip is stronger."""
        if self._driven[pin] != level:
            self._driven[pin] = level
            self._watch()

    def level(self, pin):
        """What a probe sees at a pin: 0 or 1, None where nobody drives or pulls."""
        port, bit = pin >> 3, 1 << (pin & 7)
        if self.is_on and not self._file[IODIR][port] & bit:
            return int(bool(self._file[OLAT][port] & bit))
        if self._driven[pin] is not None:
            return self._driven[pin]
        return 1 if self.is_on and self._file[GPPU][port] & bit else None

    def line(self, number):
        """INTA (0) or INTB (1) with a pull-up outside."""
        control = self._file[IOCON][0]
        found = self._file[INTF]
        active = found[0] or found[1] if control & MIRROR else found[number]
        if not self.is_on:
            return 1
        if control & ODR:
            return 0 if active else 1  # overrides INTPOL
        return int(bool(active) == bool(control & INTPOL))

    # the bus

    def is_answering(self):
        """Does it acknowledge its address?"""
        return self.is_on

    def write(self, data):
        """A register address, then data for it and those behind it."""
        if not data:
            return
        self._pointer = data[0]
        for byte in data[1:]:
            self._put(byte)
            self._advance()

    def read(self, count):
        """The registers from where the pointer stands."""
        found = bytearray(count)
        for i in range(count):
            found[i] = self._get()
            self._advance()
        return bytes(found)

    def register(self, number, port):
        """One of the file, for a judge: reading it so changes nothing."""
        return self._shown(port) if number == GPIO else self._file[number][port]

    def _reset(self):
        self._file = [bytearray(2) for _ in range(_COUNT)]
        self._file[IODIR][:] = b"\xff\xff"
        self._pointer = 0

    def _place(self):
        """(register, port) the pointer is at, or None."""
        at = self._pointer
        if self._file[IOCON][0] & BANK:
            number, port = at & 0x0F, at // _PORT_B
        else:
            number, port = at >> 1, at & 1
        return (number, port) if number < _COUNT and port < 2 else None

    def _advance(self):
        control = self._file[IOCON][0]
        if not control & SEQOP:
            last = _LAST[bool(control & BANK)]
            self._pointer = 0 if self._pointer >= last else self._pointer + 1
        elif not control & BANK:
            self._pointer ^= 1  # byte mode toggles within a pair (3.2.1)

    def _put(self, byte):
        place = self._place()
        if place is None or place[0] in _READ_ONLY:
            return
        number, port = place
        if number == IOCON:  # one register at both addresses; bit 0 is not there
            self._file[IOCON][:] = bytes((byte & 0xFE, byte & 0xFE))
        else:
            self._file[OLAT if number == GPIO else number][port] = byte
        self._watch()

    def _get(self):
        place = self._place()
        if place is None:
            return 0
        number, port = place
        value = self.register(number, port)
        if number in (INTCAP, GPIO):
            self._clear(port)
        return value

    # ports and interrupts (3.6)

    def _pins(self):
        """Levels as the chip sees them, 16 bits; a pin nobody drives or pulls counts as low."""
        bits = 0
        for pin in range(16):
            bits |= (self.level(pin) or 0) << pin
        return bits

    def _shown(self, port):
        return (self._pins() >> 8 * port & 0xFF) ^ self._file[IPOL][port]

    def _watch(self):
        """Pins, or what they are compared to, may have changed."""
        for port in (0, 1):
            self._compare(port)
        self._tell()

    def _compare(self, port):
        if self._file[INTF][port] or not self.is_on:
            return  # the first one waits to be read
        pins, before = (word >> 8 * port & 0xFF for word in (self._pins(), self._before))
        fixed = self._file[INTCON][port]
        other = (pins ^ before) & ~fixed | (pins ^ self._file[DEFVAL][port]) & fixed
        causes = other & self._file[GPINTEN][port]
        if causes:
            self._file[INTF][port] = causes
            self._file[INTCAP][port] = self._shown(port)
        else:
            mask = 0xFF << 8 * port
            self._before = self._before & ~mask | pins << 8 * port

    def _clear(self, port):
        """Read: what the pins are now is what they are compared to; one that differs from DEFVAL
        is an interrupt again at once."""
        self._file[INTF][port] = 0
        mask = 0xFF << 8 * port
        self._before = self._before & ~mask | self._pins() & mask
        self._compare(port)
        self._tell()

    def _tell(self):
        for number in (0, 1):
            level = self.line(number)
            if level != self._lines[number]:
                self._lines[number] = level
                if self._interrupt:
                    self._interrupt(number, level)
        seen = self.is_on, [bytes(self._file[number]) for number in (IODIR, GPPU, OLAT)]
        if seen != self._seen:
            self._seen = seen
            if self._outputs:
                self._outputs()
