"""The segments of a store: files of one folder, named by their number and the time they are for.

`0001f-01c5e2a0` is segment 31, for boundaries from that UTC minute on, a span of minutes long.
Numbers rise as segments are begun; after a clock that was set back the times need not.
"""

import os
from errno import EEXIST, ENOENT

from firmware.core import room
from firmware.core.errors import StoreError

_NAME = 14  # characters
_NUMBERS = 1 << 20


class Mounted:
    """The file system of the board."""

    open = staticmethod(open)
    ilistdir = staticmethod(os.ilistdir)
    remove = staticmethod(os.remove)
    mkdir = staticmethod(os.mkdir)
    statvfs = staticmethod(os.statvfs)


class Segments:
    def __init__(self, folder, span_min, fs=None):
        """`folder` such as "/curve"; `fs`: None for what the board mounted."""
        self.fs = fs or Mounted
        self.folder = folder
        self.span_min = span_min

    def make(self):
        """The folder, when it is missing."""
        try:
            self.fs.mkdir(self.folder)
        except OSError as error:
            if error.errno != EEXIST:
                raise StoreError("%s cannot be made: %s" % (self.folder, error))

    def found(self):
        """[(number, first minute, bytes)] in the order they were written. Takes 60 bytes of heap
        a segment, for as long as the list is kept."""
        segments = []
        try:
            for entry in self.fs.ilistdir(self.folder):
                row = _parsed(entry[0])
                if row is not None:
                    segments.append(row + (entry[3] if len(entry) > 3 else 0,))
        except OSError as error:
            if error.errno != ENOENT:
                raise StoreError("%s cannot be read: %s" % (self.folder, error))
        segments.sort()
        return segments

    def after(self, number):
        """(number, first minute) of the segment that was begun next; None when there is none."""
        best = None
        try:
            for entry in self.fs.ilistdir(self.folder):
                row = _parsed(entry[0])
                if row is not None and row[0] > number and (best is None or row < best):
                    best = row
        except OSError:
            pass  # as if there were none: a question has no better answer
        return best

    def sweep(self, segments):
        """Those of `segments` that hold something; what a power cut left empty is removed, else
        it would count among those that are kept."""
        kept = []
        for row in segments:
            if row[2] or self._has_bytes(row[0], row[1]):
                kept.append(row)
            else:
                self.remove(row[0], row[1])
        return kept

    def _has_bytes(self, number, key):
        """For file systems that do not list the length."""
        with self.fs.open(self.path(number, key), "rb") as file:
            return file.seek(0, 2) > 0

    def key(self, minute):
        """First minute of the segment for a boundary."""
        return minute - minute % self.span_min

    def path(self, number, key):
        return "%s/%05x-%08x" % (self.folder, number, key)

    def remove(self, number, key):
        """StoreError when the flash refuses."""
        try:
            self.fs.remove(self.path(number, key))
        except OSError as error:
            if error.errno != ENOENT:
                raise StoreError("a segment of %s cannot be removed: %s" % (self.folder, error))

    def free(self):
        """Bytes that are free on the flash. Littlefs counts them by going through everything."""
        try:
            return room.free(self.fs.statvfs(self.folder))
        except OSError as error:
            raise StoreError("the flash cannot be measured: %s" % error)


def _parsed(name):
    if len(name) != _NAME or name[5] != "-":
        return None
    try:
        number, key = int(name[:5], 16), int(name[6:], 16)
    except ValueError:
        return None
    return (number, key) if 0 <= number < _NUMBERS and key >= 0 else None
