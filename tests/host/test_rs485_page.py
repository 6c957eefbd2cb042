"""modules/rs485/README.md against the code: its example profile works, and no key, setting or
counter is missing from it."""

import json
import re
import sys

import pytest
from conftest import ROOT
from pymodbus.framer import FramerRTU

from firmware.bay.contract import ALARM, DATA, KEY
from firmware.codec.exchange import DONE
from firmware.config.schema import SCHEMA
from firmware.core.errors import SlotError
from firmware.devices import profile
from firmware.devices.dialect_modbus import Dialect

FOLDER = ROOT / "modules" / "rs485"
DEVICES = ROOT / "firmware" / "devices"
PAGE = (FOLDER / "README.md").read_text()
(EXAMPLE,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# (function, register, count) of a read, registers the pump has there, points as they must come
TOLD = (
    ((1, 0, 1), b"\x01", {"tripped": 1}),
    ((3, 100, 1), bytes((0, 5)), {"state": 5}),
    (
        (3, 102, 8),
        bytes.fromhex("FF38 0123 AAAA AAAA AAAA AAAA 0001 0002"),
        {"head": -200, "flow": 0x123, "volume": 65538},
    ),
    ((4, 20, 1), bytes.fromhex("00D7"), {"temperature": 215}),
)


@pytest.fixture
def pump(tmp_path, monkeypatch):
    """load(text): the Profile of a file pump.json that holds it."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(profile, "_loaded", {})
    folder = tmp_path / "firmware" / "devices" / "profiles"
    folder.mkdir(parents=True)

    def load(text):
        (folder / "pump.json").write_text(text)
        return profile.load("pump", lambda protocol: Dialect())

    return load


def test_the_example_is_a_profile(pump):
    found = pump(EXAMPLE)
    assert found.serial == (19200, "even") and found.reply_ms == 300
    assert found.duties == KEY | ALARM | DATA and found.ends == [1, 2, 4]
    assert [read[0] for read in found.reads] == [told[0] for told in TOLD]
    assert found.points[2] == ("head", "m", -2)


def test_the_example_reads_a_pump(pump):
    """Unit 9 answers each request of the profile; the checksums are pymodbus's."""
    found = pump(EXAMPLE)
    dialect = Dialect()
    names = [point[0] for point in found.points]
    for (ask, points), (_, data, wanted) in zip(found.reads, TOLD, strict=True):
        request = dialect.begin(dialect.address("9"), ask)
        assert request[:2] == bytes((9, ask[0]))
        body = bytes((9, ask[0], len(data))) + data
        dialect.master.feed(body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))
        assert dialect.master.take() == DONE
        got = {}
        dialect.values(points, lambda i, value, bits, got=got: got.update({names[i]: value}))
        assert got == wanted


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ('"key"', '"urgent"', "point tripped: the duty is key, alarm or data"),
        ('"s16"', '"float"', "point head: float is none of u16"),
        ("19200", "19000", "the rate is one of"),
        ('"even"', '"mark"', "the parity is none, even or odd"),
        ('"points"', '"rows"', "has no .points"),
        ("{", "", "not readable JSON"),
    ],
)
def test_a_wrong_profile_is_one_sentence(pump, right, wrong, words):
    with pytest.raises(SlotError, match=words):
        pump(EXAMPLE.replace(right, wrong, 1))


def test_every_key_of_a_profile_is_explained():
    keys = {"about"}
    for file in DEVICES.glob("*.py"):
        keys |= set(re.findall(r'document(?:\.get\(|\[|, )"(\w+)"', file.read_text()))
    assert len(keys) == 14
    assert not [key for key in keys if f"`{key}`" not in PAGE]
    for file in (DEVICES / "profiles").glob("*.json"):
        assert set(json.loads(file.read_text())) <= keys, file.name


def test_every_setting_is_explained():
    rows = [row for row in SCHEMA if row[0].startswith("rs485.")]
    assert rows
    assert not [row[0] for row in rows if f"| `{row[0]}` | {row[2]} |" not in PAGE]


def test_every_counter_is_named():
    source = (FOLDER / "driver.py").read_text()
    counters = re.findall(r'^ +"(\w+)": ', source[source.index("def stats") :], re.MULTILINE)
    assert len(counters) == 11
    assert not [name for name in counters if f"`{name}`" not in PAGE]
