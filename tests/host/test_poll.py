"""`make poll`: the bars on a small station, the same numbers for the same seed, and that a
terminal with a defect does not pass."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.poll import __main__ as program
from tools.poll.run import PollError, Run

SMALL = ["--devices", "40", "--buses", "1", "--dead", "4"]


def silent(text):
    pass


def run(*words):
    """The numbers of one run, without its healthy twin."""
    return Run(program.parse([*SMALL, *words])).go()


def poll(*words):
    return program.poll(program.parse([*SMALL, *words]), silent)


@pytest.fixture(scope="module")
def small():
    return poll()


def test_all_bars_are_met(small):
    assert program.missed(small) == []
    assert small["failures"] == [] and small["falsely_silent"] == 0
    # it was put to the test: a full line, and news to tell
    assert small["load_pct"] > 90 and small["key_alarms"] > 100 and small["alarms"] > 50
    assert small["quarantine_pct"] > 0.5


def test_a_seed_is_a_run(small):
    again = run()
    for key in set(again) - {key for key in again if "heap" in key or "bytes" in key}:
        assert again[key] == small[key], key


def test_a_fifth_is_dead():
    assert program.missed(poll("--dead", "8", "--seed", "3")) == []


def test_a_babbling_device():
    """It costs time, and nothing is mistaken for something else."""
    result = run("--babble")
    assert result["wrong_values"] == result["late_credited"] == 0
    assert result["failures"] == [] and result["falsely_silent"] == 0
    assert result["complete_pct"] > 95 and result["quarantine_pct"] <= 5


def test_late_answers():
    result = run("--late", "20", "--seed", "5")
    assert result["wrong_values"] == result["late_credited"] == 0
    assert result["failures"] == []


def test_what_was_missed_is_said(small):
    worse = dict(
        small, alarm_p99_s=None, wrong_values=1, complete_pct=99.9, failures=["1 no port"]
    )
    assert program.missed(worse) == [
        "bus: 1 no port",
        "complete_pct is 99.9, at least 100.0 is wanted",
        "alarm_p99_s was not measured",
        "wrong_values is 1, at most 0 is wanted",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--buses 0", "--buses is 1 to 6"),
        ("--buses 7", "--buses is 1 to 6"),
        ("--devices 0", "--devices is 1 to 200 a bus"),
        ("--devices 201 --buses 1", "--devices is 1 to 200 a bus"),
        ("--devices 9 --dead 9", "--dead is less than --devices"),
        ("--dead -1", "--dead is less"),
        ("--minutes 0", "--minutes is 1 to 1440"),
        ("--minutes 20", "--minutes is a multiple of 15"),
        ("--late 51", "--late is 0 to 50 %"),
        ("--keys -1", "--keys is"),
        ("--points 0", "--points is"),
        ("--devices many", "invalid int value: 'many'"),
        ("--fast", "unrecognized arguments: --fast"),
    ],
)
def test_wrong_options_give_one_sentence(words, said):
    with pytest.raises(SystemExit) as ended:
        program.parse(words.split())
    assert str(ended.value.code).startswith("poll: ") and said in ended.value.code
    assert "\n" not in ended.value.code


def test_the_program_ends_with_its_result():
    words = ["--devices", "12", "--dead", "0", "--buses", "1", "--keys", "2", "--points", "200"]
    argv = [sys.executable, "-m", "tools.poll", *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["devices"], result["dead"]) == (12, 0)
    met = not [line for line in done.stdout.splitlines() if line.startswith("missed: ")]
    assert done.returncode == (0 if met else 1)
    assert met and "minute 15 of 15" in done.stderr


def test_a_table_that_is_too_small_is_told():
    result = run("--points", "100")
    told = result["failures"]
    assert len(told) > 20 and all("no room for the points of" in text for text in told)
    assert program.missed(result)[0] == "bus: " + told[0]


# --- defects


@pytest.fixture
def plant(planting):
    return planting("firmware", "modules", "tools/poll", "tools/virtual")


def test_the_copy_is_as_good(plant, small):
    assert run()["requests"] == small["requests"]


def test_dead_devices_asked_like_live_ones(plant):
    """Nobody goes into quarantine."""
    plant("firmware/bay/schedule.py", " or failures[i] >= tries:", ":")
    missed = " ".join(program.missed(poll()))
    assert "live_slowdown" in missed and "complete_pct" in missed


def test_no_silence_before_a_request(plant):
    plant("modules/rs485/line.py", "if not 0 < left_us <=", "if True or not 0 < left_us <=")
    result = run()
    assert result["short_silences"] > 100
    assert any(text.startswith("short_silences ") for text in program.missed(result))


def test_a_late_reply_is_credited(plant):
    plant("firmware/bay/schedule.py", "at + self._begun - self._first_at + self._rest_ms", "at")
    result = run("--late", "20", "--seed", "5")
    assert result["late_credited"] + result["wrong_values"] > 0


def test_a_terminal_that_dies(plant):
    plant("modules/rs485/line.py", "class Line:", "class Lime:")
    with pytest.raises(PollError, match="can't import name Line"):
        run()
