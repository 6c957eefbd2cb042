"""Questions to a store of curves, as generators that hold no file while they wait.

`values` takes a buffer of 512 bytes, 17 a quantity of the device, one for each device before it,
and the next eight values; `several` those of a row. What is damaged is left out and counted in
`damaged` of the store; a row whose table or base row is not whole is never served.
"""

from array import array

from firmware.core.quality import IV, NT
from firmware.store.curve_chunk import BASE, TABLE, Cursor
from firmware.store.curve_kernels import ZEROS, decode, skip
from firmware.store.curve_table import Walk

_MINUTE_MS = 60000
_AT_ONCE = 8  # values found before the file is closed and they are handed on


def devices(store, segments):
    """(name, columns) of each device in the newest table that is whole."""
    for number, key, _ in reversed(segments.found()):
        cursor = Cursor(segments.fs, segments.path(number, key))
        at = -1
        while cursor.next():
            if cursor.kind == TABLE and cursor.first == 0:
                at = cursor.start
        if at >= 0:
            cursor.go(at)
            cursor.next()
            for row in Walk(cursor).devices():
                cursor.rest()
                yield row
            cursor.rest()
            return
        cursor.rest()


def _asked(segments, first, last):
    """Segments that may hold a boundary from the UTC minute `first` to `last` (None: any)."""
    asked = array("i")  # a list would take five times as much, as long as the answer
    for number, key, _ in segments.found():
        if key + segments.span_min > first and (last is None or key <= last):
            asked.append(number)
            asked.append(key)
    for i in range(0, len(asked), 2):
        yield asked[i], asked[i + 1]


class _Place:
    """Where quantities stand in the rows of the table at hand."""

    def __init__(self, device, quantities):
        self._names = device, quantities
        self.counts = bytearray()  # quantities of each device up to this one
        self.columns = ()  # (which quantity, column, power of ten) of those that are there
        self.table = 0  # number of the table; 0: none is known

    def read(self, cursor):
        """The table that `cursor` has come to."""
        device, quantities = self._names
        counts, found = [], []
        self.table = cursor.table
        walk = Walk(cursor)
        for name, columns in walk.devices():
            if not found:
                counts.append(len(columns))
            if name == device:
                for i, (quantity, power) in enumerate(columns):
                    if quantity in quantities:
                        found.append((quantities.index(quantity), i, power))
        self.columns = tuple(found)
        if found:
            self.counts = bytearray(counts)
        if not walk.is_whole:
            self.table = 0


class _Rows:
    """The values of one device, chunk by chunk."""

    def __init__(self, store, device, quantities):
        self.store = store
        self.place = _Place(device, quantities)
        self.base, self.now, self.bits = (
            array("q"),
            array("q"),
            bytearray(),
        )  # of the device, once it is found in a table
        self.row = -1  # number of the base row at hand

    def take(self, cursor, is_wanted):
        """Is there a value of this device in the chunk? It is in `now` and `bits` then."""
        place = self.place
        if cursor.kind == TABLE:
            self.row = -1
            if cursor.first == 0:
                place.read(cursor)
                self._make_room()
            return False
        number = len(place.counts) - 1
        if not cursor.count:
            return is_wanted and place.table == cursor.table and self._is_nothing()
        if not place.columns or not cursor.first <= number < cursor.first + cursor.count:
            return False
        if cursor.kind != BASE and not is_wanted:
            return False
        if place.table != cursor.table or cursor.kind != BASE and self.row != cursor.row:
            self.store.damaged += 1  # what it needs is not whole
            return False
        return cursor.load() and self._decode(cursor, number)

    def _make_room(self):
        n = self.place.counts[-1] if self.place.columns else 0
        if len(self.bits) != n:
            self.base = array("q", bytes(8 * n))
            self.now = array("q", bytes(8 * n))
            self.bits = bytearray(n)

    def _is_nothing(self):
        for _, column, _ in self.place.columns:
            self.now[column], self.bits[column] = 0, IV | NT
        return bool(self.place.columns)

    def _decode(self, cursor, number):
        counts = self.place.counts
        is_base = cursor.kind == BASE
        at = skip(cursor.buf, cursor.groups(), counts, cursor.first, number)
        base = ZEROS if is_base else self.base
        decode(cursor.buf, at, counts[number], base, self.now, self.bits)
        if is_base:
            self.row = cursor.row
            for i in range(counts[number]):
                self.base[i] = self.now[i]
        return True


def values(store, segments, device, quantity, from_ms, to_ms, power):
    """See CurveStore.values."""
    return _found(store, segments, device, (quantity,), from_ms, to_ms, (power,), _of_one)


def several(store, segments, device, quantities, from_ms, to_ms, powers):
    """See CurveStore.several."""
    return _found(store, segments, device, quantities, from_ms, to_ms, powers, _of_several)


def _of_one(ms, _, value, bits):
    return ms, value, bits


def _of_several(ms, i, value, bits):
    return ms, i, value, bits


def _found(store, segments, device, quantities, from_ms, to_ms, powers, tell):
    """Yields what tell(UTC ms, which quantity, value or None, quality bits) makes of each."""
    first = -(-from_ms // _MINUTE_MS)
    last = None if to_ms is None else to_ms // _MINUTE_MS
    told = -1  # minute of the row before
    for number, key in _asked(segments, first, last):
        cursor = Cursor(segments.fs, segments.path(number, key))
        rows = _Rows(store, device, quantities)
        found = []
        while cursor.next():
            minute = cursor.minute
            is_wanted = minute >= first and (last is None or minute <= last) and minute != told
            if not rows.take(cursor, is_wanted) or not is_wanted:
                continue
            told = minute
            for i, column, power in rows.place.columns:
                value, bits = None, rows.bits[column]
                if not bits & IV:
                    value = _scaled(rows.now[column], power, powers[i])
                found.append(tell(minute * _MINUTE_MS, i, value, bits))
            if len(found) >= _AT_ONCE:
                cursor.rest()
                yield from found
                found = []
        cursor.rest()
        store.damaged += cursor.damaged
        yield from found


def _scaled(value, power, wanted):
    if wanted is None or wanted == power:
        return value
    if wanted < power:
        return value * 10 ** (power - wanted)
    unit = 10 ** (wanted - power)
    return (value + unit // 2) // unit
