"""Fixed-layout fields of DL/T 698.45 APDUs: they have no tag inside a service body.

`read_x(r)` takes one from a Reader, `put_x(out, value)` appends one to a bytearray. In Python an
OAD, OMD or OI is hexadecimal text as printed in the standard ("20000200"), a CSD is an OAD or a
tuple (OAD, (OADs)) for a ROAD, times are tuples of integers with FF for unspecified, a TI is
(unit, number), a TSA an Address or None when it is empty.
"""

from binascii import hexlify, unhexlify

from micropython import const

from firmware.codec.dlt698_address import flag_and_bytes, from_flag
from firmware.core.errors import CodecError

# bytes of each number of a time, as digits
DATE_TIME = "21111112"  # year, month, day, weekday, hour, minute, second, ms
DATE = "2111"  # year, month, day, weekday
TIME = "111"
DATE_TIME_S = "211111"  # year, month, day, hour, minute, second

_LONGEST = const(0xFFFF)  # length of a string we send


def put_number(out, value, size, signed=False):
    """`value` in `size` bytes, big endian; CodecError when it does not fit."""
    top = 1 << 8 * size
    low, high = (-(top >> 1), (top >> 1) - 1) if signed else (0, top - 1)
    if not isinstance(value, int) or not low <= value <= high:
        raise CodecError("%s is not a number from %d to %d" % (value, low, high))
    out.extend((value & top - 1).to_bytes(size, "big"))


def put_count(out, items):
    put_length(out, len(items))


def put_length(out, size):
    """Of a string in bytes, of a list in elements: A-XDR says both alike."""
    if size < 128:
        out.append(size)
    elif size < 256:
        out.extend(bytes([0x81, size]))
    elif size <= _LONGEST:
        out.extend(bytes([0x82, size >> 8, size & 255]))
    else:
        raise CodecError("%d is too long for a string or a list" % size)


def put_octets(out, data):
    put_length(out, len(data))
    out.extend(data)


def read_hex(r, size):
    return hexlify(r.take(size)).decode().upper()


def put_hex(out, text, size):
    try:
        raw = unhexlify(text)
    except (ValueError, TypeError):
        raw = b""
    if len(raw) != size:
        raise CodecError("%s is not %d hexadecimal digits" % (text, 2 * size))
    out.extend(raw)


def read_oad(r):
    return read_hex(r, 4)


def put_oad(out, text):
    put_hex(out, text, 4)


def read_oads(r):
    return tuple([read_hex(r, 4) for _ in range(r.count(4))])


def put_oads(out, oads):
    put_count(out, oads)
    for oad in oads:
        put_hex(out, oad, 4)


def read_time(r, layout):
    """A time of one of the layouts above."""
    return tuple([r.number(int(size)) for size in layout])


def put_time(out, value, layout):
    if len(value) != len(layout):
        raise CodecError("%s is not a time of %d numbers" % (tuple(value), len(layout)))
    for i in range(len(layout)):
        put_number(out, value[i], int(layout[i]))


def read_ti(r):
    return r.number(1), r.number(2)


def put_ti(out, value):
    unit, number = value
    put_number(out, unit, 1)
    put_number(out, number, 2)


def read_tsa(r):
    raw = r.octets()
    if not raw:
        return None
    # the length in the flag is not trusted, but it has room for 1 to 16
    if not 2 <= len(raw) <= 17:
        raise CodecError("a TSA of %d bytes" % len(raw))
    return from_flag(raw[0], raw[1:])


def put_tsa(out, address):
    if address is None:
        out.append(0)
        return
    flag, raw = flag_and_bytes(address)
    out.append(len(raw) + 1)
    out.append(flag)
    out.extend(raw)


def read_road(r):
    return read_hex(r, 4), read_oads(r)


def put_road(out, road):
    oad, oads = road
    put_hex(out, oad, 4)
    put_oads(out, oads)


def read_csd(r):
    choice = r.number(1)
    if choice > 1:
        raise CodecError("a column is an OAD (0) or a ROAD (1), not %d" % choice)
    return read_road(r) if choice else read_hex(r, 4)


def put_csd(out, csd):
    if isinstance(csd, str):
        out.append(0)
        put_hex(out, csd, 4)
    else:
        out.append(1)
        put_road(out, csd)


def read_rcsd(r):
    return tuple([read_csd(r) for _ in range(r.count(5))])


def put_rcsd(out, columns):
    """No column at all asks for those the server has."""
    put_count(out, columns)
    for csd in columns:
        put_csd(out, csd)


def read_time_tag(r):
    """((year .. second), TI) or None."""
    if not r.number(1):
        return None
    return read_time(r, DATE_TIME_S), read_ti(r)


def put_time_tag(out, tag):
    if tag is None:
        out.append(0)
        return
    sent, allowed = tag
    out.append(1)
    put_time(out, sent, DATE_TIME_S)
    put_ti(out, allowed)
