"""What makes a function a verb: it counts its arguments and turns a refusal into a sentence.

A module of verbs has its own Verbs, so that it may be loaded twice.
"""

from firmware.console.table import Note
from firmware.core.errors import (
    CodecError,
    ConfigError,
    ControlError,
    LinkError,
    SlotError,
    StoreError,
    UplinkError,
)

_REFUSALS = (
    ConfigError,
    StoreError,
    LinkError,
    SlotError,
    CodecError,
    UplinkError,
    ControlError,
)
_FAILURES = (OSError, MemoryError)  # of the flash, and of an answer too long for the heap


class Misuse(Exception):
    """A verb was given what it does not take; the message is the sentence for the person."""


class Verbs:
    def __init__(self):
        self.terminal = None  # whom the verbs speak for; None: nobody
        self.table = []  # (name, Verb)

    def verb(self, usage, text, most=0, is_bound=True, names=()):
        """Decorator; the arguments are Verb's."""

        def make(function):
            verb = Verb(self, function, usage, text, most, is_bound, names)
            self.table.append((usage.split("(")[0], verb))
            return verb

        return make


class Verb:
    """A function for people. It returns what the function does or, for wrong use and for what
    was refused, a Note of one sentence."""

    def __init__(self, verbs, function, usage, text, most, is_bound, names):
        self.function = function
        self.usage = usage
        self.text = text
        self._verbs = verbs
        self._most = most  # arguments it takes
        self._is_bound = is_bound  # it needs the terminal, as its first argument
        self._names = names  # of the arguments that it takes by name

    def __call__(self, *args, **named):
        if len(args) > self._most or [name for name in named if name not in self._names]:
            return Note("use it as %s" % self.usage)
        if self._is_bound:
            if self._verbs.terminal is None:
                return Note("the terminal is not running")
            args = (self._verbs.terminal,) + args
        try:
            return self.function(*args, **named)
        except Misuse as misuse:
            return Note("%s, as in %s" % (misuse, self.usage))
        except _REFUSALS + _FAILURES as refusal:
            return Note(refusal)

    def __repr__(self):
        return "%s: %s" % (self.usage, self.text)


class NoVerb(Note):
    """A mistyped verb: called or not, it says so."""

    def __init__(self, name):
        super().__init__("there is no verb '%s', help() lists them" % name[:48])

    def __call__(self, *_, **__):
        return self
