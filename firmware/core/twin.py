"""A record kept in two copies, so that a power cut at any moment leaves the old or the new one.

A file is a 32-byte text header "ttu1 <sequence> <length> <crc32>\\n" (three fields of eight hex
digits) and the payload; the CRC-32 covers the header before it and the payload. Blocks for the
flash's time; holds at most two payloads in RAM, and none that is longer than `limit`.
"""

import os
from collections import namedtuple
from errno import ENOENT

from micropython import const

from firmware.core.crc import crc32
from firmware.core.errors import StoreError

_HEAD = const(32)  # length of the header
_MASK = const(0xFFFFFFFF)

# Why a copy is of no use, the mildest first.
REASONS = ("absent", "unreadable", "oversized", "corrupt")

# sequence: of the copy loaded, -1 when there is none; reason: "" or the worst of REASONS when
# there is none; damaged: ((path, reason), ...) of the copies that are there but of no use.
TwinInfo = namedtuple("TwinInfo", ("sequence", "reason", "damaged"))


def _header(sequence, payload):
    head = b"ttu1 %08x %08x " % (sequence, len(payload))
    return head + b"%08x\n" % crc32(payload, crc32(head))


def _is_newer(sequence, other):
    """Serial-number order: the sequence may wrap."""
    return 0 < (sequence - other) & _MASK < 0x80000000


class Twin:
    def __init__(self, path_a, path_b, limit, fs=None):
        """Two paths on `fs` (open, rename; default: what is mounted), payloads of up to `limit`.

        The folder must exist. Beside each path its name with `.new` is used while saving.
        """
        self.paths = (path_a, path_b)
        self.limit = limit
        self._open = fs.open if fs else open
        self._rename = (fs or os).rename
        self._sequence = 0  # of the newest valid copy
        self._at = -1  # index of the copy to write next; -1: look first

    def load(self):
        """(payload, TwinInfo) of the newest valid copy; the payload is None when neither is."""
        best = None
        sequence = -1
        damaged = []
        at = 0
        for i in (0, 1):
            found, payload, why = self._read(self.paths[i])
            if payload is None:
                if why != "absent":
                    damaged.append((self.paths[i], why))
            elif best is None or _is_newer(found, sequence):
                best, sequence, at = payload, found, 1 - i
        self._at = at
        self._sequence = max(sequence, 0)
        reason = ""
        if best is None:
            reason = REASONS[max([0] + [REASONS.index(why) for _, why in damaged])]
        return best, TwinInfo(sequence, reason, tuple(damaged))

    def save(self, payload):
        """Replaces the older copy, read back before it counts; StoreError when flash refuses."""
        if len(payload) > self.limit:
            name = self.paths[0]
            raise StoreError("%s holds %d bytes, not %d" % (name, self.limit, len(payload)))
        if self._at < 0:
            self.load()
        at = self._at
        sequence = (self._sequence + 1) & _MASK
        self._at = -1  # after a failure nothing is taken for granted
        try:
            self._replace(self.paths[at], sequence, payload)
        except OSError as error:
            raise StoreError("%s was not written: %s" % (self.paths[at], error))
        self._sequence = sequence
        self._at = 1 - at

    def _replace(self, path, sequence, payload):
        fresh = path + ".new"
        with self._open(fresh, "wb") as file:
            file.write(_header(sequence, payload))
            file.write(payload)
        if self._read(fresh) != (sequence, bytes(payload), ""):
            raise StoreError("%s does not read back as it was written" % fresh)
        self._rename(fresh, path)

    def _read(self, path):
        """(sequence, payload, "") of a valid copy, else (-1, None, reason)."""
        try:
            return self._parse(path)
        except OSError as error:
            return -1, None, "absent" if error.errno == ENOENT else "unreadable"

    def _parse(self, path):
        with self._open(path, "rb") as file:
            size = file.seek(0, 2)
            if size > _HEAD + self.limit:
                return -1, None, "oversized"
            file.seek(0)
            head = file.read(_HEAD)
            payload = file.read(max(0, size - _HEAD))  # a buffer of `limit` may not be had
        try:
            sequence = int(head[5:13], 16)
        except ValueError:
            return -1, None, "corrupt"
        # Rebuilt and compared whole: format, length and CRC in one go.
        if sequence < 0 or head != _header(sequence, payload):
            return -1, None, "corrupt"
        return sequence, payload, ""
