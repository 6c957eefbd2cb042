"""DL/T 698.45-2017 link frames. Sans-I/O, for both directions.

`measure` is the framer's probe, `parse` turns a checked frame into a Frame, `build` the reverse.
Layout: 68, L (2), C, SA (flag and address), CA, HCS (2), user data, FCS (2), 16; L counts all
but the 68 and the 16. What the user data holds is told by dlt698_segment (when C has SEGMENT)
and dlt698_replies.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import framer
from firmware.codec.dlt698_address import flag_and_bytes, from_flag
from firmware.core.crc import crc16_x25
from firmware.core.errors import CodecError

START = const(0x68)
MAX_FRAME = const(2050)  # L up to 2048; a terminal announces in CONNECT what it can take
PREAMBLE = b"\xfe\xfe\xfe\xfe"  # on serial lines

FROM_SERVER = const(0x80)  # bit 7, DIR
CLIENT_BEGAN = const(0x40)  # bit 6, PRM
SEGMENT = const(0x20)  # bit 5: the user data is a link-layer fragment
SCRAMBLED = const(0x08)  # bit 3: 33H is added to every byte of user data
FUNCTION = const(0x07)  # bits 2-0
LINK = const(1)
DATA = const(3)

REQUEST = const(0x43)
REPLY = const(0xC3)
LINK_REQUEST = const(0x81)  # the server asks, before any connection
LINK_REPLY = const(0x01)
REPORT = const(0x83)
REPORT_REPLY = const(0x03)

_FLAG_SEEN = const(5)  # bytes 68 L L C flag: the length of the header is known
_KILOBYTES = const(0x4000)  # bit 14 of L: it counts units of 1 KB [unverified]

# control: as sent; address: the server's (dlt698_address); client: CA, 0 = not used;
# data: the user data, scrambling undone
Frame = namedtuple("Frame", ("control", "address", "client", "data"))


def measure(buf, at, end):
    """Probe for the Framer. The header is judged as soon as it is there, so that a lying length
    is not waited for; the FCS is made once, for a whole candidate."""
    return checked(buf, at, end, announced(buf, at, end))


def checked(buf, at, end, size):
    """What `measure` says of a frame of which `announced` said `size`."""
    if size <= 0 or end - at < size:
        return min(size, 0)
    last = at + size - 1
    if buf[last] != 0x16:
        return framer.END
    if crc16_x25(buf[at + 1 : last - 2]) != buf[last - 2] | buf[last - 1] << 8:
        return framer.FCS
    return size


def announced(buf, at, end):
    """The length of the frame whose header stands at `at` and is sound; 0 while bytes of it are
    missing, else the Framer's reason."""
    have = end - at
    if have < 3:
        return 0
    span = _span(buf[at + 1] | buf[at + 2] << 8)
    if not 10 <= span <= MAX_FRAME - 2:  # L C flag address CA HCS FCS
        return framer.LENGTH
    if have < _FLAG_SEEN:
        return 0
    hcs = 7 + (buf[at + 4] & 15)  # offset: 68 L L C flag, n + 1 address bytes, CA
    if hcs + 3 > span:
        return framer.HEADER
    if have < hcs + 2:
        return 0
    if crc16_x25(buf[at + 1 : at + hcs]) != buf[at + hcs] | buf[at + hcs + 1] << 8:
        return framer.HCS
    return span + 2


def read_address(buf, at):
    """(Address, offset behind it) of the frame at `at`, whose header is there."""
    end = at + 6 + (buf[at + 4] & 15)
    raw = bytes(buf[at + 5 : end])
    return from_flag(buf[at + 4], bytes(reversed(raw))), end


def _span(length):
    span = length & 0x3FFF
    return span << 10 if length & _KILOBYTES else span


def parse(frame):
    """The Frame of one whole frame as the Framer gives it; CodecError when it is not one."""
    view = memoryview(frame)
    if not view or view[0] != START or measure(view, 0, len(view)) != len(view):
        raise CodecError("not a whole DL/T 698.45 frame")
    control = frame[3]
    address, at = read_address(frame, 0)
    data = frame[at + 3 : -3]
    if control & SCRAMBLED:
        data = bytes([(byte - 0x33) & 0xFF for byte in data])
    return Frame(control, address, frame[at], data)


def build(control, address, client, data):
    """A frame without preamble; the data is scrambled when `control` says so. CodecError when
    the frame is longer than MAX_FRAME."""
    flag, raw = flag_and_bytes(address)
    hcs = 6 + len(raw)
    span = hcs + 3 + len(data)
    if span + 2 > MAX_FRAME:
        raise CodecError("%d bytes of user data do not fit a frame" % len(data))
    out = bytearray(span + 2)
    out[0] = START
    out[1] = span & 255
    out[2] = span >> 8
    out[3] = control
    out[4] = flag
    out[5 : hcs - 1] = bytes(reversed(raw))
    out[hcs - 1] = client
    _put_crc(out, hcs)
    out[hcs + 2 : span - 1] = data
    if control & SCRAMBLED:
        for i in range(hcs + 2, span - 1):
            out[i] = (out[i] + 0x33) & 0xFF
    _put_crc(out, span - 1)
    out[span + 1] = 0x16
    return bytes(out)


def _put_crc(out, at):
    crc = crc16_x25(memoryview(out)[1:at])
    out[at] = crc & 255
    out[at + 1] = crc >> 8


def answer_control(control):
    """The control byte of what is sent back to a frame: the other direction, same exchange,
    same function, neither scrambled nor a fragment: add SEGMENT to acknowledge one."""
    return (control ^ FROM_SERVER) & (FROM_SERVER | CLIENT_BEGAN | FUNCTION)


def room(address, longest):
    """Bytes of user data in a frame of `longest` bytes (L + 2) to or from this address."""
    return longest - 11 - len(flag_and_bytes(address)[1])
