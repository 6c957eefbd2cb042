"""The firmware's meter as a child process under MicroPython: raw bursts in, windows out.

The points of a terminal have a resolution of 1 mV and 1 mA, which is 0.4 % of the smallest
current that is looked at. The meter is therefore told of transformers VOLTS:1 and AMPS:1 in front
of it: the same arithmetic, and points that do not round. What comes out is divided again.
"""

import contextlib
import json
import os
import queue
import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DEVICE = Path(__file__).with_name("device.py")
TIMEOUT_S = 60  # for one answer
VOLTS, AMPS = 10, 1000  # ratio of the transformers that the meter is told of
UNIT = 1024.0  # positions are in 1/1024 of a sample
GROUPS = (  # names of the values of a window, in the order of the meter's points; powers of ratios
    ("ua ub uc", 1, 0),
    ("ia ib ic in", 0, 1),
    ("pa pb pc p qa qb qc q sa sb sc s", 1, 1),
)
FACTORS = ("pfa", "pfb", "pfc", "pf")
_REGISTERS = ("ep", "er", "q1", "q2", "q3", "q4")
ENERGIES = [name + row for row in ("a", "b", "c", "") for name in _REGISTERS]


class Broken(Exception):
    """The child cannot be used; the message is the sentence for the person."""


class Window(NamedTuple):
    start: float  # samples
    end: float
    cycles: int
    flags: int
    values: dict  # in V, A, W, var, VA, Hz, Wh and varh


def find_micropython():
    """MICROPYTHON, else the interpreter beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("micropython")
    path = os.environ.get("MICROPYTHON") or (
        str(beside) if beside.exists() else shutil.which("micropython")
    )
    if path is None:
        raise Broken("There is no MicroPython interpreter; set MICROPYTHON=/path.")
    return path


class Meter:
    """A context manager; one child serves any number of signals, one after the other."""

    VOLTS, AMPS = VOLTS, AMPS
    WH_UNIT = 1000.0 * VOLTS * AMPS  # counts of energy in a Wh

    def __init__(self, full_scale_v, full_scale_a, fs_word):
        self._facts = {
            "u_fs_mv": round(full_scale_v * 1000) * self.VOLTS,
            "i_fs_ma": round(full_scale_a * 1000) * self.AMPS,
            "fs_word": fs_word,
        }
        self.told = []  # objects between the windows, since begin() or the last end()
        argv = [find_micropython(), "-X", "heapsize=4M", str(DEVICE)]
        self._child = subprocess.Popen(
            argv,
            env=dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._lines = queue.SimpleQueue()
        # a thread, so that neither pipe can fill up while both ends write
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()
        self._child.wait(TIMEOUT_S)

    def _close(self):
        with contextlib.suppress(BrokenPipeError):  # what it did not take is lost with it
            self._child.stdin.close()

    def _listen(self):
        for line in self._child.stdout or ():
            self._lines.put(line.decode().strip())
        self._lines.put(None)

    def _send(self, op, payload=b""):
        try:
            self._child.stdin.write(op + struct.pack(">I", len(payload)) + payload)
        except BrokenPipeError:
            raise Broken(self._last_words()) from None

    def begin(self, nominal_v=230, nominal_hz=50):
        """A new meter: whatever is fed from here on is another signal."""
        facts = dict(self._facts, nominal_v=nominal_v * self.VOLTS, nominal_hz=nominal_hz)
        self._send(b"M", json.dumps(facts).encode())

    def feed(self, burst):
        self._send(b"F", burst)

    def end(self):
        """The windows since begin(), or since it was called last; `told` is of the same time."""
        self._send(b"E")
        self._child.stdin.flush()
        windows = []
        self.told = []
        while (line := self._next()) != "end":
            if line.startswith("["):
                windows.append(self._window(json.loads(line)))
            elif line.startswith("{"):
                self.told.append(json.loads(line))
            else:
                raise Broken(self._last_words(line))
        return windows

    def _next(self):
        try:
            line = self._lines.get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise Broken("The meter does not answer.") from None
        if line is None:
            raise Broken("The meter ended.")
        return line

    def _last_words(self, line=""):
        """What the child said last, as a sentence."""
        self._close()
        self._child.wait(TIMEOUT_S)
        while (more := self._lines.get(timeout=TIMEOUT_S)) is not None:
            line = more or line
        return "The meter failed: %s." % line

    def _window(self, row):
        end, length, cycles, flags = row[:4]
        rest = iter(row[4:])
        values = {}
        for names, volts, amps in GROUPS:
            for name in names.split():
                values[name] = next(rest) / (1000.0 * self.VOLTS**volts * self.AMPS**amps)
        for name in FACTORS + ("f",):
            values[name] = next(rest) / 10000.0
        for name in ENERGIES:
            values[name] = next(rest) / self.WH_UNIT
        return Window((end - length) / UNIT, end / UNIT, cycles, flags, values)


class Terminal(Meter):
    """One to calibrate. Its points have the resolution of a terminal's, its energies more."""

    VOLTS, AMPS = 1, 1
    WH_UNIT = 1000.0 * 2**30

    def __init__(self, full_scale_v, full_scale_a, fs_word):
        super().__init__(full_scale_v, full_scale_a, fs_word)
        self._facts["is_terminal"] = True

    def step(self, **arguments):
        """Begin a step of the calibration: see Calibrator.begin."""
        self._send(b"C", json.dumps(arguments).encode())

    def written(self):
        """The registers stand in the metrology unit."""
        self._send(b"W")

    def state(self):
        """What the calibration waits for; the windows up to here are dropped."""
        self._send(b"S")
        self.end()
        return self.told[-1]["state"]

    def tell(self, **what):
        """Ask for spectra=True, halves=True, aggregates from the time utc_ms=: see device.py."""
        self._send(b"T", json.dumps(what).encode())
