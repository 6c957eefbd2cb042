"""The fuzzer: green on the codecs, the same for the same seed, and red for each defect planted."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from tools.fuzz import cases, judge, meter645, module1376, object698, rtu, run, sums

CODECS = (meter645, object698, module1376, rtu)
COUNTS = ("escapes", "false_accepts", "lost_after_noise", "wrong_refusals")


def tool(*options):
    argv = [sys.executable, "-m", "tools.fuzz", *map(str, options)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)


def result(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def counted(numbers):
    """What does not depend on the machine's load."""
    for row in numbers["codecs"].values():
        del row["worst_ms_per_frame"], row["heap_growth_bytes"]
    return numbers["codecs"]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_codecs_hold(seed):
    done = tool("--frames", 500, "--seed", seed)
    numbers = result(done)
    assert done.returncode == 0 and numbers["missed"] == [], done.stdout
    assert all(numbers[key] == 0 for key in COUNTS)
    assert numbers["heap_growth_bytes"] <= 4096 and numbers["worst_ms_per_frame"] > 0
    assert set(numbers["codecs"]) == {codec.NAME for codec in CODECS}
    for name, row in numbers["codecs"].items():
        assert row["frames"] == 500 and sum(row["kinds"].values()) == 500
        assert row["judged"] > 500 and row["lies"] > 40, (name, row)
        assert row["seeds"]["own"] > 30


def test_a_seed_draws_the_same():
    first, again, other = (result(tool("--frames", 200, "--seed", seed)) for seed in (7, 7, 8))
    assert counted(first) == counted(again) != counted(other)


def test_each_defect_is_caught():
    done = tool("--frames", 800, "--plant", "1")
    numbers = result(done)
    assert done.returncode == 1 and numbers["uncaught"] == []
    assert set(numbers["plants"]) == set(run.PLANTS)
    # by what it breaks
    for plant, key in (
        ("length", "false_accepts"),
        ("count", "escapes"),
        ("growth", "heap_growth_bytes"),
        ("patience", "lost_after_noise"),
        ("blob", "false_accepts"),
        ("crc", "false_accepts"),
    ):
        assert key in numbers["plants"][plant], plant
        assert f"plant '{plant}' in " in done.stdout
    assert numbers["plants"]["growth"] == ["heap_growth_bytes"]


def test_one_defect_by_name():
    done = tool("--frames", 200, "--plant", "crc")
    assert done.returncode == 1 and list(result(done)["plants"]) == ["crc"]
    assert "plant 'crc' in modbus: caught by false_accepts" in done.stdout
    assert "bytes: " in done.stdout  # the case can be looked at


def test_refusals_are_sentences():
    for options in (("--plant", "nothing"), ("--frames", "0"), ("--seed", "-1")):
        done = tool(*options)
        assert done.returncode == 2 and not done.stdout
        assert "Traceback" not in done.stderr
    assert "PLANT" in tool("--help").stdout or "--plant" in tool("--help").stdout


def test_ctrl_c_ends_it():
    argv = [sys.executable, "-m", "tools.fuzz", "--frames", "50000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        time.sleep(1.5)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 130 and not out and err.endswith("Stopped.\n"), err


def test_the_oracle():
    assert sums.x25(b"123456789") == 0x906E and sums.modbus(b"123456789") == 0x4B37
    # two bits: bit 7 of two bytes, or another pair of one weight, up and down
    assert sums.flip_chance(1) == 0
    assert sums.flip_chance(2) == pytest.approx((1 + 7 / 2) / 64)
    frame = bytes.fromhex("6861010000000068910833333533593433338c16")  # 1.26 kWh, published
    scan = sums.Scan(meter645.probe, 0x68, b"\x68\x16" + frame + frame[:-1])
    assert [at for at, _ in scan.frames] == [2]
    assert meter645.content(frame).endswith("|[126]")
    bad = bytearray(frame)
    bad[12] ^= 1
    scan = sums.Scan(meter645.probe, 0x68, bytes(bad))
    assert not scan.frames and scan.expected == 2**-8


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.NAME)
def test_own_seeds_are_frames(codec):
    import random

    for raw in codec.seeds(random.Random(1)):
        assert sums.Scan(codec.probe, codec.START, raw).frames == [(0, raw)]
        assert codec.seal(raw) == raw
        assert all(at + size <= len(raw) for at, size, _ in codec.lengths(raw))


def judged(case, line):
    findings = judge.Findings()
    judge.judge(findings, 0, case, line)
    return dict(findings.counts)


def test_the_judge():
    raw = b"\x68abc"
    case = cases.Case("F", [(raw, ())], ([(3, raw, "(1)|?")], ""), "lie")
    good = "3+4=%08x (1)|[5];" % judge.crc32(raw)
    assert judged(case, good) == {}
    assert judged(case, "") == {"lost": 1}
    assert judged(case, good.replace("(1)", "(2)")) == {"false_accepts": 1}
    assert judged(case, good.replace("(1)|[5]", "!|!")) == {"wrong_refusals": 1}
    assert judged(case, good + "9+4=00000000 (1)|n;") == {"false_accepts": 1}
    assert judged(case, good + "pending 3;") == {"false_accepts": 1}
    assert judged(case, good + "E MemoryError: ;") == {"escapes": 1}
    exchange = cases.Case("T", [], "D(1);alien 0 late 0 stale 0", "exchange")
    assert judged(exchange, "D(1);alien 0 late 0 stale 0;") == {}
    assert judged(exchange, "alien 1 late 0 stale 0;") == {"lost": 1}
    assert judged(exchange, "D(2);alien 0 late 0 stale 0;") == {"false_accepts": 1}
