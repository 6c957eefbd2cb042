"""Control module: two switches, each with a coil to close and one to open (modules/control/board).

Only the front door (firmware/control) operates: it hands a key to each operation, and `redeem` of
the settings says whether it is one. One operation at a time; a coil is fed for `pulse_ms`, ended
by a hardware timer of the terminal, and by a one-shot of the module if that fails. Safe state is
no coil fed: before the chip's pins are outputs, at every end of an operation, and on close.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError
from firmware.core.operation import ACTIONS, DONE, FAILED, REFUSED, UNKNOWN
from modules.control import board
from modules.control.board import Board, position

_ADDRESS = const(0x20)  # and the number of the slot
_LOOK_MS = const(500)  # between two looks, if the interrupt line says nothing
_STEP_MS = const(10)  # between two looks while an operation is under way
_CONTACT_MS = const(60)  # a relay's contact follows its coil in it
_SLACK_MS = const(50)  # after which a pulse that the timer should have ended is ended here

_PROFILE = const("control")  # of the archive row that names the module
_SWITCHES = ("q1", "q2")
_RELAYS = ("q1 close", "q1 open", "q2 close", "q2 open")
_POSITIONS = ("moving", "open", "closed", "faulty")
_POINTS = (
    ("q1", "", 0),
    ("q2", "", 0),
    ("remote", "", 0),
    ("plate", "", 0),
    ("supply", "", 0),
    ("relay_q1_close", "", 0),
    ("relay_q1_open", "", 0),
    ("relay_q2_close", "", 0),
    ("relay_q2_open", "", 0),
    ("operations", "", 0),
    ("failures", "", 0),
)
_STATES = const(9)  # the first of them, whose changes are events


class Driver:
    VERSION = "1.0"
    VIEWS = ("inputs",)
    ORDERS = ()  # the door operates, nobody else

    def __init__(self, wires, cfg, clock, log):
        """cfg: "pulse_ms", "travel_ms", "devices" and "redeem", the door's (control/door.py)."""
        self._wires = wires
        self._cfg = cfg
        self._clock = clock
        self._log = log
        self._board = Board(wires.i2c, _ADDRESS + wires.number)
        self._name = "control-%d" % wires.number
        self._pins = 0  # as they were seen last
        self._left = [0, 0]  # the position each switch was seen to rest in; 0: not yet
        self._moving_ms = [None, None]  # since when it is seen to move
        self._relays = 0  # contacts that were told to be where they should not
        self._operated = -1  # the switch that is being operated
        self._is_ended = False  # the timer has ended the pulse
        self._unended = 0  # pulses the timer could not end, since the module did not answer
        self._timer = None
        self._changed = asyncio.ThreadSafeFlag()
        self._on_edge = self._edge  # bound once: an interrupt allocates nothing
        self._on_end = self._end
        self.operations = 0
        self.failures = 0

    async def open(self):
        """SlotError when the chip does not take its settings, or a relay is on."""
        for row in self._cfg["devices"]():
            if row.profile == _PROFILE:
                self._name = row.name
        try:
            self._board.set_up()
            self._pins = await self._until(_is_at_rest, _CONTACT_MS)
        except OSError:
            raise SlotError(
                "no port expander answers at address 0x%02X" % (_ADDRESS + self._wires.number)
            )
        if self._pins & board.RELAYS:
            raise SlotError("relay %s is on, nobody feeds it" % _name_of(self._pins))

    def devices(self):
        return ((self._name, _POINTS, 0),)

    def problems(self):
        return ()

    # what the door asks (firmware/control/outputs.py)

    def outputs(self):
        return tuple([("%s.%s" % (self._name, switch), ACTIONS) for switch in _SWITCHES])

    def position(self, name):
        return _POSITIONS[position(self._pins, self._switch(name))]

    def objection(self, name, action, is_remote):
        return self._objection(self._switch(name), action, is_remote)

    async def command(self, verb, *args):
        """`operate` (key, output, action, is_remote): (outcome, sentence)."""
        if verb != "operate" or len(args) != 4:
            raise SlotError("the control module has no command %s" % verb)
        return await self._operate(*args)

    async def run(self, news):
        """Looks at the plant when its interrupt line says so, and each half second."""
        self._wires.attend(self._on_edge)
        while True:
            self._watch(news)
            try:
                await asyncio.wait_for_ms(self._changed.wait(), _LOOK_MS)
            except asyncio.TimeoutError:
                pass

    def view(self, name):
        return ("input", "value"), [(_POINTS[i][0], v) for i, v in enumerate(self._values())]

    async def close(self):
        """No coil is fed, no pin drives; what does not answer any more feeds nothing."""
        self._wires.attend(None)
        self._stop_timer()
        try:
            self._board.let_go()
        except OSError:
            pass

    def stats(self):
        return {
            "operations": self.operations,
            "failures": self.failures,
            "unended": self._unended,
        }

    def _edge(self, _pin):
        self._changed.set()

    def _switch(self, name):
        """0 or 1, of the name of an output."""
        for i, switch in enumerate(_SWITCHES):
            if name == "%s.%s" % (self._name, switch):
                return i
        raise SlotError("%s is no output of slot %d" % (name, self._wires.number))

    def _objection(self, switch, action, is_remote):
        """What speaks against it as the pins are, a sentence or ""."""
        pins = self._pins
        if not pins & board.NO_PLATE:
            return "the maintenance plate hangs"
        if is_remote and not pins & board.REMOTE:
            return "the key switch is not on remote"
        if not pins & board.SUPPLY:
            return "the coils have no supply"
        if pins & board.RELAYS:
            return "relay %s is on" % _name_of(pins)
        if position(pins, switch) == _target(action):
            return "%s is %s already" % (_SWITCHES[switch], _POSITIONS[_target(action)])
        return ""

    async def _operate(self, key, name, action, is_remote):
        switch = self._switch(name)
        if action not in ACTIONS:
            raise SlotError("%s neither closes nor opens" % name)
        if self._operated >= 0:
            raise SlotError("%s is being operated" % _SWITCHES[self._operated])
        try:
            self._pins = self._board.look()
        except OSError:
            raise SlotError("the control module does not answer")
        text = self._objection(switch, action, is_remote)
        if text:
            return REFUSED, text
        redeem = self._cfg.get("redeem")
        if redeem is None or not redeem(key, name, action):
            raise SlotError("outputs are operated by the front door only")
        self._operated = switch
        self.operations += 1
        try:
            outcome, text = await self._move(switch, ACTIONS.index(action))
        except (OSError, SlotError) as error:
            outcome, text = UNKNOWN, "the module failed meanwhile: %s" % error
        finally:
            self._operated = -1
            self._left[switch] = 0  # wherever it is seen to rest next is no surprise
            self._changed.set()
        self.failures += outcome != DONE
        return outcome, text

    async def _move(self, switch, action):
        """Feed one coil, see its relay come and go, then the position."""
        relay = 2 * switch + action
        began = self._clock.ms()
        text = await self._pulse(relay, 1 << relay)
        if text:
            return FAILED, text
        target = _target(ACTIONS[action])
        left_ms = self._cfg["travel_ms"] - (self._clock.ms() - began)
        pins = await self._until(lambda pins: position(pins, switch) == target, left_ms)
        found = position(pins, switch)
        if found == target:
            text = "%s is %s after %d ms"
            return DONE, text % (_SWITCHES[switch], _POSITIONS[found], self._clock.ms() - began)
        how = "in between" if found == board.MOVING else _POSITIONS[found]
        return FAILED, "%s is %s after %d ms" % (_SWITCHES[switch], how, self._cfg["travel_ms"])

    async def _pulse(self, relay, contact):
        """The sentence of what went wrong, or ""."""
        self._is_ended = False
        pulse_ms = self._cfg["pulse_ms"]
        began = self._clock.ms()
        try:  # first what ends it
            self._timer = self._wires.one_shot(pulse_ms, self._on_end)
        except OSError as error:
            return str(error)
        try:
            self._board.feed(relay)
            wait_ms = min(_CONTACT_MS, pulse_ms)
            pins = await self._until(lambda pins: pins & board.RELAYS == contact, wait_ms)
            if pins & board.RELAYS & ~contact:
                return "relay %s came instead" % _name_of(pins & ~contact)
            if not pins & contact:
                return "relay %s does not come" % _RELAYS[relay]
            left_ms = pulse_ms + _SLACK_MS - (self._clock.ms() - began)
            while not self._is_ended and left_ms > 0:
                await asyncio.sleep_ms(min(_STEP_MS, left_ms))
                left_ms = pulse_ms + _SLACK_MS - (self._clock.ms() - began)
        finally:  # also when the module is pulled, or the terminal stops
            self._stop_timer()
            self._is_ended = self._stop()
        if not self._is_ended:
            raise SlotError("it did not answer when the pulse was to end")
        pins = await self._until(_is_at_rest, _CONTACT_MS)
        return "relay %s does not let go" % _name_of(pins) if pins & board.RELAYS else ""

    def _end(self, _timer):
        """The hardware timer's callback."""
        self._is_ended = self._stop()
        self._unended += not self._is_ended

    def _stop(self):
        """False when the module does not answer: its one-shot ends the pulse."""
        try:
            self._board.stop()
        except OSError:
            return False
        return True

    def _stop_timer(self):
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.deinit()

    async def _until(self, is_so, wait_ms):
        """The pins, once they are so or the time is over; one look at least."""
        until_ms = self._clock.ms() + wait_ms
        while True:
            self._pins = self._board.look()
            left_ms = until_ms - self._clock.ms()
            if is_so(self._pins) or left_ms <= 0:
                return self._pins
            await asyncio.sleep_ms(min(_STEP_MS, left_ms))

    # what happens of its own accord

    def _values(self):
        pins = self._pins
        return (
            position(pins, 0),
            position(pins, 1),
            int(pins & board.REMOTE != 0),
            int(pins & board.NO_PLATE == 0),
            int(pins & board.SUPPLY != 0),
            pins & 1,
            pins >> 1 & 1,
            pins >> 2 & 1,
            pins >> 3 & 1,
            self.operations,
            self.failures,
        )

    def _watch(self, news):
        self._pins = self._board.look()
        for i, value in enumerate(self._values()):
            news.put(0, i, value, is_state=i < _STATES)
        for switch in range(len(_SWITCHES)):
            if switch != self._operated:
                self._watch_switch(news, switch, position(self._pins, switch))
        if self._operated < 0:
            self._watch_relays(news, self._pins & board.RELAYS)

    def _watch_switch(self, news, switch, found):
        """A position that nobody ordered."""
        name = _SWITCHES[switch]
        left = self._left[switch]
        if found == board.MOVING:
            now = self._clock.ms()
            since = self._moving_ms[switch]
            if since is None:
                self._moving_ms[switch] = now
            elif since >= 0 and now - since > self._cfg["travel_ms"]:
                self._moving_ms[switch] = -1  # told
                news.event("CONTROL_MISMATCH", "%s stays between its positions" % name, 0)
            return
        self._moving_ms[switch] = None
        if found != left:
            self._left[switch] = found
            if left or found == board.FAULTY:
                before = ", it was left %s" % _POSITIONS[left] if left else ""
                text = "%s is %s%s" % (name, _POSITIONS[found], before)
                news.event("CONTROL_MISMATCH", text, 0)

    def _watch_relays(self, news, on):
        if on & ~self._relays:
            text = "relay %s is on, nobody feeds it" % _name_of(on & ~self._relays)
            news.event("CONTROL_MISMATCH", text, 0)
            self._board.stop()
        self._relays = on


def _is_at_rest(pins):
    return not pins & board.RELAYS


def _target(action):
    return board.CLOSED if action == ACTIONS[0] else board.OPEN


def _name_of(relays):
    """The first relay that is on."""
    for i, name in enumerate(_RELAYS):
        if relays >> i & 1:
            return name
    return "none"
