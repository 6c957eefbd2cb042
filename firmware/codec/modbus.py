"""Modbus RTU frames of the master's side: requests built, replies measured and read. Sans-I/O.

The length of a reply follows from its function and byte count, so that no silence between
characters is needed to find its end. Data of registers are big endian (modbus_values reads
them); the CRC is sent low byte first. Units are 1..247; 0 is everybody, and nobody answers.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import framer
from firmware.core.crc import crc16_modbus
from firmware.core.errors import CodecError

MAX_FRAME = const(256)
BROADCAST = const(0)

READ_COILS = const(0x01)
READ_DISCRETE = const(0x02)
READ_HOLDING = const(0x03)
READ_INPUT = const(0x04)
WRITE_COIL = const(0x05)
WRITE_REGISTER = const(0x06)
WRITE_COILS = const(0x0F)
WRITE_REGISTERS = const(0x10)
READ_WRITE = const(0x17)

NO_SUCH_FUNCTION = const(1)  # exception codes
NO_SUCH_ADDRESS = const(2)
BAD_VALUE = const(3)
FAILED = const(4)
ACKNOWLEDGED = const(5)
BUSY = const(6)
PARITY = const(8)
GATEWAY_PATH = const(10)
GATEWAY_TARGET = const(11)

_EXCEPTION = const(0x80)
_ON = const(0xFF00)
_READS = b"\x01\x02\x03\x04\x17"
_WRITES = b"\x05\x06\x0f\x10"
_REGISTERS = b"\x03\x04\x17"  # reads whose byte count is even
_DATA = const(250)  # bytes: 2000 bits, or 125 registers

# function: without bit 7; error: exception code, -1 where there is none; data: what was read,
# or address and value (or count) of a write
Reply = namedtuple("Reply", ("unit", "function", "error", "data"))


def measure(buf, at, end):
    """Probe for a Framer with start -1: one reply. The CRC is made once, for a whole one."""
    have = end - at
    if not 1 <= buf[at] <= 247:
        return framer.HEADER
    if have < 2:
        return 0
    function = buf[at + 1] & 0x7F
    size = 8
    if function not in _READS and function not in _WRITES:
        return framer.HEADER
    if buf[at + 1] & _EXCEPTION:
        size = 5
    elif function in _READS:
        if have < 3:
            return 0
        count = buf[at + 2]
        if not 1 <= count <= _DATA or (count & 1 and function in _REGISTERS):
            return framer.HEADER
        size = 5 + count
    if have < size:
        return 0
    return framer.FCS if crc16_modbus(buf[at : at + size]) else size


def parse(frame):
    """The Reply of one whole frame as the Framer gives it; CodecError when it is not one."""
    view = memoryview(frame)
    if not view or measure(view, 0, len(view)) != len(view):
        raise CodecError("not a whole Modbus reply")
    function = frame[1]
    if function & _EXCEPTION:
        return Reply(frame[0], function & 0x7F, frame[2], b"")
    data = view[3:-2] if function in _READS else view[2:-2]
    return Reply(frame[0], function, -1, bytes(data))


def reply_size(request):
    """Bytes of the reply to a request of the builders below; 0 for a broadcast."""
    if request[0] == BROADCAST:
        return 0
    count = request[4] << 8 | request[5]
    if request[1] in _REGISTERS:
        return 5 + 2 * count
    return 5 + (count + 7) // 8 if request[1] in _READS else 8


def is_answer(reply, request):
    """True when a Reply is one to `request`: its unit and function, and what it must repeat.

    A reply to a read names no address: one to an earlier read of as many registers of the same
    unit passes, too. Who gave up on a request waits until the line is silent."""
    if reply.unit != request[0] or reply.function != request[1]:
        return False
    if reply.error >= 0:
        return True
    if reply.function in _READS:
        return len(reply.data) + 5 == reply_size(request)
    return reply.data == request[2:6]


def read_coils(unit, address, count):
    """01H: 1..2000 bits."""
    return _request(_single(unit), READ_COILS, address, _count(address, count, 2000))


def read_discrete(unit, address, count):
    """02H: 1..2000 bits."""
    return _request(_single(unit), READ_DISCRETE, address, _count(address, count, 2000))


def read_holding(unit, address, count):
    """03H: 1..125 registers."""
    return _request(_single(unit), READ_HOLDING, address, _count(address, count, 125))


def read_input(unit, address, count):
    """04H: 1..125 registers."""
    return _request(_single(unit), READ_INPUT, address, _count(address, count, 125))


def write_coil(unit, address, on):
    """05H."""
    return _request(unit, WRITE_COIL, address, _ON if on else 0)


def write_register(unit, address, value):
    """06H: 0..65535."""
    return _request(unit, WRITE_REGISTER, address, value)


def write_coils(unit, address, values):
    """0FH: a list of 1..1968 truths."""
    count = _count(address, len(values), 1968)
    packed = bytearray((count + 7) // 8)
    for i in range(count):
        if values[i]:
            packed[i >> 3] |= 1 << (i & 7)
    return _request(unit, WRITE_COILS, address, count, bytes([len(packed)]) + packed)


def write_registers(unit, address, values):
    """10H: a list of 1..123 numbers 0..65535."""
    count = _count(address, len(values), 123)
    return _request(unit, WRITE_REGISTERS, address, count, bytes([2 * count]) + _words(values))


def read_write(unit, address, count, write_address, values):
    """17H: 1..125 registers read, after 1..121 were written."""
    written = _count(write_address, len(values), 121)  # they fill the frame
    head = _words((write_address, written)) + bytes([2 * written])
    count = _count(address, count, 125)
    return _request(_single(unit), READ_WRITE, address, count, head + _words(values))


def _request(unit, function, address, number, data=b""):
    if not 0 <= unit <= 247:
        raise CodecError("a unit is 1 to 247, or 0 for all, not %d" % unit)
    out = bytearray((unit, function))
    out += _words((address, number))
    out += data
    crc = crc16_modbus(out)
    out.append(crc & 255)
    out.append(crc >> 8)
    return bytes(out)


def _single(unit):
    if unit == BROADCAST:
        raise CodecError("a broadcast cannot read")
    return unit


def _count(address, count, most):
    if not 1 <= count <= most:
        raise CodecError("1 to %d at once, not %d" % (most, count))
    if address + count > 65536:
        raise CodecError("%d from %d ends beyond 65535" % (count, address))
    return count


def _words(values):
    out = bytearray()
    for value in values:
        if not 0 <= value <= 65535:
            raise CodecError("%d does not fit 16 bits" % value)
        out.append(value >> 8)
        out.append(value & 255)
    return bytes(out)
