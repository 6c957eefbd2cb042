"""The profiles of the RS-485 module say what the tables of tools/station/devices/README.md say:
place, kind, unit, power of ten and duty of every point. Neither drifts from the other."""

import json
import re

import device_maps
import pytest
from conftest import ROOT

from tools.station.devices.kinds import KINDS

MAPS = device_maps.read()
PROFILES = ROOT / "firmware" / "devices" / "profiles"
PARITIES = {"N": "none", "E": "even", "O": "odd"}
DUTIES = ("key", "alarm", "data")
ALL = sorted(KINDS)
# Items with a duty that a profile leaves out, since nobody wants so many: the rest is asked for.
LEFT_OUT = {
    "meter-645": r"p[abc]|state[123]",
    "concentrator-698": r"hu[abc]\d+",
}
# The length of what the standard does not lay out
OWN = ("02900100", "03900000")


def profile(kind):
    return json.loads((PROFILES / f"{kind}.json").read_text())


def wanted(row):
    """[name, unit, power, duty, place, kind] of a README's row, as a profile has it; None for a
    setting."""
    duty = row.cells["class"].split(",")[0]
    if duty not in DUTIES:
        return None
    is_word = row.cells["power"] in ("bits", "enum")
    head = [
        row.name,
        "" if is_word else row.cells["unit"],
        0 if is_word else int(row.cells["power"]),
        duty,
    ]
    protocol = KINDS[row.kind].protocol
    return head + {"modbus": of_registers, "dlt645": of_items, "dlt698": of_objects}[protocol](row)


def of_registers(row):
    bits = 16 * int(row.cells["width"])
    return [int(row.pick("register")), f"{row.cells['sign']}{bits}"]


def of_items(row):
    place, form, width = row.pick("identifier"), row.cells["form"], row.cells["width"]
    if form == "bin16":
        return [place, "bits"]
    return [place, f"{form}{width}" if place in OWN else "bcd"]


def of_objects(row):
    is_single = row.cells["element"].startswith("none")
    return [row.cells["attribute"], 0 if is_single else int(row.pick("element"))]


def given(document):
    """Its points, with the kind that is meant where none is said."""
    default = {"modbus": "u16", "dlt645": "bcd", "dlt698": 0}[document["protocol"]]
    return [[*point, default][:6] for point in document["points"]]


def test_every_kind_has_a_profile():
    assert {path.stem for path in PROFILES.glob("*.json")} == set(KINDS) == set(MAPS)


@pytest.mark.parametrize("kind", ALL)
def test_points(kind):
    rows = {row.name: wanted(row) for row in MAPS[kind]}
    points = {point[0]: point for point in given(profile(kind))}
    assert points == {name: row for name, row in rows.items() if name in points}
    absent = {name for name, row in rows.items() if row and name not in points}
    left_out = LEFT_OUT.get(kind, "$^")
    assert {name for name in absent if not re.fullmatch(left_out, name)} == set()
    # what is left out is not asked for: else the table above is old
    assert not [name for name in points if re.fullmatch(left_out, name)]


@pytest.mark.parametrize("kind", ALL)
def test_line(kind):
    document, device = profile(kind), KINDS[kind]
    assert document["protocol"] == device.protocol
    assert document["baud"] in device.BAUDS
    assert document["parity"] == PARITIES[device.parity]
    head = MAPS[kind][0].head
    if device.protocol == "modbus":
        assert document.get("function", 3) == int(re.search(r"function (\d\d)", head).group(1))
        is_low = "low word first" in head
        assert document.get("words", "high") == ("low" if is_low else "high")
    assert document["about"].endswith(".")


@pytest.mark.parametrize("kind", [kind for kind in ALL if KINDS[kind].protocol == "dlt645"])
def test_blocks(kind):
    """A block holds what the table, or the text below it, says."""
    text = device_maps.README.read_text()
    section = text[text.index(f"### {kind} (") :].split("\n### ")[0]
    blocks = profile(kind)["blocks"]
    for block, members in blocks.items():
        said = re.search(rf"{block}(?:: | \()(\d)", section)
        assert said and len(members) == int(said.group(1)), block
        assert [member[:6] for member in members] == [
            members[0][:4] + (f"{k:02d}" if block[4:6] == "FF" else member[4:6])
            for k, member in enumerate(members, int(members[0][4:6]))
        ], block


@pytest.mark.parametrize("kind", ALL)
def test_the_device_holds_the_points(kind):
    """By name: what `make run` and `make poll` compare."""
    address = "17" if KINDS[kind].protocol == "modbus" else "000000000012"
    truth = KINDS[kind](address, 1).truth()
    assert not [point[0] for point in profile(kind)["points"] if point[0] not in truth]


@pytest.mark.parametrize(
    ("place", "value"), [(1, "kV"), (2, 5), (3, "key"), (4, 4711), (5, "s64"), (0, "uz")]
)
def test_a_drift_is_seen(monkeypatch, place, value):
    document = profile("temperature-humidity")
    document["points"][0][place] = value
    monkeypatch.setitem(globals(), "profile", lambda kind: document)
    with pytest.raises(AssertionError):
        test_points("temperature-humidity")
