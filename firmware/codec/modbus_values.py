"""What the data of a Modbus reply mean: bits, registers, and numbers over several registers.

A register is big endian; which of the registers of a longer number comes first differs between
devices, so it is an argument. CodecError when the data end before the value does.
"""

from firmware.core.errors import CodecError


def bit(data, at):
    """Bit `at` of a reply of 01H or 02H, the first one is the low bit of the first byte."""
    if not 0 <= at < 8 * len(data):
        raise CodecError("%d bytes have no bit %d" % (len(data), at))
    return bool(data[at >> 3] >> (at & 7) & 1)


def bits(data, count):
    """The first `count` bits; the last byte is filled up with others."""
    return [bit(data, i) for i in range(count)]


def registers(data):
    """All registers, each 0..65535."""
    return [number(data, i) for i in range((len(data) + 1) // 2)]


def number(data, at, size=1, signed=False, low_first=False):
    """The number in `size` registers from register `at` on; `low_first`: low register first."""
    if at < 0 or size < 1 or 2 * (at + size) > len(data):
        raise CodecError("%d bytes have no registers %d to %d" % (len(data), at, at + size - 1))
    value = 0
    for i in range(size):
        place = 2 * (at + (size - 1 - i if low_first else i))
        value = value << 16 | data[place] << 8 | data[place + 1]
    if signed and value >> (16 * size - 1):
        value -= 1 << 16 * size
    return value
