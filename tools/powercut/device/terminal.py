"""One boot of the terminal's storage on a chip: its files, its clock, its events, its writers.

A writer is a kind of data with its real code, and what the bench knows of it:
    boot(terminal, tally)  load it as the terminal does and compare it with what was acknowledged
                           before the cut; only then it may write
    act(terminal, draw)    write something; acknowledged when the call of the product returned
    copy()                 another writer that knows the same (for a cut at every operation)
They boot in the order of the list.
"""

from firmware.core.clock import Clock
from tools.powercut.device.disk import Disk, format
from tools.powercut.device.nor import Nor

FILES = 240  # blocks of the file system ...
RAW = 10  # ... and behind it of the raw region
UTC_MS = 1790000000000


class Terminal:
    def __init__(self, chip, start_us):
        """OSError when the file system does not mount."""
        self.chip = chip
        self.disk = Disk(chip.region(0, FILES), chip)
        self.raw = chip.region(FILES, RAW)
        self.us = start_us
        self.clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: UTC_MS + self.us // 1000)
        self.boot = 0  # set by the writer that keeps it
        self.log = None  # the EventLog, once the boot is known
        self.retention = None  # beside it

    def pass_ms(self, ms):
        self.us += ms * 1000


def blank():
    """A chip with an empty file system."""
    chip = Nor(FILES + RAW)
    format(chip.region(0, FILES))
    return chip
