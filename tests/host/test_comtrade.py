"""Waveform snapshots of a meter under MicroPython, read by the `comtrade` package: every value is
the sample that was fed, every stamp the time at which it was."""

import datetime
import json

import comtrade
import numpy as np
import pytest
from conftest import ROOT

SCRIPT = ROOT / "tests" / "host" / "pq_terminal.py"
U_FS, I_FS, FULL = 500, 400, 74532013
HZ, CYCLE = 8000, 160
START = datetime.datetime(2026, 2, 28, 23, 59, 59, 950000)  # of sample 0
DIPS = (4000, 6100, 15000)  # the second falls into the snapshot of the first, but for its end


def waves():
    """Seven channels as the chip has them, in its order; noise beyond what 16 bits keep."""
    n = np.arange(3 * HZ)
    rng = np.random.default_rng(37)
    words = np.zeros((len(n), 7))
    for k in range(3):
        angle = 2 * np.pi * (50 * n / HZ - k / 3)
        words[:, 2 * k] = 80 * np.sqrt(2) / I_FS * FULL * np.sin(angle - 0.5)
        words[:, 2 * k + 1] = 230 * np.sqrt(2) / U_FS * FULL * np.sin(angle)
    words[:, 6] = 0.03 / I_FS * FULL * np.sin(9 * angle)
    for first in DIPS:
        words[first : first + 900, 3] *= 0.6
    words += rng.normal(0, 3000, words.shape)
    words[14900, 1] = -(1 << 27) + 4096  # the lowest there is, but for what marks a missing value
    return np.rint(words).astype(">i4")


@pytest.fixture(scope="module")
def run(run_script, tmp_path_factory):
    """(words, folder, [lines]) of a meter that kept snapshots."""
    words = waves()
    path = tmp_path_factory.mktemp("waves")
    (path / "sets.raw").write_bytes(words.tobytes())
    said = run_script(
        SCRIPT,
        path / "sets.raw",
        230,
        json.dumps({"snapshots": 2}),
        path / "records",
        heap="512k",
    )
    return words, path / "records", [json.loads(line) for line in said.splitlines()]


def test_records(run):
    words, folder, lines = run
    told = [line[1:] for line in lines if line[0] == "snapshot"]
    begun = [line[4] for line in lines if line[0] == "begin" and line[1] == 0]
    assert len(begun) == len(DIPS) and [sample for _, _, sample in told] == begun
    # two are kept: the newest
    assert sorted(p.name for p in folder.iterdir()) == [
        f"w{number:07}.{ending}" for number, _, _ in told[1:] for ending in ("cfg", "dat")
    ]
    for number, what, trigger in told[1:]:
        assert what == "dip"
        record = comtrade.load(str(folder / f"w{number:07}.cfg"))
        check(record, words, trigger)


def check(record, words, trigger):
    first, sets = trigger - 3 * CYCLE, 10 * CYCLE
    assert record.station_name == "st1" and record.rec_dev_id == "ttu dip"
    assert record.ft == "BINARY" and record.rev_year == "1999" and record.frequency == 50
    assert record.analog_channel_ids == ["IA", "VA", "IB", "VB", "IC", "VC", "IN"]
    assert record.analog_phases == ["A", "A", "B", "B", "C", "C", "N"]
    assert record.total_samples == sets and record.cfg.sample_rates == [[HZ, sets]]
    step = datetime.timedelta(microseconds=125)
    assert record.start_timestamp == START + first * step
    assert record.trigger_timestamp == START + trigger * step
    assert record.trigger_time == pytest.approx(3 * CYCLE / HZ, abs=1e-9)
    assert np.allclose(record.time, np.arange(sets) / HZ, atol=1e-9)
    for k, channel in enumerate(record.cfg.analog_channels):
        scale = (U_FS if channel.uu == "V" else I_FS) / FULL
        assert channel.uu == "AV"[k % 2] and channel.pors == "P"
        assert channel.a == pytest.approx(4096 * scale, rel=1e-8)
        fed = words[first : first + sets, k].astype(np.int64)
        got = np.asarray(record.analog[k])
        # what a value cuts off the next one has: one unit of 4096 words at any one sample, and
        # nothing on average but the byte that is left out of each
        off = got / scale - fed
        assert np.abs(off).max() <= 4096 and -140 < off.mean() < 10
    # the dip is where the trigger says
    volts = np.asarray(record.analog[3])
    rms = [np.sqrt((volts[k : k + CYCLE] ** 2).mean()) for k in (0, 4 * CYCLE)]
    assert rms[0] == pytest.approx(230, rel=0.01) and rms[1] == pytest.approx(138, rel=0.02)
