"""NOR flash of the virtual board: a file, as a block device with the extended interface.

Erasing a block sets every bit, programming only clears bits; a program that would set one is
an error of the file system above and stops the board. Blocks of 4096 bytes. The last 64 of them
are raw (`tail`, for the energy journal) on a chip of 2 MB or more that was formatted so; one of an
older image, which is a file system to its end, is used as it is.
"""

import vfs
from micropython import const

BLOCK = const(4096)
_PROGRAM = const(256)  # one page of a NOR chip
_COUNT = const(4)  # block device ioctl requests
_SIZE = const(5)
_ERASE = const(6)
_ERASED = b"\xff" * _PROGRAM
_TAIL = const(64)  # blocks of the raw end
_SMALL = const(512)  # blocks of a chip that has none

tail = None  # the raw end of the chip that is mounted, None without one


class Flash:
    def __init__(self, file, size, first=0):
        """`file` is open for reading and writing, unbuffered; the chip, or this part of it, is
        `size` bytes from block `first` on."""
        self.file = self._file = file
        self.size = size
        self._at = first * BLOCK
        self._blocks = size // BLOCK
        self._old = bytearray(_PROGRAM)
        self._blank = b"\xff" * BLOCK

    def is_blank(self):
        """True while nobody has put a file system here (it begins in blocks 0 and 1)."""
        block = bytearray(BLOCK)
        for number in (0, 1):
            self.readblocks(number, block)
            if block != self._blank:
                return False
        return True

    def readblocks(self, block, buf, offset=0):
        self._file.seek(self._at + block * BLOCK + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=None):
        """Program; without an offset also erase first (the simple interface)."""
        if offset is None:
            for number in range(block, block + len(buf) // BLOCK):
                self.ioctl(_ERASE, number)
            offset = 0
        at = self._at + block * BLOCK + offset
        self._check(at, buf)
        self._file.seek(at)
        self._file.write(buf)

    def _check(self, at, buf):
        """Refuse to set a bit, as the chip would (it would leave garbage instead)."""
        old = self._old
        self._file.seek(at)
        for start in range(0, len(buf), _PROGRAM):
            self._file.readinto(old)
            if old != _ERASED:  # the file system programs erased flash only: rarely here
                for i in range(min(_PROGRAM, len(buf) - start)):
                    if buf[start + i] & ~old[i]:
                        raise RuntimeError("flash: bit set without erase at %d" % (at + start + i))

    def ioctl(self, request, arg):
        if request == _COUNT:
            return self._blocks
        if request == _SIZE:
            return BLOCK
        if request == _ERASE:
            self._file.seek(self._at + arg * BLOCK)
            self._file.write(self._blank)
        return 0


def parts(chip):
    """(what is a file system, what is raw or None) of a chip that is formatted now."""
    blocks = chip.size // BLOCK
    if blocks < _SMALL:
        return chip, None
    head = Flash(chip.file, chip.size - _TAIL * BLOCK)
    return head, Flash(chip.file, _TAIL * BLOCK, blocks - _TAIL)


def format(chip):
    vfs.VfsLfs2.mkfs(parts(chip)[0], readsize=_PROGRAM, progsize=_PROGRAM, lookahead=128)


def _file_system(part):
    return vfs.VfsLfs2(part, readsize=_PROGRAM, progsize=_PROGRAM, lookahead=128)


def mount(chip):
    """Put the chip's littlefs in the place of the host's files; OSError when it has none (the
    host's files are gone all the same)."""
    global tail
    vfs.umount("/")
    head, tail = parts(chip)
    try:
        found = _file_system(head)
    except OSError:
        if tail is None:
            raise
        found, tail = _file_system(chip), None  # as it was formatted once
    vfs.mount(found, "/")
