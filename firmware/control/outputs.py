"""All outputs of the modules in service, found by name. A module that has some has, besides its
driver's command `operate`, three methods that wait for nothing and ask nobody:

  outputs()                                  ((name, actions), ..); actions: of close and open
  position(name)                             open, closed, moving, faulty or unknown
  objection(name, action, is_remote)         what the module has against it now: a sentence or ""
"""

from micropython import const

from firmware.core.errors import SlotError
from firmware.core.operation import REFUSED, UNKNOWN

_WAIT_MS = const(45000)  # for the bus and for the longest travel


class Output:
    def __init__(self, slot, name, actions):
        self.name = name
        self.actions = actions
        self._slot = slot

    def position(self):
        driver = self._slot.driver
        return driver.position(self.name) if driver else "unknown"

    def objection(self, action, is_remote):
        driver = self._slot.driver
        if driver is None:
            return "slot %d is not ready" % self._slot.number
        return driver.objection(self.name, action, is_remote)

    async def operate(self, key, is_remote):
        """(outcome, sentence)."""
        try:
            return await self._slot.command(
                "operate", key, self.name, key.action, is_remote, wait_ms=_WAIT_MS
            )
        except SlotError as error:
            # a key that was not used has moved nothing, and opens nothing later
            return UNKNOWN if key.is_used else REFUSED, str(error)


class Outputs:
    def __init__(self, slots):
        """slots(): the Slots in service."""
        self._slots = slots

    def all(self):
        """Yield an Output for each."""
        for slot in self._slots():
            if hasattr(slot.driver, "outputs"):
                for name, actions in slot.driver.outputs():
                    yield Output(slot, name, actions)

    def find(self, name):
        """The Output of that name, or None."""
        for output in self.all():
            if output.name == name:
                return output
        return None
