"""The board of the soak: what board/unix/board.py gives the terminal, on virtual time. Slots lead
to the modules of the host's process, the network to its broker; flash is VfsLfs2 on a file that
programs and erases as NOR flash does; the metrology IC is in silicon.py.
"""

import os

import vfs

from board.unix import flash
from tools.soak.device.silicon import Silicon
from tools.virtual import loop

NAME = "soak"


def power_mw(raw, u_gain, i_gain):
    """mW of Pmean at the full scales of the settings' defaults, 500 V and 400 A peak."""
    return raw * 25 * 500000 * 400000 // (u_gain * i_gain)


class Watchdog:
    """Counts what would have been a reset."""

    def __init__(self, time, timeout_ms):
        self._time = time
        self._timeout_us = timeout_ms * 1000
        self._fed_us = time.us
        self.feeds = 0
        self.bites = 0

    def feed(self):
        now = self._time.us
        self.bites += now - self._fed_us > self._timeout_us
        self._fed_us = now
        self.feeds += 1

    def hold(self):
        """Nobody is at the prompt."""


class Line:
    """The supply's: always good."""

    def __init__(self, stamp_us):
        self.stamp_us = stamp_us

    def is_good(self):
        return True

    def attend(self, handler):
        """It never falls."""


class Board:
    NAME = NAME
    SLOTS = (1, 2, 3, 4, 5, 6)
    kernels = None
    temperature = None

    def __init__(self, link, raw):
        """`raw`: see mount."""
        self.link = link
        self._raw = raw
        self.silicon = Silicon(link.time, link.one_shot, power_mw)
        self.dog = None

    def clock(self):
        time = self.link.time
        return time.ticks_us, loop.diff, time.utc_ms

    def metrology(self):
        return self.silicon

    def slot(self, number):
        return self.link.wires(number)

    def set_utc(self, utc_us):
        """Its clock keeps what it was set to."""

    def journal(self):
        return self._raw

    def supply(self):
        return Line(self.link.time.ticks_us)

    def watchdog(self, timeout_ms):
        self.dog = Watchdog(self.link.time, timeout_ms)
        return self.dog

    async def network(self):
        """It is there."""

    def background(self):
        return ()

    def reset_cause(self):
        return "power-on"

    def unique_id(self):
        return b"soak"


def mount(path):
    """`/` becomes a flash chip that is the file `path`, formatted; its raw end."""
    file = open(path, "r+b")
    chip = flash.Flash(file, file.seek(0, 2))
    flash.format(chip)
    head, raw = flash.parts(chip)
    vfs.mount(vfs.VfsLfs2(head, readsize=256, progsize=256, lookahead=128), "/")
    os.chdir("/")
    return raw
