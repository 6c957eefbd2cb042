"""The Data of DL/T 698.45: a tag and what it says. Bounded: MAX_DEPTH levels, counts and lengths
judged against the bytes left.

Decoded values are plain: None, bool, int, float, bytes (octet-string), str (visible-string),
list (array), tuple (structure); everything else is a Tagged. Encoding takes the same, but an int
or float must be a Tagged, as seven types look alike; decode(.., typed=True) gives them so, and
what it gives can be encoded again.
"""

import struct
from collections import namedtuple

from micropython import const

from firmware.codec import dlt698_fields as fields
from firmware.codec.dlt698_reader import Reader
from firmware.core.errors import CodecError

NULL = const(0x00)
ARRAY = const(0x01)
STRUCTURE = const(0x02)
BOOL = const(0x03)
BITS = const(0x04)  # (number of bits, bytes), first bit = bit 7
INT32 = const(0x05)
UINT32 = const(0x06)
OCTETS = const(0x09)
VISIBLE = const(0x0A)
UTF8 = const(0x0C)
INT8 = const(0x0F)
INT16 = const(0x10)
UINT8 = const(0x11)
UINT16 = const(0x12)
INT64 = const(0x14)
UINT64 = const(0x15)
ENUM = const(0x16)
FLOAT32 = const(0x17)
FLOAT64 = const(0x18)  # as exact as the board's floats
DATE_TIME = const(0x19)  # times: tuples as in dlt698_fields
DATE = const(0x1A)
TIME = const(0x1B)
DATE_TIME_S = const(0x1C)
OI = const(0x50)
OAD = const(0x51)
ROAD = const(0x52)  # (OAD, (OADs))
OMD = const(0x53)
TI = const(0x54)  # (unit, number)
TSA = const(0x55)
MAC = const(0x56)
RN = const(0x57)
REGION = const(0x58)  # (unit, start, end); 0 [a,b) 1 (a,b] 2 [a,b] 3 (a,b)
SCALER_UNIT = const(0x59)  # (power of ten, unit)
RSD = const(0x5A)  # dlt698_select
CSD = const(0x5B)
MS = const(0x5C)  # dlt698_select
SID = const(0x5D)  # (number, additional octets)
SID_MAC = const(0x5E)  # (number, additional octets, MAC)
COMDCB = const(0x5F)  # (baud, parity, data bits, stop bits, flow)
RCSD = const(0x60)

MAX_DEPTH = const(8)  # of arrays, structures, regions and selections within each other

Tagged = namedtuple("Tagged", ("tag", "value"))

# bytes of the integers, by tag 00..16; bit 7: signed
_INTEGERS = b"\0\0\0\0\0\x84\x04\0\0\0\0\0\0\0\0\x81\x82\x01\x02\0\x88\x08\x01"
_TIMES = (fields.DATE_TIME, fields.DATE, fields.TIME, fields.DATE_TIME_S)


def decode(buf, typed=False):
    """The value of one whole Data; CodecError."""
    r = Reader(buf)
    value = read(r, typed)
    r.close()
    return value


def encode(value):
    """Data as bytes; CodecError when the value has no type, or does not fit it."""
    out = bytearray()
    put(out, value)
    return bytes(out)


def read(r, typed=False, depth=MAX_DEPTH):
    """One Data from a Reader; `depth` levels may follow below this one."""
    tag = r.number(1)
    if tag == NULL:
        return None
    if tag < len(_INTEGERS) and _INTEGERS[tag]:
        size = _INTEGERS[tag]
        value = r.signed(size & 127) if size & 128 else r.number(size)
        return Tagged(tag, value) if typed else value
    if tag in (ARRAY, STRUCTURE):
        below = lower(depth)
        items = [read(r, typed, below) for _ in range(r.count())]
        return items if tag == ARRAY else tuple(items)
    if tag == BOOL:
        return r.number(1) != 0
    if tag == OCTETS:
        return r.octets()
    if tag == VISIBLE:
        text = _read_text(r)
        return text if isinstance(text, str) else Tagged(tag, text)
    if tag in (FLOAT32, FLOAT64):
        value = _read_float(r, tag)
        return Tagged(tag, value) if typed else value
    return Tagged(tag, _read_other(r, tag, typed, depth))


def lower(depth):
    """The depth allowed below a level of `depth`; CodecError below the lowest."""
    if not depth:
        raise CodecError("data is nested deeper than %d levels" % MAX_DEPTH)
    return depth - 1


def _read_text(r):
    raw = r.octets()
    try:
        return raw.decode()
    except UnicodeError:
        return raw  # what a meter calls text may be padding or another character set


def _read_float(r, tag):
    return struct.unpack(">f" if tag == FLOAT32 else ">d", r.take(4 if tag == FLOAT32 else 8))[0]


def _read_other(r, tag, typed, depth):
    if tag == BITS:
        count = r.length()
        return count, r.take(count + 7 >> 3)
    if tag == UTF8:
        return _read_text(r)
    if DATE_TIME <= tag <= DATE_TIME_S:
        return fields.read_time(r, _TIMES[tag - DATE_TIME])
    if tag == OI:
        return fields.read_hex(r, 2)
    if tag in (OAD, OMD):
        return fields.read_hex(r, 4)
    if tag == ROAD:
        return fields.read_road(r)
    if tag == TI:
        return fields.read_ti(r)
    if tag == TSA:
        return fields.read_tsa(r)
    if tag in (MAC, RN):
        return r.octets()
    if tag == SCALER_UNIT:
        return r.signed(1), r.number(1)
    if tag == CSD:
        return fields.read_csd(r)
    if tag == RCSD:
        return fields.read_rcsd(r)
    if tag == SID:
        return r.number(4), r.octets()
    if tag == SID_MAC:
        return r.number(4), r.octets(), r.octets()
    if tag == COMDCB:
        return tuple(r.take(5))
    # these hold Data again, and are rare: their file is loaded only when one comes
    from firmware.codec import dlt698_select as select

    if tag == REGION:
        return select.read_region(r, typed, depth)
    if tag == RSD:
        return select.read_rsd(r, typed, depth)
    if tag == MS:
        return select.read_ms(r, typed, depth)
    raise CodecError("there is no data type %02XH" % tag)


def put(out, value, depth=MAX_DEPTH):
    """Append one Data to a bytearray."""
    if value is None:
        out.append(NULL)
    elif isinstance(value, Tagged):
        out.append(value.tag)
        _put_tagged(out, value.tag, value.value, depth)
    elif isinstance(value, bool):
        out.extend(bytes([BOOL, value]))
    elif isinstance(value, (bytes, bytearray)):
        out.append(OCTETS)
        fields.put_octets(out, value)
    elif isinstance(value, str):
        out.append(VISIBLE)
        fields.put_octets(out, value.encode())
    elif isinstance(value, (list, tuple)):
        below = lower(depth)
        out.append(ARRAY if isinstance(value, list) else STRUCTURE)
        fields.put_count(out, value)
        for item in value:
            put(out, item, below)
    else:
        raise CodecError("say which type %s is sent as: Tagged(INT32, ..) for example" % value)


def _put_tagged(out, tag, value, depth):
    if tag < len(_INTEGERS) and _INTEGERS[tag]:
        size = _INTEGERS[tag]
        fields.put_number(out, value, size & 127, size > 127)
    elif tag in (FLOAT32, FLOAT64):
        out.extend(struct.pack(">f" if tag == FLOAT32 else ">d", value))
    elif tag in (VISIBLE, UTF8):
        fields.put_octets(out, value.encode() if isinstance(value, str) else value)
    elif tag == BITS:
        count, raw = value
        if len(raw) != count + 7 >> 3:
            raise CodecError("%d bits are not %d bytes" % (count, len(raw)))
        fields.put_length(out, count)
        out.extend(raw)
    elif DATE_TIME <= tag <= DATE_TIME_S:
        fields.put_time(out, value, _TIMES[tag - DATE_TIME])
    elif tag == OI:
        fields.put_hex(out, value, 2)
    elif tag in (OAD, OMD):
        fields.put_hex(out, value, 4)
    elif tag == ROAD:
        fields.put_road(out, value)
    elif tag == TI:
        fields.put_ti(out, value)
    elif tag == TSA:
        fields.put_tsa(out, value)
    elif tag in (MAC, RN, OCTETS):
        fields.put_octets(out, value)
    elif tag == SCALER_UNIT:
        fields.put_number(out, value[0], 1, True)
        fields.put_number(out, value[1], 1)
    elif tag == CSD:
        fields.put_csd(out, value)
    elif tag == RCSD:
        fields.put_rcsd(out, value)
    elif tag in (SID, SID_MAC):
        fields.put_number(out, value[0], 4)
        for octets in value[1:]:
            fields.put_octets(out, octets)
    elif tag == COMDCB:
        put_comdcb(out, value)
    else:
        _put_selection(out, tag, value, depth)


def put_comdcb(out, value):
    if len(value) != 5:
        raise CodecError("a COMDCB has five numbers, not %d" % len(value))
    for number in value:
        fields.put_number(out, number, 1)


def _put_selection(out, tag, value, depth):
    from firmware.codec import dlt698_select as select

    if tag == REGION:
        select.put_region(out, value, depth)
    elif tag == RSD:
        select.put_rsd(out, value, depth)
    elif tag == MS:
        select.put_ms(out, value, depth)
    else:
        raise CodecError("there is no data type %02XH" % tag)
