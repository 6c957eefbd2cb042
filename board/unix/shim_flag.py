"""asyncio.ThreadSafeFlag without the poll set. This port's poll waits a whole millisecond in every
turn of the loop while anything without a descriptor is in its set, however much there is to do
(extmod/modselect.c, MICROPY_PY_SELECT_IOCTL_CALL_PERIOD_MS). Nothing interrupts a task here, edges
are handled by one: an Event does.
"""

import asyncio


class Flag:
    def __init__(self):
        self._event = asyncio.Event()
        self.set = self._event.set
        self.clear = self._event.clear

    async def wait(self):
        """As the original: the flag is down again afterwards."""
        await self._event.wait()
        self._event.clear()
