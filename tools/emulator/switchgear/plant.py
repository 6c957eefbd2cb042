"""What hangs on the control module: relays with a contact that is read back, one-shots that cut a
coil off, and two switches that travel. Times in s; `later(s, call)` gives a handle to cancel.

Plain enough to run under MicroPython too, in a test on virtual time.
"""

from collections import deque

PULL_S, DROP_S = 0.008, 0.005  # of a relay
ONE_SHOT_S = 0.5  # the longest a coil can be fed, whatever feeds it
LATCH_S = 0.02  # a switch lets itself be moved by a coil fed so long
_KEPT = 4096  # pulses

POSITIONS = ("moving", "open", "closed", "faulty")


class Relay:
    """`changed()` when its contact has moved."""

    def __init__(self, name, later, changed):
        self.name = name
        self.fault = ""  # welded or dead
        self.is_on = False  # the contact
        self._wanted = False
        self._later = later
        self._changed = changed
        self._moving = None

    def feed(self, on):
        if on == self._wanted:
            return
        self._wanted = on
        if self._moving:
            self._moving.cancel()
        self._moving = self._later(PULL_S if on else DROP_S, self._settle)

    def break_down(self, fault):
        self.fault = fault
        self._settle()

    def _settle(self):
        self._moving = None
        on = self._wanted and self.fault != "dead" or self.is_on and self.fault == "welded"
        if on != self.is_on:
            self.is_on = on
            self._changed()


class Coil:
    """One of a switch: fed through the relay's contact and the one-shot."""

    def __init__(self, name, plant, act):
        self.name = name
        self._plant = plant
        self._act = act  # when it was fed long enough
        self._is_asked = False
        self._is_fed = False
        self._start = 0.0
        self._handles = ()

    def ask(self, on):
        """The way to it is through, or not: a one-shot is ready again when it was open."""
        if on == self._is_asked:
            return
        self._is_asked = on
        if on:
            self._begin()
        else:
            self._end()

    def _begin(self):
        later = self._plant.later
        self._is_fed = True
        self._start = self._plant.now()
        self._handles = (later(LATCH_S, self._act), later(ONE_SHOT_S, self._end))
        self._plant.feeding = self.name

    def _end(self):
        if not self._is_fed:
            return
        self._is_fed = False
        for handle in self._handles:
            handle.cancel()
        self._plant.feeding = ""
        length = self._plant.now() - self._start
        self._plant.pulses.append((self.name, round(self._start, 6), round(length, 6)))


class Switch:
    def __init__(self, name, plant):
        self.name = name
        self.position = "open"
        self.is_stuck = False
        self._plant = plant
        self._travel = None

    def put(self, position):
        """By hand, or by a fault."""
        if self._travel:
            self._travel.cancel()
            self._travel = None
        self.position = position
        self._plant.moved()

    def drive(self, target):
        if self.is_stuck or self.position == target:
            return
        self.put("moving")
        self._travel = self._plant.later(self._plant.travel_s, lambda: self.put(target))


class Plant:
    def __init__(self, now, later, moved):
        """now() in s; moved(): a contact may look otherwise."""
        self.now = now
        self.later = later
        self.moved = moved
        self.travel_s = 0.12
        self.has_supply = True  # of the coils
        self.feeding = ""  # name of the coil that is fed
        self.pulses = deque((), _KEPT)  # (coil, start, length) of those that are over
        self.switches = [Switch(name, self) for name in ("q1", "q2")]
        self.relays = []
        self.coils = []
        for switch in self.switches:
            for action, target in (("close", "closed"), ("open", "open")):
                name = f"{switch.name} {action}"
                self.relays.append(Relay(name, later, self._switched))
                drive = self._driver(switch, target)
                self.coils.append(Coil(name, self, drive))

    @staticmethod
    def _driver(switch, target):
        return lambda: switch.drive(target)

    def supply(self, on):
        self.has_supply = on
        self._switched()

    def _switched(self):
        for number, coil in enumerate(self.coils):
            coil.ask(self.relays[number].is_on and self.has_supply)
        self.moved()
