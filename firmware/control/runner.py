"""Does what the door has decided: the one task of control, owned by the supervisor."""

import asyncio

from firmware.core.operation import REFUSED, UNKNOWN


class Runner:
    def __init__(self, door, find):
        """find(output): an Output, or None (control/outputs.py)."""
        self._door = door
        self._find = find
        self._called = asyncio.Event()
        door.wake = self._called.set

    async def run(self):
        """For ever."""
        door = self._door
        while True:
            self._called.clear()
            door.look()
            if door.operation:
                await self._operate(door.operation)
                continue
            try:
                await asyncio.wait_for_ms(self._called.wait(), door.wait_ms())
            except asyncio.TimeoutError:
                pass

    async def _operate(self, operation):
        outcome, text = UNKNOWN, "it was broken off"
        try:
            output = self._find(operation.output)
            if output is None:
                outcome, text = REFUSED, "its module is gone"
            else:
                outcome, text = await output.operate(operation.key, operation.is_remote)
        finally:  # also when this task is ended: what was begun is told
            self._door.finish(outcome, text)
