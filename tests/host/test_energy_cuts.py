"""`make energy`: the bars, the same numbers for the same seed, and that defects are found."""

import pytest

from tools import verdict
from tools.energy import __main__ as program

CUTS = 60


def bench(seed, plant=0, cuts=CUTS):
    return program.bench(cuts, seed, plant, 1, lambda text: None)


def test_all_bars_are_met():
    result, texts = bench(3)
    assert verdict.missed(program.BARS, result) == [] and texts == []
    # it was put to the test
    assert result["dead_s"] > 1 and result["lag_s"] > 1 and result["records"] > 5 * CUTS
    assert min(result[key] for key in ("alive", "dead", "warned", "at_flash", "at_boot")) > 3
    assert bench(3, cuts=10) == bench(3, cuts=10) != bench(4, cuts=10)


@pytest.mark.parametrize(
    ("plant", "key"),
    [
        (1, "boots_reused"),
        (2, "dead_s"),
        (3, "backwards"),
        (4, "lag_s"),
        (5, "alive_s"),
        (6, "warned_s"),
        (7, "parts_wrong"),
    ],
)
def test_defects_are_found(plant, key):
    result, _ = bench(3, plant)
    found = verdict.missed(program.BARS, result)
    assert key in [text.split()[0] for text in found], result
