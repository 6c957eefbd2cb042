"""A NOR flash that also counts what is read, and wear apart: of data, and of directories.

Littlefs appends to a directory's block in commit after commit; data behind a commit go to a fresh
block. So a block that is programmed in two sessions without an erase between is one of a
directory. Runs under MicroPython.
"""

from array import array

from tools.powercut.device.nor import Nor


class Chip(Nor):
    def __init__(self, blocks):
        super().__init__(blocks)
        self.read = 0  # bytes
        self.session = 0  # raise it before each commit
        self.data = array("I", [0] * blocks)  # erases of blocks that held data, by block
        self.directory = array("I", [0] * blocks)
        self._first = array("i", [-1] * blocks)  # session of the first program; -2: several

    def readblocks(self, block, buf, offset=0):
        self.read += len(buf)
        return super().readblocks(block, buf, offset)

    def writeblocks(self, block, buf, offset=0):
        if self._first[block] == -1:
            self._first[block] = self.session
        elif self._first[block] != self.session:
            self._first[block] = -2
        return super().writeblocks(block, buf, offset)

    def ioctl(self, request, arg):
        if request == 6:
            if self._first[arg] >= 0:
                self.data[arg] += 1
            elif self._first[arg] == -2:
                self.directory[arg] += 1
            self._first[arg] = -1
        return super().ioctl(request, arg)

    def forget(self):
        """Wear counts from now on."""
        for block in range(self.blocks):
            self.data[block] = self.directory[block] = self.erases[block] = 0
            self.programmed[block] = 0
