"""littlefs on a chip of nor.py, as the boards have it, and what a power cut leaves open.

A Disk is what product code takes as `fs`: open, rename, remove, mkdir, stat, ilistdir, statvfs.
Files that are open at a PowerCut are closed by `shut`, in vain and silently; the collector
would do the same, and print an error for each.
"""

import vfs

from tools.powercut.device import nor


class Disk:
    def __init__(self, device, chip=None):
        """Mount what is on `device`, a Nor or a Region of `chip`; OSError when nothing is."""
        self._chip = chip or device
        self.fs = vfs.VfsLfs2(device, readsize=nor.PAGE, progsize=nor.PAGE, lookahead=128)
        self._open = []
        for name in ("rename", "remove", "mkdir", "stat", "ilistdir", "statvfs"):
            setattr(self, name, getattr(self.fs, name))

    def open(self, path, mode="r"):
        self._open = [file for file in self._open if not _is_closed(file)]
        file = self.fs.open(path, mode)
        self._open.append(file)
        return file

    def shut(self):
        """After a PowerCut (or before the disk is left)."""
        self._chip.quiet()
        for file in self._open:
            try:
                file.close()
            except OSError:
                pass
        self._open = []


def _is_closed(file):
    try:
        file.seek(0, 1)
    except (OSError, ValueError):
        return True
    return False


def format(device):
    """An empty file system on `device`."""
    vfs.VfsLfs2.mkfs(device, readsize=nor.PAGE, progsize=nor.PAGE, lookahead=128)
