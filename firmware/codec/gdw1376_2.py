"""Q/GDW 1376.2 frames (376.2-2009 to 10376.2) between a terminal and its PLC or radio module.

Sans-I/O, for both directions. `measure` is the framer's probe, `parse` turns a checked frame
into a Frame, `build` and `answer` make bytes. What the data unit says is read and written by
gdw1376_2_down and gdw1376_2_up. Addresses are twelve digits, sent low byte first; A to F are
not refused in them, makers use them. No value of C is refused either.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import framer
from firmware.codec import gdw1376_2_info as information
from firmware.codec.dlt645 import hex_bytes, hex_text
from firmware.core.errors import CodecError

START = const(0x68)
# L counts to 65535; a bound of ours, above the longest lists and the 13 meter frames of AFN F1H.
# A Framer for this codec holds twice as much.
MAX_FRAME = const(2048)
MIN_FRAME = const(15)

UP = const(0x80)  # C, bit 7: from the module
PRIMARY = const(0x40)  # C, bit 6: from the station that began
TYPE = const(0x3F)  # C, bits 5..0: one of the next
NARROW_BAND = const(1)
NARROW_BAND_DISTRIBUTED = const(2)
HPLC = const(3)
RADIO = const(10)
ETHERNET = const(20)

CONFIRM = const(0x00)  # AFN
INITIALISE = const(0x01)
TRANSFER = const(0x02)
QUERY = const(0x03)
TEST = const(0x04)
CONTROL = const(0x05)
REPORT = const(0x06)
ROUTE_QUERY = const(0x10)
ROUTE_SET = const(0x11)
ROUTE_CONTROL = const(0x12)
ROUTE_FORWARD = const(0x13)
ROUTE_READ = const(0x14)
FILE = const(0x15)
CONCURRENT = const(0xF1)

# control: C; info: a Down or an Up of gdw1376_2_info; address: () or (source, relays ...,
# destination); fn: 1 for F1; unit: the data unit as sent
Frame = namedtuple("Frame", ("control", "info", "address", "afn", "fn", "unit"))


def measure(buf, at, end):
    """Probe for the Framer. Cheap tests first: the sum is made once, for a whole candidate."""
    have = end - at
    if have < 3:
        return 0
    size = buf[at + 1] | buf[at + 2] << 8
    if size > MAX_FRAME:
        return framer.LENGTH
    if size < MIN_FRAME:
        return framer.HEADER
    if have > 4 and size < MIN_FRAME + information.address_size(buf[at + 4]):
        return framer.HEADER
    if have < size:
        return 0
    last = at + size - 1
    if buf[last] != 0x16:
        return framer.END
    if sum(buf[at + 3 : last - 1]) & 0xFF != buf[last - 1]:
        return framer.CHECKSUM
    return size


def parse(frame):
    """The Frame of one whole frame as the Framer gives it; CodecError when it is not one."""
    view = memoryview(frame)
    if not view or view[0] != START or measure(view, 0, len(view)) != len(view):
        raise CodecError("not a whole Q/GDW 1376.2 frame")
    control = frame[3]
    read = information.read_up if control & UP else information.read_down
    at = 4 + information.SIZE
    body = at + information.address_size(frame[4])
    address = [hex_text(frame, i, 6) for i in range(at, body, 6)]
    fn = function(frame[body + 1], frame[body + 2])
    unit = bytes(view[body + 3 : -2])
    return Frame(control, read(frame, 4), tuple(address), frame[body], fn, unit)


def build(control, info, afn, fn, unit=b"", address=()):
    """A frame. `info` is a Down, or an Up where `control` has UP; `address` as in Frame, at
    least two where it is not empty. CodecError when something does not fit."""
    if len(address) == 1:
        raise CodecError("an address field has a source and a destination")
    if not 0 <= control <= 255 or not 0 <= afn <= 255:
        raise CodecError("C and AFN are bytes, not %d and %d" % (control, afn))
    write = information.write_up if control & UP else information.write_down
    out = bytearray(4)
    out += write(info, len(address) - 2 if address else -1)
    for text in address:
        out += hex_bytes(text, 6, "an address")
    out.append(afn)
    out += designator(fn)
    out += unit
    size = len(out) + 2
    if size > MAX_FRAME:
        raise CodecError("a frame of %d bytes is longer than %d" % (size, MAX_FRAME))
    out[0] = START
    out[1] = size & 255
    out[2] = size >> 8
    out[3] = control
    out.append(sum(memoryview(out)[3:]) & 0xFF)
    out.append(0x16)
    return bytes(out)


def answer(frame, afn, fn, unit=b""):
    """The other side's answer to `frame`: its communication type and sequence, its way back."""
    control = (frame.control & TYPE) | (UP ^ (frame.control & UP))
    make = information.up if control & UP else information.down
    back = tuple(reversed(frame.address))
    return build(control, make(frame.info.seq), afn, fn, unit, back)


def is_answer(frame, request):
    """True when `frame` answers `request` (Frames): the other direction, the same sequence, and
    the same AFN and Fn or a confirm or deny. Its PRM is not judged: replies with C1H were seen.
    """
    if not (frame.control ^ request.control) & UP or not request.control & PRIMARY:
        return False
    if frame.info.seq != request.info.seq:
        return False
    if frame.afn == CONFIRM:
        return True
    return frame.afn == request.afn and frame.fn == request.fn


def node(frame):
    """Address of the meter or module a frame concerns; "" without an address field."""
    if not frame.address:
        return ""
    return frame.address[0] if frame.control & UP else frame.address[-1]


def function(dt1, dt2):
    """1 for F1 ... 2048, of DT1 and DT2; CodecError unless DT1 has exactly one bit."""
    bit = 0
    while bit < 8 and dt1 != 1 << bit:
        bit += 1
    if bit == 8:
        raise CodecError("DT1 %02X does not name one function" % dt1)
    return dt2 * 8 + bit + 1


def designator(fn):
    """DT1 and DT2 of Fn; CodecError outside 1..2048."""
    if not 1 <= fn <= 2048:
        raise CodecError("F%d is not a function" % fn)
    return bytes([1 << (fn - 1 & 7), fn - 1 >> 3])
