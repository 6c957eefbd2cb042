"""What a module's driver looks like to the bay. Duck-typed; this class is the description.

A driver raises on failure; the slot catches, marks the points and backs off. It never sees
another slot, and imports core, codec and this file only. Which request is sent when is not its
business: the bay asks for one at a time, by deadline.
"""

from micropython import const

# Duties: what a device is asked for, each with its own period (settings key_s, alarm_s, data_s).
# Points read for KEY and ALARM are states: a change of one is an event.
KEY = const(1)
ALARM = const(2)
DATA = const(4)

# What came of a request
DONE = const(0)  # the duty is complete
MORE = const(1)  # answered, the duty has more requests
SILENT = const(2)  # no answer: the same request is due again


class Driver:
    VERSION = ""  # shown by ttu.slots()

    def __init__(self, wires, cfg, clock, log):
        """Keep the arguments; open nothing. `wires`: the slot (board/wires.py SlotWires)."""

    async def open(self):
        """Probe; SlotError when the module is not there or not this one."""

    def devices(self):
        """((name, points, duties), ..) of the devices behind this module, after `open`; points:
        ((name, unit, power of ten), ..), duties: a sum of KEY, ALARM, DATA."""
        return ()

    def problems(self):
        """Sentences about devices that are wanted and cannot be served, after `open`."""
        return ()

    async def poll(self, device, duty, out):
        """One request to device number `device` for one duty: out(point index, value, quality
        bits) for what it tells, then DONE, MORE or SILENT. Takes bounded time."""
        return DONE

    async def command(self, verb, *args):
        """What people and apps ask for besides, between two polls; SlotError when unknown."""

    async def close(self):
        """Let go of the port; must survive a module pulled out half-way."""

    def stats(self):
        """Counters since open, {name: int}."""
        return {}
