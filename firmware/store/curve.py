"""Curves and freezes on flash: one row a boundary, of all devices, in segments by time.

A row holds differences to a base row, which stands by itself: each eighth row is one, and the
first behind a table. So any row can be read with its base row alone, a damaged row costs itself
and a damaged base row the seven behind it, and nobody needs the values of 200 devices in RAM: the
base row is read again while the next is written. (Differences to the row before would be 4 %
shorter; the last values 6.4 kB of heap, or up to eight rows to be read.) A table is written
when the devices or their quantities are others than before.

RAM: a Work, 1.9 kB, for all stores together, and some 300 bytes a store. Wear: a row is one append
and one commit of littlefs, which copies the last block of the segment; see docs/store.md.
"""

from array import array

from micropython import const

from firmware.core.crc import crc32
from firmware.core.errors import StoreError
from firmware.store import curve_query, curve_rows, curve_table
from firmware.store.curve_chunk import BASE, DELTA, HEAD, SIZE, TABLE, Cursor, Writer
from firmware.store.curve_kernels import QUANTITIES, SLOTS, STATE, ZEROS, decode, encode, most
from firmware.store.curve_segments import Segments

_EACH = const(8)  # rows from one base row to the next
_MINUTE_MS = const(60000)
_ROWS = const(60000)  # of a segment; it has 16 bits for their number
_TABLES = const(250)  # 8 bits
RESERVE = const(262144)  # bytes left to others when a segment is begun ...
_GIVES = const(2)  # ... for which so many of the oldest give way: one more than comes
_ANEW = const(16)  # files more than that, begun anew behind failures
_UNKNOWN = const(1 << 29)  # bytes
_NO_SPACE = const(28)  # ENOSPC; _FAILED: EIO
_FAILED = const(5)
_DROPS = const(4)  # times that room is made for one row when the flash is full


class Work:
    """The buffers of whoever writes a row; stores that write one after the other share one."""

    def __init__(self):
        self.writer = Writer()
        self.chunk = bytearray(SIZE)  # of the base row
        self.base = array("q", bytes(8 * QUANTITIES))
        self.now = array("q", bytes(8 * QUANTITIES))
        self.bits = bytearray(QUANTITIES)


class CurveStore:
    def __init__(self, folder, span_min, keep, fs=None, reserve=RESERVE, work=None):
        """Segments of `span_min` minutes in `folder`, of which the newest `keep` whole ones and
        the open one are kept; when less than `reserve` bytes of the flash are free, fewer. Reads
        the newest one; what cannot be read is counted in `damaged`."""
        self._segments = Segments(folder, span_min, fs)
        self._reserve = reserve
        self.keep = keep
        self.used = 0  # bytes on flash
        self.room = _UNKNOWN  # bytes after which the oldest go, as it was at the last segment
        self.last_ms = 0  # UTC of the row that was written last; 0: there is none
        self.damaged = 0  # stretches found unreadable since the start
        self.dropped = 0  # segments that were given up because the flash was full
        self.make_room = self.drop_oldest  # called when flash is full; False: there is no more
        self._work = work or Work()
        # of differences to a base row, and of base rows
        self._states = bytearray(b"\x40" * STATE), bytearray(b"\xa0" * STATE)
        self._slots = 1
        self._forget(0)
        self._look()

    # what is open

    def _forget(self, number):
        """The next row begins a segment, with a higher number than `number`."""
        self._number = number
        self._key = -1
        self._cursor = None  # at the base row
        self._rows = 0  # in the segment
        self._size = 0  # bytes of the segment
        self._since = _EACH  # rows since the base row, and with it
        self._base_at = self._base_row = 0
        self._table = 0  # number of the newest table
        self._signature = None  # and its sum

    def _look(self):
        """Find the last row, and where to go on."""
        try:
            segments = self._segments.found()
        except StoreError:
            self.damaged += 1
            return
        self._measure(segments, _UNKNOWN)
        is_newest = True
        while segments and not self.last_ms:
            number, key, _ = segments.pop()
            if is_newest:
                self._forget(number)
            cursor = self._at(number, key)
            self._scan(cursor)
            cursor.rest()
            self.damaged += cursor.damaged
            if is_newest and not cursor.damaged and self._rows:
                self._key, self._cursor, self._size = key, cursor, cursor.next_at
            else:
                self._forget(self._number)  # nothing is written behind damage
            is_newest = False

    def _scan(self, cursor):
        crc = whole = 0
        while cursor.next():
            is_first = cursor.first == 0
            if is_first:
                whole = 0
            is_good = cursor.first == whole  # nothing is missing before it
            whole += cursor.count
            if cursor.kind == TABLE:
                is_good = cursor.load() and is_good
                payload = memoryview(cursor.buf)[HEAD : HEAD + cursor.length]
                crc = crc32(payload, 0 if is_first else crc)
                self._table = cursor.table
                self._signature = crc if is_good and cursor.is_last else None
                continue
            if cursor.kind == BASE and is_first:
                self._base_at, self._base_row, self._since = cursor.start, cursor.row, 0
            if cursor.is_last and is_good:
                self.last_ms = cursor.minute * _MINUTE_MS
                self._rows += 1
                self._since += 1

    def _measure(self, segments, free):
        """`used` and `room` while the open segment is the last of `segments`, or not there yet."""
        sizes = [row[2] for row in segments]
        self.used = sum(sizes)
        whole = sizes[:-1] or sizes
        if whole:
            # so many of the usual size, and what the flash has left
            most = (self.keep + 1) * sum(whole) // len(whole)
            self.room = min(most, self.used + max(0, free - self._reserve))

    # writing

    def put(self, end_ms, marks, rows):
        """One row, for the boundary at UTC `end_ms`, a whole minute: it is on flash when this
        returns. `marks` 0..255. `rows` can be gone through more than once and gives (name,
        ((quantity, power of ten), ..), values, quality bits) of each device, always the same
        devices; none at all is a boundary of which nothing is known. StoreError when the flash
        refuses, or when this very row is there already."""
        for _ in self.steps(end_ms, marks, rows):
            pass

    def steps(self, end_ms, marks, rows):
        """`put` as a generator: others may be let in between two steps, of up to some 60 devices
        each. The row is on flash when it ends; only one may be under way."""
        minute = end_ms // _MINUTE_MS
        if end_ms % _MINUTE_MS or end_ms <= 0:
            raise StoreError("a boundary is a whole minute")
        if end_ms == self.last_ms:
            raise StoreError("the row of this boundary is kept already")
        drops = 0
        while True:
            try:
                yield from self._write(minute, marks, rows)
                break
            except OSError as error:
                self._forget(self._number)
                if error.errno != _NO_SPACE or drops == _DROPS or not self.make_room():
                    raise StoreError("the row was not written: %s" % error)
                drops += 1
        self.last_ms = end_ms

    def _write(self, minute, marks, rows):
        key = self._segments.key(minute)
        if key != self._key or self._rows >= _ROWS or self._table >= _TABLES:
            self._begin(key)
        writer = self._work.writer
        before = self._size
        is_new = before == 0
        kind, cursor, is_table = self._kind(rows)
        path = self._segments.path(self._number, key)
        self._key = -1  # until the row is whole: behind half a row nothing is written
        file = self._segments.fs.open(path, "ab")
        try:
            if is_table:
                writer.begin(file, TABLE, marks, minute, 0, self._table)
                curve_table.write(writer, rows)
                self._size += writer.written
                yield
            at = self._size
            row = self._rows if kind == BASE else self._base_row
            state = self._states[kind == BASE]
            writer.begin(file, kind, marks, minute, row, self._table, state, self._slots)
            yield from self._groups(rows, cursor, state)
            self._size += writer.written
            file.close()  # this is what commits
        except BaseException:
            self._abandon(file, path if is_new else None)
            raise
        self._key = key
        self.used += self._size - before
        if kind == BASE:
            self._base_at, self._base_row, self._since = at, self._rows, 0
        self._rows += 1
        self._since += 1

    def _begin(self, key):
        """A new segment: the oldest ones give way, to it and to what others write."""
        self._segments.make()
        segments = self._segments.found()
        highest = segments[-1][0] if segments else 0
        self._forget(max(highest, self._number) + 1)
        segments = self._segments.sweep(segments)
        gives = _GIVES
        while segments:
            if not self._is_surplus(segments, key):
                if gives == 0 or self._segments.free() >= self._reserve:
                    break
                self.dropped += 1
                gives -= 1
            self._segments.remove(*segments.pop(0)[:2])
        self._measure(segments, self._segments.free())
        self._key = key

    def _is_surplus(self, segments, key):
        """Are there more than are kept beside the one of `key`? By the time they are for: one that
        was begun anew behind a failure is no other, but for so many."""
        spans = {row[1] for row in segments if row[1] != key}
        return len(spans) > self.keep or len(segments) > self.keep + _ANEW

    def _kind(self, rows):
        """(kind, Cursor at the base row or None, does a table come before?)."""
        if not self._is_any(rows):
            return DELTA, None, False
        signature, widest = curve_table.signature(rows)
        self._slots = min(SLOTS, widest)
        if signature != self._signature:
            self._signature = signature
            self._table += 1
            return BASE, None, True
        if self._since < _EACH:
            cursor = self._cursor or self._at(self._number, self._key)
            self._cursor = cursor
            if self._is_readable(cursor):
                return DELTA, cursor, False
        return BASE, None, False

    def _at(self, number, key):
        """A Cursor at the beginning of a segment."""
        return Cursor(self._segments.fs, self._segments.path(number, key), self._work.chunk)

    def _is_any(self, rows):
        for _ in rows:
            return True
        return False

    def _is_readable(self, cursor):
        """Is the base row whole? The cursor stands before it afterwards."""
        cursor.go(self._base_at)
        while cursor.next() and cursor.kind == BASE and cursor.row == self._base_row:
            if not cursor.load():
                break
            if cursor.is_last:
                cursor.go(self._base_at)
                return True
        cursor.rest()
        return False

    def _groups(self, rows, cursor, state):
        """The groups of a row; a step after each chunk."""
        work, writer = self._work, self._work.writer
        now, bits = work.now, work.bits
        base, until, at = ZEROS, 0, 0
        for number, (_, columns, values, quality) in enumerate(rows):
            n = len(columns)
            if cursor is not None:
                if number == until:
                    if not cursor.next() or not cursor.load():
                        raise OSError(_FAILED)
                    until, at = number + cursor.count, cursor.groups()
                at = decode(cursor.buf, at, n, ZEROS, work.base, bits)
                base = work.base
            for i in range(n):
                now[i] = values[i]
                bits[i] = quality[i]
            if not writer.has_room(most(n)):
                writer.flush()
                yield
            writer.added(encode(writer.buf, writer.at, now, base, bits, n, state))
        writer.flush(True)
        if cursor is not None:
            cursor.rest()

    def _abandon(self, file, path):
        """Close what was not finished, and take away a segment that holds nothing else."""
        if self._cursor is not None:
            self._cursor.rest()
        try:
            file.close()
        except OSError:
            pass  # it cannot be kept
        if path:
            try:
                self._segments.fs.remove(path)
            except OSError:
                pass  # nor taken away: readers pass what is not whole

    # retention

    def drop_oldest(self):
        """Give up the oldest segment so that others can write. False when only one is left, or
        when flash refuses: somebody else may have some."""
        try:
            return self._drop()
        except StoreError:
            return False

    def _drop(self):
        segments = self._segments.found()
        if len(segments) <= 1:
            return False
        self._segments.remove(*segments[0][:2])
        self.used -= segments[0][2]
        self.dropped += 1
        return True

    def first_ms(self):
        """UTC from which on there are segments; 0: there is none."""
        segments = self._segments.found()
        return segments[0][1] * _MINUTE_MS if segments else 0

    # reading: see curve_query and curve_rows

    def devices(self):
        """Yields (name, ((quantity, power), ..)) as of the newest table."""
        return curve_query.devices(self, self._segments)

    def values(self, device, quantity, from_ms=0, to_ms=None, power=None):
        """Yields (UTC ms, value or None, quality bits) of every row from from_ms to to_ms, both
        included, as they were written; `power`: the power of ten to give them in."""
        return curve_query.values(self, self._segments, device, quantity, from_ms, to_ms, power)

    def several(self, device, quantities, from_ms, to_ms, powers):
        """As `values`, all in one reading: (UTC ms, which one, value or None, quality bits)."""
        args = device, quantities, from_ms, to_ms, powers
        return curve_query.several(self, self._segments, *args)

    def rows(self, from_ms=0, device=0):
        """Yields (UTC ms, marks, name, [(quantity, power, value or None, bits)]) from the boundary
        from_ms on, in the order they were written; of from_ms from the device of that number on.
        One for each device of a row, so that they can be counted; the name is "" and the list
        empty when it has no value, and once for a boundary of which nothing is known."""
        return curve_rows.rows(self, self._segments, from_ms, device)
