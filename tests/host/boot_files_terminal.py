"""Runs under MicroPython: the whole terminal built on flash whose files are damaged, one case
after another in one process. argv: how many cases, the seed. A JSON list for each defect planted
in the building, a line for each case that is not as it should be, and a JSON object at last.

Each file is damaged as flash does it (bits, a cut end, too long, empty, both copies gone) and as
another firmware might (the right checksum over nonsense).
"""

import gc
import json
import os
import random
import sys

import vfs

from board.unix import board
from firmware import controlling, register_metrology
from firmware.booting import Boot
from firmware.config import archive, interlocks, store
from firmware.core.heap import Heap
from firmware.core.twin import Twin
from firmware.link.ade9000 import chip
from firmware.main import Terminal
from firmware.metering import measuring
from firmware.store import event_codes as codes

assert controlling and register_metrology and chip and measuring  # the host's files will be gone

NAMES = ("config", "energy", "boots", "devices", "calibration", "control", "interlocks")
NAMES += ("time", "cursor")
ALARMS = (
    codes.CONFIG_DEFAULTED,
    codes.STORE_FAILED,
    codes.ARCHIVE_DAMAGED,
    codes.CALIBRATION_LOST,
    codes.CONTROL_UNKNOWN,
)
_BLOCK, _COUNT = 4096, 32


class Ram:
    """A block device without any faults of its own."""

    def __init__(self, image=None):
        self.bytes = bytearray(image or _BLOCK * _COUNT)

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        buf[:] = memoryview(self.bytes)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        self.bytes[at : at + len(buf)] = buf

    def ioctl(self, request, _):
        return {4: _COUNT, 5: _BLOCK}.get(request, 0)


def mount(ram):
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(ram), "/")
    os.chdir("/")


def built():
    """(the terminal on what is mounted, how it was booted)."""
    boot = Boot(board)
    terminal = boot.build(lambda: Terminal(board, Heap(), boot))
    return terminal, boot


def healthy():
    """The image of a terminal that has all its files, twice each."""
    ram = Ram()
    vfs.VfsLfs2.mkfs(ram)
    mount(ram)
    settings = store.on_flash()
    settings.load()
    for name in ("one", "two"):
        settings.set("station.name", name)
        settings.commit()
    archive.on_flash().add_all(
        [archive.parse("1 meter-645 00000000000%d 0 - m%d" % (i, i)) for i in range(5)]
    )
    archive.on_flash().remove("m4")
    rules = interlocks.on_flash()
    rules.add(interlocks.parse("control-4.q1 close control-4.q2 = 1"))
    rules.add(interlocks.parse("control-4.q1 open control-4.q2 = 1"))
    for payload in (b"desk 3\n", b"desk 4\n! control-4.q1 open desk\n"):
        Twin("/control.a", "/control.b", 1024).save(payload)
    cursors = {"v": 1, "events": [[2, 5], [[2, 7], [2, 9]]], "curve": [[3, 1], []]}
    for _ in range(2):
        Twin("/cursor.a", "/cursor.b", 4096).save(json.dumps(cursors).encode())
    entry = {"rows": [], "done": [], "utc_ms": 0, "operator": "x", "settings": 1, "checksum": 0}
    text = json.dumps({"now": entry, "before": None, "config": None}).encode()
    for _ in range(2):
        Twin("/calibration.a", "/calibration.b", 4096).save(text)
    for _ in range(2):
        terminal, boot = built()
        for _ in range(2):
            terminal.keeper.stop()
            terminal.timekeeping.save()
        boot.ended()
    return ram.bytes


def read(path):
    with open(path, "rb") as file:
        return file.read()


def damage(name, how, draw):
    """Damage one copy of a file or both, in one of the ways."""
    paths = ["/%s.%s" % (name, copy) for copy in "ab"]
    if how == "nonsense":
        twin = Twin(paths[0], paths[1], 24576)
        twin.save(nonsense(twin.load()[0], draw))
        return
    for path in paths if draw(3) else paths[draw(2) :][:1]:
        data = bytearray(read(path))
        if how == "bits":
            for _ in range(1 + draw(8)):
                data[draw(len(data))] ^= 1 << draw(8)
        elif how == "cut":
            data = data[: draw(len(data))]
        elif how == "long":
            data += os.urandom(30000)
        elif how == "empty":
            data = b""
        else:
            os.remove(path)
            if how == "folder":
                os.mkdir(path)
            continue
        with open(path, "wb") as file:
            file.write(data)


HOWS = ("nonsense", "bits", "cut", "long", "empty", "folder", "gone")


def nonsense(payload, draw):
    """A payload that is read, and is not what it should be."""
    try:
        document = json.loads(payload)
    except ValueError:
        document = None
    if document is None or draw(4) == 0:
        data = bytearray(payload)
        for _ in range(1 + draw(5)):
            data[draw(len(data))] = draw(256)
        return bytes(data)
    at = document
    while True:
        keys = list(at.keys()) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = keys[draw(len(keys))]
        if isinstance(at[key], (dict, list)) and draw(2):
            at = at[key]
            continue
        at[key] = (None, -1, 1 << 70, "x" * 99, [], {}, [[]], True, 1.5, {"x": {}})[draw(10)]
        break
    return json.dumps(document).encode()


def judge(terminal, boot, name, how):
    """ "" or what is not as it should be."""
    if boot.failure:
        return "it was not built as it should be: " + boot.failure
    told = [event for event in terminal.events.last(64) if event[1] in ALARMS]
    is_same = terminal.config.get("station.name") in ("one", "two") and boot.boots.number >= 3
    is_same = is_same and terminal.checkpoint.boot >= 3 and len(list(terminal.archive.rows())) >= 3
    if not told and how != "gone" and not is_same:
        return "something is lost and nothing is told"
    return ""


class Broken(Terminal):
    """A defect of the firmware that something sets off."""

    sets_off = None  # what(terminal): does it?

    def _build_billing(self):
        if self.sets_off():
            raise ValueError("planted")
        super()._build_billing()


class Patient(Boot):
    def _give_up(self):
        """The original waits for a person, then for the watchdog."""
        return


def ladder(image):
    """What is built when building fails: what sets it off, then safe mode, the station's name, is
    the archive there, or set aside, what is told, and safe mode at the next boot."""

    def exists(path):
        return path.strip("/") in os.listdir("/")

    defects = (
        ("bay", lambda t: not t.boot.is_safe),
        ("setting", lambda t: t.config.get("rs485.key_s") == 7),
        ("needed setting", lambda t: t.config.get("station.name") != "ttu"),
        ("file", lambda t: exists("/devices.a")),
        ("always", lambda t: True),
    )
    for name, sets_off in defects:
        mount(Ram(image))
        settings = store.on_flash()
        settings.load()
        settings.set("rs485.key_s", 7)
        settings.commit()
        Broken.sets_off = sets_off
        boot = Patient(board)
        terminal = boot.build(lambda: Broken(board, Heap(), boot))  # noqa: B023
        row = [name, boot.boots.safe, None, exists("/devices.a"), exists("/devices.a.bad"), []]
        if terminal:
            row[2] = terminal.config.get("station.name")
            row[5] = [terminal.event_name(event[1]) for event in terminal.events.last(9)]
            terminal = None
            boot = Boot(board)  # the next one: it remembers, and tries no ordinary terminal
            row.append(boot.boots.safe)
        print(json.dumps(row))


def weak(image):
    """Brownouts, one after the other: the tenth writes nothing to flash until it has lived."""
    mount(Ram(image))
    cause, board.reset_cause = board.reset_cause, lambda: "brownout"
    kept = []
    for _ in range(10):
        terminal, boot = built()
        kept.append(boot.is_kept)
    terminal.clock._ms += 31000  # it lives
    terminal.health.round()
    board.reset_cause = cause
    print(json.dumps(["weak", kept, boot.is_kept]))


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    random.seed(seed)
    draw = random.randrange
    image = healthy()
    terminal, boot = built()
    assert not boot.failure and not boot.is_safe, boot.failure
    terminal = None
    ladder(image)
    weak(image)
    wrong = alarms = 0
    for i in range(count):
        terminal = boot = None
        gc.collect()
        mount(Ram(image))
        name, how = NAMES[i % len(NAMES)], HOWS[i // len(NAMES) % len(HOWS)]
        damage(name, how, draw)
        terminal, boot = built()
        text = judge(terminal, boot, name, how)
        if text:
            wrong += 1
            print("case %d, %s %s: %s" % (i, name, how, text))
        alarms += len([e for e in terminal.events.last(64) if e[1] in ALARMS]) > 0
    print(json.dumps({"cases": count, "wrong": wrong, "with_alarm": alarms}))


main()
