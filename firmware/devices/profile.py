"""Device profiles: JSON files that say what a kind of device is asked and what it means.

    {"about": "one sentence",
     "protocol": "modbus",              modbus, dlt645 or dlt698
     "baud": 9600, "parity": "none",    what it is delivered with: none, even or odd
     "reply_ms": 500,                   longest wait for its answer
     "points": [["ua", "V", -1, "data", 0, "u16"], ..]}

A point is (name, unit, power of ten, duty, place, kind): duty key, alarm or data; place and kind
as the protocol's dialect explains, the kind may be left out. Further keys of a dialect: modbus
`function`, `gap` (registers between two points that are read and dropped), `block` (most
registers at once), `words` (of longer numbers: high or low first); dlt645 `blocks`; dlt698
`list` (most objects at once). Outputs, of modbus: "outputs": [[name, writes that close it, those
that open it, point, bit], ..]; a write is [register, value], the bit of the point is 1 while it is
closed; "travel_ms": it follows within. The files lie in /profiles, a user's own, and beside this.
"""

import json
import os
import sys

from micropython import const

from firmware.bay.contract import ALARM, DATA, KEY
from firmware.core.errors import SlotError
from firmware.devices.dialect import number

_POINTS_MAX = const(128)
_OUTPUTS_MAX = const(4)
_TRAVEL_MS_MAX = const(10000)
_READS_MAX = const(32)
_BYTES_MAX = const(16384)  # of a file
_REPLY_MS_MAX = const(10000)  # the whole bus waits
_DUTIES = {"key": KEY, "alarm": ALARM, "data": DATA}
_PARITIES = {"none": None, "even": 0, "odd": 1}
_PROTOCOLS = ("modbus", "dlt645", "dlt698")
_BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_FOLDER = "/firmware/devices/profiles/"

_texts = {}  # names, units and identifiers, each kept once, while profiles are loaded
_loaded = {}  # name: (size and time of the file, Profile), shared by the modules of this kind


class Profile:
    """What a driver needs of a profile, in few objects."""

    def __init__(self, document, dialect):
        self.protocol = document["protocol"]
        self.serial = document.get("baud", 9600), document.get("parity", "even")
        serial(*self.serial)  # judges them
        self.reply_ms = number(document, "reply_ms", 500, 1, _REPLY_MS_MAX)
        dialect.judge(document)
        rows = [_row(row, document, dialect) for row in document["points"]]
        known = set()
        for row in rows:
            if row[0] in known:
                raise SlotError("there are two points %s" % row[0])
            known.add(row[0])
        # the template of the device's points: name, unit, power of ten
        self.points = tuple([(_same(row[0]), _same(row[1]), row[2]) for row in rows])
        self.duties = 0
        reads = []  # (what to ask, (point, how, ..)) of all duties, one duty after the other
        self.ends = [0, 0, 0]  # of each duty in `reads`; it begins where the one before ends
        for place, duty in enumerate((KEY, ALARM, DATA)):
            mine = [(i, row[4], row[5]) for i, row in enumerate(rows) if row[3] == duty]
            if mine:
                self.duties |= duty
                reads += _shared(dialect.plan(mine, document))
            self.ends[place] = len(reads)
        self.reads = tuple(reads)
        self.travel_ms = number(document, "travel_ms", 2000, 100, _TRAVEL_MS_MAX)
        self.outputs = _outputs(rows, document, dialect)


class Output:
    """What a device can be made to do, for the front door of control."""

    def __init__(self, row, rows, document, dialect):
        if not isinstance(row, list) or len(row) != 5:
            raise SlotError("an output is name, closing, opening, point and bit, not %s" % (row,))
        self.name = _same(row[0])
        self.orders = dialect.order(row[1]), dialect.order(row[2])  # of close, of open
        names = [point[0] for point in rows]
        if row[3] not in names:
            raise SlotError("output %s has no point %s" % (row[0], row[3]))
        self.point = names.index(row[3])
        self.bit = row[4]
        if not isinstance(self.bit, int) or not 0 <= self.bit <= 15:
            raise SlotError("the bit of output %s is 0 to 15, not %s" % (row[0], row[4]))
        mine = (self.point, rows[self.point][4], rows[self.point][5])
        self.read = dialect.plan([mine], document)[0]  # asks for this point alone


def _outputs(rows, document, dialect):
    wanted = document.get("outputs", ())
    if len(wanted) > _OUTPUTS_MAX:
        raise SlotError("it has up to %d outputs" % _OUTPUTS_MAX)
    return tuple([Output(row, rows, document, dialect) for row in wanted])


def _same(text):
    return _texts.setdefault(text, text) if isinstance(text, str) else text


def _shared(reads):
    return [(tuple([_same(part) for part in ask]), points) for ask, points in reads]


def settle():
    """All profiles are loaded: what was kept to load them is forgotten."""
    _texts.clear()


def load(name, dialects):
    """The Profile of that name; `dialects`: {protocol: Dialect}, made as needed by calling it.
    SlotError with one sentence when there is none, or its file is wrong."""
    path, mark = _find(name)
    if mark[0] > _BYTES_MAX:
        raise SlotError("the profile %s has more than %d bytes" % (path, _BYTES_MAX))
    known = _loaded.get(name)
    if known and known[0] == mark:
        return known[1]
    try:
        with open(path) as file:
            document = json.load(file)
    except (OSError, ValueError):
        raise SlotError("the profile %s is not readable JSON" % path)
    profile = _compile(name, document, dialects)
    _loaded[name] = (mark, profile)
    return profile


def _compile(name, document, dialects):
    try:
        if document["protocol"] not in _PROTOCOLS:
            raise SlotError("the protocol is one of %s" % ", ".join(_PROTOCOLS))
        if not 1 <= len(document["points"]) <= _POINTS_MAX:
            raise SlotError("it has 1 to %d points" % _POINTS_MAX)
        profile = Profile(document, dialects(document["protocol"]))
    except SlotError as error:
        raise SlotError("profile %s: %s" % (name, error))
    except KeyError as error:
        raise SlotError("profile %s has no %s" % (name, error))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise SlotError("profile %s is not laid out as one: %s" % (name, error))
    if len(profile.reads) > _READS_MAX:
        raise SlotError("profile %s needs more than %d requests" % (name, _READS_MAX))
    return profile


def _row(row, document, dialect):
    """(name, unit, power, duty, place, kind), judged."""
    if not isinstance(row, list) or not 5 <= len(row) <= 6:
        raise SlotError("a point is name, unit, power, duty, place and kind, not %s" % (row,))
    name, unit, power, duty, where = row[:5]
    kind = row[5] if len(row) > 5 else dialect.DEFAULT_KIND
    if not isinstance(name, str) or not isinstance(unit, str) or not isinstance(power, int):
        raise SlotError("a point begins with name, unit and power of ten, not %s" % (row[:3],))
    if duty not in _DUTIES:
        raise SlotError("point %s: the duty is key, alarm or data, not %s" % (name, duty))
    try:
        place = _same(dialect.place(where, document))
        kind = dialect.kind(kind, place)
    except SlotError as error:
        raise SlotError("point %s: %s" % (name, error))
    return name, unit, power, _DUTIES[duty], place, kind


def serial(baud, parity):
    """(baud, parity None, 0 or 1) of a number and a word; SlotError."""
    if baud not in _BAUDS:
        raise SlotError("the rate is one of %s, not %s" % (", ".join(map(str, _BAUDS)), baud))
    if parity not in _PARITIES:
        raise SlotError("the parity is none, even or odd, not %s" % parity)
    return baud, _PARITIES[parity]


def names():
    """Of all profiles that can be found, sorted."""
    found = set()
    for folder in _folders():
        try:
            files = os.listdir(folder)
        except OSError:
            continue
        found.update([file[:-5] for file in files if file.endswith(".json")])
    return sorted(found)


def _folders():
    return ["/profiles/"] + [path + _FOLDER for path in sys.path if path[:1] != "."]


def _find(name):
    """(path, size and time) of a profile's file."""
    for folder in _folders():
        try:
            about = os.stat(folder + name + ".json")
        except OSError:
            continue
        return folder + name + ".json", (about[6], about[8])
    raise SlotError("there is no profile %s, there are %s" % (name, ", ".join(names())))
