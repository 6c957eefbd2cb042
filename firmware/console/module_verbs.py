"""Verbs for the expansion modules: what each shows, and what a person may tell it to do."""

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse


def make(verb):
    """(module, order) by the decorator of a Verbs."""

    @verb("module(2, 'nodes')", "what a module shows; without a name its first table", 2)
    def module(terminal, slot=None, name=""):
        if type(name) is not str:
            raise Misuse("the name of a table is a text in quotes")
        return Table(*terminal.module(slot_number(slot), name))

    @verb("order(2, 'restart')", "tells a module to do something, or shows what came of it", 8)
    def order(terminal, slot=None, *words):
        if slot is None:
            return Note(terminal.sent())
        if not words or type(words[0]) is not str:
            raise Misuse("say the slot and what to do")
        terminal.order(slot_number(slot), words[0], words[1:])
        return Note("slot %d is told, order() shows what came of it" % slot)

    return module, order


def slot_number(slot):
    """The slot a person named; Misuse."""
    if type(slot) is not int or not 1 <= slot <= 6:
        raise Misuse("a slot is 1..6")
    return slot
