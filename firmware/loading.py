"""Drivers of expansion modules, found by the module's type: a part of the composition root.

One at a time, and others have their turn in between: what lies as .mpy on flash is read and put
into the heap, and several in a row take longer than the metrology unit's buffer lasts. Frozen
code takes no time.
"""

import asyncio

from micropython import const

_BETWEEN_MS = const(20)  # the metrology unit's buffer is emptied meanwhile


class Loader:
    def __init__(self, heap):
        """`heap`: counts what it takes (core/heap.py)."""
        self._heap = heap
        self._lock = asyncio.Lock()

    async def driver(self, kind):
        """The Driver class of a module type, modules/<kind>/driver.py; None without one."""
        async with self._lock:
            await asyncio.sleep_ms(_BETWEEN_MS)
            before = self._heap.mark()  # collects, which takes its time, too
            await asyncio.sleep_ms(_BETWEEN_MS)
            try:
                return find("modules." + kind)
            finally:
                await asyncio.sleep_ms(_BETWEEN_MS)
                self._heap.is_code(before)
                await asyncio.sleep_ms(_BETWEEN_MS)  # before it is opened


def find(folder):
    """The Driver class in <folder>/driver.py, None without one."""
    name = folder + ".driver"
    try:
        return __import__(name, None, None, ("Driver",)).Driver
    except ImportError as error:
        for absent in (folder, name):
            if str(error) == "no module named '%s'" % absent:
                return None
        raise  # the driver is there, what it imports is not
