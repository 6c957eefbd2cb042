"""One run of the bench in one mode: the emulated modem, its faults, and the judge."""

import json
import random
import statistics

from tools.emulator.cellular import Module
from tools.modem import faults
from tools.modem.echo import Echo
from tools.virtual.host import Host

STREAMS = 3
CONNECT_MS = 20000
READ_MS = 25000  # README of the module: a dead connection is found out by then
WRITE_MS = 21000
BAUD = 921600
_SLOT = 2
_GIVE_UP_S = 900.0  # a fault from which nobody recovers
_CALM_S = (5.0, 25.0)  # between a recovery and the next fault


class Run:
    def __init__(self, mode, count, seed, say=lambda text: None, plant=0, only=""):
        """`mode`: push or buffer; `plant`: a defect in the driver, see terminal.py;
        `only`: faults of this name."""
        self.mode = mode
        self.recovered = []  # s, of each fault
        self.by_kind = {}  # kind: [faults, recovered, worst s]
        self.lost = []  # kinds of those that were not recovered from
        self.sentences = {}  # why streams ended: how often
        self.stalls = []
        self.wrongs = []  # bytes that came wrong
        self.failures = []  # of the slot
        self._rng = random.Random(f"{seed}/{mode}")
        self._faults = faults.draw(count, self._rng, only)
        self._count = count
        self._say = say
        self._echo = Echo(self._wrong)
        plan = {
            "mode": mode,
            "seed": seed,
            "streams": STREAMS,
            "connect_ms": CONNECT_MS,
            "read_ms": READ_MS,
            "write_ms": WRITE_MS,
            "baud": BAUD,
            "plant": plant,
        }
        self._host = Host("tools/modem/terminal.py", plan, self._hear)
        options = {"network": self._echo, "seed": seed}
        self._module = self._host.plug(_SLOT, "cellular", Module, options)
        self._fault = None
        self._began = 0.0
        self._well = set()  # streams that worked since
        self._give_up = None

    def go(self):
        """The report: numbers of both halves."""
        self._begin("start", 0.0)
        report = self._host.run()
        done = len(self.recovered)
        return {
            "faults": self._count,
            "recovered": done,
            "worst_recovery_s": round(max(self.recovered, default=0.0), 1),
            "median_recovery_s": round(statistics.median(self.recovered or [0.0]), 1),
            "bytes_corrupted": report["corrupted"] + self._echo.corrupted,
            "stall_over_timeout": report["stalls"],
            "bytes": report["bytes"],
            "connections": self._echo.connections,
            "worst_wait_ms": report["worst"],
            "power_cycles": report["cycles"],
            "resets": report["resets"],
            "slot_failures": report["slot_failures"],
            "hours": round(self._host.time.now() / 3600, 1),
            "driver": report["stats"],
        }

    def _begin(self, kind, usable_s):
        now = self._host.time.now()
        self._kind = kind
        self._began = now
        self._usable = now + usable_s
        self._well = set()
        self._give_up = self._host.time.later(usable_s + _GIVE_UP_S, self._lose)

    def _hear(self, text):
        if text.startswith("x "):
            number, began, ended = (int(word) for word in text.split()[1:])
            self._worked(number, began / 1e6, ended / 1e6)
            return
        told = json.loads(text)
        if "stall" in told:
            self.stalls.append(f"{self._kind}: {told['stall']}")
        if "corrupt" in told:
            self._wrong(told["corrupt"])
        if "failed" in told:
            self.failures.append(f"{self._kind}: {told['failed']}")
        if "end" in told:
            self.sentences[told["end"]] = self.sentences.get(told["end"], 0) + 1

    def _wrong(self, text):
        self.wrongs.append(f"{self._kind}: {text}")

    def _worked(self, number, began, ended):
        """An exchange was right that began when the fault was there already."""
        if self._give_up is None or began < self._usable:
            return
        self._well.add(number)
        if len(self._well) == STREAMS:
            self._give_up.cancel()
            self._finish(ended - self._usable)

    def _lose(self):
        self._finish(None)

    def _finish(self, took):
        self._give_up = None
        if self._fault:
            row = self.by_kind.setdefault(self._kind, [0, 0, 0.0])
            row[0] += 1
            if took is None:
                self.lost.append(self._kind)
            else:
                row[1] += 1
                row[2] = max(row[2], round(took, 1))
                self.recovered.append(took)
            if self._fault.undo:
                self._module.set(**self._fault.undo)
        if not self._faults:
            self._module.port.interrupt(0)
            return
        self._host.time.later(self._rng.uniform(*_CALM_S), self._strike)

    def _strike(self):
        self._fault = fault = self._faults.pop()
        for at, values in fault.steps:
            self._host.time.later(at, lambda values=values: self._module.set(**values))
        self._begin(fault.kind, fault.lasts_s)
        if len(self._faults) % 50 == 0:
            self._say(f"{self.mode}: {self._count - len(self._faults)} faults")
