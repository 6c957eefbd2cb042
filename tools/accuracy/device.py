"""The side of `tools.accuracy` that runs under MicroPython: the firmware's meter, fed by a pipe.

stdin carries records: op (1 byte), length (4, big endian), payload.
  M  JSON {u_fs_mv, i_fs_ma, fs_word, nominal_v, nominal_hz}: a new meter; samples from 0 on.
     With "is_terminal" true it can be calibrated, its energies are in 2**-30 mWh and below hold
  F  a burst of at most 64 raw sets, as the link reads it
  E  the end of a signal: answered by a line "end"
  C  JSON, arguments of Calibrator.begin: the step begins
  W  the registers stand in the metrology unit
  S  answered by {"state": {"rows", "is_written", "note", "table"}}; `rows` as they shall stand
  T  JSON {"spectra", "halves", "utc_ms"}: what is told from here on
A closed window is a line of JSON, [end, length, cycles, flags, value of each point ...]; positions
are in 1/1024 of a sample. With T there are also, of whole samples, {"spectrum": [start, u2, u0,
subgroups 2 .. 50 of UA UB UC IA IB IC IN ...]}, {"half": [phase, u2, sample]} and {"aggregate":
[name, end_ms, flags, values ...]}; `utc_ms` is the time of the next sample.
"""

import json
import sys

from firmware.link.ade9000 import calibration as registers
from firmware.metering import harmonic_points, measuring, meter, quantities
from firmware.metering.aggregate import Aggregator
from firmware.metering.calibration import Calibrator
from firmware.metering.corrections import Corrections
from firmware.metering.harmonics import Harmonics
from firmware.metering.ring import WaveRing
from firmware.metering.turn import Turn
from firmware.store.calibration import CalibrationRecord

BURST = 64  # sets
SET_BYTES = 28
# rows that have more digits than their points
EXACT = range(19)
ORDERS = range(2, 51)
U2 = [point[0] for point in harmonic_points.POINTS].index("u2")  # u0 follows
REST_BITS = 30  # of the part of a mWh in EnergyRegisters.record


class Fed:
    """A meter and the buffer that the link would keep for it."""

    def __init__(self, facts):
        self.meter = meter.Meter(
            facts["u_fs_mv"],
            facts["i_fs_ma"],
            facts["fs_word"],
            facts["nominal_v"],
            facts["nominal_hz"],
            self.publish,
            self.half_cycle,
        )
        self.ring = WaveRing()
        self.harmonics = Harmonics(
            None, Turn(self.meter.window.memory, self.meter.quantities.correct)
        )
        self.at = meter.HISTORY * SET_BYTES
        self.view = memoryview(bytearray(self.at + BURST * SET_BYTES))
        self.sample = 0

    def feed(self, size):
        """Take a burst of `size` bytes from the pipe."""
        self.view[: self.at] = self.view[BURST * SET_BYTES :]
        take(self.view[self.at : self.at + size])
        sets = size // SET_BYTES
        self.ring.pack(self.view, self.at, sets, self.sample)
        self.meter.feed(self.view, self.at, sets, self.sample)
        if self.harmonics.step():
            self.spectrum(self.harmonics.result)
        self.sample += sets

    def publish(self, values, window):
        end = window.end * 1024 - window.part
        window.energy.settle()
        self.transform(window)
        row = [end, window.length, window.cycles, window.flags]
        values = list(values)
        for k in EXACT:
            values[k] = window.quantities.exact(k)
            if k >= quantities.WATTS:  # to mW and so on
                values[k] *= 10 ** (window.quantities.exponent + 3)
        print(json.dumps(row + values + self.energies(window.energy)))

    def energies(self, registers):
        """Of all rows, in mWh."""
        return list(registers.cells)

    def transform(self, window):
        """As the terminal does: the harmonics of a window correct the Q of those that follow."""
        start, frac = window.start, 0
        if window.start_part:
            start, frac = start - 1, (1024 - window.start_part) << 6
        if window.cycles:
            self.harmonics.begin(self.ring, start, frac, window.length << 6, window.cycles)

    def half_cycle(self, phase, u2, i2, sample):
        """Half cycles are there, as in a terminal; nothing is done with them."""

    def spectrum(self, result):
        """Nor with the spectra, here."""


class Terminal(Fed):
    """One that is calibrated as a terminal is, and tells more of what it measures."""

    def __init__(self, facts):
        super().__init__(facts)
        scales = facts["u_fs_mv"], facts["i_fs_ma"], facts["fs_word"]
        self.meter.corrections = Corrections()
        # nothing is kept: what is on trial is in force
        self.calibrator = Calibrator(
            registers, CalibrationRecord(None), self.meter.corrections, scales, None, self.note
        )
        self.calibrator.apply = self.apply
        self.points = harmonic_points.HarmonicPoints(*scales, facts["nominal_v"])
        self.aggregator = None
        self.is_written = True
        self.told = {}

    def note(self, kind, text):
        """The state holds what the calibrator says."""

    def apply(self, rows):
        self.is_written = False

    def written(self):
        self.is_written = True
        self.calibrator.configuration(0, None, "")

    def state(self):
        _, table, note = self.calibrator.table()
        rows = self.calibrator.rows()
        state = {"rows": rows, "is_written": self.is_written, "note": note, "table": table}
        print(json.dumps({"state": state}))

    def tell(self, what):
        """Of spectra, half cycles and aggregates: see above."""
        self.told = what
        self.aggregator = None
        if what.get("utc_ms"):
            self.start_ms = what["utc_ms"] - self.sample // 8
            self.aggregator = Aggregator(measuring.COLUMNS, self.aggregate, quantities.VOLTS)

    def publish(self, values, window):
        self.calibrator.take(values, window)
        if self.aggregator:
            end_ms = self.start_ms + window.end // 8
            self.aggregator.window(values, window.flags, end_ms, window.length, window.cycles)
        super().publish(values, window)

    def energies(self, registers):
        kept = registers.record()
        return [(mwh << REST_BITS) + rest for mwh, rest in zip(kept["mwh"], kept["rest"])]

    def half_cycle(self, phase, u2, i2, sample):
        if self.told.get("halves"):
            print(json.dumps({"half": [phase, u2, sample]}))

    def spectrum(self, result):
        if self.told.get("spectra"):
            points = self.points
            points.fill(result)
            orders = [0] * (7 * len(ORDERS))
            harmonic_points.fill_orders(orders, points, result, ORDERS)
            print(json.dumps({"spectrum": [result.start] + points.values[U2 : U2 + 2] + orders}))

    def aggregate(self, kind, values, bits, end_ms, coverage):
        name = measuring.AGGREGATES[kind]
        print(json.dumps({"aggregate": [name, end_ms, bits] + list(values)}))


def take(view):
    """Fill `view` from the pipe; EOFError when it ends first."""
    while view:
        n = sys.stdin.buffer.readinto(view)
        if not n:
            raise EOFError
        view = view[n:]


def serve():
    """Records until the pipe is closed between two of them."""
    head = bytearray(5)
    fed = None
    while sys.stdin.buffer.readinto(memoryview(head)[:1]):
        take(memoryview(head)[1:])
        size = int.from_bytes(head[1:], "big")
        op = chr(head[0])
        if op == "F":
            fed.feed(size)
            continue
        payload = bytearray(size)
        take(memoryview(payload))
        if op == "M":
            facts = json.loads(bytes(payload))
            fed = (Terminal if facts.get("is_terminal") else Fed)(facts)
        elif op == "C":
            fed.calibrator.begin(**json.loads(bytes(payload)))
        elif op == "W":
            fed.written()
        elif op == "S":
            fed.state()
        elif op == "T":
            fed.tell(json.loads(bytes(payload)))
        else:
            print("end")


serve()
