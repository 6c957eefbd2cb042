"""A folder of waveform records, bounded in number and bytes: the oldest makes room for the newest.

A record is two files, w0000001.dat and w0000001.cfg. The configuration is renamed into place last
and removed first, so what a power cut leaves half done has none and is swept at the next start.
What else is kept on this flash, energies above all, always finds `spare` bytes free: before they
are touched older records make room, and a record that would take them is not begun.
"""

import os

from micropython import const

from firmware.core import room

_NAME = "%s/w%07d.%s"
_ENDINGS = ("cfg", "new", "dat")
_MOST_NUMBER = const(9999999)
SPARE = const(65536)  # sixteen blocks: both copies of settings, energies and calibration anew


class Records:
    def __init__(self, folder, most, most_bytes, fs=None, spare=SPARE):
        """folder: a path; most: records, 0 for none. fs: open, rename, remove, mkdir, stat,
        statvfs, ilistdir; default: what is mounted. Nothing is touched before `start`."""
        self.folder = folder
        self.most = most
        self._most_bytes, self._spare = most_bytes, spare
        self._open = fs.open if fs else open
        self._fs = fs or os
        self.numbers = []  # of the records there are, oldest first
        self.sizes = []  # their bytes
        self.replaced = 0  # records that made room
        self.next = 0  # number of the next record; 0: not started yet

    def start(self):
        """Take stock, and sweep what is half done; once. OSError when the folder cannot be had."""
        if self.next:
            return
        found = {}  # number: [bytes, is whole]
        try:
            self._fs.mkdir(self.folder)
        except OSError:
            pass  # it is there; if not, listing it says why
        for entry in self._fs.ilistdir(self.folder):
            number, ending = _parsed(entry[0])
            if number:
                row = found.setdefault(number, [0, False])
                row[0] += self._fs.stat(self.path(number, ending))[6]
                row[1] = row[1] or ending == "cfg"
        self.numbers = [number for number in sorted(found) if found[number][1]]
        self.sizes = [found[number][0] for number in self.numbers]
        for number in found:
            if not found[number][1]:
                self._remove(number)
        self.next = max(found, default=0) % _MOST_NUMBER + 1

    def _remove(self, number):
        for ending in _ENDINGS:
            try:
                self._fs.remove(self.path(number, ending))
            except OSError:
                pass  # it has no such file

    def path(self, number, ending):
        return _NAME % (self.folder, number, ending)

    def begin(self, size):
        """The data file of a new record of `size` bytes in all, open for writing; None when such
        a record is not wanted, or has no room. OSError."""
        if not self.next or not self.most or size > self._most_bytes:
            return None
        while (
            len(self.numbers) >= self.most
            or sum(self.sizes) + size > self._most_bytes
            or self._free() < size + self._spare
        ):
            if not self.numbers:
                return None
            self._remove(self.numbers.pop(0))
            self.sizes.pop(0)
            self.replaced += 1
        return self._open(self.path(self.next, "dat"), "wb")

    def _free(self):
        return room.free(self._fs.statvfs(self.folder))

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
        self.sizes.append(size)
        return number

    def read(self, number):
        """The configuration of a record. OSError, or UnicodeError when flash has forgotten it."""
        with self._open(self.path(number, "cfg"), "rb") as file:
            return file.read().decode()

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
