"""NOR flash of the virtual board: a file, as a block device with the extended interface.

Erasing a block sets every bit, programming only clears bits; a program that would set one is
an error of the file system above and stops the board. Blocks of 4096 bytes.
"""

import vfs
from micropython import const

BLOCK = const(4096)
_PROGRAM = const(256)  # one page of a NOR chip
_COUNT = const(4)  # block device ioctl requests
_SIZE = const(5)
_ERASE = const(6)
_ERASED = b"\xff" * _PROGRAM


class Flash:
    def __init__(self, file, size):
        """`file` is open for reading and writing, unbuffered, and `size` bytes long."""
        self._file = file
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
        self._file.seek(block * BLOCK + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=None):
        """Program; without an offset also erase first (the simple interface)."""
        if offset is None:
            for number in range(block, block + len(buf) // BLOCK):
                self.ioctl(_ERASE, number)
            offset = 0
        at = block * BLOCK + offset
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
            self._file.seek(arg * BLOCK)
            self._file.write(self._blank)
        return 0


def format(flash):
    vfs.VfsLfs2.mkfs(flash, readsize=_PROGRAM, progsize=_PROGRAM, lookahead=128)


def mount(flash):
    """Put the flash's littlefs in the place of the host's files; OSError when it has none (the
    host's files are gone all the same)."""
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(flash, readsize=_PROGRAM, progsize=_PROGRAM, lookahead=128), "/")
