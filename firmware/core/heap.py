"""How much heap the code takes and how much the data on top of it, in bytes.

Code: in use after everything is imported and before anything is built, and what `load` imports
later. Data: the highest use after a collection since, less the code. `sample` collects, which
takes about a millisecond per 500 kB of heap on a desk and some on an MCU: call it every few
seconds.
"""

import gc


class Heap:
    def __init__(self):
        """Call once, between the last import and the first object."""
        self.code = self._in_use()
        self.peak = self.code

    @property
    def data(self):
        return self.peak - self.code

    def load(self, importer, name):
        """What importer(name) returns; what stays in use after it is code, too."""
        before = self.mark()
        try:
            return importer(name)
        finally:
            self.is_code(before)

    def mark(self):
        """Bytes in use now, for `is_code`."""
        return self._in_use()

    def is_code(self, before):
        """What came since that mark is code."""
        grown = self._in_use() - before
        self.code += grown
        self.peak += grown

    def sample(self):
        """Take the present use into account; bytes in use now."""
        used = self._in_use()
        self.peak = max(self.peak, used)
        return used

    def _in_use(self):
        gc.collect()
        return gc.mem_alloc()
