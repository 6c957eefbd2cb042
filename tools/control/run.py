"""Some sequences on one virtual terminal: it, the module, what is done to them and who judges."""

import random

from tools.control import judge as rules
from tools.control.script import Script
from tools.emulator.switchgear import Module
from tools.virtual.host import Host

_SLOT, _BOX, _BOX_CHIP = 4, 1, 0x70
_SETTINGS = {
    "remote": True,
    "guarantee": False,
    "select_s": rules.SELECT_S,
    "pulse_ms": rules.PULSE_MS,
    "travel_ms": rules.TRAVEL_MS,
}
BARS = (
    "wrong_operations",
    "unsafe_after_cut",
    "missed_operations",
    "wrong_answers",
    "untold",
    "long_pulses",
)


class Box:
    """A module of the bench's own, with a chip that holds the next step."""

    def __init__(self, port, slot, options):
        self.chips = {_BOX_CHIP: self}
        self._next = options["next"]

    def power(self, on):
        pass

    def feed(self, data):
        pass

    def close(self):
        pass

    def is_answering(self):
        return True

    def write(self, data):
        pass

    def read(self, count):
        return self._next().ljust(count)


def run(seed, sequences, plant=0):
    """(Counter of what happened, refusals by reason, sentences, longest pulse in s)."""
    plan = {"settings": _SETTINGS, "plant": plant}
    host = Host("tools/control/terminal.py", plan)
    judge = rules.Judge(host.time, dict(_SETTINGS))
    host._on_line = judge.hear

    def plug(options):
        return host.plug(_SLOT, "control", Module, options)

    script = Script(host, judge, plug, random.Random(seed), sequences)
    host.plug(_BOX, "box", Box, {"next": script.next})
    judge.plugged(plug({}))
    host.run()
    judge.look()
    judge.counts["virtual_s"] = round(host.time.now())
    judge.counts["sequences"] = script.done
    return judge.counts, judge.refusals, judge.wrong, judge.longest_s
