"""Verbs about the terminal's own state: how it is, and safe mode."""

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse


def make(verb):
    """(health, safe) by the decorator of a Verbs."""

    @verb("health()", "boots and resets, memory, flash, watchdog and tasks")
    def health(terminal):
        return Table(("what", "value"), terminal.health.rows())

    @verb("safe(True)", "safe mode: shown, forced by True, ended by False", 1)
    def safe(terminal, *wish):
        if not wish:
            return Note(terminal.health.mode())
        if wish[0] is not True and wish[0] is not False:
            raise Misuse("it takes True, False or nothing")
        return Note(terminal.health.force() if wish[0] else terminal.health.leave())

    return health, safe
