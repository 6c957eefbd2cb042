"""docs/module.md, 'Write your own module in 60 lines': its code is the module these tests run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import module_page
import pytest
from conftest import ROOT
from rig import rig
from test_backplane import Rack
from test_layers import imports, offences

from tools.deploy import tree
from tools.emulator.sht30 import Sht30, crc8

LINES = 60
DRIVER, ROWS = module_page.blocks(module_page.PAGE.read_text())


def bench(micropython, folder):
    """What the bench says of the module in the tree `folder`."""
    path = f"{folder}:{ROOT}/tests/host:.frozen"
    return subprocess.run(
        [*micropython, "-X", "heapsize=256k", str(ROOT / "tests" / "host" / "module_bench.py")],
        env=dict(os.environ, MICROPYPATH=path),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_is_as_short_as_the_page_says():
    assert len(DRIVER.splitlines()) <= LINES
    assert f"in {LINES} lines" in module_page.PAGE.read_text().splitlines()[0]


def test_it_is_in_the_style_of_the_house(tmp_path):
    file = tmp_path / "driver.py"
    file.write_text(DRIVER)
    assert not offences("modules/thermo/driver.py", imports(file))
    ruff = Path(sys.executable).with_name("ruff")
    words = [ruff, "check", "--config", ROOT / "pyproject.toml", file]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_in_a_slot_on_virtual_time(micropython, tmp_path):
    done = bench(micropython, module_page.plant(tmp_path, DRIVER))
    assert done.stdout == "OK\n", done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("- 450", "- 400"),
        ("data[3] << 8 | data[4]", "data[2] << 8 | data[3]"),
        ("return contract.SILENT", "data = bytes(6)"),
        ("range(0, count, 3)", "range(0, 3, 3)"),
        ("0x31 *", "0x07 *"),
        ("temperature > self._limit", "temperature < self._limit"),
        ("_MEASURE_MS = const(16)", "_MEASURE_MS = const(10)"),
        ("contract.ALARM + contract.DATA", "contract.DATA"),
        ("number % 2", "number % 1"),
        ("raise SlotError(", "print("),
        ("out(1, temperature, GOOD)", "out(1, temperature, 128)"),
    ],
)
def test_a_mistake_in_the_page_is_caught(micropython, tmp_path, right, wrong):
    assert right in DRIVER
    done = bench(micropython, module_page.plant(tmp_path, DRIVER.replace(right, wrong)))
    assert done.returncode and "OK" not in done.stdout


def test_the_emulated_chip_is_as_the_data_sheet_says():
    now = [0.0]
    chip = Sht30(lambda: now[0])
    assert crc8(b"\xbe\xef") == 0x92
    assert chip.read(6) is None  # nothing was asked
    chip.write(b"\xf3\x2d")
    assert chip.read(3) == b"\x00\x10" + bytes((crc8(b"\x00\x10"),))
    chip.set(temperature=-45, humidity=100)
    chip.write(b"\x24\x00")
    assert chip.read(6) is None  # it measures
    now[0] += 0.015
    assert chip.read(6) == b"\x00\x00\x81\xff\xff\xac"
    assert chip.read(6) is None  # told once
    chip.write(b"\x2c\x06")
    assert len(chip.read(6)) == 6  # the clock line would have been held


def test_an_identity_is_written_as_the_page_says(micropython, tmp_path):
    rack = Rack(micropython, tmp_path)
    rack.ask("plug", slot=3, module="blank")
    lines = module_page.snippet("from board.esp32s3").replace("board.esp32s3", "board.unix")
    script = rack.script(f"sys.path.insert(0, {str(ROOT)!r})\n{lines}")
    assert script.line(10) == "Identity(kind='thermo', vendor='you', serial='0001', revision=1)"
    script.end()
    rack.close()


@pytest.mark.alone
def test_on_the_virtual_board(tmp_path, monkeypatch):
    """Plugged, heated, pulled and plugged again, as a person does it."""
    monkeypatch.setattr(tree, "ROOT", module_page.plant(tmp_path, DRIVER, ROWS))
    settings = [("thermo.alarm_s", 1), ("thermo.data_s", 1), ("thermo.limit_c", 35)]
    with rig(settings=settings) as person:
        ask = person.station.ask
        listener = person.listener

        def values():
            return listener.values("thermo-3")

        def told(name):
            return [event for event in listener.events if event["event"] == name]

        begun = time.monotonic()
        assert ask("bay", do="plug", slot=3, module="thermo")["ok"]
        person.wait("values", lambda: values().get("temperature") == 21.5, 5)
        assert time.monotonic() - begun < 5
        assert values() == {"hot": 0, "temperature": 21.5, "humidity": 45.0}
        assert "3 thermo 1.0" in " ".join(person.verb("ttu.slots()").split())
        ask("bay", do="set", slot=3, temperature=45)
        person.wait("the alarm", lambda: told("STATE"), 5)
        assert told("STATE")[-1]["device"] == "thermo-3"
        assert told("STATE")[-1]["text"] == "hot 1, was 0"
        person.wait("the value", lambda: values().get("temperature") == 45.0, 5)
        ask("bay", do="unplug", slot=3)
        person.wait("no value", lambda: set(values().values()) == {None}, 5)
        assert "thermo" not in person.verb("ttu.slots()")
        ask("bay", do="plug", slot=3, module="thermo")
        person.wait("its return", lambda: values().get("temperature") == 21.5, 5)
        assert len(told("MODULE_IN")) == 3  # the RS-485 module of the start, and twice this one
        assert not told("TASK_CRASHED")
