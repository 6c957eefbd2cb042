"""Files of who meets a full heap half-way through its writes. A helper, not a test."""


class Short:
    """`left`: the write so many from now raises MemoryError, 0: none; what was written is kept."""

    def __init__(self, files):
        self.left = 0
        self._files = files

    def open(self, path, mode):
        file = self._files.open(path, mode)
        return file if mode == "rb" else _File(self, file)

    def __getattr__(self, name):
        return getattr(self._files, name)


class _File:
    def __init__(self, files, file):
        self._files = files
        self._file = file
        self.close = file.close

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        self._files.left -= 1
        if self._files.left == 0:
            raise MemoryError
        return self._file.write(data)
