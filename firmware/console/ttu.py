"""The verbs a person types: `import ttu`, then `ttu.status()`, `ttu.help()`.

main binds the running terminal with `bind(terminal)`. It offers
  status()            [(name, value)], the terminal at a glance
  version()           [(name, value)], of the firmware
  points              .rows(matches): (name, value, unit, quality, stamp in UTC ms, 0: never)
  meter() link() slots() devices()     (header, rows) each
  billing() waveforms() archive() bus(slot)   (header, rows, note) each
  attach(slot, profile, address, baud, parity, name) detach(name)
  start_search(slot, protocol, speeds, parity, sure) stop_search() search()
  send(slot, bytes, baud, parity, reply_ms, gap_ms) sent()      pass_through()
  module(slot, name)  (header, rows) or (header, rows, note)    order(slot, verb, arguments)
  control             a control.desk.Desk
  history             a store.freezes.Freezes
  time()              rows; meter_clocks() (header, rows, note); set_time(text) a sentence
  events(n)           [(sequence, UTC text, name, device, details)], oldest first
  event(tuple)        (UTC text, name, device, details) of an event of the two that follow
  kept_events audit   a store.event_store.EventStore, a store.audit_watch.AuditWatch
  health              rows(), mode(), force() and leave() as of firmware/health.py
  config log clock    a Config, a Log and a Clock
  calibrator          a metering.calibration.Calibrator; None when the metrology IC is none of its
A verb returns a Table or, above all for wrong use, a Note of one sentence; it never raises.
"""

import sys
from binascii import unhexlify

from micropython import const

from firmware.console import control_verbs, health_verbs, history_verbs, module_verbs, time_verbs
from firmware.console.module_verbs import slot_number as _slot_number
from firmware.console.pattern import matches
from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse, NoVerb, Verbs
from firmware.core.errors import ConfigError

_POINTS_MAX = const(100)  # rows of one answer: a whole station would not fit the heap

_verbs = Verbs()  # in the order of help()
_verb = _verbs.verb


def bind(terminal):
    """main: the verbs speak for `terminal` from now on (None: for nobody), as module `ttu`."""
    _verbs.terminal = terminal
    # However this file was deployed, `import ttu` then finds this very module.
    sys.modules["ttu"] = sys.modules[__name__]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return NoVerb(name)


@_verb("status()", "the terminal at a glance")
def status(terminal):
    return Table(("what", "value"), terminal.status())


health, safe = health_verbs.make(_verb)


@_verb("points('meter.*')", "points by name, * and ? stand for any characters", 1)
def points(terminal, pattern="*"):
    if not isinstance(pattern, str):
        raise Misuse("a pattern is a text in quotes")
    now = terminal.clock.utc_ms()
    rows = []
    more = 0
    for name, value, unit, bits, stamp in terminal.points.rows(lambda n: matches(pattern, n)):
        if len(rows) < _POINTS_MAX:
            rows.append((name, value, unit, bits, now - stamp if stamp else None))
        else:
            more += 1
    if not rows:
        return Note("no point matches %s" % repr(pattern[:48]))
    note = "and %d more: narrow the pattern" % more if more else ""
    return Table(("point", "value", "unit", "quality", "age ms"), rows, note)


@_verb("meter()", "what the terminal meters itself")
def meter(terminal):
    return Table(*terminal.meter())


@_verb("link()", "the link to the metrology unit")
def link(terminal):
    return Table(*terminal.link())


@_verb("slots()", "the expansion slots and their modules")
def slots(terminal):
    return Table(*terminal.slots())


module, order = module_verbs.make(_verb)
time = time_verbs.make(_verb)
control, select, execute, cancel, interlock = control_verbs.make(_verb)
curve, freezes, events, audit = history_verbs.make(_verb)


@_verb("devices()", "the devices behind the modules")
def devices(terminal):
    return Table(*terminal.devices())


@_verb("bus(1)", "load of a slot's bus; its devices, when seen and how late", 1)
def bus(terminal, slot=1):
    return Table(*terminal.bus(_slot_number(slot)))


@_verb("archive()", "the devices on the buses, as they were attached")
def archive(terminal):
    return Table(*terminal.archive())


_PLACE = ("baud", "parity", "name")


@_verb("attach(1, 'smart-breaker', '17')", "puts a device on a slot's bus", 3, True, _PLACE)
def attach(terminal, *words, **more):
    if len(words) != 3:
        raise Misuse("say slot, profile and address; baud, parity and name by name")
    slot, profile, address = _slot_number(words[0]), words[1], words[2]
    if type(address) is int:
        address = str(address)
    if type(address) is not str or not address:
        raise Misuse("an address is a number or a text of digits")
    name = more.get("name", address if len(address) > 3 else "%d-%s" % (slot, address))
    terminal.attach(slot, profile, address, more.get("baud", 0), more.get("parity", "-"), name)
    return Note("%s is in the archive, bus(%d) shows whether it answers" % (name, slot))


@_verb("detach('1-17')", "takes a device off its bus", 1)
def detach(terminal, name=None):
    if type(name) is not str:
        raise Misuse("say the name of a device in quotes, archive() has them")
    terminal.detach(name)
    return Note("%s is no longer in the archive" % name)


_SEARCH = ("baud", "parity", "sure")


@_verb("search(1, 'dlt645', baud=2400)", "finds devices on a bus, or shows them", 2, True, _SEARCH)
def search(terminal, *words, **more):
    if len(words) == 0:
        return Table(*terminal.search())
    if words == ("stop",):
        return Note("it stops" if terminal.stop_search() else "nothing is being searched")
    protocol = words[1] if len(words) > 1 else "dlt645"
    baud, parity = more.get("baud", ()), more.get("parity", "")
    bauds = (baud,) if type(baud) is int else baud
    if type(bauds) not in (tuple, list) or type(parity) is not str:
        raise Misuse("baud is a number or several, parity is none, even or odd")
    number = _slot_number(words[0])
    terminal.start_search(number, protocol, tuple(bauds), parity, more.get("sure", 1))
    return Note("slot %d is being searched, search() shows how far it is" % number)


_LINE = ("baud", "parity", "reply_ms", "gap_ms")


@_verb("send(1, '68 11 68', baud=9600)", "one exchange on a bus, or its answer", 2, True, _LINE)
def send(terminal, *words, **more):
    if not words:
        return Note(terminal.sent())
    if len(words) != 2:
        raise Misuse("say the slot and what is sent in hexadecimal")
    data = _hex(words[1])
    numbers = [more.get(n, d) for n, d in (("baud", 9600), ("reply_ms", 1000), ("gap_ms", 100))]
    for number, most in zip(numbers, (115200, 10000, 5000)):
        if type(number) is not int or not 5 <= number <= most:
            raise Misuse("baud is up to 115200, reply_ms up to 10000, gap_ms up to 5000")
    number = _slot_number(words[0])
    terminal.send(number, data, numbers[0], more.get("parity", "even"), *numbers[1:])
    return Note(
        "%d bytes go to slot %d, the answer is logged, send() shows it" % (len(data), number)
    )


def _hex(text):
    digits = "".join(text.split()) if type(text) is str else ""
    try:
        data = unhexlify(digits)
    except ValueError:
        data = b""
    if not 1 <= len(data) <= 512:
        raise Misuse("what is sent is 1 to 512 bytes as pairs of hexadecimal digits")
    return data


@_verb("pass_through()", "who uses the TCP port for vendors' tools, and how much")
def pass_through(terminal):
    return Table(*terminal.pass_through())


@_verb("billing()", "energy by tariff, present and maximum demand")
def billing(terminal):
    return Table(*terminal.billing())


@_verb("waveforms()", "waveform records of power-quality events")
def waveforms(terminal):
    return Table(*terminal.waveforms())


@_verb("config('path', value)", "settings: all, one, or put a value on trial", 2)
def config(terminal, path=None, *value):
    settings = terminal.config
    if value:
        settings.set(path, value[0])
        return Note(_trial(settings))
    if path is None:
        return _settings(settings, "")
    if isinstance(path, str) and "." in path:
        return Table(("what", "value"), settings.describe(path))
    return _settings(settings, path)


def _settings(settings, group):
    return Table(("setting", "value", "unit", "after commit()"), settings.rows(group), "")


def _trial(settings):
    paths = [change[0] for change in settings.pending()]
    if not paths:
        return "that is the value in force, nothing is on trial"
    return "on trial until commit() or rollback(): %s" % ", ".join(paths)


@_verb("commit()", "bring the settings on trial into force")
def commit(terminal):
    changed = ", ".join(terminal.config.commit())
    if not changed:
        return Note("nothing is on trial, nothing was changed")
    return Note("version %d is in force, changed: %s" % (terminal.config.version, changed))


@_verb("rollback()", "drop what is on trial, or undo the last commit or calibration", 1)
def rollback(terminal, what=None):
    settings = terminal.config
    if what == "calibration" or what is None and _is_calibration(terminal):
        return Note(_calibrator(terminal).rollback(settings.version))
    if what is not None:
        raise Misuse("it takes 'calibration' or nothing")
    version = settings.version
    paths = ", ".join(settings.rollback())
    if settings.version == version:
        return Note("no longer on trial: %s" % paths)
    return Note("version %d is in force, put back: %s" % (settings.version, paths))


def _is_calibration(terminal):
    """Settings on trial go first; else what was kept last."""
    settings, calibrator = terminal.config, terminal.calibrator
    return calibrator and not settings.pending() and calibrator.undoes(settings.version)


def _calibrator(terminal):
    if terminal.calibrator is None:
        raise ConfigError(
            "this metrology unit is not calibrated from here: config('metering') has its scales"
        )
    return terminal.calibrator


_STATED = ("u", "i", "pf", "angle", "windows", "operator")


@_verb("calibrate('gain', u=230, i=5)", "a step against a reference, or 'keep'", 2, True, _STATED)
def calibrate(terminal, *args, **stated):
    calibrator = _calibrator(terminal)
    if args == ("keep",) and list(stated) == ["operator"]:
        return Note(calibrator.keep(stated["operator"], terminal.config.version))
    if args[:1] == ("keep",):
        raise Misuse("keep takes operator='your name' and nothing else")
    if not args or "operator" in stated:
        raise Misuse("say gain, phase or offset, and what the reference shows")
    return Note(calibrator.begin(*args, **stated))


@_verb("calibration()", "how a calibration step goes, or what is in force")
def calibration(terminal):
    return Table(*_calibrator(terminal).table())


@_verb("log('info')", "the last log lines, or set the least level to print", 1)
def log(terminal, *level):
    if not level:
        return Table(("line",), [(line,) for line in terminal.log.lines])
    try:
        terminal.log.set_level(level[0])
    except ValueError as refusal:
        raise Misuse(str(refusal))
    return Note("lines of level %s and above are printed" % level[0])


@_verb("version()", "the firmware, the board and the interpreter")
def version(terminal):
    rows = list(terminal.version())
    rows.append(("interpreter", sys.version))
    rows.append(("platform", sys.platform))
    return Table(("what", "value"), rows)


@_verb("help('verb')", "this list, or one verb", 1, False)
def help(*verb):
    found = [
        (entry.usage, entry.text) for name, entry in _verbs.table if not verb or name == verb[0]
    ]
    if not found:
        raise Misuse("there is no such verb")
    return Table(("verb", "what it does"), found)


__all__ = tuple([name for name, _ in _verbs.table])  # for `from ttu import *`
