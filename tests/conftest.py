"""Paths and fixtures every test shares; puts the CPython stand-ins on the path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "cpython")]


def find_micropython():
    """MICROPYTHON, else the interpreter beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("micropython")
    named = os.environ.get("MICROPYTHON")
    return named or (str(beside) if beside.exists() else shutil.which("micropython"))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def shared():
    """The folder of recordings and vectors; the test is skipped, loudly, where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("SKIPPED: ../shared is absent (recordings and protocol vectors)")
    return SHARED


@pytest.fixture(scope="session")
def umqtt_dir():
    """Folder that holds umqtt/simple.py, made by `make venv`."""
    path = Path(sys.prefix) / "share" / "umqtt"
    if not (path / "umqtt" / "simple.py").exists():
        pytest.fail("umqtt is missing: run `make venv` first")
    return path


@pytest.fixture(scope="session")
def micropython():
    """argv that starts the interpreter."""
    path = find_micropython()
    if path is None:
        pytest.fail("no MicroPython interpreter: run `make venv` or set MICROPYTHON=/path")
    return [path]


@pytest.fixture(scope="session")
def device_env(umqtt_dir):
    """Environment in which a script finds the tree as a board does."""
    return dict(os.environ, MICROPYPATH=f"{ROOT}:{umqtt_dir}:.frozen")


@pytest.fixture(scope="session")
def run_script(micropython, device_env):
    """run_script(script, *arguments) -> what it printed under MicroPython; it must end well.

    `given` is its input, `heap` the interpreter's: as small as an MCU's 256 KB of 32-bit words,
    for the objects of a 64-bit port are half as large again."""

    def run(script, *arguments, heap="384k", given="", timeout=120):
        done = subprocess.run(
            [*micropython, "-X", f"heapsize={heap}", str(script), *map(str, arguments)],
            input=given,
            cwd=ROOT,
            env=device_env,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def replay(micropython):
    """replay(folder, tree) -> the finished process of tools.vectors."""

    def run(folder, tree=ROOT):
        return subprocess.run(
            [sys.executable, "-m", "tools.vectors", str(folder)],
            cwd=tree,
            env=dict(os.environ, MICROPYTHON=micropython[0]),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def planting(tmp_path, monkeypatch):
    """planting(folder, ..) -> plant(file, text, other): benches run a copy of these folders from
    then on, with that instead."""
    from tools.deploy import tree

    def copied(*folders):
        for folder in folders:
            shutil.copytree(ROOT / folder, tmp_path / folder)
        monkeypatch.setattr(tree, "ROOT", tmp_path)
        return plant

    def plant(file, text, other):
        path = tmp_path / file
        source = path.read_text()
        assert source.count(text) == 1, f"{file} has changed: {text}"
        path.write_text(source.replace(text, other))

    return copied
