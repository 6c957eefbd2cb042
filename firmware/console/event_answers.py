"""What the verbs events and audit answer. `terminal` as of ttu.bind."""

from micropython import const

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse

_MOST = const(128)  # rows
_COLUMNS = ("time (UTC)", "event", "device", "details")


def events(terminal, n, kind):
    _bounded(n, "the number of events")
    if kind is None:
        return Table(("seq",) + _COLUMNS, terminal.events(n))
    store = terminal.kept_events
    if kind not in store.classes + ("all",):
        raise Misuse("the classes are %s, or all" % ", ".join(store.classes))
    rows = [
        (boot, event[0]) + terminal.event(event)
        for boot, event in store.last(n, None if kind == "all" else (kind,))
    ]
    lost = store.dropped + store.damaged
    note = "%d could not be kept or read" % lost if lost else ""
    return Table(("boot", "seq") + _COLUMNS, rows, note)


def audit(terminal, n):
    watch = terminal.audit
    if n == "verify":
        watch.verify()
        return Note("it is being verified, audit() says what came of it")
    _bounded(n, "the number of entries")
    newest, digest = watch.audit.head()
    rows = [
        (number,) + terminal.event(event)
        for number, _, event in watch.audit.entries(max(1, newest - n + 1))
    ]
    note = "%s; the newest on flash is %d, %s" % (watch.said, newest, digest)
    return Table(("entry",) + _COLUMNS, rows, note)


def _bounded(n, what):
    if type(n) is not int or not 1 <= n <= _MOST:
        raise Misuse("%s is 1..%d" % (what, _MOST))
