"""Flash that fails without a power cut: bad blocks of five kinds, a full disk, flipped bits.

No exception but StoreError may escape, nothing wrong may be served, what was acknowledged and can
be read is there, the newest is kept, and what flash refused was told.
"""

from firmware.core.errors import StoreError
from firmware.store import event_codes
from tools.powercut.device.disk import Disk
from tools.powercut.device.exhaustive import Station, draw
from tools.powercut.device.nor import KINDS, READ_ERROR
from tools.powercut.device.tally import Tally
from tools.powercut.device.terminal import FILES, Terminal, blank
from tools.powercut.device.writers import WEIGHTS, made

_HISTORY = 10
_ACTS = 24
_ROWS = 8
_ALARMS = (event_codes.STORE_FAILED, event_codes.STORE_FULL)


def run(job, tally):
    """count: of each: kinds of bad blocks, full disks, flips."""
    station = Station(blank(), made())
    for boot in range(_HISTORY):
        station.run(tally, -1, -1, boot)
    for number in range(job["count"]):
        for kind in KINDS:
            bad = station.copy()
            used = [i for i in range(FILES) if bad.chip.cells[i]]
            block = used[draw(0, len(used) - 1)] if number % 2 else draw(0, FILES - 1)
            bad.chip.bad[block] = kind
            _trial(bad, kind, tally)
            tally.add("bad_blocks")
        full = station.copy()
        _fill(full)
        _trial(full, "full", tally)
        tally.add("full_disks")
        for _ in range(8):
            _flip(station.copy(), tally)
        print("faults", number + 1)


def _trial(station, kind, tally):
    """Work on, then start anew, and judge."""
    own = Tally()
    refused = told = 0
    try:
        terminal = Terminal(station.chip, station.us)
        for writer in station.writers:
            writer.boot(terminal, own)
        for _ in range(_ACTS):
            try:
                station.writers[WEIGHTS[draw(0, len(WEIGHTS) - 1)]].act(terminal, draw)
            except StoreError as error:
                refused += 1
                terminal.log.emit(event_codes.STORE_FAILED, "", str(error))
        told = sum([1 for event in terminal.log.last(128) if event[1] in _ALARMS])
        terminal.disk.shut()
        station.chip = station.chip.again()
        after = Terminal(station.chip, terminal.us)
        for writer in station.writers:
            writer.boot(after, own)
        after.disk.shut()
    except StoreError:
        refused += 1
    except Exception as error:  # what must not be
        if kind != READ_ERROR or not isinstance(error, OSError):
            tally.add("escaped", "%s: %r" % (kind, error))
    if kind == "full" and not told:
        tally.add("untold", "a full disk")
    tally.add("refused_" + kind.replace(" ", "_"), "", refused)
    for key in ("acked_lost", "corrupt_served", "order_broken", "energy_backwards"):
        # what cannot be read any more is lost, but nothing else may come in its place
        if own.counts[key] and not (kind == READ_ERROR and key != "corrupt_served"):
            tally.add(key, "%s: %s" % (kind, own.texts), own.counts[key])


def _fill(station):
    """Not one block is free."""
    disk = Disk(station.chip.region(0, FILES), station.chip)
    file = disk.open("/filler", "wb")
    try:
        while True:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        assert error.errno == 28, error
    disk.shut()
    station.chip = station.chip.again()


def _flip(station, tally):
    """One bit of one file: never served, and the neighbours stay. A record is lost, or the rows
    of a base row."""
    disk = Disk(station.chip.region(0, FILES), station.chip)
    paths = list(_files(disk, ""))
    path = paths[draw(0, len(paths) - 1)]
    with disk.open(path, "rb") as file:
        data = bytearray(file.read())
    if not data:
        return
    data[draw(0, len(data) - 1)] ^= 1 << draw(0, 7)
    with disk.open(path, "wb") as file:
        file.write(data)
    disk.shut()
    station.chip = station.chip.again()
    own = Tally()
    try:
        station.run(own, -1, -1, None)
    except Exception as error:
        tally.add("escaped", "%s with a flipped bit: %r" % (path, error))
    tally.add("flips")
    most = _ROWS if path.startswith(("/curve", "/daily")) else 1
    if own.counts["acked_lost"] > most:
        tally.add("acked_lost", "%s with a flipped bit: %s" % (path, own.texts))
    if own.counts["corrupt_served"]:
        tally.add("corrupt_served", "%s with a flipped bit: %s" % (path, own.texts))


def _files(disk, folder):
    for row in disk.ilistdir(folder or "/"):
        path = folder + "/" + row[0]
        if row[1] == 0x4000:
            yield from _files(disk, path)
        else:
            yield path
