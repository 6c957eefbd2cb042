"""The expansion bay: sees modules come and go, and puts each into service.

One task looks at every slot each 150 ms. A module that is plugged is fed, reset, asked who it is
and given to the driver of its type, as a task of the supervisor's; one that cannot be used is
refused once and its slot stays dark until it is taken out. Whatever a driver raises is the
supervisor's and costs that slot only. A module that is gone leaves no task, no port, no power.
"""

import asyncio

from micropython import const

from firmware.bay import identity
from firmware.core.errors import SlotError

_LOOK_MS = const(150)
_LOOKS = const(2)  # in a row that must see a change: contacts bounce
_TRIES = const(3)  # readings of an identity before the module is refused
_END_MS = const(100)  # for a task to end before the next slot is looked at

EMPTY = "empty"
FED = "fed"  # has power; who it is will be asked at the next look
SERVED = "served"  # has a task, and soon a slot
LEAVING = "leaving"  # its task is being ended
DARK = "dark"  # refused, without power


class Place:
    """One slot of the bay and what is in it."""

    def __init__(self, wires):
        self.wires = wires
        self.number = wires.number
        self.name = "slot %d" % wires.number  # of its task
        self.is_plugged = False
        self.changes = 0  # looks in a row that saw the opposite
        self.clear()

    def clear(self):
        self.state = EMPTY
        self.tries = 0  # readings of the identity so far
        self.identity = None  # once it was read
        self.version = ""  # of the driver
        self.slot = None  # what make_slot gave, while served
        self.error = ""  # why the module is refused
        self.is_told = False  # do others know that something is in here?

    def text(self):
        """Who is in it, for an event."""
        who = self.identity
        if who is None:
            return "a module that was refused"
        return "%s, serial %s, hardware %d" % (who.kind, who.serial or "-", who.revision)


class Bay:
    def __init__(self, wires, find, make_slot, supervisor, listener, sleep=None):
        """`wires`: those of every slot (board/wires.py SlotWires). find(kind): a coroutine that
        gives the Driver class of a module type, None without one, and raises SlotError with a
        sentence when it is not to be used. make_slot(number, identity, driver): has run(), which
        never ends, and calls its `beat`. `listener` has module_in, module_out and
        module_refused(number, text). sleep(ms): asyncio.sleep_ms unless given."""
        self.places = [Place(slot) for slot in wires]
        self._find = find
        self._make_slot = make_slot
        self._supervisor = supervisor
        self._listener = listener
        self._sleep = sleep or asyncio.sleep_ms
        self._beat = supervisor.pulse("bay")

    @property
    def slots(self):
        """What make_slot gave, of the modules that are in service now."""
        return [place.slot for place in self.places if place.slot]

    def slot(self, number):
        """What make_slot gave for the module in that slot; SlotError when none is in service."""
        for slot in self.slots:
            if slot.number == number:
                return slot
        raise SlotError("slot %s has no module in service, see slots()" % number)

    async def run(self):
        """For ever."""
        while True:
            for place in self.places:
                await self._look(place)
            self._beat()
            await self._sleep(_LOOK_MS)

    def close(self):
        """Every slot without power and port; the tasks are the supervisor's to stop."""
        for place in self.places:
            _put_out(place)

    async def _look(self, place):
        if place.wires.is_present() != place.is_plugged:
            place.changes += 1
            if place.changes < _LOOKS:
                return
            place.is_plugged = not place.is_plugged
        place.changes = 0
        if place.state == EMPTY:
            if place.is_plugged:
                self._feed(place)
        elif place.state == LEAVING or not place.is_plugged:
            await self._leave(place)
        elif place.state == FED:
            self._identify(place)

    def _feed(self, place):
        try:
            place.wires.power(True)
        except OSError:
            self._refuse(place, "the backplane does not switch the power of this slot")
            return
        place.state = FED

    def _identify(self, place):
        place.tries += 1
        try:
            place.wires.reset()
            place.identity = identity.read(place.wires.i2c, identity.EEPROM + place.number)
        except (SlotError, OSError) as error:
            if place.tries >= _TRIES:
                self._refuse(place, str(error))
            return
        place.state = SERVED
        self._supervisor.add(place.name, lambda: self._serve(place))

    async def _serve(self, place):
        """The task of one module. What is raised here costs this slot only."""
        if place.slot is None:
            kind = place.identity.kind
            place.error, driver = await self._look_up(kind)
            if driver is None:
                place.state = LEAVING
                while True:  # until the next look, which ends this task
                    await self._sleep(_LOOK_MS)
            place.version = driver.VERSION
            if not place.is_told:
                place.is_told = True
                self._listener.module_in(place.number, place.text())
            place.slot = self._make_slot(place.number, place.identity, driver)
            place.slot.beat = self._supervisor.pulse(place.name)
        await place.slot.run()

    async def _look_up(self, kind):
        """(why there is none or "", the Driver class of a module type or None)."""
        try:
            driver = await self._find(kind)
        except SlotError as error:
            return str(error), None
        if driver is None:
            return "there is no driver for modules of type %s" % kind, None
        return "", driver

    async def _leave(self, place):
        """No task, no port, no power. A task that does not end is tried again at each look."""
        place.state = LEAVING
        if not await self._supervisor.remove(place.name, _END_MS):
            _put_out(place)
            return
        if place.error and place.is_plugged:
            self._refuse(place, place.error)
            return
        _put_out(place)
        if place.is_told:
            self._listener.module_out(place.number, place.text())
        place.clear()

    def _refuse(self, place, text):
        _put_out(place)
        place.state = DARK
        place.error = text
        place.slot = None
        place.is_told = True
        self._listener.module_refused(place.number, text)


def _put_out(place):
    try:
        place.wires.power(False)
    except OSError:
        pass  # a backplane that does not answer feeds nobody
