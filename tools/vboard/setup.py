"""Where things are: the interpreter, the shim, sizes as people write them."""

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIM = ROOT / "board" / "unix"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_UNITS = {"K": 1 << 10, "M": 1 << 20}


class BoardError(Exception):
    """The virtual board cannot do what it was asked; the text is for a person."""


def end_with_parent():
    """In a child: be terminated when the parent dies, however it dies (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def interpreter():
    """Path of MicroPython: MICROPYTHON, else beside this Python, else on PATH."""
    named = os.environ.get("MICROPYTHON")
    beside = Path(sys.executable).with_name("micropython")
    path = named or (str(beside) if beside.exists() else shutil.which("micropython"))
    if path is None or not os.access(path, os.X_OK):
        raise BoardError(f"no MicroPython at {path or 'all'}: set MICROPYTHON=/path/to/it")
    return path


def size_of(text):
    """Bytes in '4M', '256k' or '65536'; BoardError for anything else."""
    text = str(text).strip().upper()
    unit = _UNITS.get(text[-1:], 1)
    digits = text[:-1] if text[-1:] in _UNITS else text
    if not digits.isdecimal() or not int(digits):
        raise BoardError(f"'{text}' is not a size: write 4M, 256K or a number of bytes")
    return int(digits) * unit


def create_flash(path, size):
    """An erased flash chip: a file of 0xFF."""
    if size % 4096 or size < 2 * 4096:
        raise BoardError(f"flash size {size} is not a multiple of 4096 (two blocks at least)")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff" * size)


def board_env(**settings):
    """Environment of the interpreter. No HOME: it would keep a REPL history there."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("TTU_")}
    for name in ("HOME", "MICROPYINSPECT"):
        env.pop(name, None)
    env["MICROPYPATH"] = f"{SHIM}:.frozen"
    env.update({key: str(value) for key, value in settings.items() if value is not None})
    return env
