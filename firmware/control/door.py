"""The front door of all control: select, then execute, and nothing else moves an output.

A state machine without clock, port or task of its own: `runner` does what it decides. A request
carries its originator and that one's rising number. Originators whose name begins with "console"
are people at the terminal; who brings in the requests of others gives them another name and
never takes it from the request. One selection and one operation at a time in the whole terminal.

A refusal changes nothing, but for one: the holder of a selection has one try, whatever comes of
it. (IEC 60870-5-101, 7.4: select before operate.)
"""

from collections import namedtuple

from micropython import const

from firmware.core.errors import ControlError, StoreError
from firmware.core.operation import DONE, FAILED, OPEN, REFUSED, UNKNOWN

_EVENTS = {
    DONE: "CONTROL_OPERATED",
    FAILED: "CONTROL_FAILED",
    UNKNOWN: "CONTROL_UNKNOWN",
    REFUSED: "CONTROL_REFUSED",
}

_LOCAL = "console"  # what the name of a local originator begins with
_SHOWN = const(40)  # characters of a request that are repeated
_FOREVER_MS = const(60000)

# A selection; until_ms: when it runs out, on the monotonic clock
Ticket = namedtuple("Ticket", ("output", "action", "originator", "number", "until_ms"))


class Key:
    """Lets one output do one action, once. Made by the door, known to it by identity."""

    def __init__(self, output, action):
        self.output = output
        self.action = action
        self.is_used = False


class Operation:
    def __init__(self, ticket, number):
        self.output = ticket.output
        self.action = ticket.action
        self.originator = ticket.originator
        self.number = number  # of the request to execute
        self.is_remote = not is_local(ticket.originator)
        self.key = Key(ticket.output, ticket.action)
        self.outcome = ""  # of DONE .. REFUSED, "" while it is under way
        self.text = ""  # a sentence with it

    def __str__(self):
        text = self.text or "it is under way"
        return "%s %s by %s: %s" % (self.output, self.action, self.originator, text)


class Door:
    def __init__(self, clock, book, find, setting, objection, emit):
        """`book`: what is kept (control/book.py). find(output): who moves it, or None: has
        actions and objection(action, is_remote), a sentence or "". setting(name): in force now,
        of select_s, remote, guarantee. objection(output, action): what interlocks say, a
        sentence or "". emit(name, device, text): an event."""
        self.selection = None  # a Ticket
        self.operation = None  # under way
        self.last = None  # the Operation that ended last
        self.wake = _nothing  # called when there is something to do, or to wait for
        self._clock = clock
        self._book = book
        self._find = find
        self._setting = setting
        self._objection = objection
        self._emit = emit
        self._late = None  # the selection that ran out last

    def begin(self):
        """At the start, before any request: an operation that a power cut ended is told."""
        book = self._book
        book.load()
        if book.is_damaged:
            self._emit("STORE_FAILED", "control", "the numbers of control requests are damaged")
        if book.under_way:
            output, action, originator = book.under_way
            text = "%s by %s was under way when the terminal stopped" % (action, originator)
            self._emit("CONTROL_UNKNOWN", output, text)
            self._settle()

    def select(self, output, action, originator, number):
        """The Ticket. ControlError with a sentence when it is refused."""
        self.look()
        try:
            self._book.judge(originator, number)
            if self.operation:
                raise ControlError("%s is being operated" % self.operation.output, "busy")
            if self.selection:
                text = "%s is selected by %s" % (self.selection.output, self.selection.originator)
                raise ControlError(text, "busy")
            self._permit(output, action, not is_local(originator))
            self._use(originator, number)
        except ControlError as refusal:
            self._refuse(refusal, output, action, originator)
            raise
        until_ms = self._clock.ms() + 1000 * self._setting("select_s")
        self.selection = Ticket(output, action, originator, number, until_ms)
        self._late = None
        self._emit("CONTROL_SELECTED", output, "%s by %s" % (action, originator))
        self.wake()
        return self.selection

    def execute(self, output, action, originator, number, selected):
        """The Operation, which is under way from now on. `selected`: the number of the request
        that selected it. ControlError when it is refused."""
        self.look()
        try:
            self._book.judge(originator, number)
            ticket = self._holder(originator)
            self.selection = None  # whatever comes now: it was the one try
            if (output, action, selected) != (ticket.output, ticket.action, ticket.number):
                text = "%s %s is selected, by request %d" % (
                    ticket.output,
                    ticket.action,
                    ticket.number,
                )
                raise ControlError(text, "other")
            self._permit(output, action, not is_local(originator))
            # before anything moves: after a power cut it is neither repeated nor forgotten
            self._use(originator, number, (output, action, originator))
        except ControlError as refusal:
            self._refuse(refusal, output, action, originator)
            raise
        self.operation = Operation(ticket, number)
        self.wake()
        return self.operation

    def cancel(self, originator, number):
        """The selection is given up, even if flash does not keep the number; its Ticket.
        ControlError when it is refused."""
        self.look()
        output = self.selection.output if self.selection else ""
        try:
            self._book.judge(originator, number)
            ticket = self._holder(originator)
        except ControlError as refusal:
            self._refuse(refusal, output, "cancel", originator)
            raise
        self.selection = None
        self._emit("CONTROL_CANCELLED", ticket.output, "%s by %s" % (ticket.action, originator))
        try:
            self._book.use(originator, number)
        except StoreError as error:
            self._emit("STORE_FAILED", "control", str(error))
        return ticket

    def look(self):
        """A selection that has run out is given up."""
        ticket = self.selection
        if ticket and self._clock.ms() >= ticket.until_ms:
            self.selection = None
            self._late = ticket
            text = "%s by %s ran out" % (ticket.action, ticket.originator)
            self._emit("CONTROL_CANCELLED", ticket.output, text)

    def wait_ms(self):
        """Until `look` has something to do."""
        if not self.selection:
            return _FOREVER_MS
        return max(0, self.selection.until_ms - self._clock.ms())

    def redeem(self, key, output, action):
        """For drivers, before they feed anything: is this the key to that, and not used yet? It
        is used from now on."""
        operation = self.operation
        if operation is None or key is not operation.key or key.is_used:
            return False
        if (key.output, key.action) != (output, action):
            return False
        key.is_used = True
        return True

    def finish(self, outcome, text):
        """What came of the operation under way."""
        operation, self.operation = self.operation, None  # its key opens nothing any more
        operation.outcome = outcome
        operation.text = text
        self.last = operation
        words = "%s by %s: %s" % (operation.action, operation.originator, text)
        self._emit(_EVENTS[outcome], operation.output, words)
        self._settle()

    def against(self, output, action):
        """What speaks against it for a person here, a sentence or ""."""
        try:
            self._permit(output, action, False)
        except ControlError as refusal:
            return str(refusal)
        return ""

    def next_number(self, originator):
        """For who has no numbers of its own."""
        return self._book.number(originator) + 1

    def mend(self):
        """A person here accepts that numbers of requests may have been lost. StoreError."""
        self._book.mend()

    def _holder(self, originator):
        """The selection, if it is the originator's."""
        ticket, late = self.selection, self._late
        if ticket is None:
            if late and late.originator == originator:
                raise ControlError("the selection of %s ran out" % late.output, "late")
            raise ControlError("nothing is selected", "unselected")
        if ticket.originator != originator:
            raise ControlError("it was selected by %s" % ticket.originator, "originator")
        return ticket

    def _permit(self, output, action, is_remote):
        """ControlError when anything speaks against it now."""
        place = self._find(output) if isinstance(output, str) else None
        if place is None:
            raise ControlError("there is no output %s in service" % short(output), "output")
        if action not in place.actions:
            text = "%s does %s, not %s" % (output, " and ".join(place.actions), short(action))
            raise ControlError(text, "action")
        if is_remote and self._book.is_damaged:
            text = "the numbers of requests were lost: control('mend') at the console accepts it"
            raise ControlError(text, "damaged")
        if is_remote and not self._setting("remote"):
            raise ControlError("the setting control.remote is off", "remote")
        if action == OPEN and self._setting("guarantee"):
            raise ControlError("the supply is guaranteed, control.guarantee is on", "guarantee")
        text = place.objection(action, is_remote)
        if text:
            raise ControlError(text, "module")
        text = self._objection(output, action)
        if text:
            raise ControlError(text, "interlock")

    def _use(self, originator, number, under_way=None):
        try:
            self._book.use(originator, number, under_way)
        except StoreError as error:
            raise ControlError("the request was not kept: %s" % error, "store")

    def _settle(self):
        try:
            self._book.settle()
        except StoreError as error:
            self._emit("STORE_FAILED", "control", str(error))

    def _refuse(self, refusal, output, action, originator):
        device = short(output) if isinstance(output, str) else ""
        text = "%s by %s: %s" % (short(action), short(originator), refusal)
        self._emit("CONTROL_REFUSED", device, text)


def is_local(originator):
    """Is it a person at the terminal?"""
    return originator.startswith(_LOCAL)


def short(word):
    """A word of a request, cut to fit into a sentence."""
    is_plain = isinstance(word, str) and not [c for c in word if not " " <= c <= "~"]
    text = word if is_plain else repr(word)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _nothing():
    pass
