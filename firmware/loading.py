"""Drivers of expansion modules, found by the module's type: a part of the composition root.

A file at a time, and others have their turn in between: what lies as .mpy on flash is read and
put into the heap, which takes longer than the metrology unit's buffer lasts. Frozen code takes
no time.
"""

import asyncio
import os
import sys

from micropython import const

_BETWEEN_MS = const(10)  # the metrology unit's buffer is emptied meanwhile


class Loader:
    def __init__(self, heap):
        """`heap`: counts what it takes (core/heap.py)."""
        self._heap = heap
        self._lock = asyncio.Lock()  # modules that come together are loaded one after the other

    async def driver(self, kind):
        """The Driver class of a module type, modules/<kind>/driver.py; None without one."""
        folder = "modules." + kind
        async with self._lock:
            for name in _parts(kind):
                self._heap.load(__import__, "%s.%s" % (folder, name))
                await asyncio.sleep_ms(_BETWEEN_MS)
            return self._heap.load(_driver, folder)


def _driver(folder):
    name = folder + ".driver"
    try:
        return __import__(name, None, None, ("Driver",)).Driver
    except ImportError as error:
        for absent in (folder, name):
            if str(error) == "no module named '%s'" % absent:
                return None
        raise  # the driver is there, what it imports is not


def _parts(kind):
    """Names of the files beside the driver, as far as they lie on a file system."""
    for path in sys.path:
        try:
            files = os.listdir("%s/modules/%s" % (path, kind))
        except OSError:
            continue
        names = [file.split(".")[0] for file in files if file.endswith((".mpy", ".py"))]
        return sorted([name for name in names if name != "driver"])
    return ()
