"""The runner under MicroPython: started on a job, watched, read. One process for each codec."""

import os
import struct
import subprocess
import threading
import time
from pathlib import Path

from tools.vectors.__main__ import find_micropython

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).with_name("device") / "runner.py"
HEAP = "512k"  # the codecs, their driver, and the texts of what they read
PATIENCE_S = 30  # without a line: it hangs in a case


def pack(case):
    """A case as runner.py reads it."""
    out = [case.mode.encode(), bytes([len(case.parts)])]
    for raw, cuts in case.parts:
        if isinstance(cuts, int):
            out.append(struct.pack(">HH", len(raw), cuts))
        else:
            out.append(struct.pack(f">HH{len(cuts)}H", len(raw), len(cuts), *cuts))
        out.append(raw)
    return b"".join(out)


class Process:
    """`lines` are what it printed so far, one for each case."""

    def __init__(self, codec, path, cases, plant):
        argv = [find_micropython(), "-X", f"heapsize={HEAP}", str(RUNNER)]
        argv += [codec, str(path), str(cases), plant]
        self.lines = []
        self.heap = self.worst = None  # bytes; (microseconds, case)
        self.is_hung = False
        self.end = "without a word"  # what it said when it failed
        self.heard = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            env=dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for us: close() ends it
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))
            self.heard = time.monotonic()

    def is_running(self):
        """False when all is read; a process that says nothing for long is ended."""
        if self.reader.is_alive() and time.monotonic() - self.heard > PATIENCE_S:
            self.is_hung = True
            self.process.kill()
        self.reader.join(0.1)
        if self.reader.is_alive():
            return True
        self.process.wait()
        starts = [i for i, line in enumerate(self.lines) if line.startswith("Traceback ")]
        if starts:  # the runner itself failed: no case has these lines
            self.end = self.lines[-1]
            del self.lines[starts[0] :]
        while self.lines and self.lines[-1].startswith(("heap ", "worst ")):
            name, *numbers = self.lines.pop().split()
            setattr(self, name, tuple(map(int, numbers)))
        return False

    def close(self):
        self.process.kill()
        self.process.wait()
