"""The desk-top RS-485 bus itself: pacing by due times, the program with its control socket, and
registers that a seed decides."""

import json
import os
import socket
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.station.meter_model import MeterModel
from tools.station.wire import Wire

ONE, TWO = "000000000001", "000000000002"


def test_wire_paces_by_absolute_due_times():
    wire = Wire(9600, "byte")
    char_s = 11 / 9600
    wire.send(b"abc", 100.0)
    wire.send(b"d", 100.0)  # queues behind
    due = []
    while (at := wire.next_due()) is not None:
        due.append(at)
        wire.deliver(at)
    assert due == pytest.approx([100 + char_s * n for n in (1, 2, 3, 4)], abs=1e-9)
    far = os.open(wire.path, os.O_RDWR | os.O_NOCTTY)
    got = b""
    while len(got) < 4:  # a PTY hands over what has arrived, and blocks while nothing has
        got += os.read(far, 9)
    assert got == b"abcd"
    os.close(far)
    assert (wire.bytes_down, wire.collisions) == (4, 0)
    assert wire.busy_s == pytest.approx(4 * char_s)
    wire.close()


def test_wire_frame_mode_and_collision():
    wire = Wire(2400)
    master = os.open(wire.path, os.O_RDWR | os.O_NOCTTY)
    os.write(master, bytes(12))
    data, crossed = wire.receive(50.0)
    assert (len(data), crossed) == (12, pytest.approx(50 + 12 * 11 / 2400))
    wire.send(bytes(20), 50.01)  # a meter speaks while the master still does
    assert wire.collisions == 1
    assert wire.next_due() == pytest.approx(50.01 + 20 * 11 / 2400)
    os.close(master)
    wire.close()


def test_control_socket_and_program(tmp_path):
    link, control = tmp_path / "bus", tmp_path / "control"
    argv = [sys.executable, "-m", "tools.station.meters", "--meters", "2", "--seed", "7"]
    argv += ["--link", str(link), "--control", str(control)]
    station = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        words = station.stdout.readline().split()
        assert words[0] == "ready" and os.readlink(link) == words[1]
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(control))
            lines = client.makefile("rw")

            def ask(text):
                lines.write(text + "\n")
                lines.flush()
                return json.loads(lines.readline())

            assert ask('{"do": "hold"}') == {"ok": True}
            reply = ask('{"do": "truth"}')
            assert reply["ok"] and set(reply["meters"]) == {ONE, TWO}
            assert not ask('{"do": "fault", "name": "nonsense"}')["ok"]
            assert not ask('{"do": "fault", "name": "drop", "meter": "9"}')["ok"]
            assert not ask("not JSON")["ok"]
    finally:
        station.terminate()
        assert station.wait(10) == 0
        station.stdout.close()
    assert not link.is_symlink() and not control.exists()


def test_same_seed_same_registers():
    one, two, other = MeterModel(1, ONE), MeterModel(1, ONE), MeterModel(2, ONE)
    for _ in range(500):
        one.step()
        two.step()
        other.step()
    assert one.registers() == two.registers() != other.registers()
    registers = one.registers()
    tariffs = [registers[f"0001{n:02X}00"] for n in (1, 2, 3, 4)]
    assert registers["00010000"] == sum(tariffs)
