"""A telemetry module and its driver on virtual time: what is set when, and what was told."""

from tools.emulator.telemetry import Module
from tools.virtual.host import UTC_MS, Host

_SCRIPT = "tests/host/telemetry_terminal.py"


class Bench:
    def __init__(self, ms=2000, slots=(5,), options=None, rows=None, **plan):
        """`rows`: of the archive, by slot; the plan is telemetry_terminal's."""
        rows = rows or {}
        plan["slots"] = {str(slot): rows.get(slot, []) for slot in slots}
        self.host = Host(_SCRIPT, {"ms": ms, **plan}, self._on_line)
        self.told = []  # [ms, kind, ..]
        self.modules = {}
        for slot in slots:
            self.plug(slot, options)
        self.report = None

    def plug(self, slot, options=None):
        options = {"log": True, **(options or {})}
        self.modules[slot] = self.host.plug(slot, "telemetry", Module, options)
        return self.modules[slot]

    def _on_line(self, line):
        us, *words = line.split("|")
        self.told.append([int(us) / 1000, *words])

    def at(self, ms, slot=5, **values):
        """module.set(**values) then."""
        self.do(ms, lambda: self.modules[slot].set(**values))

    def do(self, ms, call):
        self.host.time.later(ms / 1000, call)

    def run(self):
        self.report = self.host.run()
        return self

    def states(self, name=None):
        """[(point, before, now, stamp ms since the start)] of changes that were told."""
        return [
            (row[3], int(row[4]), int(row[5]), int(row[6]) - UTC_MS)
            for row in self.told
            if row[1] == "state" and name in (None, row[3])
        ]

    def events(self, name):
        """[(ms when it was told, text)]"""
        return [(row[0], row[4]) for row in self.told if row[1:3] == ["event", name]]

    def point(self, name, shot=None):
        points = self.report["shots"][str(shot)] if shot else self.report["points"]
        return points[name]
