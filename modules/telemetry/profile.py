"""Profiles: JSON files that say what hangs on a module's inputs.

    {"about": "one sentence",
     "inputs": [{"name": "door", "at": 1, "inverted": true},
                {"name": "breaker", "at": [2, 3], "moving_ms": 5000}, ..],
     "analogs": [{"name": "oil", "at": 3, "type": "pt100", "power": -1, "high": 950}, ..]}

`at` is 1 to 12 and 1 to 4; a pair is the contacts "on" and "off" of a switch, told as one point.
Analog `type`: 4-20mA and 0-10V, with `unit`, `power` (of ten), `from` and `to`, or pt100 in degC,
with `lead` (milliohm of its two wires). `low`, `high`, `hysteresis`, `from` and `to` count in
the point's unit and power. `filter` is ["mean" or "median", conversions]. The files lie in
/profiles, a user's own, and in profiles/ beside this one.
"""

import json
import os
import sys

from micropython import const

from firmware.core.errors import SlotError
from firmware.devices.dialect import number
from modules.telemetry import front_end
from modules.telemetry.ports import COUNT

DEFAULT = "telemetry"  # of a module without a row in the archive

_BYTES_MAX = const(8192)  # of a file
_NAME_MAX = const(16)
_VALUE_MAX = const(1000000)
_MOVING_MS = const(10000)
_ANALOGS = const(4)
_FOLDER = "/modules/telemetry/profiles/"
_INPUT_KEYS = ("name", "at", "inverted", "moving_ms")
_SCALE_KEYS = ("unit", "from", "to")
_ANALOG_KEYS = ("name", "at", "type", "power", "low", "high", "hysteresis", "filter")


class Analog:
    """One analog input."""

    def __init__(self, row):
        self.name = _name(row)
        self.at = number(row, "at", None, 1, _ANALOGS) - 1
        self.kind = row["type"]
        if self.kind not in front_end.TYPES:
            kinds = ", ".join(sorted(front_end.TYPES))
            raise SlotError("its type is one of %s, not %s" % (kinds, self.kind))
        is_pt100 = self.kind == "pt100"
        _keys(row, _ANALOG_KEYS + (("lead",) if is_pt100 else _SCALE_KEYS))
        self.power = number(row, "power", -1, -2 if is_pt100 else -6, 0 if is_pt100 else 6)
        self.lead = self.start = self.end = 0
        if is_pt100:
            self.unit = "degC"
            self.lead = number(row, "lead", 0, 0, 20000)
        else:
            self.unit = row["unit"]
            if not isinstance(self.unit, str):
                raise SlotError("its unit is a text")
            self.start = number(row, "from", None, -_VALUE_MAX, _VALUE_MAX)
            self.end = number(row, "to", None, -_VALUE_MAX, _VALUE_MAX)
            if not 0 < abs(self.end - self.start) <= front_end.SPAN_MAX:
                raise SlotError("from and to are 1 to %d apart" % front_end.SPAN_MAX)
        self._limits(row)
        self._filter(row.get("filter", ["mean", 1]))

    def _limits(self, row):
        """None: there is no such limit."""
        low = number(row, "low", None, -_VALUE_MAX, _VALUE_MAX) if "low" in row else None
        high = number(row, "high", None, -_VALUE_MAX, _VALUE_MAX) if "high" in row else None
        self.hysteresis = number(row, "hysteresis", 1, 0, front_end.SPAN_MAX)
        if low is not None and high is not None and high - low <= 2 * self.hysteresis:
            raise SlotError("low and high are not more than two hysteresis apart")
        self.low, self.high = low, high

    def _filter(self, words):
        if not isinstance(words, list) or len(words) != 2 or words[0] not in ("mean", "median"):
            raise SlotError('its filter is ["mean" or "median", conversions]')
        self.is_median = words[0] == "median"
        self.length = number({"filter": words[1]}, "filter", None, 1, 15)


class Profile:
    """What the driver needs of a profile."""

    def __init__(self, document):
        if not isinstance(document, dict):
            raise SlotError("it is no JSON object")
        _keys(document, ("about", "inputs", "analogs"))
        self.used = 0  # inputs, as bits
        self.inverted = 0
        self.singles = []  # (point, input)
        self.doubles = []  # (point, input that is on, input that is off, longest time between)
        self.analogs = []  # their points come behind those of the inputs
        points = []  # (name, unit, power of ten)
        for row in document.get("inputs", ()):
            _about("input", row, self._input, len(points))
            points.append((row["name"], "", 0))
        for row in document.get("analogs", ()):
            analog = _about("analog input", row, self._analog)
            points.append((analog.name, analog.unit, analog.power))
        if not points:
            raise SlotError("it has neither inputs nor analogs: it is for another module")
        if len({point[0] for point in points}) < len(points):
            raise SlotError("two of its points have one name")
        self.points = tuple(points)

    def _input(self, row, point):
        _name(row)
        _keys(row, _INPUT_KEYS)
        places = row["at"] if isinstance(row["at"], list) else [row["at"]]
        inputs = [number({"at": place}, "at", None, 1, COUNT) - 1 for place in places]
        for i in inputs:
            if self.used >> i & 1:
                raise SlotError("input %d has a name already" % (i + 1))
            self.used |= 1 << i
            if row.get("inverted", False):
                self.inverted |= 1 << i
        if len(inputs) == 1:
            if "moving_ms" in row:
                raise SlotError("only a switch with two inputs has moving_ms")
            self.singles.append((point, inputs[0]))
        elif len(inputs) == 2:
            moving_ms = number(row, "moving_ms", _MOVING_MS, 100, 600000)
            self.doubles.append((point, inputs[0], inputs[1], moving_ms))
        else:
            raise SlotError("at is one number or two")

    def _analog(self, row):
        analog = Analog(row)
        if [True for known in self.analogs if known.at == analog.at]:
            raise SlotError("analog input %d has a name already" % (analog.at + 1))
        self.analogs.append(analog)
        return analog


def load(name):
    """The Profile of that name; SlotError with one sentence when there is none, or its file is
    wrong."""
    path, size = _find(name)
    if size > _BYTES_MAX:
        raise SlotError("the profile %s has more than %d bytes" % (path, _BYTES_MAX))
    try:
        with open(path) as file:
            document = json.load(file)
    except (OSError, ValueError):
        raise SlotError("the profile %s is not readable JSON" % path)
    return judge(name, document)


def judge(name, document):
    """The Profile in a document; SlotError."""
    try:
        return Profile(document)
    except SlotError as error:
        raise SlotError("profile %s: %s" % (name, error))
    except KeyError as error:
        raise SlotError("profile %s has no %s" % (name, error))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise SlotError("profile %s is not laid out as one: %s" % (name, error))


def names():
    """Of the profiles that come with this module, sorted."""
    for folder in _folders()[1:]:
        try:
            files = os.listdir(folder)
        except OSError:
            continue
        return sorted([file[:-5] for file in files if file.endswith(".json")])
    return []


def _about(what, row, call, *args):
    """call(row, ..), its errors with the name of the row."""
    if not isinstance(row, dict):
        raise SlotError("an %s is an object, not %s" % (what, row))
    try:
        return call(row, *args)
    except SlotError as error:
        raise SlotError("%s %s: %s" % (what, row.get("name", ""), error))
    except KeyError as error:
        raise SlotError("%s %s has no %s" % (what, row.get("name", ""), error))


def _name(row):
    name = row["name"]
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_MAX:
        raise SlotError("a name is a text of 1 to %d characters, not %s" % (_NAME_MAX, name))
    return name


def _keys(row, known):
    for key in row:
        if key not in known:
            raise SlotError("there is no %s, there are %s" % (key, ", ".join(known)))


def _folders():
    return ["/profiles/"] + [path + _FOLDER for path in sys.path if path[:1] != "."]


def _find(name):
    """(path, bytes) of a profile's file."""
    for folder in _folders():
        path = folder + name + ".json"
        try:
            return path, os.stat(path)[6]
        except OSError:
            continue
    raise SlotError("there is no profile %s, there are %s" % (name, ", ".join(names())))
