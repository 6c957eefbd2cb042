"""Where a test may keep files: a fresh littlefs in RAM or folder of the host. A helper."""

import os

from flash import formatted


class HostFolder:
    """A file system over one folder of the host: `/name` is a file in it.

    vfs.VfsPosix(folder) would do, but its rename loses the first of its two paths (1.29-preview).
    """

    def __init__(self):
        self.path = "/tmp/ttu-" + "".join(["%02x" % byte for byte in os.urandom(6)])
        os.mkdir(self.path)

    def open(self, name, mode):
        return open(self.path + name, mode)

    def rename(self, old, new):
        os.rename(self.path + old, self.path + new)

    def remove(self, name):
        os.remove(self.path + name)

    def mkdir(self, name):
        os.mkdir(self.path + name)

    def stat(self, name):
        return os.stat(self.path + name)

    def statvfs(self, name):
        return os.statvfs(self.path + name)

    def ilistdir(self, name):
        return os.ilistdir(self.path + name)

    def clear(self):
        self._clear(self.path)

    def _clear(self, path):
        for entry in os.ilistdir(path):
            name = path + "/" + entry[0]
            if entry[1] & 0x4000:
                self._clear(name)
            else:
                os.remove(name)
        os.rmdir(path)


def everywhere(test):
    """Runs test(fs) on each kind of place there is."""
    test(formatted()[1])
    if hasattr(os, "VfsPosix"):
        folder = HostFolder()
        try:
            test(folder)
        finally:
            folder.clear()
