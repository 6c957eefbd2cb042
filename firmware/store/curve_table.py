"""The tables of a segment: which devices its rows have, and which quantities of each.

Of a device: length and bytes of its name, and the number of its kind in this table. A number that
was not there before is followed by what the kind has: how many quantities, and of each the length
and bytes of its name and its power of ten plus 128. A table of 200 meters takes about 2.5 kB.
"""

from firmware.core.crc import crc32
from firmware.core.errors import StoreError
from firmware.store.curve_chunk import HEAD, ROOM, TABLE
from firmware.store.curve_kernels import QUANTITIES


def pieces(rows):
    """(bytes, columns) of each device of `rows`: (name, columns, ..) each."""
    kinds = []
    for row in rows:
        name, columns = row[0].encode(), row[1]
        number = kinds.index(columns) if columns in kinds else len(kinds)
        piece = bytes([len(name)]) + name + bytes([number])
        if number == len(kinds):
            kinds.append(columns)
            piece += _kind(columns)
        if len(piece) > ROOM or not 1 <= len(columns) <= QUANTITIES:
            raise StoreError("%s has too many quantities to keep" % row[0])
        yield piece, columns


def _kind(columns):
    parts = [bytes([len(columns)])]
    for quantity, power in columns:
        name = quantity.encode()
        parts.append(bytes([len(name)]) + name + bytes([power + 128]))
    return b"".join(parts)


def signature(rows):
    """(CRC-32 of the table of `rows`, most quantities of a device): another table has another."""
    crc = widest = 0
    for piece, columns in pieces(rows):
        crc = crc32(piece, crc)
        widest = max(widest, len(columns))
    return crc, widest


def write(writer, rows):
    """All of it, to a Writer that was begun."""
    for piece, _ in pieces(rows):
        if not writer.has_room(len(piece)):
            writer.flush()
        at = writer.at >> 3
        writer.buf[at : at + len(piece)] = piece
        writer.added(at + len(piece) << 3)
    writer.flush(True)


class Walk:
    """Goes through a table: `devices()` yields (name, columns) in the order of the rows.
    `is_whole` afterwards: were they all read? The Cursor is at the table's first chunk."""

    def __init__(self, cursor):
        self.is_whole = False
        self._cursor = cursor
        self._at = 0

    def devices(self):
        cursor, kinds, device = self._cursor, [], 0
        number = cursor.table
        while cursor.kind == TABLE and cursor.table == number and cursor.first == device:
            if not cursor.load():
                return
            self._at = HEAD
            for _ in range(cursor.count):
                yield self._device(kinds)
            device += cursor.count
            if cursor.is_last:
                self.is_whole = True
                return
            if not cursor.next():
                return

    def _device(self, kinds):
        name = self._text()
        number = self._byte()
        if number == len(kinds):
            columns = []
            for _ in range(self._byte()):
                quantity = self._text()
                columns.append((quantity, self._byte() - 128))
            kinds.append(tuple(columns))
        return name, kinds[number]

    def _byte(self):
        self._at += 1
        return self._cursor.buf[self._at - 1]

    def _text(self):
        size = self._byte()
        text = str(self._cursor.buf[self._at : self._at + size], "utf-8")
        self._at += size
        return text
