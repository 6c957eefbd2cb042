"""`make run`, end to end: the whole station for some seconds, and what it prints at the end.

TTU_SECONDS sets how long it runs; four nodes of the carrier network take some 8 to be read.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT, SHARED

from tools.station.__main__ import judge
from tools.station.broker import find_mosquitto
from tools.station.station import Plan, Station

SECONDS = int(os.environ.get("TTU_SECONDS", "16"))
KEYS = {
    "windows",
    "windows_lost",
    "meters_read",
    "meters_failed",
    "published",
    "delivered",
    "heap_code_bytes",
    "heap_data_bytes",
    "link_mode",
    "errors",
}


def make_run(**variables):
    """(exit code, the JSON object of the last line) of `make run`."""
    words = [f"{name}={value}" for name, value in variables.items()]
    done = subprocess.run(
        ["make", "--no-print-directory", "run", f"VENV={sys.prefix}", "PACE=lockstep", *words],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    lines = done.stdout.strip().splitlines()
    assert lines, done.stderr
    assert lines[-1].startswith("{"), done.stdout + done.stderr
    return done.returncode, json.loads(lines[-1])


def check(code, result, meters, nodes):
    assert result["errors"] == []
    assert code == 0
    assert set(result) >= KEYS
    assert result["windows"] > 50
    assert result["windows_lost"] == 0
    assert (result["meters_read"], result["meters_failed"]) == (meters + nodes, 0)
    assert result["delivered"] == result["published"] > 20
    assert result["received"] + result["repeated"] >= result["delivered"]
    assert result["link_mode"] == "both"
    assert result["pace"] == "lockstep"


@pytest.mark.alone  # the link is judged, in real time
def test_with_mosquitto():
    if find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed")
    check(*make_run(SECONDS=SECONDS, BROKER="mosquitto", METERS=6, NODES=4), meters=6, nodes=4)


@pytest.mark.alone
@pytest.mark.parametrize("name", ["keating_lv_3ph_60hz", "wisp_110kv_fault_50hz"])
def test_real_recordings(name):
    """With the other broker. 60 Hz and unbalanced; 110 kV through a fault: full scale and windows
    are found."""
    path = SHARED / "data" / "waveforms" / f"{name}.npz"
    if not path.exists():
        pytest.skip("SKIPPED: ../shared/data is absent")
    words = {"SECONDS": SECONDS, "WAVEFORM": path, "BROKER": "amqtt"}
    check(*make_run(**words, METERS=2, NODES=3), meters=2, nodes=3)


def test_a_missing_recording_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "tools.station", "--waveform", "no/such.npz"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode
    assert "no/such.npz" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_stops_everything_that_was_started(number):
    """Ctrl-C, a time limit, and the end no program sees coming: no process is left."""
    run = subprocess.Popen(
        [sys.executable, "-m", "tools.station", "--meters", "1", "--broker", "amqtt"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert "starting" in run.stdout.readline()
    wait_for("the station", lambda: len(descendants(run.pid)) >= 5)
    time.sleep(1)
    started = descendants(run.pid)
    run.send_signal(number)
    said, _ = run.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert set(json.loads(said.splitlines()[-1])) >= KEYS
    wait_for("the end", lambda: not [pid for pid in started if is_alive(pid)])


def test_a_broker_that_dies_is_an_error():
    with Station(Plan(meters=1, pace="lockstep", broker="amqtt")) as station:
        assert station.failures() == []
        os.killpg(station.broker._process.pid, signal.SIGKILL)
        wait_for("the failure", lambda: station.failures() == ["the broker ended"])


def test_what_waits_is_an_error():
    report = dict.fromkeys(KEYS, 1) | {"windows_lost": 0, "meters_failed": 0, "link_mode": "both"}
    listener = SimpleNamespace(delivered=[1], repeated=0, broken=0)
    good = {**report, "waiting": 0, "uplink": "up"}
    assert judge(good, Plan(meters=1), listener, {}, []) == []
    for bad in ({"waiting": 3}, {"uplink": "down"}, {"windows_lost": 1}, {"meters_read": 0}):
        assert len(judge({**good, **bad}, Plan(meters=1), listener, {}, [])) == 1
    assert judge(good, Plan(meters=1), SimpleNamespace(delivered=[], repeated=0, broken=0), {}, [])


@pytest.mark.parametrize(
    "words", [["--seconds", "abc"], ["--seconds", "nan"], ["--meters", "0"], ["--pace", "slow"]]
)
def test_a_wrong_parameter_is_one_sentence(words):
    done = subprocess.run(
        [sys.executable, "-m", "tools.station", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode
    assert len(done.stderr.strip().splitlines()) == 1


def descendants(pid):
    """Process numbers of everything below `pid`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, condition, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
        time.sleep(0.1)
