"""A folder of waveform records, bounded in number and bytes: the oldest makes room for the newest.

A record is two files, w0000001.dat and w0000001.cfg. The configuration is renamed into place last
and removed first, so what a power cut leaves half done has none and is swept at the next start.
"""

import os

from micropython import const

_NAME = "%s/w%07d.%s"
_ENDINGS = ("cfg", "new", "dat")
_MOST_NUMBER = const(9999999)


class Records:
    def __init__(self, folder, most, most_bytes, fs=None):
        """folder: a path; most: records, 0 for none. fs: open, rename, remove, mkdir, stat,
        ilistdir; default: what is mounted. OSError when the folder cannot be had."""
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._open = fs.open if fs else open
        self._fs = fs or os
        self.numbers = []  # of the records there are, oldest first
        self._bytes = []  # their sizes
        self.replaced = 0  # records that made room
        self._sweep()

    def _sweep(self):
        found = {}  # number: [bytes, is whole]
        try:
            self._fs.mkdir(self._folder)
        except OSError:
            pass  # it is there; if not, listing it says why
        for entry in list(self._fs.ilistdir(self._folder)):
            number, ending = _parsed(entry[0])
            if number:
                row = found.setdefault(number, [0, False])
                row[0] += self._fs.stat(self.path(number, ending))[6]
                row[1] = row[1] or ending == "cfg"
        for number in sorted(found):
            if found[number][1]:
                self.numbers.append(number)
                self._bytes.append(found[number][0])
            else:
                self._remove(number)
        self.next = max(found, default=0) % _MOST_NUMBER + 1  # number of the next record

    def _remove(self, number):
        for ending in _ENDINGS:
            try:
                self._fs.remove(self.path(number, ending))
            except OSError:
                pass  # it has no such file

    def path(self, number, ending):
        return _NAME % (self._folder, number, ending)

    def begin(self, size):
        """The data file of a new record of `size` bytes in all, open for writing; None when such
        a record is not wanted. OSError."""
        if not self._most or size > self._most_bytes:
            return None
        while len(self.numbers) >= self._most or sum(self._bytes) + size > self._most_bytes:
            self._remove(self.numbers.pop(0))
            self._bytes.pop(0)
            self.replaced += 1
        return self._open(self.path(self.next, "dat"), "wb")

    def finish(self, lines, size):
        """The data file is closed: write the configuration, whose lines are given, and count the
        record of `size` bytes in. Its number. OSError."""
        number = self.next
        with self._open(self.path(number, "new"), "wb") as file:
            for line in lines:
                size += file.write(line.encode())
        self._fs.rename(self.path(number, "new"), self.path(number, "cfg"))
        self.next = number % _MOST_NUMBER + 1
        self.numbers.append(number)
        self._bytes.append(size)
        return number

    def abort(self):
        """Writing failed: take away what there is of it."""
        self._remove(self.next)


def _parsed(name):
    """(number, ending) of a file's name; (0, "") when it is none of ours."""
    stem, _, ending = name.partition(".")
    if (
        len(stem) == 8
        and stem[0] == "w"
        and stem[1:].isdigit()
        and ending in ("dat", "cfg", "new")
    ):
        return int(stem[1:]), ending
    return 0, ""
