"""Paths and fixtures every test shares; puts the CPython stand-ins on the path."""

import os
import shutil
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
