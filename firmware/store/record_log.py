"""Records in order on flash: segments of slots, a batch at a time, the oldest segment goes first.

A segment (store/segment.py) is a file named by the sequence it starts with, in 8 hex digits:
opening lists the names and reads the last segment only. A batch is one commit of littlefs: after
a power cut it is there whole or not at all. Such a commit costs about one erase (some 60 ms with
its programs, the caller waits) and programs the batch, the half block on average that is copied,
and some 200 bytes of metadata: flush seldom.
"""

import os
from errno import EEXIST, ENOENT

from micropython import const

from firmware.core.errors import StoreError
from firmware.store.segment import Losses, Segment, packed

_ANY = const(0xFFFFFFFF)
_NO_SPACE = const(28)  # ENOSPC; the errno module of this port has not got it


class RecordLog:
    def __init__(self, folder, slot=64, segment=8192, kept=16, limit=2048, batch=8192, fs=None):
        """Keeps the newest `kept` - 1 segments of at least `segment` bytes or more: at most
        `kept`, each longer by one batch at most. limit: bytes of a payload; batch: of all
        payloads that wait for a flush. RAM: what waits, 512 bytes or the record that is
        read, 24 bytes a segment.
        """
        self.folder = folder
        self.kept = kept
        self.segment = segment
        self.dropped = 0  # records that never got to flash: the batch was full
        self.make_room = self.drop_oldest  # called when flash is full; False: there is no more
        self.tail = None  # (sequence, payload) of the newest record found by load(); None: none
        self.on_drop = lambda first, last: None  # called before the records of a segment go
        self.batch = batch
        self._limit = limit
        self._slot = slot
        self._fs = fs or os
        self._open = fs.open if fs else open
        self._segments = []  # sequence each starts with
        self._sizes = []  # bytes of each
        self._is_sealed = True  # nothing is appended to the last segment any more
        self._pending = []  # (sequence, payload) that are not on flash
        self._waiting = 0  # bytes of their payloads
        self._next = 1  # sequence of the next record
        self._damage = {}  # segment: its records that cannot be read, as far as they were met
        self._damage_gone = 0  # the same of segments that are gone

    @property
    def first(self):
        """Sequence of the oldest record kept; above `last` when there is none."""
        return self._segments[0] if self._segments else self.flushed + 1

    @property
    def last(self):
        """Sequence of the newest record, on flash or not; 0: none yet."""
        return self._next - 1

    @property
    def flushed(self):
        """Sequence of the newest record that is on flash."""
        return self._pending[0][0] - 1 if self._pending else self._next - 1

    @property
    def waiting(self):
        """Records that are not on flash yet."""
        return len(self._pending)

    @property
    def damaged(self):
        """Records that were met and cannot be read, each counted once."""
        return self._damage_gone + sum(self._damage.values())

    @property
    def used(self):
        """Bytes of all segments."""
        return sum(self._sizes)

    @property
    def room(self):
        """Bytes after which the oldest segment goes."""
        return self.kept * self.segment

    def load(self):
        """Take what flash holds, and forget what it does not; StoreError when it cannot be
        read."""
        found = []
        try:
            found = [(_first(row[0]), int(row[-1])) for row in self._fs.ilistdir(self.folder)]
        except OSError as error:
            if error.errno != ENOENT:  # the folder comes with the first record
                raise StoreError("%s cannot be read: %s" % (self.folder, error))
        found = sorted([row for row in found if row[0]])
        self._segments = [first for first, _ in found]
        self._sizes = [size for _, size in found]
        self._pending, self._waiting = [], 0
        self._damage, self._damage_gone = {}, 0
        self._next = 1
        self.tail = None
        self._find_end()
        for segment in reversed(self._segments[:-1]):
            if self.tail is not None:
                break
            for row in self._scan(segment):
                self.tail = row

    def append(self, payload):
        """The sequence of a record that is in RAM only until flush(). When the batch is full its
        oldest records make place, and are counted in `dropped`."""
        size = len(payload)
        if size > self._limit:
            raise StoreError("a record of %s has up to %d bytes" % (self.folder, self._limit))
        while self._pending and self._waiting + size > self.batch:
            self._waiting -= len(self._pending.pop(0)[1])
            self.dropped += 1
        sequence = self._next
        self._pending.append((sequence, bytes(payload)))
        self._waiting += size
        self._next += 1
        return sequence

    def discard(self):
        """Forget what is not on flash; its sequences are given again."""
        self._next = self.flushed + 1
        self._pending, self._waiting = [], 0

    def flush(self):
        """All that was appended is on flash when this returns: acknowledged.

        StoreError when flash refuses: it waits for the next flush. A full disk makes room first
        (`make_room`); a segment that takes no more is left, and a new one begun.
        """
        while self._pending:
            was_fresh = self._is_sealed
            try:
                self._write()
                return
            except OSError as error:
                reason = error
            self._find_end()  # the commit may have been made all the same
            if reason.errno == _NO_SPACE:
                if not self.make_room():
                    raise StoreError("%s was not written: flash is full" % self.folder)
            elif was_fresh and self._pending:
                raise StoreError("%s was not written: %s" % (self.folder, reason))
            else:
                self._is_sealed = True

    def records(self, first=0, last=None):
        """Yields (sequence, payload) from `first` to `last`, oldest first, flushed or not.

        Damaged records are left out and counted. No file is open while the caller has the turn;
        what is appended meanwhile is not seen, what goes meanwhile is skipped.
        """
        last = self.last if last is None else last
        done = first - 1
        while done < min(last, self.flushed):
            segment = self._segment_after(done)
            if segment is None:
                break
            until = self._end_of(segment)
            for sequence, payload in self._scan(segment):
                if sequence > last:
                    return
                if sequence > done:
                    done = sequence
                    yield sequence, payload
            done = max(done, until)
        for sequence, payload in self._pending[:]:
            if done < sequence <= last:
                yield sequence, payload

    def find(self, is_before):
        """Where to begin to read when is_before(payload) is True of all older records and False
        of all that are wanted: the start of a segment, so some older ones come first."""
        low, high = 0, len(self._segments)
        while high - low > 1:
            middle = (low + high) // 2
            first = next(self._scan(self._segments[middle]), None)
            if first is not None and is_before(first[1]):
                low = middle
            else:
                high = middle
        return self._segments[low] if self._segments else 0

    def drop_oldest(self):
        """Let the oldest segment go, but not the last one that has records; False: there is none
        to go."""
        if sum(self._sizes[1:]) == 0:  # one that was begun and took nothing is no other
            return False
        first = self._segments[0]
        self.on_drop(first, self._end_of(first))
        try:
            self._fs.remove(self._path(first))
        except OSError as error:
            if error.errno != ENOENT:
                return False
        self._segments.pop(0)
        self._sizes.pop(0)
        self._damage_gone += self._damage.pop(first, 0)
        return True

    def _make_folder(self):
        path = ""
        for name in self.folder.strip("/").split("/"):
            path += "/" + name
            try:
                self._fs.mkdir(path)
            except OSError as error:
                if error.errno != EEXIST:
                    raise

    def _path(self, first):
        return "%s/%08x" % (self.folder, first)

    def _segment_after(self, done):
        """The segment that may hold the record after `done`, or the next there is; None: none."""
        found = None
        for first in self._segments:
            if first > done + 1 and found is not None:
                break
            found = first
        return found

    def _end_of(self, segment):
        """The last sequence that may be in the segment."""
        at = self._segments.index(segment) + 1
        return self._segments[at] - 1 if at < len(self._segments) else self.flushed

    def _scan(self, segment):
        """Yields (sequence, payload) of the good records of a segment; counts the others."""
        until = self._end_of(segment)
        losses = Losses(segment)
        for sequence, payload in self._reader(segment).walk(segment - 1, until):
            losses.see(sequence)
            if payload is not None:
                yield sequence, payload
        self._count(segment, losses.until(until))

    def _reader(self, segment):
        return Segment(self._open, self._path(segment), self._slot, self._limit)

    def _count(self, segment, lost):
        if lost and segment in self._segments:
            self._damage[segment] = max(self._damage.get(segment, 0), lost)

    def _find_end(self):
        """Where the next record goes, by a look at the last segment."""
        self._is_sealed = True
        if not self._segments:
            return
        first = self._segments[-1]
        try:
            self._sizes[-1] = self._fs.stat(self._path(first))[6]
        except OSError as error:
            if error.errno == ENOENT:  # it was not begun after all
                self._segments.pop()
                self._sizes.pop()
                self._find_end()
                return
        losses = Losses(first)
        for sequence, payload in self._reader(first).walk(first - 1, _ANY):
            losses.see(sequence)
            if payload is not None:
                self.tail = sequence, payload
        while self._pending and self._pending[0][0] <= losses.done:
            self._waiting -= len(self._pending.pop(0)[1])
        # Nothing is appended behind a torn or damaged end, and the sequences it may have held
        # are not given again.
        self._is_sealed = losses.bad > 0 or self._sizes[-1] >= self.segment
        if not self._pending:
            self._next = max(self._next, losses.done + 1 + losses.bad)
        self._count(first, losses.lost + losses.bad)

    def _write(self):
        """One commit of all that waits; OSError."""
        count = len(self._pending)
        mode = "ab"
        if not self._segments:
            self._make_folder()
        if self._is_sealed or self._sizes[-1] >= self.segment:
            first = self._pending[0][0]
            if not self._segments or self._segments[-1] != first:
                self._segments.append(first)
                self._sizes.append(0)
            self._sizes[-1] = 0
            mode = "wb"
        number = self._sizes[-1] // self._slot
        self._is_sealed = True  # until all is there: nothing goes behind a part of a batch
        with self._open(self._path(self._segments[-1]), mode) as file:
            for at in range(count):
                record = packed(self._slot, number, *self._pending[at])
                file.write(record)
                number += len(record) // self._slot
        self._sizes[-1] = number * self._slot
        self._is_sealed = False
        for _ in range(count):
            self._waiting -= len(self._pending.pop(0)[1])
        if len(self._segments) > self.kept:
            self.drop_oldest()


def _first(name):
    """The sequence a file name tells; 0: it is no segment."""
    try:
        return int(name, 16) if len(name) == 8 else 0
    except ValueError:
        return 0
