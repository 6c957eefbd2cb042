"""All devices of a store's rows one after the other, for who hands them on: a generator that
holds no file while it waits. Three places of the file are read side by side (the row, its base
row, the table), each with a buffer of 512 bytes.
"""

from array import array

from firmware.core.quality import IV
from firmware.store.curve_chunk import BASE, TABLE, Cursor
from firmware.store.curve_kernels import QUANTITIES, ZEROS, decode
from firmware.store.curve_table import Walk

_MINUTE_MS = 60000


class _Beside:
    """The table and the base row of the row at hand, device by device."""

    def __init__(self, segments, path):
        self.values = array("q", bytes(8 * QUANTITIES))  # of the device in the base row
        self.columns = ()  # of the device
        self.name = ""
        self.number = -1
        self.table = self.row = -1  # numbers of the newest ones
        self._bits = bytearray(QUANTITIES)
        self._row = Cursor(segments.fs, path)
        self._table = Cursor(segments.fs, path)
        self._table_at = self._row_at = 0
        self._names = iter(())
        self._is_good = False  # is the chunk of the base row in its buffer?
        self._at = 0  # in it

    def take(self, cursor):
        """The first chunk of a table or a row."""
        if cursor.kind == TABLE:
            self.table, self._table_at = cursor.table, cursor.start
            return
        if cursor.kind == BASE:
            self.row, self._row_at = cursor.row, cursor.start
        self._table.go(self._table_at)
        self._table.next()
        self._names = Walk(self._table).devices()
        self._row.go(self._row_at)
        self._next()
        self.number = -1

    def step(self, is_base):
        """The next device of the table. False when there is none, or no value it is based on."""
        row = next(self._names, None)
        self.number += 1
        if row is None:
            self.columns = ()
            return False
        self.name, self.columns = row
        return is_base or self._decode()

    def _decode(self):
        row = self._row
        while self._is_base() and row.first + row.count <= self.number:
            self._next()
        if not self._is_good or not row.first <= self.number:
            return False
        n = len(self.columns)
        self._at = decode(row.buf, self._at, n, ZEROS, self.values, self._bits)
        return True

    def _next(self):
        self._is_good = self._row.next() and self._is_base() and self._row.load()
        self._at = self._row.groups()

    def _is_base(self):
        return self._row.kind == BASE and self._row.row == self.row

    def rest(self):
        self._table.rest()
        self._row.rest()


def _start(segments, minute):
    """(The segment that holds the row of `minute`, the newest such one, True); else (the first
    one that may hold a later row or None, False)."""
    later = None
    for number, key, _ in reversed(segments.found()):
        if key <= minute < key + segments.span_min and _has(segments, number, key, minute):
            return (number, key), True
        if key + segments.span_min > minute:
            later = number, key
    return later, False


def _has(segments, number, key, minute):
    cursor = Cursor(segments.fs, segments.path(number, key))
    is_there = False
    while not is_there and cursor.next():
        is_there = cursor.kind != TABLE and cursor.minute == minute
    cursor.rest()
    return is_there


class _Reader:
    def __init__(self, store, segments, number, key):
        path = segments.path(number, key)
        self.store = store
        self.cursor = Cursor(segments.fs, path)
        self.beside = _Beside(segments, path)
        self.now = array("q", bytes(8 * QUANTITIES))
        self.bits = bytearray(QUANTITIES)

    def is_served(self):
        """Is the chunk at hand whole, and what it needs the one that is at hand?"""
        cursor, beside = self.cursor, self.beside
        if cursor.first <= beside.number:
            return False  # it was told: a row that was written again
        needs = cursor.kind == BASE or cursor.row == beside.row
        if cursor.table != beside.table or not needs:
            self.store.damaged += 1
            return False
        return cursor.load()

    def devices(self, least):
        """(name, columns) of each device from the one behind the last chunk on to the end of this
        one, if its number is `least` at least; without a name when it has no value, or none that
        can be read. The value is in `now` and `bits`."""
        cursor, beside = self.cursor, self.beside
        is_base = cursor.kind == BASE
        at = cursor.groups()
        for number in range(beside.number + 1, cursor.first + cursor.count):
            is_good = beside.step(is_base)
            if number >= cursor.first:
                n = len(beside.columns)
                base = ZEROS if is_base else beside.values
                at = decode(cursor.buf, at, n, base, self.now, self.bits)
                is_good = is_good and _has_value(self.bits, n)
            else:
                is_good = False
            if number >= least:
                yield (beside.name, beside.columns) if is_good else ("", ())

    def value(self, i):
        """(quantity, power of ten, value or None, quality bits) of the device."""
        bits = self.bits[i]
        return self.beside.columns[i] + (None if bits & IV else self.now[i], bits)

    def rest(self):
        self.cursor.rest()
        self.beside.rest()


def _has_value(bits, n):
    return any([not bits[i] & IV for i in range(n)])


def rows(store, segments, from_ms, device):
    """See CurveStore.rows."""
    minute = -(-from_ms // _MINUTE_MS)
    segment, is_exact = _start(segments, minute)
    is_on = False  # was the row reached that is asked for?
    told = -1
    while segment is not None:
        number, key = segment
        reader = _Reader(store, segments, number, key)
        cursor, beside = reader.cursor, reader.beside
        while cursor.next():
            now = cursor.minute
            if cursor.first == 0:
                beside.take(cursor)
            if cursor.kind == TABLE:
                continue
            is_on = is_on or (now == minute if is_exact else now >= minute)
            if not is_on:
                continue
            if not cursor.count:
                if now != told:
                    told = now
                    yield now * _MINUTE_MS, cursor.marks, "", []
                continue
            told = now
            if not reader.is_served():
                continue
            least = device if now == minute else 0
            for name, columns in reader.devices(least):
                kept = [reader.value(i) for i in range(len(columns))]
                reader.rest()
                yield now * _MINUTE_MS, cursor.marks, name, kept
        reader.rest()
        store.damaged += cursor.damaged
        segment = segments.after(number)
