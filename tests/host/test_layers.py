"""Who may import whom: the table of the architecture, enforced on every file's syntax tree."""

import ast

import pytest
from conftest import ROOT

# room: what it may import of this repository, longest prefix wins; {own} is its own folder
ALLOWED = {
    "firmware/core": set(),
    "firmware/codec": {"firmware.core"},
    "firmware/points": {"firmware.core"},
    "firmware/config": {"firmware.core"},
    "firmware/chips": {"firmware.core"},
    "firmware/control": {"firmware.core"},
    "firmware/devices": {"firmware.core", "firmware.codec", "firmware.bay.contract"},
    "firmware/security": {"firmware.core"},
    "firmware/link": {"firmware.core"},
    "firmware/metering": {"firmware.core", "firmware.points"},
    "firmware/bay": {"firmware.core", "firmware.points"},
    "firmware/apps": {"firmware.core"},
    "firmware/apps/host": {"firmware.core", "firmware.points"},
    "firmware/store": {"firmware.core", "firmware.points"},
    "firmware/uplink": {"firmware.core", "firmware.codec", "firmware.points"},
    "firmware/supervisor": {"firmware.core"},
    "firmware/console": {"firmware.core"},
    "firmware/timing": {"firmware.core"},
    "firmware/main": {"firmware"},
    "firmware/booting": {"firmware"},  # parts of the composition root
    "firmware/calibrating": {"firmware"},
    "firmware/controlling": {"firmware"},
    "firmware/delivering": {"firmware"},
    "firmware/energy_keeper": {"firmware"},
    "firmware/expansion": {"firmware"},
    "firmware/keeping": {"firmware"},
    "firmware/health": {"firmware"},
    "firmware/loading": {"firmware"},
    "firmware/timekeeping": {"firmware"},
    "firmware/supply": {"firmware"},
    "firmware/storing": {"firmware"},
    "firmware/telling": {"firmware"},
    "firmware/metrology": {"firmware"},
    "firmware/register_metrology": {"firmware"},
    "modules": {
        "firmware.core",
        "firmware.codec",
        "firmware.chips",
        "firmware.devices",
        "firmware.bay.contract",
    },
    "board": {"firmware.core", "firmware.chips", "board.wires", "board.thumb"},
    "tools": {"firmware.core", "firmware.codec", "tools"},
    "tools/accuracy/device": {"firmware"},  # runs under MicroPython: the code that is measured
    # runs on the board and counts what the code under test costs
    "tools/virtual/device": {"firmware.core", "board.wires", "tools"},
    # under MicroPython: what is judged
    "tools/virtual/parts": {"firmware"},
    "tools/hplc/terminal": {"firmware", "modules", "tools"},
    "tools/modem/terminal": {"firmware", "modules", "tools"},
    "tools/control/terminal": {"firmware", "modules", "tools"},
    "tools/control/plants": {"firmware", "modules", "tools"},
    "tools/powercut/device": {"firmware", "tools"},
    "tools/memory/terminal": {"firmware", "modules", "tools"},
    "tools/soak/terminal": {"firmware", "tools"},
    "tools/soak/device": {"board.unix", "tools"},
    "tools/poll/terminal": {"firmware", "modules", "tools"},
    "tools/retention/terminal": {"firmware", "tools"},
    "tools/retention/world": {"firmware", "tools"},
    "tools/energy/world": {"firmware"},
    "tools/energy/terminal": {"firmware", "tools"},
    "tools/outage/terminal": {"firmware", "tools"},
    "tools/bench/device": {"firmware.metering", "firmware.config", "board.thumb", "tools"},
}
BOOT = {"board/unix/main.py", "board/esp32s3/main.py", "board/stm32/main.py"}
OURS = ("firmware", "board", "modules", "tools")
# emulators and peers must not lean on what they are to prove
INDEPENDENT = ("tools/emulator", "tools/station", "tools/fuzz/")
# of the fuzzer all but what runs the codecs
DEVICE = ("tools/fuzz/device/",)


def imports(path):
    """Dotted names a file imports, `from a import b` as a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_below(name, package):
    return name == package or name.startswith(package + ".")


def room_of(relative):
    stem = relative.removesuffix(".py")
    fits = [room for room in ALLOWED if stem == room or stem.startswith(room + "/")]
    return max(fits, key=len, default=None)


def offences(relative, names):
    """Imports of the file `relative` that the table does not allow."""
    room = room_of(relative)
    assert room is not None, f"{relative} is in no room of the architecture"
    own = "/".join(relative.split("/")[:2]).replace("/", ".").removesuffix(".py")
    found = []
    for name in names:
        if name.split(".")[0] == "machine" and not relative.startswith("board/"):
            found.append(name)
        if name.split(".")[0] not in OURS or is_below(name, own):
            continue
        is_apart = relative.startswith(INDEPENDENT) and not relative.startswith(DEVICE)
        allowed = set() if is_apart else ALLOWED[room]
        allowed = allowed | ({"tools"} if room == "tools" else set())
        if relative in BOOT:
            allowed = {"firmware.main", "board"}
        if not any(is_below(name, package) for package in allowed):
            found.append(name)
    return found


SOURCES = sorted(p for top in OURS for p in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_architecture(path):
    relative = str(path.relative_to(ROOT))
    if path.name.startswith("manifest"):
        return  # read by the port's build, imports nothing
    assert not offences(relative, imports(path))


def test_the_rule_catches_an_offence():
    assert offences("firmware/link/x.py", ["firmware.points.table"])
    assert offences("firmware/uplink/x.py", ["firmware.store.events"])
    assert offences("firmware/core/x.py", ["machine"])
    assert offences("modules/rs485/x.py", ["firmware.bay.slot"])
    assert offences("tools/emulator/x.py", ["firmware.core.crc"])
    assert offences("tools/fuzz/sums.py", ["firmware.core.crc"])
    assert not offences("tools/fuzz/device/x.py", ["firmware.codec.dlt645"])
    assert not offences("modules/rs485/x.py", ["modules.rs485.line", "firmware.bay.contract"])
