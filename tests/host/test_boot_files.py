"""A terminal is built whatever lies on its flash: damaged files cost what was in them and are
told; what breaks the building itself ends in safe mode. TTU_MUTANTS damaged files (49), 10000 for
a release.
"""

import json
import os
import subprocess

import pytest
from conftest import ROOT

_CASES = int(os.environ.get("TTU_MUTANTS", "49"))


@pytest.fixture(scope="module")
def said(micropython, umqtt_dir):
    """The rows of the ladder, the sentences about cases, the sums."""
    done = subprocess.run(
        [*micropython, "-X", "heapsize=8M", "tests/host/boot_files_terminal.py", str(_CASES), "1"],
        cwd=ROOT,
        env=dict(os.environ, MICROPYPATH=f"{ROOT}:{ROOT}/board/unix:{umqtt_dir}:.frozen"),
        capture_output=True,
        text=True,
        timeout=120 + _CASES,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = done.stdout.splitlines()
    rows = {row[0]: row[1:] for row in (json.loads(line) for line in lines if line[:1] == "[")}
    return rows, [line for line in lines if line.startswith("case ")], json.loads(lines[-1])


def test_damaged_files(said):
    _, wrong, sums = said
    assert not wrong
    assert sums["cases"] == _CASES and sums["wrong"] == 0
    assert sums["with_alarm"] >= _CASES // 2


def test_what_breaks_the_building(said):
    """Whoever remembers: safe mode is tried first at the next boot."""
    rows, _, _ = said
    told = ["BOOT", "BOOT_FAILED", "SAFE_MODE"]
    safe, name, has_file, is_aside, events, after = rows["bay"]
    assert (safe, name, has_file, is_aside, after) == ("failed", "two", True, False, "failed")
    assert events[:3] == told
    safe, name, has_file, _, events, after = rows["setting"]
    assert (safe, name, has_file, after) == ("failed", "two", True, "failed")
    assert events[:3] == told
    safe, name, has_file, is_aside, events, after = rows["needed setting"]
    assert (safe, name, after) == ("failed", "ttu", "failed") and is_aside
    safe, name, has_file, is_aside, events, after = rows["file"]
    assert (safe, name, has_file, is_aside, after) == ("failed", "two", False, True, "failed")
    assert events.count("STORE_FAILED") >= 1 and "BOOT_FAILED" in events
    assert rows["always"][1] is None


def test_a_weak_supply(said):
    rows, _, _ = said
    assert rows["weak"] == [[True] * 8 + [False] * 2, True]  # the first boot was one more
