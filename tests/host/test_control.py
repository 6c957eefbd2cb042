"""`make control`: the bars, the same numbers for the same seed, and that defects are found."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.control import __main__ as program
from tools.control.run import BARS, run

SEQUENCES = 300


def bench(seed, plant=0, sequences=SEQUENCES):
    return program.bench(sequences, seed, plant, 1, lambda text: None)


@pytest.fixture(scope="module")
def small():
    return bench(7)


def test_all_bars_are_met(small):
    result, wrong = small
    assert program.missed(result) == [] and wrong == []
    # it was put to the test
    assert result["operations"] > SEQUENCES // 3 and result["done"] > SEQUENCES // 3
    assert result["cuts"] > 10 and result["pulls"] > 2 and result["unknown"] > 2
    for reason in ("number", "originator", "other", "unselected", "late", "busy", "interlock"):
        assert result["refusals"][reason] > 0
    assert result["longest_pulse_ms"] <= 500


def test_the_same_seed_gives_the_same_numbers():
    one, other, another = (run(f"{seed}/x", 80) for seed in (1, 1, 2))
    assert one == other != another


@pytest.mark.parametrize("plant", range(1, 6))
def test_a_defect_is_found(plant):
    result, wrong = bench(3, plant, 150)
    assert program.missed(result) and wrong
    key = {3: "long_pulses"}.get(plant, "wrong_operations")
    assert result[key] > 0, {name: result[name] for name in BARS}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--sequences", "0"], "--sequences is 1 to"),
        (["--plant", "6"], "--plant is 1 to"),
        (["--jobs", "0"], "--jobs is 1 to"),
        (["--seed", "x"], "invalid int"),
    ],
)
def test_wrong_words(words, says):
    done = subprocess.run(
        [sys.executable, "-m", "tools.control", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1 and says in done.stderr and len(done.stderr.splitlines()) == 1


def test_the_last_line_is_the_result():
    done = subprocess.run(
        [sys.executable, "-m", "tools.control", "--sequences", "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["sequences"] == 20
