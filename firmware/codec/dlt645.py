"""DL/T 645-2007 frames, and the 1997 edition on the same bus. Sans-I/O, for both directions.

`measure` is the framer's probe, `parse` turns a checked frame into a Frame, the builders turn a
request into bytes. Data items are identified by text as printed in the standard, DI3 first:
"00010000", or "9010" for the two-byte identifiers of 1997. Addresses are twelve digits.
Clauses are those of the standard's section on the data link layer; numbers are packed BCD.
"""

from binascii import unhexlify
from collections import namedtuple

from micropython import const

from firmware.codec import framer
from firmware.core.bcd import int_to_bcd
from firmware.core.errors import CodecError

START = const(0x68)
MAX_FRAME = const(267)  # L is one byte: 12 + 255
PREAMBLE = b"\xfe\xfe\xfe\xfe"

TIME = const(0x08)
READ = const(0x11)
FOLLOW = const(0x12)
READ_ADDRESS = const(0x13)
WRITE = const(0x14)
WRITE_ADDRESS = const(0x15)
FREEZE = const(0x16)
BAUD = const(0x17)
PASSWORD = const(0x18)
CLEAR_DEMAND = const(0x19)
CLEAR_METER = const(0x1A)
CLEAR_EVENTS = const(0x1B)
RELAY = const(0x1C)
READ_1997 = const(0x01)
FOLLOW_1997 = const(0x02)
WRITE_1997 = const(0x04)

FROM_METER = const(0x80)  # D7 of the control code
ABNORMAL = const(0x40)  # D6
MORE = const(0x20)  # D5: frames follow

NO_SUCH_DATA = const(0x02)  # ERR byte, bit 1
NOT_AUTHORISED = const(0x04)  # bit 2

ANY = "AAAAAAAAAAAA"
BROADCAST = "999999999999"

# addr: 12 digits; control: as sent; di: text or ""; data: what follows DI, without the 33H
# offset; error: the ERR byte of an abnormal reply, else -1; more: frames follow
Frame = namedtuple("Frame", ("addr", "control", "di", "data", "error", "more"))


def measure(buf, at, end):
    """Probe for the Framer. Cheap tests first: the sum is made once, for a whole candidate."""
    have = end - at
    if have > 7 and buf[at + 7] != START:
        return framer.HEADER
    if have < 12 or have < 12 + buf[at + 9]:
        return 0
    last = at + 11 + buf[at + 9]
    if buf[last] != 0x16:
        return framer.END
    if sum(buf[at : last - 1]) & 0xFF != buf[last - 1]:
        return framer.CHECKSUM
    return last + 1 - at


def address_text(buf, at=0):
    """Six address bytes, low byte first, as twelve digits (wildcard bytes read AA)."""
    return "%02X%02X%02X%02X%02X%02X" % (
        buf[at + 5],
        buf[at + 4],
        buf[at + 3],
        buf[at + 2],
        buf[at + 1],
        buf[at],
    )


def address_bytes(text):
    """Twelve digits (or pairs AA) as sent, low byte first; CodecError otherwise."""
    raw = hex_bytes(text, 6, "address")
    for byte in raw:
        if byte != 0xAA and (byte >> 4 > 9 or byte & 15 > 9):
            raise CodecError("a meter address is 12 digits or AA pairs, not %s" % text)
    return raw


def address_matches(wanted, addr):
    """True when the meter `addr` is meant by `wanted`, whose AA pairs stand for any byte."""
    for i in range(0, 12, 2):
        pair = wanted[i : i + 2]
        if pair != "AA" and pair != addr[i : i + 2]:
            return False
    return True


def hex_bytes(text, size, what):
    """Text with the high byte first as `size` bytes with the low byte first; CodecError."""
    if len(text) != 2 * size:
        raise CodecError("%s has %d digits, not %s" % (what, 2 * size, text))
    try:
        return bytes(reversed(unhexlify(text)))
    except ValueError:
        raise CodecError("%s is not a number: %s" % (what, text))


def hex_text(buf, at, size):
    """`size` bytes from `at` as hexadecimal, high byte (sent last) first."""
    return "".join(["%02X" % buf[at + i] for i in range(size - 1, -1, -1)])


def di_span(control):
    """(offset, length) of the identifier in the data of a frame; length 0 when it has none."""
    function = control & 0x1F
    if control & ABNORMAL:
        return 0, 0
    if function in (READ, FOLLOW):
        return 0, 4
    if function in (READ_1997, FOLLOW_1997):
        return 0, 2
    if not control & FROM_METER:
        if function in (WRITE, PASSWORD):
            return 0, 4
        if function == WRITE_1997:
            return 0, 2
        if function == CLEAR_EVENTS:
            return 8, 4
    return 0, 0


def parse(frame):
    """The Frame of one whole frame as the Framer gives it; CodecError when it is not one."""
    view = memoryview(frame)
    if not view or view[0] != START or measure(view, 0, len(view)) != len(view):
        raise CodecError("not a whole DL/T 645 frame")
    control = frame[8]
    data = bytes([(byte - 0x33) & 0xFF for byte in view[10:-2]])
    error = -1
    if control & ABNORMAL:
        error = data[0] if data else 0
    at, size = di_span(control)
    di = ""
    if size and len(data) >= at + size:
        di = hex_text(data, at, size)
        data = data[:at] + data[at + size :]
    return Frame(address_text(frame, 1), control, di, data, error, bool(control & MORE))


def build(addr, control, di="", data=b""):
    """A frame without preamble. `di` goes in front of `data`; CodecError beyond 255 bytes."""
    data = hex_bytes(di, len(di) // 2, "DI") + data
    size = len(data)
    if size > 255:
        raise CodecError("%d data bytes do not fit a frame" % size)
    out = bytearray(12 + size)
    out[0] = out[7] = START
    out[1:7] = address_bytes(addr)
    out[8] = control
    out[9] = size
    for i in range(size):
        out[10 + i] = (data[i] + 0x33) & 0xFF
    out[10 + size] = sum(memoryview(out)[: 10 + size]) & 0xFF
    out[11 + size] = 0x16
    return bytes(out)


def pairs(digits):
    """Two-digit numbers in the order they are sent, as BCD bytes; CodecError beyond 0..99."""
    for value in digits:
        if not 0 <= value <= 99:
            raise CodecError("%d is not a two-digit number" % value)
    return b"".join([int_to_bcd(value, 1) for value in digits])


def access(level, password, operator=b"\0\0\0\0"):
    """PA P0 P1 P2 C0..C3: level, three password bytes and four operator bytes, low first."""
    if len(password) != 3 or len(operator) != 4:
        raise CodecError("a password is three bytes, an operator code four")
    return bytes([level]) + password + operator


def read(addr, di, extra=b""):
    """11H (01H for a 1997 identifier). `extra`: block count, or time, of a load record."""
    return build(addr, READ if len(di) == 8 else READ_1997, di, extra)


def follow_up(addr, di, seq):
    """12H: the frame `seq` (1..255) behind a reply that said more follows."""
    return build(addr, FOLLOW, di, bytes([seq]))


def read_address(addr=ANY):
    """13H: only one meter may hang on the line."""
    return build(addr, READ_ADDRESS)


def broadcast_time(year, month, day, hour, minute, second):
    """08H, sent as ss mm hh DD MM YY; no meter answers. `year` has two digits."""
    return build(BROADCAST, TIME, "", pairs((second, minute, hour, day, month, year)))


def write(addr, di, rights, data):
    """14H. `rights` from access(); data with the low byte first."""
    return build(addr, WRITE, di, rights + data)


def write_address(new, addr=ANY):
    """15H; the reply comes from the new address."""
    return build(addr, WRITE_ADDRESS, "", address_bytes(new))


def freeze(addr, month=99, day=99, hour=99, minute=99):
    """16H; 99 means any: minute 30 alone freezes at every half hour, all 99 at once."""
    return build(addr, FREEZE, "", pairs((minute, hour, day, month)))


def set_baud(addr, characteristic):
    """17H; one bit a rate: 04 = 1200, 08 = 2400, 10 = 4800, 20 = 9600, 40 = 19200."""
    return build(addr, BAUD, "", bytes([characteristic]))


def change_password(addr, di, old, new):
    """18H; `old` and `new` are four bytes each: level and three password bytes."""
    return build(addr, PASSWORD, di, old + new)


def clear_demand(addr, rights):
    """19H."""
    return build(addr, CLEAR_DEMAND, "", rights)


def clear_meter(addr, rights):
    """1AH."""
    return build(addr, CLEAR_METER, "", rights)


def clear_events(addr, rights, di="FFFFFFFF"):
    """1BH; the default clears all."""
    return build(addr, CLEAR_EVENTS, "", rights + hex_bytes(di, 4, "DI"))


def relay(addr, rights, action, deadline):
    """1CH. `action`: 1A trip, 1B close permitted, 1C close, 2A/2B alarm, 3A/3B keep power;
    `deadline`: (YY, MM, DD, hh, mm, ss), the meter ignores the command after it."""
    tail = bytes([action, 0]) + pairs(tuple(reversed(deadline)))
    return build(addr, RELAY, "", rights + tail)
