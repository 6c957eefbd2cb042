"""A dip of the mains, from the wires of the metrology unit to a record that a foreign reader of
COMTRADE takes from the board's flash."""

import datetime
import json

import comtrade
import numpy as np
import pytest
from rig import rig
from vboard_user import mpremote

BOTH = 3
CYCLE, BEFORE, AFTER = 160, 3, 7
VB = 3  # column of the record
DEPTH = 0.4


def test_a_dip_is_recorded(tmp_path):
    with rig(meters=1) as bench:
        bench.wait_mode(BOTH)
        bench.wait("steady values", lambda: bench.terminal("windows") > 15)
        assert "(none)" in bench.verb("ttu.waveforms()")
        truth = bench.emulator(cmd="truth")["rms"]
        bench.emulator(cmd="dip", phase="B", depth=DEPTH, cycles=30)
        event = bench.wait("the event", lambda: bench.event("WAVEFORM"))
        assert event["text"] == "dip, /waves/w0000001.cfg"
        dip = bench.wait("the dip's end", lambda: bench.event("DIP", "over: B"))
        lines = bench.verb("ttu.waveforms()").splitlines()
        assert lines[1].split()[0] == "1" and lines[1].split()[3:5] == ["dip", "200"]
        assert "1 written since boot" in lines[-1]
        assert "lost" not in json.dumps(bench.station.failures())
        assert bench.terminal("windows_lost") == 0

        bench.console.type("\x03")
        bench.console.until(">>> ", 20)
        for ending in ("cfg", "dat"):
            name = f"w0000001.{ending}"
            mpremote(bench.station.board.pty, "fs", "cp", f":/waves/{name}", str(tmp_path / name))
        bench.console.type("\x04")
        bench.console.until("ttu> ", 30)
        assert "  dip  " in bench.verb("ttu.waveforms()")  # the next boot finds it

    record = comtrade.load(str(tmp_path / "w0000001.cfg"))
    assert record.station_name == "ttu" and record.frequency == 50
    assert record.total_samples == (BEFORE + AFTER) * CYCLE
    for column, name in enumerate(record.analog_channel_ids):
        before = rms(record, column, 0)
        after = rms(record, column, record.total_samples - CYCLE)
        assert before == pytest.approx(truth[name], rel=1e-4), name
        # the unit's removal of DC lets some of the mains through for 256 ms after a step
        drop, rel = (1 - DEPTH, 1e-3) if column == VB else (1, 1e-4)
        assert after == pytest.approx(truth[name] * drop, rel=rel), name
    # the event on the uplink says the same: `over: B, at worst 138000, 600 ms`
    worst_mv = int(dip["text"].split("at worst ")[1].split(",")[0])
    assert worst_mv / 1000 == pytest.approx(truth["VB"] * (1 - DEPTH), rel=3e-3)
    # it begins up to a cycle and a half before it is seen, and that is told at once
    fallen = np.abs(record.analog[VB]).reshape(-1, CYCLE // 2).max(axis=1)
    assert all(fallen[:2] > 300) and all(fallen[-12:] < 220)
    moment = record.trigger_timestamp.replace(tzinfo=datetime.UTC).timestamp() * 1000
    began = bench.event("DIP", "began: B")
    assert -1 <= began["stamp_ms"] - moment <= 100, (began, record.trigger_timestamp)
    assert record.trigger_time == pytest.approx(BEFORE / 50, abs=1e-6)


def rms(record, column, first):
    return np.sqrt(np.square(record.analog[column][first : first + CYCLE]).mean())
