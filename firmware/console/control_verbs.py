"""The verbs of control: what a person at the terminal selects, executes and gives up, and the
interlocks. All of it goes through the front door (firmware/control/desk.py)."""

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse

_INTERLOCKS = ("", "output", "action", "point", "relation", "value")


def _control(terminal, what=None):
    if what == "mend":
        terminal.control.mend()
        return Note("numbers of requests that were lost are accepted as lost")
    if what is not None:
        raise Misuse("it takes 'mend' or nothing")
    return Table(*terminal.control.table())


def _select(terminal, *words):
    if len(words) != 2:
        raise Misuse("say the output, control() has them, and close or open")
    ticket = terminal.control.select(*words)
    return Note("%s %s is selected, execute() does it" % ticket[:2])


def _execute(terminal):
    return Note("%s, control() shows what comes of it" % terminal.control.execute())


def _cancel(terminal):
    return Note("%s %s is no longer selected" % terminal.control.cancel()[:2])


def _interlock(terminal, *words):
    interlocks = terminal.control.interlocks
    if not words:
        rows = [(i,) + tuple(rule) for i, rule in enumerate(interlocks.rows(), 1)]
        return Table(_INTERLOCKS, rows, "\n".join(interlocks.problems))
    if words == ("keep",):
        interlocks.keep()
        return Note("these are all the interlocks there are")
    if len(words) == 2 and words[0] == "remove":
        return Note("removed: %s" % " ".join(interlocks.remove(words[1])))
    if len(words) != 5:
        raise Misuse("say output, action, point, relation and value, or 'remove' and a number")
    words = words[:4] + (str(words[4]),)
    return Note("only while %s %s %s: %s %s" % (words[2:] + interlocks.add(words)[:2]))


def make(verb):
    """(control, select, execute, cancel, interlock) by the decorator of a Verbs."""
    return (
        verb("control()", "outputs that can be operated, and what is going on", 1)(_control),
        verb("select('control-4.q1', 'open')", "the first step of an operation", 2)(_select),
        verb("execute()", "the second step: it moves")(_execute),
        verb("cancel()", "gives the selection up")(_cancel),
        verb(
            "interlock('control-4.q1', 'close', 'control-4.q2', '=', 1)",
            "allows it only while that is so; all of them; ('remove', 1)",
            5,
        )(_interlock),
    )
