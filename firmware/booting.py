"""The boot: why it came, which terminal is built, and what is left when none can be. A part of
the composition root, and the second place that catches Exception: a file, a setting or a module
that breaks the building costs what it belongs to, never the way in.

A terminal that cannot be built is built in safe mode; if not even that, in safe mode with the
settings it needs to meter and to be reached; then without the files beside settings and energies;
at last with none at all: what is left out is set aside as `.bad`, never deleted. Safe mode is
metering and uplink, the console, and the modem's slot when the uplink goes that way.
"""

import gc
import os
import sys
import time

from micropython import const

from firmware.core.errors import SlotError, StoreError
from firmware.core.twin import Twin
from firmware.supervisor.boots import LIMIT, Boots

# A terminal is built in a second or two, .mpy from flash in some ten; a boot that hangs is over
# by then. Every port takes that long, and lets the terminal set its own time later.
_BUILD_MS = const(25000)
_PROMPT_MS = const(60000)  # for Ctrl-C, when nothing can be built: the watchdog bites before

_ASIDE = ".bad"
_FILES = ("calibration", "control", "interlocks", "devices", "time", "cursor")
_LAST = ("config", "energy")
_NEEDED = ("station", "metering", "link", "energy", "uplink", "cellular", "wdt", "safe")
# (safe mode?, groups of settings that are in force or None: all, files set aside)
_LADDER = (
    (False, None, ()),
    (True, None, ()),
    (True, _NEEDED, ()),
    (True, _NEEDED, _FILES),
    (True, (), _LAST),
)
_DARK = "the terminal is in safe mode: only the uplink's modem is served, safe(False) ends it"


class Boot:
    def __init__(self, board):
        self.boots = Boots(Twin("/boots.a", "/boots.b", LIMIT))
        self.problems = []  # sentences about this boot, for events
        self.failure = ""  # why the terminal could not be built as it should be
        self.settings = None  # names of the groups that are in force; None: all
        self.is_kept = False  # is the record of this boot on flash?
        self._guard = board.watchdog(_BUILD_MS)
        wrong = self.boots.begin(board.reset_cause(), board.clock()[2]() // 1000)
        if wrong:
            self.problems.append(wrong)
        if not self.boots.is_supply_weak:
            self.keep()

    @property
    def is_safe(self):
        return self.boots.safe != ""

    def keep(self):
        """The record of this boot to flash; without it a storm cannot be seen."""
        self.is_kept = True
        try:
            self.boots.keep()
        except StoreError as error:
            self.problems.append(str(error))

    def build(self, make):
        """The terminal make() gives: the first one that can be built."""
        for is_safe, settings, files in _LADDER:
            if is_safe and not self.is_safe:
                self.boots.fail()
                self.keep()
            elif self.is_safe and not is_safe:
                continue
            self.settings = settings
            self._set_aside(files)
            try:
                return make()
            except Exception as error:
                self._failed(error)
            gc.collect()
        return self._give_up()

    def ended(self, error=None):
        """The terminal stopped in order, or by what should never happen."""
        text = "stop" if error is None else "crash: %s: %s" % (type(error).__name__, error)
        self.boots.ended(text)

    def slots(self, wires, via):
        """Of the slots' wires those that the bay looks after."""
        return wires if not self.is_safe or via == "cellular" else []

    def finder(self, find):
        """find(kind) as the bay may use it: in safe mode it knows the modem alone."""

        async def driver(kind):
            if kind != "cellular":
                raise SlotError(_DARK)
            return await find(kind)

        return driver if self.is_safe else find

    def _set_aside(self, names):
        for name in names:
            for path in ("/%s.a" % name, "/%s.b" % name):
                try:
                    os.rename(path, path + _ASIDE)
                except OSError:
                    continue  # there is none
                self.problems.append("%s is set aside as %s" % (path, path + _ASIDE))

    def _failed(self, error):
        sys.print_exception(error)
        self.failure = ("%s: %s" % (type(error).__name__, error))[:120]

    def _give_up(self):
        """Nothing can be built. Whoever is here has the prompt by Ctrl-C; for those who are far
        away, it is tried again."""
        self.boots.ended("crash: " + self.failure)
        print("no terminal can be built, the board is reset: Ctrl-C keeps the prompt")
        try:
            time.sleep_ms(_PROMPT_MS)
        finally:
            self._guard.hold()


class Absent:
    """Stands for a part that safe mode goes without."""

    def __getattr__(self, name):
        raise SlotError(_DARK)
