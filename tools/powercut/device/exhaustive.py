"""A cut at each flash operation of one boot, with everything written once; and a second cut at
each operation of the boot after it (depth 2).

torn: how the operation is cut (see device/nor.py). The chip has a history of some boots.
"""

import random

from tools.powercut.device.nor import PowerCut
from tools.powercut.device.terminal import Terminal, blank
from tools.powercut.device.writers import made

_HISTORY = 6  # boots before


def draw(low, high):
    return low + random.getrandbits(30) % (high - low + 1)


class Station:
    """A chip, and what its writers know."""

    def __init__(self, chip, writers, us=0):
        self.chip, self.writers, self.us = chip, writers, us

    def copy(self):
        return Station(self.chip.copy(), [writer.copy() for writer in self.writers], self.us)

    def run(self, tally, cut_at, torn, seed):
        """One boot; with a seed everything writes once behind it. True when it was cut."""
        terminal = None
        self.chip.arm(cut_at, torn)
        try:
            terminal = Terminal(self.chip, self.us)
            for writer in self.writers:
                writer.boot(terminal, tally)
            if seed is not None:
                random.seed(seed)
                for writer in self.writers:
                    writer.act(terminal, draw)
        except PowerCut:
            pass
        except OSError as error:
            if terminal is not None:
                raise
            tally.add("unmountable", str(error))
        was_cut = self.chip.is_cut
        if terminal is not None:
            terminal.disk.shut()
            self.us = terminal.us
        self.chip = self.chip.again()
        return was_cut


def run(job, tally):
    station = Station(blank(), made())
    seed = random.getrandbits(30)
    for boot in range(_HISTORY):
        station.run(tally, -1, -1, seed + boot)
    at = 0
    while True:
        after = station.copy()
        if not after.run(tally, at, job["torn"], seed - 1):
            break
        tally.add("cuts_fired")
        if job["depth"] > 1:
            _again(after, tally)
        after.run(tally, -1, -1, None)
        at += 1
        if at % 50 == 0:
            print("cuts", tally.counts["cuts_fired"])
    tally.top("operations", at)


def _again(station, tally):
    """A second cut at each operation of the boot, undone and half done."""
    for torn in (-1, 131):
        at = 0
        while True:
            after = station.copy()
            if not after.run(tally, at, torn, None):
                break
            tally.add("cuts_fired")
            after.run(tally, -1, -1, None)
            at += 1
