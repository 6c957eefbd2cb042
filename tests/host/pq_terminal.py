"""A meter with power-quality events over a file of raw sample sets: runs under MicroPython.

Arguments: the file (28 bytes a set, as the chip sends them), nominal volts, the settings that are
not the default as JSON, a folder for waveform snapshots. Prints a line of JSON for each event that
begins or ends, window and snapshot.
"""

import json
import sys

from firmware.config.schema import SCHEMA
from firmware.metering import comtrade, meter, pq_events
from firmware.metering.records import Records
from firmware.metering.ring import WaveRing
from firmware.metering.snapshot import Snapshot
from firmware.metering.thresholds import Thresholds

U_FS, I_FS, FULL = 500000, 400000, 74532013
BURST, SET = 64, 28
START_US = 1772323199950000  # of sample 0: 50 ms before 1 March 2026
CYCLE = 160


class Settings:
    def __init__(self, other):
        for row in SCHEMA:
            if row[0].startswith("pq."):
                setattr(self, row[0][3:], other.get(row[0][3:], row[2]))


class Printer:
    fed = 0  # samples given to the meter: it cannot know of later ones
    snapshot = None

    def begin(self, *what):
        print(json.dumps(["begin"] + list(what) + [self.fed]))
        if what[0] <= pq_events.OVERCURRENT:
            self.snapshot.trigger(what[0], what[3])

    def end(self, *what):
        print(json.dumps(["end"] + list(what) + [self.fed]))


def snapshots(ring, settings, folder):
    """None is kept without a folder."""
    records = Records(folder, settings.snapshots if folder else 0, 1 << 20)
    if folder:
        records.start()
    return Snapshot(
        ring,
        records,
        comtrade.Config("st1", "ttu", U_FS, I_FS, FULL, 50),
        settings.before_cycles * CYCLE,
        settings.after_cycles * CYCLE,
        lambda sample: START_US + sample * 125,
        lambda *what: print(json.dumps(["snapshot"] + list(what))),
    )


def bursts(path):
    """Yield (buffer, byte of the burst, its number of sets), the history standing before."""
    history = meter.HISTORY * SET
    buf = bytearray(history + BURST * SET)
    view = memoryview(buf)
    with open(path, "rb") as file:
        while True:
            got = file.readinto(view[history:])
            if got < BURST * SET:
                return
            yield buf, history, BURST
            buf[:history] = view[BURST * SET :]


def run(path, nominal_v, other, folder):
    settings = Settings(other)
    printer = Printer()
    pq = pq_events.PowerQuality(Thresholds(settings, nominal_v, U_FS, I_FS, FULL), printer)
    ring = WaveRing()
    printer.snapshot = snapshots(ring, settings, folder)

    def window(values, meter):
        bits = meter.flags | pq.window_flags()
        pq.window(values, bits, meter.end, meter.halves.crossed)
        print(json.dumps(["window", bits, meter.end]))

    parts = meter.Meter(U_FS, I_FS, FULL, nominal_v, 50, window, pq.half_cycle)
    sample = 0
    for buf, at, sets in bursts(path):
        ring.pack(buf, at, sets, sample)
        printer.fed = sample + sets
        parts.feed(buf, at, sets, sample)
        sample += sets
        for _ in range(3):
            printer.snapshot.step()


run(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), "".join(sys.argv[4:]))
