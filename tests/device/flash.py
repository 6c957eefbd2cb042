"""A NOR flash in RAM for VfsLfs2, whose power can be cut at any operation. A helper, not a test.

Programming only clears bits and only erasing sets them, as on the chip. At the cut the operation
is left undone or half done, and every later one fails until the bytes are mounted afresh.
"""

import gc

import vfs

_BLOCK = 512
_COUNT = 32


class Flash:
    def __init__(self, image=None):
        self.bytes = bytearray(image or _BLOCK * _COUNT)
        if not image:
            for block in range(_COUNT):
                self._erase(block)
        self.operations = 0  # programs and erases since the last arm()
        self.cut_at = -1  # number of the operation at which the power goes; -1: never
        self.is_torn = False  # the cut operation is half done, not undone

    def arm(self, cut_at, is_torn):
        self.operations, self.cut_at, self.is_torn = 0, cut_at, is_torn

    def was_cut(self):
        return 0 <= self.cut_at < self.operations

    # A dead flash answers EIO as a number and allocates nothing: littlefs leaves a file whose
    # close failed to the garbage collector, which closes it again with the heap locked.

    def readblocks(self, block, buf, offset=0):
        if self.was_cut():
            return -5
        at = block * _BLOCK + offset
        buf[:] = memoryview(self.bytes)[at : at + len(buf)]
        return 0

    def writeblocks(self, block, buf, offset=0):
        if self.was_cut():
            return -5
        at = block * _BLOCK + offset
        for i in range(self._spend(len(buf))):
            if buf[i] & ~self.bytes[at + i] & 0xFF:
                raise RuntimeError("programming sets a bit at %d" % (at + i))
            self.bytes[at + i] = buf[i]
        return -5 if self.was_cut() else 0

    def ioctl(self, op, arg):
        if op == 4:
            return _COUNT
        if op == 5:
            return _BLOCK
        if op == 6:
            if self.was_cut():
                return -5
            self._erase(arg, self._spend(_BLOCK))
            return -5 if self.was_cut() else 0
        return 0

    def _erase(self, block, n=_BLOCK):
        at = block * _BLOCK
        self.bytes[at : at + n] = b"\xff" * n

    def _spend(self, n):
        """Counts one operation on `n` bytes; how many of them happen."""
        self.operations += 1
        if not self.was_cut():
            return n
        return n // 2 if self.is_torn else 0


def formatted():
    """A Flash with an empty littlefs on it, and the mounted file system."""
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash)
    return flash, mounted(flash)


def mounted(flash):
    return vfs.VfsLfs2(flash)


def each_cut(image, action):
    """For every flash operation of `action(fs)`, cut there: undone, then torn.

    Starts each time from the bytes `image`; yields (the file system after the power came back,
    whether the action had ended without an error, its flash). Ends when a cut no longer comes.
    """
    for is_torn in (False, True):
        cut_at = 0
        while True:
            gc.collect()
            flash = Flash(image)
            fs = mounted(flash)
            flash.arm(cut_at, is_torn)
            is_done = _ended(action, fs)
            if not flash.was_cut():
                assert is_done, "the action fails without a cut"
                break
            after = Flash(flash.bytes)  # the old one stays dead under what is still open
            yield mounted(after), is_done, after
            cut_at += 1
        assert cut_at > 1, "too few operations to prove anything"


def _ended(action, fs):
    try:
        action(fs)
    except Exception as error:
        # Only what a dead flash causes; a failed assertion of the action goes on.
        if isinstance(error, AssertionError):
            raise
        return False
    return True
