"""A NOR flash in RAM for littlefs and raw regions: what the chip does, and what befalls it.

Erasing a block sets every bit, programming a page only clears bits (one that would set a bit is
refused with an AssertionError: the file system above is wrong). The power can be cut at any
operation, blocks can be bad, bits can flip, and all wear is counted. For tests and benches, under
MicroPython. Close every file: the collector closes forgotten ones with the heap locked, and this
device needs memory. After a PowerCut call quiet() before anything is collected.
"""

from array import array

from micropython import const

PAGE = const(256)  # bytes of one program operation
BLOCK = const(4096)  # bytes of one erase operation

# Five ways a block can be bad (the last two say nothing and do nothing)
PROGRAM_ERROR, ERASE_ERROR, READ_ERROR = "program error", "erase error", "read error"
PROGRAM_IGNORED, ERASE_IGNORED = "program ignored", "erase ignored"
KINDS = (PROGRAM_ERROR, ERASE_ERROR, READ_ERROR, PROGRAM_IGNORED, ERASE_IGNORED)

CORRUPT = const(-84)  # what littlefs takes for a bad block and walks around
DEAD = const(-5)  # EIO

_ERASED = b"\xff" * BLOCK
_UNDONE = const(-1)


class PowerCut(BaseException):
    """The power is gone. No `except Exception` and no `except OSError` goes on behind it."""


class Nor:
    """A whole chip; `readblocks`, `writeblocks` and `ioctl` of the extended block device."""

    def __init__(self, blocks=64, block=BLOCK):
        """block: bytes of one, a multiple of the page; smaller ones fit into smaller heaps."""
        self.blocks = blocks
        self.block = block
        self._blank = _ERASED if block == BLOCK else _ERASED[:block]
        self.cells = [None] * blocks  # bytearray of a block; None: erased, and takes no memory
        self.bad = {}  # block: one of KINDS
        self.fault = CORRUPT  # what a block that is known to be bad answers
        self.erases = array("I", [0] * blocks)  # by block
        self.programmed = array("I", [0] * blocks)  # bytes by block
        self.reads = self.read_bytes = 0
        self.operations = 0  # programs of a page and erases since the last arm()
        self._cut_at = -1  # number of the operation at which the power goes; -1: never
        self._torn = _UNDONE
        self._cut = PowerCut("the power is cut")  # made now: then there may be no memory
        self.is_cut = False
        self.is_quiet = False  # after quiet(): dead, without an exception

    def arm(self, cut_at, torn=_UNDONE):
        """Cut the power at operation `cut_at` from now (0: the next); -1: never.

        torn -1: that operation is not done at all. torn k >= 0: of a program k bytes (modulo
        the page + 1) are done and half the bits of the byte after them; of an erase the first
        half of the block (k even) or the second (k odd).
        """
        self.operations, self._cut_at, self._torn = 0, cut_at, torn

    def quiet(self):
        """After a PowerCut was caught: what is still open may be closed, in vain and silently."""
        self.is_quiet = True

    def again(self):
        """The chip after the power came back: the same bytes (this one is dead for good, and
        does not touch them any more), bad blocks and wear."""
        self.is_cut = self.is_quiet = True
        fresh = Nor(self.blocks, self.block)
        fresh.cells, fresh.bad, fresh.fault = self.cells, self.bad, self.fault
        fresh.erases, fresh.programmed = self.erases, self.programmed
        return fresh

    def copy(self):
        """Another chip with the same bytes and bad blocks, and no wear."""
        other = Nor(self.blocks, self.block)
        other.cells = [block and bytearray(block) for block in self.cells]
        other.bad, other.fault = dict(self.bad), self.fault
        return other

    def flip(self, at, bit):
        """Flip bit 0..7 of the byte at `at`."""
        self._written(at // self.block)[at % self.block] ^= 1 << bit

    @property
    def total_erases(self):
        return sum(self.erases)

    @property
    def total_programmed(self):
        """Bytes, since the chip was made."""
        return sum(self.programmed)

    def region(self, first, count):
        """A block device of `count` blocks from `first` on the same chip (and same power)."""
        return Region(self, first, count)

    def readblocks(self, block, buf, offset=0):
        if self.is_cut:
            return self._gone()
        if self.bad and self.bad.get(block) == READ_ERROR:
            return self.fault
        done, size = 0, len(buf)
        self.reads += 1
        self.read_bytes += size
        if offset + size <= self.block:  # as littlefs reads
            buf[:] = memoryview(self.cells[block] or self._blank)[offset : offset + size]
            return 0
        while done < size:
            step = min(size - done, self.block - offset)
            cells = self.cells[block] or self._blank
            buf[done : done + step] = memoryview(cells)[offset : offset + step]
            done += step
            block, offset = block + 1, 0
        return 0

    def writeblocks(self, block, buf, offset=None):
        """Program; without an offset erase the blocks first (the simple interface)."""
        if self.is_cut:
            return self._gone()
        if offset is None:
            for number in range(block, block + (len(buf) + self.block - 1) // self.block):
                answer = self.ioctl(6, number)
                if answer:
                    return answer
            offset = 0
        at = block * self.block + offset
        view = memoryview(buf)
        done, size = 0, len(buf)
        while done < size:
            # a page does not run into the next one
            step = min(size - done, PAGE - (at + done) % PAGE)
            answer = self._program(at + done, view[done : done + step])
            if answer:
                return answer
            done += step
        return 0

    def ioctl(self, request, arg):
        if request == 4:
            return self.blocks
        if request == 5:
            return self.block
        if request == 6:
            return self._erase(arg)
        return 0

    def _program(self, at, data):
        size = len(data)
        is_last = self._spend()
        block = at // self.block
        kind = self.bad.get(block) if self.bad else None
        if kind == PROGRAM_ERROR:
            return self.fault
        if kind != PROGRAM_IGNORED:
            if kind == ERASE_IGNORED:
                data = self._mixed(block, at % self.block, data)
            self._check(block, at % self.block, data)
            if is_last:
                self._tear(block, at % self.block, data)
            else:
                self._written(block)[at % self.block : at % self.block + size] = data
                self.programmed[block] += size
        return self._gone() if is_last else 0

    def _written(self, number):
        cells = self.cells[number]
        if cells is None:
            cells = self.cells[number] = bytearray(self._blank)
        return cells

    def _mixed(self, block, offset, data):
        """What programming `data` over what an erase left leaves."""
        old = self._written(block)
        return bytes([old[offset + i] & data[i] for i in range(len(data))])

    def _check(self, block, offset, data):
        if self.cells[block] is None:
            return
        old = memoryview(self.cells[block])[offset : offset + len(data)]
        if old == _ERASED[: len(data)] or old == data:
            return
        before, after = int.from_bytes(old, "little"), int.from_bytes(data, "little")
        if after & ~before:  # no `assert`: frozen code has none
            raise AssertionError("programming sets a bit in block %d" % block)

    def _tear(self, block, offset, data):
        if self._torn == _UNDONE:
            return
        cells = self._written(block)
        done = self._torn % (len(data) + 1)
        cells[offset : offset + done] = data[:done]
        if done < len(data):
            cells[offset + done] &= data[done] | 0xF0  # half of its bits only

    def _erase(self, block):
        if self.is_cut:
            return self._gone()
        is_last = self._spend()
        kind = self.bad.get(block) if self.bad else None
        if kind == ERASE_ERROR:
            return self.fault
        if kind != ERASE_IGNORED:
            if not is_last:
                self.cells[block] = None
            elif self._torn != _UNDONE and self.cells[block]:
                half = self.block // 2 * (self._torn & 1)
                self.cells[block][half : half + self.block // 2] = self._blank[: self.block // 2]
            self.erases[block] += 1
        return self._gone() if is_last else 0

    def _spend(self):
        """Counts one operation; is it the one at which the power goes?"""
        self.operations += 1
        self.is_cut = 0 <= self._cut_at < self.operations
        return self.is_cut

    def _gone(self):
        if self.is_quiet:
            return DEAD
        raise self._cut


class Region:
    """Some blocks of a chip as a block device of their own."""

    def __init__(self, chip, first, count):
        self._chip = chip
        self._first = first
        self.blocks = count

    def readblocks(self, block, buf, offset=0):
        assert 0 <= block < self.blocks
        return self._chip.readblocks(self._first + block, buf, offset)

    def writeblocks(self, block, buf, offset=None):
        assert 0 <= block < self.blocks
        return self._chip.writeblocks(self._first + block, buf, offset)

    def ioctl(self, request, arg):
        if request == 4:
            return self.blocks
        if request == 6:
            assert 0 <= arg < self.blocks
            arg += self._first
        return self._chip.ioctl(request, arg)
