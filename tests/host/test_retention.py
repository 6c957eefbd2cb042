"""The bench of kept curves at its small size, and defects it has to find."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT


def bench(*words):
    """(exit code, result, everything else it said on stdout)."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.retention", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    *said, last = done.stdout.splitlines() or [""]
    result = json.loads(last) if last.startswith("{") else {}
    return done.returncode, result, "\n".join(said) + done.stderr


def test_a_day_of_a_large_station():
    code, result, said = bench("--days", "1", "--seed", "5")
    assert code == 0, said
    assert result["days_kept"] == 1 and result["wrong"] == 0 and result["verified"] > 76000
    assert result["bytes_per_point"] < 2.0  # 31 days of 200 devices in 4.6 MB
    assert result["erases_per_day_and_mb"] < 1750 and result["amplification"] < 4


@pytest.mark.parametrize(
    ("plant", "said"), [("1", "wrong is"), ("2", "wrong is"), ("3", "days_kept is 1")]
)
def test_finds_a_defect(plant, said):
    code, _, text = bench("--days", "2", "--devices", "8", "--plant", plant)
    assert code == 1 and said in text, text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--devices", "0"], "--devices is 1 to 1000"),
        (["--days", "999"], "--days is 1 to 400"),
        (["--plant", "9"], "--plant is 1 to 3"),
        (["--days", "x"], "invalid int"),
    ],
)
def test_wrong_words_are_one_sentence(words, said):
    code, _, text = bench(*words)
    assert code and said in text and "Traceback" not in text


def test_a_drawn_series_has_the_shape_of_a_measured_one():
    import random

    from tools.retention import series

    rows = list(series._drawn(random.Random(3)))
    assert len(rows) == 28 * 1440
    for watts, volts, amps in rows:
        assert 100 < watts < 5000 and 200 < volts < 260 and 0 < amps < 30
