"""Reads the data of a DL/T 645 item with its shape (dlt645_items): integers for the points,
text for people.

Numbers are packed BCD, low byte first; bit 7 of the high byte is the sign where the item has
one (DL/T 645-2007 annex A). An element of FF bytes is invalid and reads None.
"""

from micropython import const

from firmware.codec.dlt645 import hex_text
from firmware.codec.dlt645_items import ASCII, SIGNED, TIME, find
from firmware.core import decimal
from firmware.core.bcd import bcd_to_int
from firmware.core.errors import CodecError

_SEPARATOR = const(0xAA)  # between the sections of a whole freeze, 05 kk FF nn
_SECTIONS = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x10"


def number(data, at, size, signed):
    """One BCD value from `at` as int, None when it is all FF, CodecError when it is no BCD."""
    if _is_void(data, at, size):
        return None
    high = data[at + size - 1]
    negative = signed and high & 0x80
    if negative:
        high &= 0x7F
    low = bcd_to_int(data, at, size - 1)
    if low < 0 or high >> 4 > 9 or high & 15 > 9:
        raise CodecError("not a BCD number: " + hex_text(data, at, size))
    value = ((high >> 4) * 10 + (high & 15)) * 100 ** (size - 1) + low
    return -value if negative else value


def numbers(di, data):
    """The numeric values of an item or block, each an int in units of its power of ten or None.

    Times and texts inside (a demand's time) are left out. CodecError when the layout of `di`
    is unknown or the data do not have it."""
    values = []
    for at, field in walk(di, data):
        if field[0] <= SIGNED:
            values.append(number(data, at, field[1], field[0] == SIGNED))
    return values


def texts(di, data):
    """(text, unit) of each element in the order sent; the text is "" where the meter sent FF."""
    return [_field_text(data, at, field) for at, field in walk(di, data)]


def walk(di, data):
    """(offset, field) of each element in the order it is sent; CodecError as in `numbers`."""
    places = []
    if len(di) == 8 and di[:2] == "05" and di[4:6] == "FF":
        _walk_freeze(di, data, places)
    else:
        _walk_section(di, data, 0, len(data), places)
    return places


def _walk_section(di, data, at, end, places):
    shape = find(di)
    if shape is None:
        raise CodecError("the layout of " + di + " is not known")
    repeats, fields = shape
    first = True
    while first or (repeats and at < end):
        first = False
        for field in fields:
            for _ in range(field[4]):
                places.append((at, field))
                at += field[1]
    if at != end:
        raise CodecError("%d bytes do not fit %s" % (len(data), di))


def _walk_freeze(di, data, places):
    # No BCD byte and no FF is AA, so the separators cut the block without knowing its tariffs
    at = 0
    for section in _SECTIONS:
        end = at
        while end < len(data) and data[end] != _SEPARATOR:
            end += 1
        _walk_section("%s%02X%s" % (di[:4], section, di[6:]), data, at, end, places)
        at = end + 1
        if at >= len(data):
            return
    raise CodecError("more sections in %s than a freeze has" % di)


def _field_text(data, at, field):
    kind, size, power, unit, _ = field
    if kind <= SIGNED:
        value = number(data, at, size, kind == SIGNED)
        return "" if value is None else decimal.text(value, power), unit
    if _is_void(data, at, size):
        return "", unit
    if kind == TIME:
        return _time_text(data, at, size, unit), ""
    if kind == ASCII:
        return _ascii_text(data, at, size), unit
    return hex_text(data, at, size), unit


def _time_text(data, at, size, form):
    # "2026-11-22 10:22:51" or the part of it that `form` has, for example YYMMDDhhmm
    text = ""
    for i in range(size):
        pair = form[2 * i : 2 * i + 2]
        value = bcd_to_int(data, at + size - 1 - i, 1)
        if value < 0:
            raise CodecError("not a BCD time: " + hex_text(data, at, size))
        if text:
            text += "-" if pair in ("MM", "DD") else ":" if pair in ("mm", "ss") else " "
        text += ("20%02d" if pair == "YY" else "%02d") % value
    return text


def _ascii_text(data, at, size):
    # the last character is sent first; unused places are blank or 00
    out = bytearray(size)
    for i in range(size):
        byte = data[at + size - 1 - i]
        out[i] = byte if 32 <= byte < 127 else 32
    return out.decode().strip()


def _is_void(data, at, size):
    return data[at : at + size] == b"\xff" * size
