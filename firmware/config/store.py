"""The settings: what is in force, what is being prepared, and what was in force before.

Only values that differ from their default are kept, as JSON in a Twin:
{"version": n, "set": {path: value}, "previous": {path: value}}. Whatever the files hold, loading
ends with a complete set of settings and a list of what was wrong.
"""

import json

from micropython import const

from firmware.config.entry import Entry, nearest, short
from firmware.config.schema import SCHEMA
from firmware.core.errors import ConfigError
from firmware.core.twin import Twin

_LIMIT = const(16384)  # bytes of a settings file: 64 meters take 1.5 kB, twice with `previous`
_PROBLEMS_MAX = const(16)  # sentences of one load; a file of garbage keys must not fill the RAM


class Config:
    def __init__(self, twin, schema=SCHEMA):
        """twin: where settings are kept; schema: rows as in config/schema.py."""
        self.version = 0  # of the committed settings; 0: never committed
        self._twin = twin
        self._schema = schema
        self._set = {}  # committed values that are not the default
        self._previous = None  # `_set` before the last commit; None: there was none
        self._candidate = {}  # values on trial, by path
        self._listeners = []

    def load(self):
        """Takes what flash holds; returns one sentence for each thing that was wrong with it."""
        payload, info = self._twin.load()
        problems = ["the settings copy %s is %s" % (path, why) for path, why in info.damaged]
        document = None
        if payload is None:
            problems.append("the settings are %s: the defaults are used" % info.reason)
        else:
            document = _parsed(payload)
            if document is None:
                problems.append("the settings are not a JSON object: the defaults are used")
        document = document or {}
        version = document.get("version")
        self.version = version if type(version) is int and version >= 0 else 0
        self._candidate = {}
        self._set = self._accepted(document.get("set", {}), problems)
        previous = document.get("previous")
        self._previous = None if previous is None else self._accepted(previous, [])
        if len(problems) > _PROBLEMS_MAX:
            rest = len(problems) - _PROBLEMS_MAX + 1
            problems = problems[: _PROBLEMS_MAX - 1] + ["%d more settings are ignored" % rest]
        return problems

    def _accepted(self, values, problems):
        """The values the schema allows; the others are named in `problems`."""
        good = {}
        if not isinstance(values, dict):
            problems.append("the settings hold no values by path: the defaults are used")
            return good
        for path in sorted(values):
            entry = self._find(path)
            if entry is None:
                problems.append("the setting %s is not known and is ignored" % short(path))
                continue
            value = values[path]
            refusal = entry.refusal(value)
            if refusal:
                default = entry.shown(entry.default)
                problems.append("%s: the default %s is used" % (refusal, default))
            else:
                good[path] = value
        return good

    def get(self, path):
        """The value in force. ConfigError for an unknown path."""
        entry = self._entry(path)
        return self._set.get(path, entry.default)

    def group(self, prefix):
        """[(name below `prefix`, value in force)] of one module's or part's settings."""
        start = len(prefix) + 1
        paths = [row[0] for row in self._schema if _is_below(row[0], prefix)]
        return [(path[start:], self.get(path)) for path in paths]

    def only(self, prefixes):
        """From here on, what is at or below none of `prefixes` is the default; flash keeps what
        it has until the next commit, and rollback() then puts it back."""
        self._previous = self._set
        self._set = {
            path: self._set[path]
            for path in self._set
            if [prefix for prefix in prefixes if _is_below(path, prefix)]
        }

    def last_change(self):
        """The paths that the last commit changed."""
        before = self._previous or {}
        return [path for path in self._paths() if before.get(path) != self._set.get(path)]

    def set(self, path, value):
        """Puts a value on trial; commit() brings it into force. ConfigError when not allowed."""
        entry = self._entry(path)
        refusal = entry.refusal(value)
        if refusal:
            raise ConfigError(refusal)
        self._candidate.pop(path, None)
        if value != self.get(path):
            self._candidate[path] = value

    def pending(self):
        """[(path, value in force, value on trial)] in the schema's order."""
        waiting = [path for path in self._paths() if path in self._candidate]
        return [(path, self.get(path), self._candidate[path]) for path in waiting]

    def commit(self):
        """Keeps the values on trial and brings them into force; returns the paths that changed.

        StoreError when flash refuses: then nothing has changed and the trial goes on.
        """
        if not self._candidate:
            return []
        fresh = dict(self._set)
        fresh.update(self._candidate)
        return self._keep(fresh)

    def rollback(self):
        """Drops the values on trial; with none, puts the settings before the last commit back.

        Returns the paths concerned. Rolling back twice is rolling forward again. ConfigError
        when there is nothing to go back to, StoreError when flash refuses.
        """
        if self._candidate:
            dropped = [path for path, _, _ in self.pending()]
            self._candidate = {}
            return dropped
        if self._previous is None:
            raise ConfigError("there are no earlier settings to go back to")
        return self._keep(self._previous)

    def subscribe(self, prefix, listener):
        """`listener(path, value)` after a commit changed a path at or below `prefix` ("": all).

        It is called from commit and rollback: it must not wait or raise.
        """
        self._listeners.append((prefix, listener))

    def rows(self, prefix=""):
        """[(path, value, unit, value on trial or "")] as texts, at or below `prefix`."""
        rows = []
        if isinstance(prefix, str):
            for path in self._paths():
                if _is_below(path, prefix):
                    rows.append(self._row(self._find(path)))
        if not rows:
            self._entry(prefix)  # raises: neither a setting nor a group of settings
        return rows

    def describe(self, path):
        """[(what, text)] about one setting."""
        entry = self._entry(path)
        _, value, unit, trial = self._row(entry)
        facts = [("setting", path), ("value", value), ("unit", unit), ("after commit", trial)]
        facts += [("default", entry.shown(entry.default)), ("allowed", entry.allowed())]
        return [fact for fact in facts + [("meaning", entry.help)] if fact[1]]

    def _row(self, entry):
        path = entry.path
        trial = ""
        if path in self._candidate:
            trial = entry.shown(self._candidate[path])
        return (path, entry.shown(self.get(path)), entry.unit, trial)

    def _paths(self):
        return [row[0] for row in self._schema]

    def _find(self, path):
        """The Entry of a path or None; made anew each time, for the table may lie in flash."""
        for row in self._schema:
            if row[0] == path:
                return Entry(row)
        return None

    def _entry(self, path):
        if not isinstance(path, str):
            raise ConfigError("a setting is named by a text such as 'uplink.port'")
        entry = self._find(path)
        if entry is None:
            near = nearest(path, self._paths())
            hint = ": did you mean '%s'?" % near if near else ""
            raise ConfigError("there is no setting %s%s" % (short(path), hint))
        return entry

    def _keep(self, fresh):
        """Writes `fresh` as the next version, then brings it into force."""
        # A value that is the default is not kept: it follows the firmware's default.
        fresh = {path: fresh[path] for path in fresh if fresh[path] != self._find(path).default}
        document = {"version": self.version + 1, "set": fresh, "previous": self._set}
        self._twin.save(json.dumps(document).encode())
        before = self._set
        self.version += 1
        self._previous, self._set, self._candidate = before, fresh, {}
        changed = [path for path in self._paths() if before.get(path) != fresh.get(path)]
        for path in changed:
            for prefix, listener in self._listeners:
                if _is_below(path, prefix):
                    listener(path, self.get(path))
        return changed


def on_flash():
    """The Config of this board, at its place on the file system. Reads nothing yet."""
    return Config(Twin("/config.a", "/config.b", _LIMIT))


def _is_below(path, prefix):
    return not prefix or path == prefix or path.startswith(prefix + ".")


def _parsed(payload):
    """The JSON object in `payload`, or None. Deep nesting may exhaust a small heap."""
    try:
        document = json.loads(payload)
    except (ValueError, MemoryError):
        return None
    return document if isinstance(document, dict) else None
