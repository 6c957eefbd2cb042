"""Calibration: the whole walk on a meter behind a metrology unit with errors."""

import gc
import math
import struct

from flash import formatted

from firmware.core.clock import Clock
from firmware.core.errors import ConfigError, StoreError
from firmware.core.twin import Twin
from firmware.link.ade9000 import calibration as registers
from firmware.metering import calibration, corrections, meter, quantities
from firmware.store.calibration import CalibrationRecord

U_FS, I_FS = 500000, 400000  # mV, mA peak
FULL = 74532013
AIGAIN, APHCAL0, AVGAIN, AWATTOS = 0x000, 0x006, 0x00B, 0x00F
NIGAIN = 0x06D
ONE = 1 << 27
BURST = 32  # sets: a fifth of the cycle that stands in memory


def near(value, wanted, bound, what=""):
    assert abs(value - wanted) <= bound, (what, value, wanted)


def refused(part, function, *args, **named):
    """It raises ConfigError with one sentence that holds `part`."""
    try:
        function(*args, **named)
    except ConfigError as error:
        text = str(error)
        assert part in text and "\n" not in text and len(text) < 160, text
        return
    raise AssertionError("not refused: " + part)


def lead(code, hertz=50):
    """Angle by which an all-pass (c + z^-1) / (1 + c z^-1) is ahead of a delay, in radians."""
    w = 2 * math.pi * hertz / 8000
    c = code / ONE
    # arguments of c + z^-1, of 1 + c z^-1 and of z^-1
    num = math.atan2(-math.sin(w), c + math.cos(w))
    den = math.atan2(-c * math.sin(w), 1 + c * math.cos(w))
    return num - den + w


class Unit:
    """Source, sensors and metrology unit, one cycle of 50 Hz at a time: what its registers and its
    errors make of the reference. Phases: gain of U and I, angle (lead of I, degrees), leak (A in
    phase with U, per V)."""

    ERRORS = ((1.009, 0.992, 0.15, 2e-5), (0.993, 1.007, -0.19, -1e-5), (1.002, 0.995, 0.07, 3e-5))

    def __init__(self):
        self.rows = ()
        self.u = (230, 230, 230)
        self.i = (100, 100, 100)
        self.lag = 0  # degrees
        self.neutral = 100
        self._out = bytearray(160 * 28)

    def cycles(self):
        """160 sets, a cycle, as bytes."""
        value = dict(self.rows)
        out = self._out
        sets = []
        for k in range(3):
            gain_u, gain_i, ahead, leak = self.ERRORS[k]
            base = 0x20 * k
            u = self.u[k] * gain_u * math.sqrt(2) * 1000 / U_FS * FULL
            i = self.i[k] * math.sqrt(2) * 1000 / I_FS * FULL
            stray = self.u[k] * leak * math.sqrt(2) * 1000 / I_FS * FULL
            u *= 1 + value.get(base + AVGAIN, 0) / ONE
            after = gain_i * (1 + value.get(base + AIGAIN, 0) / ONE)
            turn = math.radians(ahead - self.lag) + lead(value.get(base + APHCAL0, 0))
            stray_turn = lead(value.get(base + APHCAL0, 0))
            sets.append((i * after, turn, u, stray * after, stray_turn))
        n = self.neutral * 0.99 * math.sqrt(2) * 1000 / I_FS * FULL
        n *= 1 + value.get(NIGAIN, 0) / ONE
        for s in range(160):
            words = []
            for k in range(3):
                i, turn, u, stray, stray_turn = sets[k]
                angle = 2 * math.pi * s / 160 - 2 * math.pi * k / 3
                words.append(
                    round(i * math.sin(angle + turn) + stray * math.sin(angle + stray_turn))
                )
                words.append(round(u * math.sin(angle)))
            words.append(round(n * math.sin(2 * math.pi * s / 160)))
            struct.pack_into(">7i", out, 28 * s, *words)
        return out


class Bench:
    def __init__(self, flash, names):
        self.flash = flash
        self.record = CalibrationRecord(Twin(names[0], names[1], 4096, flash))
        assert self.record.load() == ""
        self.unit = Unit()
        self.told = []
        self.last = None
        self.applied = 0
        self.is_written = True  # the link does as it is told
        clock = Clock(lambda: 0, lambda a, b: a - b, lambda: 1790000000000)
        self.corrections = corrections.Corrections()
        self.calibrator = calibration.Calibrator(
            registers,
            self.record,
            self.corrections,
            (U_FS, I_FS, FULL),
            clock,
            lambda kind, text: self.told.append((kind, text)),
        )
        self.calibrator.apply = self.apply
        self.meter = meter.Meter(U_FS, I_FS, FULL, 230, 50, self.publish, lambda *_: None)
        self.meter.corrections = self.corrections
        self.at = meter.HISTORY * 28
        self.buf = bytearray(self.at + BURST * 28)
        self.sample = 0

    def apply(self, rows):
        self.unit.rows = rows
        self.applied += 1
        self.fresh = True

    def publish(self, values, m):
        self.last = list(values)
        self.calibrator.take(values, m)

    def run(self, windows):
        """Signal time for so many windows and a bit; registers are written in between."""
        self.fresh = False
        raw = self.unit.cycles()
        for _ in range(windows * 50 + 1):
            if self.fresh:
                self.fresh = False
                raw = self.unit.cycles()
                if self.is_written:
                    self.calibrator.configuration(0x1000 + self.applied, None, "")
            self.buf[: self.at] = self.buf[-self.at :]
            at = self.sample % 160 * 28
            self.buf[self.at :] = raw[at : at + BURST * 28]
            self.meter.feed(self.buf, self.at, BURST, self.sample)
            self.sample += BURST

    def walk(self, step, *args, **named):
        """One step, to its end: its rows by name."""
        self.calibrator.begin(step, *args, windows=3, **named)
        self.run(16)
        header, rows, note = self.calibrator.table()
        assert "done" in note, note
        return {row[0]: row for row in rows}


def first(text):
    """The number a text begins with."""
    return float(text.split()[0])


bench = Bench(formatted()[1], ("/a", "/b"))
walk, cal = bench.walk, bench.calibrator
bench.run(2)

# in order: phase and offset need what comes before them
refused("gain UA comes before", cal.begin, "phase", pf=0.5)
refused("gain UA comes before", cal.begin, "offset", u=230, i=0.05, pf=1)
for part, args, named in (
    ("one of gain, phase, offset", ("gane",), {}),
    ("some of a, b, c", ("gain", "abx"), {"u": 230}),
    ("some of a, b, c", ("gain", "aa"), {"u": 230}),
    ("some of a, b, c", ("gain", 5), {"u": 230}),
    ("in V or A", ("gain",), {}),
    ("in V or A", ("gain",), {"u": 230, "pf": 1}),
    ("angle of a, b or c", ("phase",), {}),
    ("angle of a, b or c", ("phase",), {"pf": 1, "u": 230}),
    ("small current", ("offset",), {"u": 230}),
    ("power factor", ("offset",), {"u": 230, "i": 1}),
    ("whole number", ("gain",), {"u": 230, "windows": 0}),
):
    refused(part, cal.begin, *args, **named)
refused("nothing is on trial", cal.keep, "Li", 1)

# gain of everything, the neutral too
rows = walk("gain", "abcn", i=100)
rows.update(walk("gain", u=230))
for name, error in (("UA", 0.9), ("UB", -0.7), ("UC", 0.2), ("IN", -1.0)):
    near(first(rows[name][2]), error, 2e-3, name)
    near(first(rows[name][5]), 0, 2e-3, name)
assert rows["IB"][3] == "BIGAIN" and rows["IB"][4] == dict(bench.unit.rows)[0x20]
near(first(rows["IA"][5]), 0, 2e-3)
near(bench.last[quantities.VOLTS + 1], 230000, 4)
near(bench.last[quantities.AMPS + 2], 100000, 2)
refused("operator is your name", cal.keep, "", 1)
refused("operator is your name", cal.keep, None, 1)

# phase at PF 0.5; the source says 60 degrees
bench.unit.lag = 60
rows = walk("phase", pf="0.5L")
for name, k in (("angle A", 0), ("angle B", 1), ("angle C", 2)):
    near(first(rows[name][2]), -Unit.ERRORS[k][2], 0.01, name)  # the leak turns it, too
    near(first(rows[name][5]), 0, 1e-3, name)
near(bench.last[quantities.WATTS], 11500000, 600)

# offset at a small current: what the leak adds to P goes, in the unit and in the meter
bench.unit.lag = 0
bench.unit.i = (2, 2, 2)
bench.run(4)
before = bench.last[quantities.WATTS]
rows = walk("offset", u=230, i=2, pf=1)
near(first(rows["PA"][2]), (before - 460000) / 1000, 0.01)
assert abs(before - 460000) > 300
for name in ("PA", "PB", "PC", "QA", "QB", "QC"):
    near(first(rows[name][5]), 0, 0.006, name)  # a code is 4.8 mW
near(bench.last[quantities.WATTS], 460000, 6)
assert rows["PA"][3] == "AWATTOS" and dict(bench.unit.rows)[AWATTOS] == rows["PA"][4] != 0
near(bench.last[quantities.AMPS], 2000, 1)

# kept: who, when, checksum; and read back by the next boot
assert cal.undoes(7) and not bench.record.is_kept()
told = len(bench.told)
assert "checksum" in cal.keep("Li Wei", 7)
assert bench.told[told][0] == "kept"
kept = bench.unit.rows
again = CalibrationRecord(Twin("/a", "/b", 4096, bench.flash))
assert again.load() == "" and again.rows == kept == cal.rows()
assert again.settings == 7 and again.checksum == bench.record.checksum
facts = dict(again.facts())
assert facts["calibrated by"] == "Li Wei" and facts["UTC ms"] == 1790000000000
assert "phase A" in facts["what"] and "gain IN" in facts["what"]

# a second one, dropped while on trial; then kept and undone, and undone again
assert cal.undoes(7) and not cal.undoes(8)
bench.unit.i = (100, 100, 100)
walk("gain", "a", u=229)
assert bench.unit.rows != kept and cal.undoes(8)
assert "dropped" in cal.rollback(8) and bench.unit.rows == kept
walk("gain", "a", u=229)
changed = bench.unit.rows
cal.keep("Wu", 8)
assert "is back" in cal.rollback(9) and bench.unit.rows == kept and cal.undoes(9)
assert dict(bench.record.facts())["calibrated by"] == "Li Wei"
cal.rollback(9)
assert bench.unit.rows == changed
cal.rollback(9)
assert [kind for kind, _ in bench.told if kind == "undone"] == ["undone"] * 4
again = CalibrationRecord(Twin("/a", "/b", 4096, bench.flash))
assert again.load() == "" and again.rows == kept

# what is no matter of calibration is refused, and nothing is written
applied = bench.applied
for step, args, named, part in (
    ("gain", ("abc",), {"u": 100}, "more than 5 %"),
    ("phase", ("c",), {"pf": 0.8}, "more than 2 degrees"),
    ("offset", ("b",), {"u": 230, "i": 0.5, "pf": 1}, "no offset"),
):
    cal.begin(step, *args, windows=3, **named)
    refused("is still measuring", cal.begin, "gain", u=230)
    refused("is still measuring", cal.keep, "Li", 1)
    bench.run(6)
    assert "refused: " in cal.table()[2] and part in cal.table()[2], cal.table()[2]
    assert bench.told[-1][0] == "refused" and "\n" not in bench.told[-1][1]
assert bench.applied == applied and cal.rows() == kept

# nor is a source that moves
cal.begin("gain", u=230, windows=4)
bench.run(3)
bench.unit.u = (231, 230, 230)
bench.run(4)
assert "UA is not steady" in cal.table()[2], cal.table()[2]
bench.unit.u = (230, 230, 230)

# nor windows with a flag: samples were lost in each
cal.begin("gain", u=230, windows=2)
for _ in range(5):
    bench.run(2)
    bench.meter.gap(64)
assert "flagged: " in cal.table()[2], cal.table()[2]
bench.run(2)

# while the unit does not answer it waits, and can be called off
bench.is_written = False
cal.begin("gain", u=230, windows=2)
bench.run(8)
assert "writing" in cal.table()[2]
cal.rollback(9)
assert cal.rows() == kept and cal.table()[0][0] == "what"
bench.is_written = True

# nothing before: nothing to go back to; a flash that refuses changes nothing
flash = bench.flash
del bench, walk, cal, again
gc.collect()
bench = Bench(flash, ("/c", "/d"))
refused("no earlier calibration", bench.calibrator.rollback, 0)
bench.run(2)
bench.walk("gain", u=230)
bench.record._twin.limit = 10
try:
    bench.calibrator.keep("Li", 0)
    raise AssertionError("kept on a full flash")
except StoreError:
    pass
assert not bench.record.is_kept() and bench.unit.rows == bench.calibrator.rows() != ()

print("OK")
