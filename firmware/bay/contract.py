"""What a module's driver looks like to the bay. Duck-typed; these classes are the description.

A driver raises on failure; the slot catches, marks the points and backs off. It never sees
another slot, and imports core, codec, chips, devices and this file only. There are two ways to
serve devices, and a module may use both: the bay asks for one request at a time, by deadline
(`poll`), or the module paces itself and tells what it learns (`run`).
"""

from micropython import const

# Duties: what a device is asked for, each with its own period (settings key_s, alarm_s, data_s).
# Points read for KEY and ALARM are states: a change of one is an event. 0: the device is never
# asked by the bay, its points come from `run`.
KEY = const(1)
ALARM = const(2)
DATA = const(4)

# What came of a request
DONE = const(0)  # the duty is complete
MORE = const(1)  # answered, the duty has more requests
SILENT = const(2)  # no answer: the same request is due again


class Driver:
    VERSION = ""  # shown by ttu.slots()
    VIEWS = ()  # names of the tables `view` gives, for ttu.module(slot, name)
    ORDERS = ()  # commands a person may give, for ttu.order(slot, verb, ..)

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

    async def run(self, news):
        """What the module does of its own accord, beside the polls, from `open` to `close`: for
        ever. Told to a News. What it raises ends the session as a failed poll does; it is
        cancelled before `close`. A driver without it has no such method."""

    async def command(self, verb, *args):
        """What people and apps ask for besides, between two polls; SlotError when unknown."""

    # A driver whose module operates something has besides: outputs(), position(name) and
    # objection(name, action, is_remote), which firmware/control/outputs.py explains, and a
    # command `operate` that asks cfg["redeem"] whether it was the front door that called.

    def view(self, name):
        """(header, rows) or (header, rows, note) of a table in VIEWS, for people."""
        return ("what", "value"), ()

    async def close(self):
        """Let go of the port; must survive a module pulled out half-way."""

    def stats(self):
        """Counters since open, {name: int}."""
        return {}


class News:
    """What `run` tells, and to whom. Devices are numbers as in devices(). None of it waits; all
    of it is forgotten once the session is over."""

    def put(self, device, point, value, bits=0, stamp_ms=0, is_state=False):
        """A value of a point, with its quality; stamp_ms: UTC, 0: now. With bits IV or NT the
        value before stays. A change of a state is an event of its own."""

    def lost(self, device):
        """It does not answer any more: an event, and all its points are not topical."""

    def back(self, device):
        """It answers again."""

    def event(self, name, text, device=-1, stamp_ms=0, members=()):
        """An event of firmware/store/event_codes.py by its name; device -1: the module itself;
        members: names of all it concerns, when it is about many."""
