"""The emulated backplane: its chips, its pins and lines, through the shim and by itself."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import tty

import pytest
from conftest import ROOT
from vboard_chip import Listener, Script, lines_of

from firmware.bay import identity
from firmware.core.errors import SlotError
from tools.emulator import records
from tools.emulator.eeprom import Eeprom
from tools.vboard import bay


class Rack:
    """A backplane process in a folder, and scripts on a board that is wired to it."""

    def __init__(self, argv, folder, *words):
        self.folder = folder
        self._argv = argv
        self._scripts = []
        (folder / "wiring.json").write_text(json.dumps(bay.wiring(folder)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", bay.MODULE, *bay.words(folder), *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, do, **fields):
        return bay.ask(f"{self.folder}/bay", do=do, **fields)

    def script(self, text):
        path = self.folder / "wiring.json"
        self._scripts.append(Script(self._argv, self.folder, HEAD + text, path))
        return self._scripts[-1]

    def close(self):
        for script in self._scripts:
            script.kill()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(5) == 0
        self.process.stdout.close()


@pytest.fixture
def rack(micropython, tmp_path):
    rack = Rack(micropython, tmp_path)
    yield rack
    rack.close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["script.py", "wiring.json"] or left == ["wiring.json"]


HEAD = """
import machine, sys, time
from machine import I2C, Pin, UART
i2c = I2C(1)
def present():
    return [not Pin(20 + n, Pin.IN, Pin.PULL_UP)() for n in range(1, 7)]
def power(n, level):
    Pin(30 + n, Pin.OUT, value=level)
    i2c_settles(n, level)
def i2c_settles(n, level):
    for _ in range(100):
        if (0x50 + n in i2c.scan()) == bool(level):
            break
        time.sleep_ms(5)
def wait():
    print('ready')
    sys.stdin.readline()
def code(call, *args):
    try:
        return call(*args)
    except OSError as error:
        return error.errno
"""


def test_an_eeprom_answers_as_the_data_sheet_says():
    now = [0.0]
    chip = Eeprom(bytes(range(200)), clock=lambda: now[0])
    chip.write(b"\xfe")
    assert chip.read(4) == b"\xff\xff\x00\x01"  # after the last byte comes the first
    assert chip.read(2) == b"\x02\x03"  # and the pointer stays where it is
    chip.write(b"\x0e" + b"abcd")  # a write stays within its page of eight
    assert not chip.is_answering()
    now[0] += 0.006
    assert chip.is_answering()
    assert chip.data[8:18] == b"cd" + bytes(range(10, 14)) + b"ab" + bytes((16, 17))
    assert chip.read(1) == bytes((10,))


def test_two_hands_wrote_the_record_alike():
    """The emulator's record is the firmware's, though they share no code."""
    record = records.identity("rs485", "OpenTTU", "S000001", 3)
    assert record == identity.build("rs485", "OpenTTU", "S000001", 3)
    assert identity.parse(Eeprom(record).data).serial == "S000001"
    assert identity.parse(records.wrong("unknown", "S1")).kind == records.NOBODY
    for name, words in (("blank", "blank"), ("corrupt", "checksum")):
        with pytest.raises(SlotError, match=words):
            identity.parse(Eeprom(records.wrong(name, "S1")).data)


def test_a_module_seen_from_the_board(rack):
    text = """
print(present(), i2c.scan())
wait()
print(present(), i2c.scan(), code(i2c.readfrom_mem, 0x53, 0, 4))
power(3, 1)
print(i2c.scan(), i2c.readfrom_mem(0x53, 0, 10), i2c.readfrom(0x53, 2))
print(i2c.writeto(0x53, b'\\x86abc'), code(i2c.readfrom, 0x53, 1))
time.sleep_ms(8)
buf = bytearray(4)
i2c.readfrom_mem_into(0x53, 0x80, buf)
print(buf, i2c.readfrom_mem(0x53, 0x85, 3))
Pin(43, Pin.OUT, value=1); Pin(43, Pin.OUT, value=0); Pin(43, Pin.OUT, value=1)
wait()
print(present(), i2c.scan())
"""
    script = rack.script(text)
    assert script.line() == f"{[False] * 6} []"
    assert script.line() == "ready"
    assert rack.ask("plug", slot=3, module="scale", serial="S7") == {
        "slot": 3,
        "module": "scale",
        "serial": "S7",
    }
    assert not rack.ask("status")["slots"]["3"]["is_powered"]
    script.tell("")
    assert script.line() == f"{[False, False, True, False, False, False]} [] 19"
    assert script.line() == r"[83] b'TTUM\x01\x01scal' b'e\x00'"
    assert script.line() == "4 19"  # it is busy writing
    assert script.line() == r"bytearray(b'c\xff\xff\xff') b'\xffab'"
    assert script.line() == "ready"
    status = rack.ask("status")["slots"]["3"]
    assert status["is_powered"] and status["resets"] == 1 and status["serial"] == "S7"
    rack.ask("unplug", slot=3)
    script.tell("")
    assert script.line() == f"{[False] * 6} []"
    script.end()
    time.sleep(0.1)
    assert not rack.ask("status")["slots"]["3"]["is_powered"]  # a board that is off feeds nobody


def test_lines_of_modules(rack):
    """What is behind the UART hears the board, and modules on one bus hear each other; without
    power nothing passes, and a module that is pulled takes its terminal device along."""
    far, near = os.openpty()
    tty.setraw(near)
    text = """
def listen(uart, ms=1500):
    for _ in range(ms // 5):
        if uart.any():
            break
        time.sleep_ms(5)
    return uart.read(50)
print(code(UART, 2) is not None)
wait()
one, two = UART(1), UART(2)
one.write(b'lost'); print(listen(two, 50))
power(1, 1); power(2, 1)
one.write(b'hello'); print(listen(two))
wait()
print(listen(one), listen(two))
wait()
one.write(b'gone'); time.sleep_ms(50)
print(listen(one, 20), listen(two, 20))
"""
    script = rack.script(text.replace("code(UART, 2) is not None", "'none'"))
    assert script.line() == "none" and script.line() == "ready"
    for slot in (1, 2):
        rack.ask("plug", slot=slot, module="rs485", peer=os.ttyname(near))
    script.tell("")
    assert script.line() == "None"
    assert script.line() == "b'hello'"
    assert script.line() == "ready"
    assert select.select([far], [], [], 2)[0] and os.read(far, 50) == b"hello"
    os.write(far, b"answer")
    script.tell("")
    assert script.line() == "b'answer' b'answer'"
    assert script.line() == "ready"
    rack.ask("unplug", slot=1)
    assert not (rack.folder / "uart1").exists() and (rack.folder / "uart2").exists()
    script.tell("")
    assert script.line() == "None None"
    assert rack.ask("status")["slots"]["2"]["bytes_down"] == 11
    os.close(far)
    os.close(near)
    time.sleep(0.1)
    rack.ask("unplug", slot=2)  # it survived the end of the bus


def test_a_bus_without_a_far_end(micropython, tmp_path):
    """Nobody there is ENODEV; somebody who says nothing is ETIMEDOUT, and no longer than that."""
    (tmp_path / "wiring.json").write_text(json.dumps(bay.wiring(tmp_path)))
    text = """
print(present(), code(i2c.readfrom_mem, 0x51, 0, 64), code(I2C(5).readfrom, 0x51, 1))
wait()
time.sleep_ms(110)
began = time.ticks_ms()
print(code(i2c.readfrom_mem, 0x51, 0, 64), 200 < time.ticks_diff(time.ticks_ms(), began) < 600)
"""
    script = Script(micropython, tmp_path, HEAD + text, tmp_path / "wiring.json")
    assert script.line() == f"{[False] * 6} 19 19"
    assert script.line() == "ready"
    silent = Listener(tmp_path / "i2c")
    silent.take = lambda data: None
    script.tell("")
    assert lines_of(script) == ["110 True"]
    silent.close()


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"do": "plug", "slot": 7, "module": "hplc"}, "no slot 7"),
        ({"do": "plug", "slot": True, "module": "hplc"}, "no slot True"),
        ({"do": "plug", "slot": 1}, "does not take these fields"),
        ({"do": "plug", "slot": 1, "module": "x" * 17}, "16 ASCII"),
        ({"do": "plug", "slot": 1, "module": "x", "peer": "/none"}, "cannot open"),
        ({"do": "unplug", "slot": 1}, "slot 1 is empty"),
        ({"do": "dance"}, "one of plug, unplug, set, status"),
    ],
)
def test_a_wrong_request_is_one_sentence(rack, request_, words):
    with pytest.raises(bay.BayError, match=words):
        rack.ask(**request_)
    assert rack.ask("status")["slots"]["1"]["module"] is None


def test_make_plug_finds_what_runs(rack, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.setattr(bay, "LINK", tmp_path_factory.mktemp("run") / "sub" / "bay")

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["bay", *words])
        bay.main()

    with pytest.raises(SystemExit, match="no bay runs here: start one with make run"):
        command("plug", "--slot", "3", "--module", "hplc")
    bay.publish(rack.folder)
    command("plug", "--slot", "3", "--module", "unreadable")
    with pytest.raises(SystemExit, match="slot 3 holds unreadable: unplug it first"):
        command("plug", "--slot", "3", "--module", "hplc")
    command("status")
    assert "slot 3: unreadable" in capsys.readouterr().out
    command("unplug", "--slot", "3")
    command("plug", "--slot", "4", "--module", "thermo")
    command("set", "--slot", "4", "temperature=45", "humidity=80.5")
    with pytest.raises(SystemExit, match="slot 3 is empty"):
        command("set", "--slot", "3", "temperature=45")
    command("supply", "good=0")
    command("supply", "good=1")
    with pytest.raises(SystemExit, match="'good' is 0 or 1"):
        command("supply", "good=2")
    for words in (
        ["supply"],
        ["plug", "--slot", "3"],
        ["unplug"],
        ["plug", "--slot", "x"],
        ["set", "--slot", "4"],
        ["set", "--slot", "4", "temperature"],
        ["unplug", "--slot", "4", "temperature=45"],
    ):
        with pytest.raises(SystemExit, match="^bay: "):
            command(*words)
    bay.withdraw("/somebody/else")
    assert bay.LINK.is_symlink()
    bay.withdraw(rack.folder)
    with pytest.raises(SystemExit, match="no bay runs here"):
        command("status")
