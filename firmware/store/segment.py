"""A file of records in slots: how a record is packed, and how a damaged file is read.

A record takes whole slots: CRC-32 (u32), sequence (u32), length (u16), payload, zeros up to the
end of its last slot; little-endian. The CRC covers all of its slots and, as its seed, the number
of the first one: a flipped bit, a piece of a payload and a record in a wrong place are no records.
Behind a damaged record the reader tries slot by slot until one is the start of a record again.
"""

import struct
from errno import ENOENT

from micropython import const

from firmware.core.crc import crc32

HEAD = const(10)  # bytes of a record before its payload
_CHUNK = const(512)  # bytes read at a time


def packed(slot, number, sequence, payload):
    """The bytes of a record whose first slot is `number` in its file."""
    size = len(payload)
    record = bytearray((HEAD + size + slot - 1) // slot * slot)
    struct.pack_into("<IIH", record, 0, 0, sequence, size)
    record[HEAD : HEAD + size] = payload
    struct.pack_into("<I", record, 0, crc32(memoryview(record)[4:], number))
    return record


class Segment:
    """Reads a file a chunk at a time; it is open only while a chunk is read."""

    def __init__(self, open, path, slot, limit):
        """limit: bytes of the longest payload."""
        self._open = open
        self._path = path
        self._slot = slot
        self._most = (HEAD + limit + slot - 1) // slot * slot

    def walk(self, before, until):
        """Yields (sequence, payload) of each record, (0, None) of each slot that is in none.

        Sequences rise, above `before` and not above `until`; others count as damage.
        """
        at = start = 0
        size, chunk = self._begin()
        if size < 0:
            yield 0, None  # it is there and cannot be opened
        while at < size:
            offset = at - start
            need = self._need(chunk, offset)
            if offset + need > len(chunk):
                chunk, start, offset = self._read(at), at, 0
                need = self._need(chunk, 0)
            sequence = 0
            if need <= len(chunk) - offset:
                sequence = self._checked(chunk, offset, need, at // self._slot)
            if before < sequence <= until:
                before = sequence
                end = offset + HEAD + (chunk[offset + 8] | chunk[offset + 9] << 8)
                yield sequence, bytes(chunk[offset + HEAD : end])
                at += need
            else:
                yield 0, None
                at += self._slot

    def _need(self, chunk, offset):
        """Bytes of the record at `offset` as its length has it; of one slot when that cannot
        be."""
        if len(chunk) - offset < HEAD:
            return self._slot
        size = chunk[offset + 8] | chunk[offset + 9] << 8
        need = (HEAD + size + self._slot - 1) // self._slot * self._slot
        return need if need <= self._most else self._slot

    def _checked(self, chunk, offset, need, number):
        """The sequence of a record whose CRC is right, else 0."""
        crc, sequence = struct.unpack_from("<II", chunk, offset)
        size = chunk[offset + 8] | chunk[offset + 9] << 8
        if HEAD + size > need or crc != crc32(
            memoryview(chunk)[offset + 4 : offset + need], number
        ):
            return 0
        return sequence

    def _begin(self):
        """(bytes of the file, its first chunk): size 0 when it is gone, -1 when it cannot be
        opened; no chunk when that cannot be read."""
        size = -1
        try:
            with self._open(self._path, "rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                return size, file.read(_CHUNK)
        except OSError as error:
            return (0 if error.errno == ENOENT else size), b""

    def _read(self, at):
        """A chunk from `at` with the whole record that is there, or as much as flash can read."""
        chunk = self._part(at, _CHUNK) or self._part(at, self._slot)
        need = self._need(chunk, 0)
        if need > len(chunk):
            chunk = self._part(at, need) or chunk
        return chunk

    def _part(self, at, count):
        try:
            with self._open(self._path, "rb") as file:
                file.seek(at)
                return file.read(count)
        except OSError:
            return b""


class Losses:
    """Counts records that are lost in a segment: gaps in the sequence where slots are damaged."""

    def __init__(self, first):
        self.done = first - 1  # sequence of the newest record seen
        self.lost = 0  # before it
        self.bad = 0  # slots after it

    def see(self, sequence):
        """Of a record, or 0 of a slot that is in none."""
        if not sequence:
            self.bad += 1
            return
        if self.bad:
            self.lost += max(1, sequence - self.done - 1)
            self.bad = 0
        self.done = sequence

    def until(self, last):
        """Records lost when `last` is the newest there may have been."""
        return self.lost + (max(1, last - self.done) if self.bad else 0)
