"""The Data of DL/T 698.45, read by the fuzzer's own few lines (A-XDR, big endian).

Written from the layout, not from the codec. `data` gives nested values as a reader of the codec
must give them, or raises Refused; `marks` of a Cursor are where lengths and counts stand: (offset,
bytes, is_length).
"""

import struct

DEPTH = 8  # levels of arrays, structures, regions and selections a reader must allow, and no more


class Refused(Exception):
    """These bytes are no such thing."""


class Cursor:
    def __init__(self, data):
        self.data, self.at, self.marks = bytes(data), 0, []

    def take(self, size):
        if self.at + size > len(self.data):
            raise Refused
        self.at += size
        return self.data[self.at - size : self.at]

    def u(self, size=1):
        return int.from_bytes(self.take(size), "big")

    def i(self, size):
        return int.from_bytes(self.take(size), "big", signed=True)

    def count(self):
        """Of elements; A-XDR says it as it says a length."""
        return self.length(False)

    def length(self, of_bytes=True):
        self.marks.append((self.at, 1, of_bytes))
        first = self.u()
        if first < 0x80:
            return first
        if not 0x81 <= first <= 0x84:
            raise Refused
        self.marks.append((self.at, first & 127, False))
        return self.u(first & 127)

    def octets(self):
        return self.take(self.length())

    def oad(self, size=4):
        return self.take(size).hex().upper()

    def oads(self):
        return tuple(self.oad() for _ in range(self.count()))

    def many(self, read):
        return tuple(read(self) for _ in range(self.count()))

    def time(self, sizes):
        return tuple(self.u(int(size)) for size in sizes)

    def end(self):
        if self.at != len(self.data):
            raise Refused


_INTEGERS = {
    5: -4, 6: 4, 15: -1, 16: -2, 17: 1, 18: 2, 20: -8, 21: 8, 22: 1,
}  # fmt: skip
_TIMES = {0x19: "21111112", 0x1A: "2111", 0x1B: "111", 0x1C: "211111"}
_FLOATS = {23: (">f", 4), 24: (">d", 8)}


def data(c, depth=DEPTH):
    """One Data: lists, tuples and simple values; (tag, value) where the value does not tell."""
    tag = c.u()
    if tag == 0:
        return None
    if tag in _INTEGERS:
        size = _INTEGERS[tag]
        return tag, c.i(-size) if size < 0 else c.u(size)
    if tag in (1, 2):
        below = _below(depth)
        items = [data(c, below) for _ in range(c.count())]
        return items if tag == 1 else tuple(items)
    if tag == 3:
        return c.u() != 0
    if tag == 9:
        return c.octets()
    if tag in _FLOATS:
        layout, size = _FLOATS[tag]
        return tag, struct.unpack(layout, c.take(size))[0]
    return tag, _other(c, tag, depth)


def _other(c, tag, depth):
    if tag in (10, 12, 0x56, 0x57):  # texts, MAC, RN
        return c.octets()
    if tag == 4:
        bits = c.length()
        return bits, c.take((bits + 7) // 8)
    if tag in _TIMES:
        return c.time(_TIMES[tag])
    if tag in (0x50, 0x51, 0x53):
        return c.oad(2 if tag == 0x50 else 4)
    if tag == 0x52:
        return c.oad(), c.oads()
    if tag == 0x54:
        return c.u(), c.u(2)
    if tag == 0x55:
        return tsa(c)
    if tag == 0x58:
        return _region(c, depth)
    if tag == 0x59:
        return c.i(1), c.u()
    if tag == 0x5A:
        return _rows(c, depth)
    if tag == 0x5B:
        return column(c)
    if tag == 0x5C:
        return _meters(c, depth)
    if tag == 0x5D:
        return c.u(4), c.octets()
    if tag == 0x5E:
        return c.u(4), c.octets(), c.octets()
    if tag == 0x5F:
        return c.time("11111")
    if tag == 0x60:
        return c.many(column)
    raise Refused


def _below(depth):
    if depth == 0:
        raise Refused
    return depth - 1


def tsa(c):
    raw = c.octets()
    if not raw:
        return None
    if not 2 <= len(raw) <= 17:
        raise Refused
    return raw[0] >> 6, raw[0] >> 4 & 3, raw[1:].hex().upper()


def column(c):
    choice = c.u()
    if choice > 1:
        raise Refused
    return (c.oad(), c.oads()) if choice else c.oad()


def _region(c, depth):
    below = _below(depth)
    return c.u(), data(c, below), data(c, below)


def _meters(c, depth):
    choice = c.u()
    if choice > 7:
        raise Refused
    if choice < 2:
        return (choice,)
    if choice == 2:
        return 2, tuple(c.take(c.count()))
    if choice == 3:
        return 3, c.many(tsa)
    if choice == 4:
        return 4, c.many(lambda c: c.u(2))
    below = _below(depth)
    return choice, c.many(lambda c: _region(c, below))


def _rows(c, depth):
    selector = c.u()
    if selector == 0:
        return (0,)
    if selector == 9:
        return 9, c.u()
    below = _below(depth)
    if selector > 10:
        raise Refused
    if selector == 1:
        return 1, c.oad(), data(c, below)
    if selector == 2:
        return 2, c.oad(), data(c, below), data(c, below), data(c, below)
    if selector == 3:

        def span(c):
            return c.oad(), data(c, below), data(c, below), data(c, below)

        return 3, c.many(span)
    if selector in (4, 5):
        return selector, c.time("211111"), _meters(c, below)
    if selector == 10:
        return 10, c.u(), _meters(c, below)
    start, end = c.time("211111"), c.time("211111")
    return selector, start, end, (c.u(), c.u(2)), _meters(c, below)


def read_data(raw):
    c = Cursor(raw)
    value = data(c)
    c.end()
    return value
