"""Reads and writes a data unit of Q/GDW 1376.2 by its layout; no length or count is trusted.

A row of a table is (AFN, Fn, mark, forms); its forms are the layouts of the editions, newest
first. The mark is how well the layout is known, and so what a unit that differs from it gives:
  "S"  confirmed: CodecError
  "1"  one source: more bytes than the layout has are handed out as "rest"; fewer: CodecError
  "?"  unverified: None, as for a function without a row
A form is a tuple of fields (name, kind, argument); numbers and "hex" are sent low byte first:
  u N      number of N bytes             hex N  N bytes as hexadecimal, high byte (sent last) first
  raw N    N bytes                       dig N  N bytes as hexadecimal in the order sent
  txt N    N characters, last first      blob N length of N bytes, and as many bytes
  id 0     length, format and as many bytes: (format, bytes)
  list F   a byte n, and n times form F  many F  form F until the data end
  units F  a byte, and unless it is 0 a list: (number, items)
  tail 0   what is left
An item of a list is the tuple of its fields, or the value itself where it has one field.
"""

from micropython import const

from firmware.codec.dlt645 import hex_bytes, hex_text
from firmware.core.errors import CodecError

_DATA = const(((("protocol", "u", 1), ("data", "blob", 1)),))

# The same in both directions
_BOTH = (
    (
        0x00, 1, "S", (  # confirm; map bit 0: handled, the others: channel is idle; wait in s
            (("map", "u", 4), ("wait", "u", 2)),
            (("map", "u", 2), ("wait", "u", 2)),
            (),
        ),
    ),
    (0x00, 2, "S", ((("error", "u", 1),),)),
    (0x02, 1, "S", _DATA),
)  # fmt: skip


def find(rows, afn, fn):
    """The row of a function, or None."""
    for row in rows:
        if row[0] == afn and row[1] == fn:
            return row
    return find(_BOTH, afn, fn) if rows is not _BOTH else None


def decode(row, unit):
    """Values by name, or None where the layout is not known; CodecError as the mark says.

    The form that takes the unit exactly is the right one, else the first that it is enough for.
    Where two take it, as by chance with some meters, it is the one that finds a meter's frame.
    """
    if row is None:
        return None
    exact = enough = None
    for form in row[3]:
        reader = _Reader(unit)
        try:
            values = reader.form(form)
        except CodecError:
            continue
        if reader.at == len(unit):
            if exact is None or _has_frame(values) > _has_frame(exact):
                exact = values
        elif enough is None:
            enough = values
            enough["rest"] = unit[reader.at :]
    if exact is not None:
        return exact
    if row[2] == "?":
        return None
    if enough is None or row[2] == "S":
        raise CodecError("%d bytes are no unit of %02XH F%d" % (len(unit), row[0], row[1]))
    return enough


def encode(row, values, form=0):
    """The data unit of `values`, in the form of an older edition where `form` is not 0;
    CodecError when a value is missing or does not fit."""
    if row is None:
        raise CodecError("the layout of this function is not known")
    if form >= len(row[3]):
        raise CodecError("%02XH F%d has %d forms" % (row[0], row[1], len(row[3])))
    out = bytearray()
    for field in row[3][form]:
        if field[0] not in values:
            raise CodecError("%02XH F%d needs '%s'" % (row[0], row[1], field[0]))
        _write(out, field, values[field[0]])
    return bytes(out)


def _has_frame(values):
    # those of 645 and 698 start and end alike, the first may have a preamble
    data = values.get("data", b"")
    return len(data) > 1 and data[0] in b"\x68\xfe" and data[-1] == 0x16


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def form(self, form):
        values = {}
        for name, kind, argument in form:
            values[name] = self.value(kind, argument)
        return values

    def value(self, kind, argument):
        if kind == "u":
            return self.number(argument)
        if kind == "list":
            return self.items(argument, self.number(1))
        if kind == "many":
            return self.many(argument)
        if kind == "units":
            number = self.number(1)
            return number, self.items(argument, self.number(1)) if number else []
        if kind == "blob":
            return self.take(self.number(argument))
        if kind == "id":
            size = self.number(1)
            return self.number(1), self.take(size)
        if kind == "tail":
            return self.take(len(self.data) - self.at)
        raw = self.take(argument)
        if kind == "hex":
            return hex_text(raw, 0, argument)
        if kind == "dig":
            return "".join(["%02X" % byte for byte in raw])
        if kind == "txt":
            return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in reversed(raw)])
        return raw

    def take(self, size):
        end = self.at + size
        if end > len(self.data):
            raise CodecError("the data unit ends too early")
        raw = self.data[self.at : end]
        self.at = end
        return raw

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def item(self, form):
        if len(form) == 1:
            return self.value(form[0][1], form[0][2])
        return tuple([self.value(field[1], field[2]) for field in form])

    def items(self, form, count):
        return [self.item(form) for _ in range(count)]

    def many(self, form):
        # the forms used here have a fixed size: whatever does not fill one more is left over
        found = []
        while self.at < len(self.data):
            before = self.at
            try:
                found.append(self.item(form))
            except CodecError:
                self.at = before
                break
        return found


def _write(out, field, value):
    name, kind, argument = field
    if kind == "u":
        _number(out, value, argument, name)
    elif kind == "list":
        _list(out, argument, value, name)
    elif kind == "many":
        _items(out, argument, value, name)
    elif kind == "units":
        number, items = _pair(value, name)
        _number(out, number, 1, name)
        if number:
            _list(out, argument, items, name)
    elif kind == "id":
        form, raw = _pair(value, name)
        _number(out, len(_checked(raw, bytes, name)), 1, name)
        _number(out, form, 1, name)
        out += raw
    elif kind == "hex":
        out += hex_bytes(_checked(value, str, name), argument, name)
    elif kind == "dig":
        out += bytes(reversed(hex_bytes(_checked(value, str, name), argument, name)))
    elif kind == "txt":
        _bytes(out, bytes(reversed(_checked(value, str, name).encode())), argument, name)
    else:
        raw = _checked(value, bytes, name)
        if kind == "blob":
            _number(out, len(raw), argument, name)
        _bytes(out, raw, argument if kind == "raw" else len(raw), name)


def _list(out, form, items, name):
    _number(out, len(_checked(items, list, name)), 1, name)
    _items(out, form, items, name)


def _items(out, form, items, name):
    for item in _checked(items, list, name):
        values = (item,) if len(form) == 1 else _checked(item, tuple, name)
        if len(values) != len(form):
            raise CodecError("an item of '%s' has %d fields" % (name, len(form)))
        for i in range(len(form)):
            _write(out, form[i], values[i])


def _bytes(out, raw, size, name):
    if len(raw) != size:
        raise CodecError("'%s' has %d bytes, not %d" % (name, size, len(raw)))
    out += raw


def _number(out, value, size, name):
    if not 0 <= _checked(value, int, name) < 1 << 8 * size:
        raise CodecError("'%s' is %d, which %d bytes do not hold" % (name, value, size))
    for i in range(size):
        out.append(value >> 8 * i & 255)


def _pair(value, name):
    if not isinstance(value, tuple) or len(value) != 2:
        raise CodecError("'%s' is not a pair" % name)
    return value


def _checked(value, kind, name):
    if not isinstance(value, kind):
        raise CodecError("'%s' is not %s" % (name, kind.__name__))
    return value
