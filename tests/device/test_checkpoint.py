"""Energies from two places: what a start finds whatever is old, gone or damaged; its number."""

import gc
import json

from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.store.checkpoint import LIMIT, Checkpoint
from firmware.store.journal import Journal
from tools.powercut.device.nor import Nor

UTC = 1790000000000
WAYS = ([5 << 20] * 6, 8, 77)


class Files:
    """What a Twin wants of a file system, in RAM."""

    def __init__(self):
        self.files = {}

    def open(self, path, mode):
        return File(self.files, path, mode)

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)


class File:
    def __init__(self, files, path, mode):
        self._files, self._path, self._at = files, path, 0
        if "w" in mode:
            files[path] = b""
        elif path not in files:
            raise OSError(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        self._files[self._path] += bytes(data)

    def seek(self, at, whence=0):
        self._at = len(self._files[self._path]) if whence == 2 else at
        return self._at

    def read(self, size):
        data = self._files[self._path][self._at : self._at + size]
        self._at += len(data)
        return data


class World:
    def __init__(self, has_journal=True):
        self.files = Files()
        self.chip = Nor(4)
        self.has_journal = has_journal
        self.utc = UTC

    def start(self):
        """(checkpoint, record, text of what was wrong) of a new boot."""
        journal = Journal(self.chip) if self.has_journal else None
        checkpoint = Checkpoint(Twin("/a", "/b", LIMIT, self.files), journal)
        record, wrong = checkpoint.read(self.utc)
        return checkpoint, record, wrong

    def damage_files(self):
        for path in self.files.files:
            self.files.files[path] = b"\x00" * 50


def cells(total):
    """24 of them, the total's six among them."""
    return [total // 3] * 18 + [total, 1, 2, 3, 4, 5]


def moment(total, tariff=1, utc=UTC, ways=WAYS):
    return utc, tariff, cells(total), bytes(24), ways


def whole(total, tariffs=None):
    return {"mwh": cells(total), "rest": [0] * 24, "tariffs": tariffs or cells(total)[18:]}


def test_boots():
    """Each start has a number that was never used, kept before anything else happens."""
    for has_journal in (True, False):
        world = World(has_journal)
        numbers = []
        for n in range(5):
            checkpoint, record, wrong = world.start()
            assert wrong == "" and (record is None) == (n == 0), (wrong, record)
            numbers.append(checkpoint.boot)
            if n == 2:
                checkpoint.write(whole(1000))
        assert numbers == [1, 2, 3, 4, 5]
        assert record["mwh"] == cells(1000)


def test_forward():
    """The journal's records after the copy count, each for the tariff it names."""
    world = World()
    checkpoint, _, _ = world.start()
    checkpoint.write(whole(1000))
    for total, tariff in ((1100, 1), (1300, 3), (1310, 3), (1400, 8)):
        checkpoint.keep(moment(total, tariff))
    checkpoint, record, wrong = world.start()
    assert wrong == "" and record["mwh"] == cells(1400)
    tariffs = record["tariffs"]
    assert (tariffs[0], tariffs[6], tariffs[18], tariffs[48]) == (1000, 100, 210, 90)
    assert record["ways"] == {"utc": UTC, "reg": WAYS[0], "missing": 8, "scale": 77}
    # and once more, from the record of the start
    _, again, _ = world.start()
    assert again == record
    # a copy that is as new is taken whole, with what is below one mWh
    checkpoint, _, _ = world.start()
    last = whole(1500, [1500, 1, 2, 3, 4, 5])
    last["rest"] = [9] * 24
    checkpoint.write(last)
    checkpoint, record, _ = world.start()
    assert record["rest"] == [9] * 24 and record["mwh"] == cells(1500)


def test_one_place_lost():
    """The other has it."""
    world = World()
    checkpoint, _, _ = world.start()
    checkpoint.write(whole(1000))
    checkpoint.keep(moment(1200))
    world.damage_files()
    checkpoint, record, wrong = world.start()
    assert "corrupt" in wrong and record["mwh"] == cells(1200) and not checkpoint.is_lost
    assert checkpoint.boot == 2
    world = World()
    checkpoint, _, _ = world.start()
    checkpoint.keep(moment(1200))
    checkpoint.write(whole(1250))
    world.chip = Nor(4)  # a new one
    checkpoint, record, wrong = world.start()
    assert wrong == "" and record["mwh"] == cells(1250) and checkpoint.boot == 2
    checkpoint.keep(moment(1260))
    checkpoint, record, wrong = world.start()
    assert record["mwh"] == cells(1260) and checkpoint.boot == 3
    # a region that is older than the files, though its numbers are not
    old = World()
    checkpoint, _, _ = old.start()
    for total in range(1, 40):
        checkpoint.keep(moment(total))
    world.chip = old.chip
    checkpoint, record, wrong = world.start()
    assert "behind" in wrong and record["mwh"] == cells(1250)
    checkpoint.keep(moment(1300))
    _, record, _ = world.start()
    assert record["mwh"] == cells(1300)


def test_both_lost():
    """The number goes on far behind, energies stay unknown until a person says otherwise."""
    world = World()
    checkpoint, _, _ = world.start()
    checkpoint.write(whole(1000))
    world.damage_files()
    world.chip = Nor(4)
    checkpoint, record, wrong = world.start()
    assert record is None and "corrupt" in wrong and checkpoint.is_lost
    assert checkpoint.boot > 1000000
    boot = checkpoint.boot
    for is_written in (False, True):
        checkpoint.keep(moment(50))
        if is_written:
            checkpoint.write(whole(60))
        checkpoint, record, wrong = world.start()
        assert checkpoint.is_lost and checkpoint.boot == boot + 1 + is_written
    world.files.files.clear()
    checkpoint, record, wrong = world.start()
    assert not checkpoint.is_lost and checkpoint.boot == boot + 3


def test_never_back():
    world = World()
    checkpoint, _, _ = world.start()
    checkpoint.keep(moment(1000))
    for call in (lambda: checkpoint.keep(moment(999)), lambda: checkpoint.write(whole(999))):
        try:
            call()
            raise AssertionError
        except StoreError as error:
            assert "go back" in str(error)
    assert world.start()[1]["mwh"] == cells(1000)


def test_how_it_ended():
    """In order, by a warning, or without."""
    for has_journal in (True, False):
        world = World(has_journal)
        checkpoint, _, _ = world.start()
        assert (checkpoint.failed_ms, checkpoint.was_stopped) == (0, False)
        if has_journal:
            checkpoint.keep(moment(1000), 0)
        checkpoint.write(whole(1000), 0, True)
        checkpoint, _, _ = world.start()
        assert checkpoint.was_stopped and not checkpoint.failed_ms
        checkpoint, _, _ = world.start()
        assert not checkpoint.was_stopped
        if not has_journal:
            checkpoint.write(whole(1100), UTC + 5000)
            assert world.start()[0].failed_ms == UTC + 5000
            continue
        checkpoint.keep(moment(1100, utc=UTC + 5004), UTC + 5000, True)
        checkpoint.keep(moment(1200, utc=UTC + 9000), UTC + 5000)
        for _ in range(2):  # a boot that is cut before it told that
            checkpoint, _, _ = world.start()
            assert checkpoint.failed_ms == UTC + 5000, checkpoint.failed_ms
        assert checkpoint.failures(UTC) == checkpoint.boot - 1
        assert checkpoint.failures(UTC + 5000) == 2  # starts since
        checkpoint.keep(moment(1300))
        assert world.start()[0].failed_ms == 0


def test_odd_files():
    """What another firmware wrote is read as far as it can be."""
    first = {"boot": 41, "mwh": cells(900)}
    for record, boot, is_known in (
        (first, 42, True),
        ({"boot": 41, "mwh": cells(900), "rest": 5, "ways": [], "tariffs": "x"}, 42, True),
        ({"boot": 41, "mwh": [1]}, 42, False),
        ({"mwh": cells(1)}, 0, False),
        ([], 0, False),
    ):
        world = World()
        Twin("/a", "/b", LIMIT, world.files).save(json.dumps(record).encode())
        checkpoint, found, wrong = world.start()
        assert (found is not None) == is_known, (record, wrong)
        assert bool(wrong) == (not is_known)
        assert checkpoint.boot >= boot and checkpoint.is_lost == (not is_known)
        if is_known:
            assert world.start()[1]["mwh"] == cells(900)


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        gc.collect()
        test()
print("OK")
