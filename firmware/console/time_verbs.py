"""The verb of time: how good it is, the clocks of the meters, and setting it."""

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse


def make(verb):
    """`time` by the decorator of a Verbs."""

    @verb("time('2026-11-30 12:00:00')", "sets the clock; time() shows it, time('meters')", 1)
    def time(terminal, *text):
        if not text:
            return Table(("what", "value"), terminal.time())
        if type(text[0]) is not str:
            raise Misuse("say local time in quotes, or UTC with a Z behind it")
        if text[0] == "meters":
            return Table(*terminal.meter_clocks())
        return Note(terminal.set_time(text[0]))

    return time
