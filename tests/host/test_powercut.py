"""The bench of power cuts: nothing lost on some hundred cuts and at every operation, and each
planted defect is found. More by parameter: make powercut CUTS=50000 SEED=7."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.powercut.__main__ import BARS, PLANTS


def powercut(*words):
    """(exit code, result, sentences)."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.powercut", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    *texts, last = done.stdout.splitlines()
    return done.returncode, json.loads(last), texts


def test_nothing_is_lost():
    code, result, texts = powercut("--cuts", 100, "--faults", 1, "--seed", 5)
    assert code == 0, texts
    assert result["cuts_fired"] == 100
    assert [result[key] for key in BARS] == [0] * len(BARS)
    assert result["flips"] and result["full_disks"] and result["refused_full"]


def test_every_operation():
    code, result, texts = powercut("--exhaustive", "--seed", 5)
    assert code == 0, texts
    assert result["cuts_fired"] == 4 * result["operations"] > 100


def test_full():
    code, result, texts = powercut("--full")
    assert code == 0, texts
    assert result["events_kept_least"] >= 1000 and result["audit_kept"] >= 10000


@pytest.mark.parametrize("number", range(1, len(PLANTS) + 1))
def test_plant(number):
    """Each is found by what it does, not by an exception alone."""
    code, result, texts = powercut(
        "--cuts", 120 if number == 5 else 30, "--faults", 1, "--plant", number
    )
    assert code == 1
    keys = ("acked_lost", "corrupt_served", "order_broken", "energy_backwards")
    assert sum(result[key] for key in keys) > 0
    assert any(text.startswith("missed: ") for text in texts)


def test_the_same_seed_is_the_same_run():
    first, second = (powercut("--cuts", 30, "--faults", 0, "--jobs", n)[1] for n in (1, 2))
    assert {**first, "cuts_per_s": 0} == {**second, "cuts_per_s": 0}


def test_wrong_words():
    for words in (("--cuts", "0"), ("--depth", "3"), ("--plant", "99"), ("--jobs", "0")):
        done = subprocess.run(
            [sys.executable, "-m", "tools.powercut", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1 and done.stderr.startswith("powercut: "), done.stderr
