"""The side of `make powercut` that runs under MicroPython: argv = one JSON object, the job.

{"mode": "cuts", "name": text that seeds it, "count": cuts, "plant": 0..}, or a mode of
device/exhaustive.py or device/faults.py. Progress is lines of text, the last line is the JSON of
a Tally.
"""

import gc
import json
import random
import sys

from firmware.core.crc import crc32
from tools.powercut.device import exhaustive, faults, full, plants
from tools.powercut.device.nor import PowerCut
from tools.powercut.device.tally import Tally
from tools.powercut.device.terminal import Terminal, blank
from tools.powercut.device.writers import WEIGHTS, made

_EVERY = 50  # cuts between two lines of progress
_REACH = 60  # operations of a boot within which the power goes
_TORN_MOST = 300  # above the page: the program is whole, and then the power goes


def draw(low, high):
    """A whole number low..high, each as likely."""
    return low + random.getrandbits(30) % (high - low + 1)


def torn():
    return draw(0, _TORN_MOST) if draw(0, 3) else -1


def life(chip, writers, us, tally):
    """From the power on to the power cut; the time then."""
    terminal = None
    is_early = not draw(0, 3)  # during the boot, if it writes so much
    if is_early:
        chip.arm(draw(0, _REACH // 8), torn())
    try:
        terminal = Terminal(chip, us)
        for writer in writers:
            writer.boot(terminal, tally)
        if not is_early:
            chip.arm(draw(0, _REACH), torn())
        while True:
            writers[WEIGHTS[draw(0, len(WEIGHTS) - 1)]].act(terminal, draw)
    except PowerCut:
        tally.add("cuts_fired")
    except OSError as error:
        if terminal is not None:
            raise
        tally.add("unmountable", str(error))
    if terminal is None:
        return us
    terminal.disk.shut()
    return terminal.us


def cuts(job, tally):
    chip, writers, us = blank(), made(), 0
    while tally.counts["cuts_fired"] < job["count"] and tally.wrong < 1000:
        us = life(chip, writers, us, tally)
        tally.top("erases", chip.total_erases)
        chip = chip.again()
        if tally.counts["unmountable"]:
            chip, writers = blank(), made()
        if tally.counts["cuts_fired"] % _EVERY == 0:
            print("cuts", tally.counts["cuts_fired"])
            gc.collect()


MODES = {"cuts": cuts, "exhaustive": exhaustive.run, "faults": faults.run, "full": full.run}


def main():
    job = json.loads(sys.argv[1])
    tally = Tally()
    plants.plant(job["plant"])
    random.seed(crc32(job["name"].encode()) & 0x3FFFFFFF)
    try:
        MODES[job["mode"]](job, tally)
    except Exception as error:
        sys.print_exception(error, sys.stderr)
        tally.add("escaped", repr(error))
    print(json.dumps({"counts": tally.counts, "most": tally.most, "texts": tally.texts}))


main()
