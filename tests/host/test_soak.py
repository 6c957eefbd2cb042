"""The soak in small: the whole terminal for three quarters of an hour, and planted defects."""

import json
import random
import subprocess
import sys

from tools.soak import numbers

SHORT = ("--days", "0.03", "--devices", "20", "--nodes", "2")


def soak(*words):
    """(exit code, sentences, result) of a short run."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", *SHORT, *words], capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    *said, last = done.stdout.strip().split("\n")
    return done.returncode, said, json.loads(last)


def test_nothing_grows():
    code, said, result = soak()
    assert code == 0, (said, result)
    assert result["connects"] == 5  # at the start, and after each time the broker was away
    assert result["plugs"] >= 8 and result["settings"] >= 4 and result["alarms"] >= 280
    assert result["events"] > 200 and result["lost"] == 0
    assert result["meters_read"] == 20 and result["requests"] > 500
    assert result["windows"] > 1000


def test_what_is_kept_and_what_is_left_behind_is_found():
    code, said, _ = soak("--plant", "3")
    assert code == 1
    assert any("heap_growth_bytes" in text for text in said)
    assert any("tasks_delta" in text for text in said)


def test_a_slope_is_not_moved_by_outliers():
    heap = [(hour, 1000 + 3 * hour) for hour in range(24)]
    assert numbers.slope(heap) == (3, 3, 3)
    heap[5] = (5, 20000)
    heap[20] = (20, 90000)
    middle, low, high = numbers.slope(heap)
    assert abs(middle - 3) < 0.1 and 2 < low <= 3 <= high < 4
    assert numbers.slope(heap[:1]) == (0, 0, 0)
    assert numbers.growth([used for _, used in heap]) == 49.5


def test_noise_is_no_slope_and_a_leak_is_one():
    """Blocks of 32 bytes, 300 more or less by chance, over the second day."""
    rng = random.Random(5)
    for leak in (0, 40):
        heap = [(hour, 32 * round((rng.gauss(0, 300) + leak * hour) / 32)) for hour in range(24)]
        _, low, high = numbers.slope(heap)
        assert (low <= 0 <= high) == (leak == 0), (leak, low, high)


def test_wrong_words_are_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", "--days", "900"], capture_output=True, text=True
    )
    assert done.returncode == 1 and done.stderr == "soak: --days is 0.03 to 60\n"
