"""The same work on this machine's own processor: C, viper and byte code in alternating rounds.

Wall time on a desk is noise: the ratios are printed, nothing is decided by them.
"""

import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path

from tools.qemu.image import ROOT
from tools.qemu.need import QemuError
from tools.vboard.setup import interpreter

_BUILD = ROOT / "build" / "bench"
_SOURCES = ROOT / "tools" / "bench" / "c"
_TIMING = ROOT / "tools" / "bench" / "device" / "timing.py"
_CALLS = 40000
_ROUNDS = 7


def measure(rounds=_ROUNDS):
    """(ns a set of C, viper, byte code: medians), None when there is no C compiler here."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    _BUILD.mkdir(parents=True, exist_ok=True)
    program, window = _BUILD / "sums", _BUILD / "window.raw"
    sources = [str(_SOURCES / name) for name in ("sums.c", "main.c")]
    _output([compiler, "-O2", "-Wall", "-Werror", "-o", str(program), *sources])
    found = [_round(program, window) for _ in range(rounds)]
    return tuple(statistics.median(times) for times in zip(*found))


def _round(program, window):
    said = json.loads(_output([interpreter(), "-X", "heapsize=512k", str(_TIMING), str(window)]))
    ns, *sums = _output([str(program), str(window), str(_CALLS)]).split()
    if [int(word) for word in sums] != said["sums"]:
        raise QemuError("C and Python found different sums on this machine")
    return float(ns), said["viper"], said["bytecode"]


def _output(command):
    env = dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen")
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    if done.returncode:
        name = Path(command[0]).name
        raise QemuError(f"{name} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
