"""Chunks: what a segment of curves is written in, and how they are found again.

A table or a row is one chunk or several, each of at most 512 bytes, little-endian:
  u8   kind, TABLE BASE or DELTA; bit 2: the last chunk of its table or row
  u8   marks of the row
  u16  bytes of the payload
  u32  boundary, UTC minutes since 1970
  u16  number of the first device in it
  u8   devices in it
  u16  number of the base row in this segment that it needs (a base row: its own)
  u8   number of the table in this segment that it belongs to (a table: its own), 1 the first
  u16  low half of the CRC-32 of the 14 bytes before
       payload: of a row, the groups of curve_kernels and their k; of a table, see curve_table
  u32  CRC-32 of all before
The header has a sum of its own, so that a chunk of other devices is passed without reading it.
"""

import struct
from errno import ENOENT

from micropython import const

from firmware.core.crc import crc32
from firmware.store.curve_kernels import AT, clear

TABLE, BASE, DELTA = const(0xA1), const(0xA2), const(0xA3)
SIZE = const(512)  # bytes of a chunk at most: RAM of a writer, and of each reader
HEAD = const(16)
TAIL = const(4)
ROOM = const(SIZE - HEAD - TAIL)  # of a payload

_LAST = const(4)  # bit of the kind
_DEVICES = const(255)
_FORMAT = "<BBHIHBHB"
_SUMMED = const(14)


class Writer:
    """Fills one chunk after the other and writes them to a file. Its owner puts bits to `buf`,
    which is zero there, from bit `at` on and calls `added`."""

    def __init__(self):
        self.buf = bytearray(SIZE)
        self.at = 0
        self.written = 0  # bytes since `begin`

    def begin(self, file, kind, marks, minute, row, table, state=None, slots=0):
        """`state`: medians of the groups of so many `slots`, see curve_kernels; of a row."""
        self._file = file
        self._kind, self._marks, self._minute = kind, marks, minute
        self._row, self._table = row, table
        self._state, self._slots = state, slots
        self._first = self._count = 0
        self.written = 0
        self._clear()

    def _clear(self):
        buf, state = self.buf, self._state
        clear(buf, HEAD, SIZE)
        self._count = 0
        self.at = 8 * HEAD
        if state is not None:
            buf[AT] = self._slots
            for slot in range(self._slots):
                buf[AT + 1 + slot] = state[slot] >> 3
            self.at += 8 * (1 + self._slots)

    def has_room(self, size):
        """For so many bytes; else `flush` first."""
        return (self.at + 7 >> 3) + size <= SIZE - TAIL and self._count < _DEVICES

    def added(self, at):
        """One device more, which ends before bit `at`."""
        self.at = at
        self._count += 1

    def flush(self, is_last=False):
        buf, at = self.buf, self.at + 7 >> 3
        kind = self._kind | (_LAST if is_last else 0)
        struct.pack_into(
            _FORMAT,
            buf,
            0,
            kind,
            self._marks,
            at - HEAD,
            self._minute,
            self._first,
            self._count,
            self._row,
            self._table,
        )
        view = memoryview(buf)
        struct.pack_into("<H", buf, _SUMMED, crc32(view[:_SUMMED]) & 0xFFFF)
        struct.pack_into("<I", buf, at, crc32(view[:at]))
        self._file.write(view[: at + TAIL])
        self.written += at + TAIL
        self._first += self._count
        self._clear()


class Cursor:
    """Goes through the chunks of one file. What is damaged is passed and counted. A file that
    cannot be read ends there; one that is gone is empty."""

    def __init__(self, fs, path, buf=None):
        """From the first chunk on. `buf`: SIZE bytes that nobody else uses meanwhile."""
        self.buf = buf or bytearray(SIZE)
        self.damaged = 0  # stretches that are no good chunk
        self.start = self.next_at = 0  # of the chunk at hand, and behind it
        self.kind = 0  # of the chunk at hand; 0: there is none
        self.is_last = False
        self.marks = self.length = self.minute = self.first = self.count = 0
        self.row = self.table = 0
        self._fs = fs
        self._path = path
        self._file = None
        self._size = 0
        self._view = memoryview(self.buf)
        self._head = self._view[:HEAD]

    def next(self):
        """Go to the next chunk: its header is good, its payload not read yet. False at the
        end."""
        self.kind = 0
        try:
            return self._search()
        except OSError as error:
            if error.errno != ENOENT:
                self.damaged += 1
            self.rest()
            return False

    def _search(self):
        is_lost = False
        file = self._opened()
        at = self.next_at
        while at + HEAD + TAIL <= self._size:
            file.seek(at)
            file.readinto(self._head)
            if self._is_head(at):
                return True
            if not is_lost:
                self.damaged += 1
                is_lost = True
            at += 1
        if at < self._size and not is_lost:
            self.damaged += 1
        self.next_at = self._size
        return False

    def _is_head(self, at):
        buf = self.buf
        if buf[0] | _LAST not in (TABLE | _LAST, BASE | _LAST, DELTA | _LAST):
            return False
        row = struct.unpack_from(_FORMAT, buf)
        end = at + HEAD + row[2] + TAIL
        sum16 = buf[_SUMMED] | buf[_SUMMED + 1] << 8
        if row[2] > ROOM or end > self._size or sum16 != crc32(self._view[:_SUMMED]) & 0xFFFF:
            return False
        self.is_last = bool(row[0] & _LAST)
        self.kind = row[0] & ~_LAST
        _, self.marks, self.length, self.minute, self.first, self.count, self.row, self.table = row
        self.start, self.next_at = at, end
        return True

    def groups(self):
        """Bit at which the groups of a row begin, once it is loaded."""
        return 8 * (AT + 1 + self.buf[AT])

    def load(self):
        """Read the payload to buf[HEAD:]. False, and counted, when it is damaged."""
        end = HEAD + self.length
        try:
            file = self._opened()
            file.seek(self.start)
            size = file.readinto(self._view[: end + TAIL])
            kept = struct.unpack_from("<I", self.buf, end)[0]
            if size == end + TAIL and kept == crc32(self._view[:end]):
                return True
        except OSError:
            self.rest()
        self.damaged += 1
        return False

    def _opened(self):
        if self._file is None:
            self._file = self._fs.open(self._path, "rb")
            self._size = self._file.seek(0, 2)
        return self._file

    def rest(self):
        """Close the file; the next step opens it again. What goes on may be read meanwhile."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                pass  # nothing was written to it

    def go(self, at):
        """The next chunk is the one at `at`."""
        self.next_at = at
