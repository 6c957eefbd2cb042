"""Emulator as a process: sockets, pins, control commands, clean end, bad input."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT
from emulator_client import PIN_RECORD, Emulator, connect, receive


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("emu"), "--pace", "lockstep") as running:
        levels = dict(running.edge()[:2] for _ in range(6))  # on connect: every level
        assert sorted(levels) == [0, 1, 2, 3, 4, 5]
        if levels[1] == 1:
            running.await_level(1, 0)  # RSTDONE
        acknowledge_reset(running)
        yield running


def acknowledge_reset(emulator):
    emulator.write(0x403, 0xFFFFFFFF)
    emulator.await_level(1, 1)


def test_version_with_crc_over_the_socket(emulator):
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"


def test_records_may_be_split_anywhere(emulator):
    whole = bytes.fromhex("0100000200064fe800000000030000")
    for cut in range(1, len(whole)):
        emulator.spi.sendall(whole[:cut])
        time.sleep(0.001)
        emulator.spi.sendall(whole[cut:])
        assert receive(emulator.spi, 6).hex() == "000000fe13de"


def test_streaming_in_lockstep_is_gapless(emulator):
    emulator.ask(cmd="signal", freq=50, noise=0.0, u_harm={}, i_harm={})
    emulator.write(0x480, 1, 2)
    emulator.write(0x4A1, 0x8080, 2)
    emulator.write(0x405, 1 << 17)
    emulator.waiting_edges()
    emulator.write(0x4A0, 0x13F0, 2)
    samples, stamps = [], []
    for k in range(12):
        stamps.append(emulator.await_level(0, 0))
        if k in (4, 7):
            time.sleep(0.05)  # late: the crystal has to wait
        last = emulator.read(0x4A3, 2)[0] >> 4
        data = emulator.read(0x800 if 7 <= last <= 14 else 0xC00, 3584)
        emulator.write(0x402, 1 << 17)
        samples.append(np.frombuffer(data, ">i4").reshape(-1, 7)[:, 1])
    emulator.write(0x4A0, 0, 2)
    volts = np.concatenate(samples)[128:] * (500 / 74532013)
    turn = np.unwrap(np.angle(volts[40:] + 1j * volts[:-40]))  # 40 samples = 90 degrees
    assert (
        np.abs(np.diff(turn) + 2 * np.pi / 160).max() < 1e-3
        or np.abs(np.diff(turn) - 2 * np.pi / 160).max() < 1e-3
    )
    assert all(b - a >= 15900 for a, b in zip(stamps, stamps[1:]))
    truth = emulator.ask(cmd="truth")
    assert truth["ok"] and truth["pace"] == "lockstep" and truth["overwrites"] == 0
    assert truth["lockstep_waits"] >= 2 and truth["lockstep_losses"] == 0


def test_truth_is_what_was_asked_for(emulator):
    emulator.ask(
        cmd="signal",
        freq=50,
        u=[231, 229, 230],
        i=[10, 20, 30, 5],
        phi_deg=[0, 60, -60],
        u_harm={},
        i_harm={},
        noise=1e-5,
    )
    time.sleep(1.1)
    truth = emulator.ask(cmd="truth")
    assert truth["rms"]["VA"] == pytest.approx(231, rel=1e-6)
    assert truth["rms"]["IN"] == pytest.approx(5, rel=1e-6)
    assert truth["p"]["B"] == pytest.approx(229 * 20 * 0.5, rel=1e-6)
    assert truth["q"]["C"] == pytest.approx(-230 * 30 * 0.75**0.5, rel=1e-6)
    assert truth["phase_deg"]["VB"] == pytest.approx(-120, abs=1e-6)
    assert truth["full_scale_v"] == 500 and truth["freq_hz"] == 50
    assert truth["energy_wh"]["total"] > 0


def test_peek_and_poke(emulator):
    want = {"ok": True, "reg": "0x472", "value": 1 << 20}
    assert emulator.ask(cmd="peek", reg="PART_ID") == want
    assert emulator.ask(cmd="poke", reg="0x000", value=77)["ok"]
    assert emulator.read(0x000).hex() == "0000004d"
    assert emulator.ask(cmd="peek", reg="AIGAIN")["value"] == 77
    emulator.ask(cmd="poke", reg="AIGAIN", value=0)


def test_pulled_spi_answers_ff_and_ignores_writes(emulator):
    before = emulator.read(0x001)
    emulator.ask(cmd="pull", what="spi")
    assert emulator.frame(bytes.fromhex("4FE8"), 4) == b"\xff" * 6
    emulator.write(0x001, 5)
    emulator.ask(cmd="plug", what="spi")
    assert emulator.read(0x001) == before
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"


def test_grounded_miso_answers_zeros(emulator):
    emulator.ask(cmd="pull", what="miso")
    assert emulator.frame(bytes.fromhex("4FE8"), 4) == bytes(6)
    emulator.ask(cmd="plug", what="miso")
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"


def test_a_burst_that_is_cut_ends_in_ones(emulator):
    whole = emulator.frame(bytes.fromhex("8008"), 1792)
    assert emulator.ask(cmd="cut", bursts=1, after_bytes=500)["ok"]
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"  # no burst
    assert emulator.ask(cmd="faults")["cuts_left"] == 1
    short = emulator.frame(bytes.fromhex("8008"), 1792)
    assert short[-1200:] == b"\xff" * 1200 and short != whole
    assert emulator.ask(cmd="faults")["cuts_left"] == 0
    assert not emulator.ask(cmd="cut", bursts=-1)["ok"]


def test_pulled_pins_read_idle_and_come_back(emulator):
    emulator.write(0x402, 0xFFFFFFFF)
    emulator.write(0x405, 1 << 15)  # DREADY: /IRQ0 low within a page
    emulator.await_level(0, 0)
    emulator.ask(cmd="pull", what="irq0")
    assert emulator.level_of(0)[0] == 1
    emulator.write(0x405, 0)
    emulator.write(0x405, 1 << 15)
    time.sleep(0.02)
    assert 0 not in emulator.waiting_edges()  # neither edge arrives
    emulator.ask(cmd="plug", what="all")
    assert emulator.level_of(0)[0] == 0
    emulator.write(0x405, 0)
    assert emulator.level_of(0)[0] == 1


def test_flipped_bits(emulator):
    good = emulator.read(0x472, 6)
    emulator.ask(cmd="flip", bits=1, after_bytes=3)
    bad = emulator.read(0x472, 6)
    assert sum((a ^ b).bit_count() for a, b in zip(good, bad)) == 1 and bad[1] != good[1]
    assert emulator.read(0x472, 6) == good
    assert emulator.ask(cmd="faults")["flips_left"] == 0


def test_dready_edges_only_after_watch(emulator):
    emulator.write(0x481, 3 << 2, 2)
    time.sleep(0.02)
    assert 5 not in emulator.waiting_edges()
    emulator.tell_pin(5, 0x81)
    falls = [emulator.await_level(5, 0) for _ in range(100)]
    assert all(124 <= b - a <= 126 for a, b in zip(falls, falls[1:]))
    emulator.write(0x481, 0, 2)


BAD_REQUESTS = [
    b"",
    b"nonsense",
    b"[]",
    b"{}",
    b'{"cmd": 5}',
    b'{"cmd": "fly"}',
    b'{"cmd": "truth", "x": 1}',
    b'{"cmd": "signal", "freq": "fast"}',
    b'{"cmd": "signal", "freq": 1e9}',
    b'{"cmd": "signal", "u": [1, 2]}',
    b'{"cmd": "signal", "u": 5}',
    b'{"cmd": "signal", "q": 1}',
    b'{"cmd": "signal", "u_harm": {"x": 1}}',
    b'{"cmd": "signal", "i_harm": {"99": 1}}',
    b'{"cmd": "signal", "noise": NaN}',
    b'{"cmd": "signal", "u": [NaN, 1, 1]}',
    b'{"cmd": "error", "channel": "XX"}',
    b'{"cmd": "error", "channel": "IA", "gain": "x"}',
    b'{"cmd": "error"}',
    b'{"cmd": "error", "channel": "VA", "leak": 0.001}',
    b'{"cmd": "error", "channel": "IA", "leak": 1}',
    b'{"cmd": "pull", "what": "teeth"}',
    b'{"cmd": "pull"}',
    b'{"cmd": "plug", "what": []}',
    b'{"cmd": "flip", "bits": -1}',
    b'{"cmd": "flip"}',
    b'{"cmd": "peek", "reg": "NOSUCH"}',
    b'{"cmd": "peek", "reg": "0x1000"}',
    b'{"cmd": "peek"}',
    b'{"cmd": "poke", "reg": "AWATT", "value": 1}',
    b'{"cmd": "poke", "reg": "AIGAIN"}',
    b'{"cmd": "poke", "reg": "AIGAIN", "value": 1.5}',
    b'{"cmd": "dip", "phase": "D"}',
    b'{"cmd": "dip", "phase": "A", "depth": 2, "cycles": 5}',
    b'{"cmd": "dip", "phase": "A"}',
    b"\xff\xfe\x00",
    b'{"cmd": "reset", "hard": true}',
    b'{"cmd": {"a": 1}}',
    b'{"cmd": "peek", "reg": ["AIGAIN"]}',
    b'{"cmd": "pull", "what": {"a": 1}}',
]


@pytest.mark.parametrize("line", BAD_REQUESTS)
def test_bad_requests_get_one_sentence(emulator, line):
    reply = emulator.ask_raw(line)
    assert reply["ok"] is False
    assert 5 < len(reply["error"]) < 200 and "\n" not in reply["error"]
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"


def test_a_refused_change_changes_nothing(emulator):
    emulator.ask(cmd="signal", freq=50)
    assert not emulator.ask(cmd="signal", freq=60, u=[1])["ok"]
    assert emulator.ask(cmd="truth")["freq_hz"] == 50


def test_brown_out_over_the_control_socket(emulator):
    emulator.write(0x4B2, 1234, 2)
    assert emulator.ask(cmd="reset")["ok"]
    assert emulator.read(0x4FE, 2) == b"\xff\xff"
    emulator.await_level(1, 0)  # RSTDONE
    assert emulator.read(0x4B2, 2) == b"\x00\xff"
    acknowledge_reset(emulator)


def test_reset_pin_over_the_pins_socket(emulator):
    emulator.tell_pin(8, 0)
    emulator.tell_pin(8, 1)
    emulator.await_level(1, 0)
    acknowledge_reset(emulator)


def test_clients_come_and_go_in_mid_frame(emulator):
    for junk in (
        "010000 020006 0000de",
        "010000 020004 0000dead",
        "070000",
        "040001 00",
        "010002 6162",
    ):
        other = connect(emulator.paths[0])
        other.sendall(bytes.fromhex(junk))
        time.sleep(0.01)
        other.close()
    emulator.spi = connect(emulator.paths[0])
    assert emulator.read(0x000) == bytes(4)  # no half-written register
    newer = connect(emulator.paths[0])  # a new client replaces the old one
    with pytest.raises((EOFError, ConnectionError)):
        emulator.frame(bytes.fromhex("4FE8"), 4)
    emulator.spi = newer
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"


def test_a_pins_client_that_never_reads_does_no_harm(emulator):
    deaf = connect(emulator.paths[1])
    deaf.sendall(PIN_RECORD.pack(5, 0x81, 0))
    emulator.write(0x481, 3 << 2, 2)
    emulator.write(0x480, 1, 2)
    time.sleep(0.2)
    assert emulator.frame(bytes.fromhex("4FE8"), 4).hex() == "000000fe13de"
    deaf.close()
    emulator.pins = connect(emulator.paths[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_cleanly_on_signals(tmp_path, number):
    emulator = Emulator(tmp_path)
    with emulator:
        emulator.process.send_signal(number)
        emulator.process.wait(timeout=10)


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--waveform", "missing.npz"], "there is no file missing.npz"),
        (["--full-scale-v", "0"], "above zero"),
        (["--pace", "slow"], "invalid choice"),
        (["--ppm", "1e9"], "--ppm"),
    ],
)
def test_bad_command_lines_end_with_a_sentence(tmp_path, options, sentence):
    argv = [sys.executable, "-m", "tools.emulator"]
    for name in ("spi", "pins", "control"):
        argv += ["--" + name, str(tmp_path / name)]
    done = subprocess.run(argv + options, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_unusable_socket_path(tmp_path):
    (tmp_path / "pins").write_text("a file that is not ours")
    argv = [sys.executable, "-m", "tools.emulator"]
    for name in ("spi", "pins", "control"):
        argv += ["--" + name, str(tmp_path / name)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "cannot listen" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["pins"]
