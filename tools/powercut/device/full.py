"""A full store on a chip of 8 MB: how much it keeps, what writing costs, what a start reads.

The times are of this machine; what a board takes follows from what is read and written.
"""

import gc
import random
import time

from firmware.core.clock import Clock
from firmware.store import event_classes, event_codes, event_record
from firmware.store.events import EventLog
from firmware.storing import Storing
from tools.powercut.device.disk import Disk, format
from tools.powercut.device.exhaustive import draw
from tools.powercut.device.nor import Nor

_BLOCKS = 2048
_SETTINGS = {"class_kb": 104, "audit_kb": 1040, "batch_ms": 1000}
_EACH = 1400  # events of a class
_AUDITED = 12000
_CODES = (
    event_codes.MODULE_IN,
    event_codes.DEVICE_LOST,
    event_codes.UPLINK_UP,
    event_codes.TASK_CRASHED,
    event_codes.DIP,
    event_codes.OUTAGE,
    event_codes.CLOCK_STEP,
    event_codes.CONFIG_COMMITTED,
    event_codes.CONTROL_OPERATED,
)


def run(job, tally):
    random.seed(1)
    chip = Nor(_BLOCKS)
    format(chip)
    disk = Disk(chip)
    clock = Clock(lambda: 0, lambda a, b: a - b, lambda: 1790000000000)
    log = EventLog(clock, 1)
    storing = Storing(clock, log, _SETTINGS.get, disk)
    top = tally.top
    _fill(log, storing)
    top("mixed_amplification", _cost(log, storing, chip, _CODES))
    top("hot_amplification", _cost(log, storing, chip, _CODES[4:5]))
    top("events_kept_least", min(_kept(storing).values()))
    top("audit_kept", sum([1 for _ in storing.audit.entries()]))
    top(
        "audit_bytes", sum([row[1] for name, *row in storing.retention.usage() if name == "audit"])
    )
    top(
        "event_bytes", sum([row[1] for name, *row in storing.retention.usage() if name != "audit"])
    )
    newest = log.sequence
    disk.shut()
    gc.collect()
    chip = chip.again()
    began = time.ticks_ms()
    disk = Disk(chip)
    log = EventLog(clock, 2)
    storing = Storing(clock, log, _SETTINGS.get, disk)
    top("start_ms", time.ticks_diff(time.ticks_ms(), began))
    top("start_reads", chip.reads)
    top("start_read_bytes", chip.read_bytes)
    log.emit(event_codes.BOOT)
    if [key[0] for key, _ in zip(storing.events.after(1, newest), "x")] != [2]:
        tally.add("order_broken", "what is behind the newest")
    for text in storing.audit.verify():
        if text:
            tally.add("corrupt_served", text)


def _fill(log, storing):
    for i in range(max(_EACH * len(_CODES), _AUDITED * len(_CODES) // 3)):
        _emit(log, _CODES[i % len(_CODES)], i)
        if i % 32 == 31:
            storing.batches.flush()
        if i % 2000 == 0:
            gc.collect()
            print("events", i)
    storing.batches.flush()


def _emit(log, code, i):
    device, text = "rs485.%012d" % draw(0, 999999), "text of %d" % i + "x" * draw(0, 30)
    event = log.emit(code, device, text)
    return len(event_record.packed(1, event)) * (1 + event_classes.is_audited(code))


def _cost(log, storing, chip, codes):
    """Bytes programmed for a byte told, in batches of 32."""
    told, before = 0, chip.total_programmed
    for i in range(960):
        told += _emit(log, codes[i % len(codes)], i)
        if i % 32 == 31:
            storing.batches.flush()
    return round((chip.total_programmed - before) / told, 2)


def _kept(storing):
    counts = dict.fromkeys(event_classes.CLASSES, 0)
    for _, event in storing.events.after(0, 0):
        counts[event_classes.of(event[1])] += 1
    return counts
