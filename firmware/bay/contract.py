"""What a module's driver looks like to the bay. Duck-typed; this class is the description.

A driver raises on failure; the slot catches, marks the points and backs off. It never sees
another slot, and imports core, codec and this file only.
"""


class Driver:
    VERSION = ""  # shown by ttu.slots()
    POINTS = ()  # (name, unit, power of ten), one block a device
    PARITY = None  # of its serial port: None, 0 even, 1 odd; the rate is cfg["baud"]

    def __init__(self, port, cfg, clock, log):
        """Keep the arguments; open nothing."""

    def devices(self):
        """Names of the devices behind this module, a tuple of text."""
        return ()

    async def open(self):
        """Probe; SlotError when the module is not there or not this one."""

    async def poll(self, out):
        """One round: out(device index, point index, int value, quality bits) for each point."""

    async def close(self):
        """Let go of the port; must survive a module pulled out half-way."""

    def stats(self):
        """Counters since open, {name: int}."""
        return {}
