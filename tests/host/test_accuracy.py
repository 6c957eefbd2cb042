"""The accuracy tool: its truth against formulas, its verdict, and that it sees a defect."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from tools.accuracy import cases, compare, run, truth
from tools.accuracy.chip import FS_WORD, FULL_SCALE_A, FULL_SCALE_V
from tools.accuracy.meter import Broken, Meter


def signal(hertz, samples, u=230.0, i=5.0, phi=60.0):
    """Rows IA VA ... of three phases with a 5th harmonic and DC; V and A."""
    x = np.zeros((7, samples))
    for k in range(3):
        turn = 2 * np.pi * hertz / 8000 * np.arange(samples) - k * 2 * np.pi / 3
        x[2 * k + 1] = u * 2**0.5 * (np.sin(turn) + 0.1 * np.sin(5 * turn)) + 2
        turn = turn - np.radians(phi)
        x[2 * k] = i * 2**0.5 * (np.sin(turn) + 0.4 * np.sin(5 * turn)) + 0.3
    return x


@pytest.mark.parametrize("hertz", [50.0, 45.7, 54.321])
@pytest.mark.parametrize("start", [100.0, 100.25, 100.98])
def test_truth_equals_the_formulas(hertz, start):
    phi = np.radians(60)
    for cycles in (10, 12):
        end = start + cycles * 8000 / hertz
        true = truth.Window(signal(hertz, 2400), start, end, hertz + 0.01, 11)
        s = 230 * 5
        for value, wanted in (
            (true.rms[3], 230 * 1.01**0.5),
            (true.rms[2], 5 * 1.16**0.5),
            (true.p[1], s * (np.cos(phi) + 0.04 * np.cos(5 * phi))),
            (true.q[1], s * (np.sin(phi) + 0.04 * np.sin(5 * phi))),
            (true.q_fundamental[1], s * np.sin(phi)),
            (true.hertz, hertz),
        ):
            assert abs(value / wanted - 1) < 2e-7, (value, wanted)
        assert true.residual.max() < 1e-9 or true.rms[6] == 0


def test_integral_is_exact_for_a_cubic():
    first, w = truth.weights(3.3, 9.6)
    at = first + np.arange(w.size)
    for power in range(4):
        exact = (9.6 ** (power + 1) - 3.3 ** (power + 1)) / (power + 1)
        assert at.astype(float) ** power @ w == pytest.approx(exact, rel=1e-12)


def test_the_same_seed_draws_the_same_signals():
    assert cases.draw(7, 30) == cases.draw(7, 30)
    assert cases.draw(7, 30) != cases.draw(8, 30)
    drawn = cases.draw(1, 64)
    assert {case.hertz for case in drawn} >= {50.0, 45.0, 55.0}
    assert min(min(case.i) for case in drawn) < 0.3 < 250 < max(max(case.i) for case in drawn)
    assert {angle for case in drawn for angle in case.phi} == set(cases._ANGLES)
    assert any(any(case.dc) for case in drawn) and any(case.has_harmonics for case in drawn)


def measured(word, gain=1.0):
    """{key: worst} of a quiet signal, metered by a meter that believes in `word`."""
    case = cases.Case(
        49.7, (230.0,) * 3, (2.0, 40.0, 100.0), (60.0, 0.0, -36.87), False, (0.0,) * 7, 0.0, 1
    )
    worst = compare.Worst()
    with Meter(FULL_SCALE_V, FULL_SCALE_A, word) as meter:
        x, windows = run._stream(meter, run._bench(case), 1.0)
    usable = compare.usable(windows, x.shape[1])
    assert len(usable) >= 3
    for window in usable:
        true = truth.Window(x * gain, window.start, window.end, case.hertz, 11)
        worst.signal("", compare.errors(window, true, case.hertz))
    worst.signal("", compare.energy_errors(windows[1], windows[-1], x))
    return worst.values


def test_the_meter_and_a_meter_with_a_wrong_scale():
    good = measured(FS_WORD)
    assert all(good[key] < compare.BARS[key] for key in good if key in compare.BARS), good
    wrong = measured(round(FS_WORD * (1 - 20e-6)))
    for key, ppm in (("u_ppm", 20), ("i_ppm", 20), ("p_ppm", 40), ("energy_ppm", 40)):
        assert ppm - 5 < wrong[key] < ppm + 5, wrong


def test_a_meter_that_fails_is_told_in_a_sentence():
    with Meter(FULL_SCALE_V, FULL_SCALE_A, FS_WORD) as meter, pytest.raises(Broken) as broken:
        meter.feed(bytes(28))  # no meter was begun
        meter.end()
    assert "\n" not in str(broken.value) and "AttributeError" in str(broken.value)


def tool(*options):
    argv = [sys.executable, "-m", "tools.accuracy", *options]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_command_and_its_bars():
    done = tool("--cases", "16", "--seconds", "3", "--seed", "11")
    result = json.loads(done.stdout.splitlines()[-1])
    assert set(compare.BARS) <= set(result)
    assert result["missed"] == [] and done.returncode == 0, done.stdout + done.stderr


def test_the_command_refuses_in_a_sentence(tmp_path):
    done = tool("--waveform", str(tmp_path / "none.npz"))
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    done = tool("--cases", "0")
    assert done.returncode == 2 and "cases" in done.stderr
