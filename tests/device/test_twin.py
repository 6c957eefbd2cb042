"""Twin: on the host's files, on littlefs, and with the power cut at every flash operation."""

import os

from flash import each_cut, formatted, mounted
from places import HostFolder, everywhere

from firmware.core.errors import StoreError
from firmware.core.twin import Twin

LIMIT = 600
OLD = b"the old one " * 20
NEW = bytes(range(256)) * 2


def twin(fs):
    return Twin("/a", "/b", LIMIT, fs)


def put(fs, path, data):
    with fs.open(path, "wb") as file:
        file.write(data)


def fetch(fs, path):
    with fs.open(path, "rb") as file:
        return file.read()


def refused(function, *args):
    try:
        function(*args)
    except StoreError as error:
        assert "\n" not in str(error) and len(str(error)) > 10
        return True
    return False


def test_life(fs):
    t = twin(fs)
    assert t.load() == (None, (-1, "absent", ()))
    for i in range(5):
        t.save(b"payload %d" % i)
        payload, info = twin(fs).load()
        assert payload == b"payload %d" % i and info == (i + 1, "", ()), info
    # Both copies are in use: the older one is the payload before.
    assert {fetch(fs, "/a")[32:], fetch(fs, "/b")[32:]} == {b"payload 3", b"payload 4"}
    # Saving without having loaded continues the sequence.
    fresh = twin(fs)
    fresh.save(b"")
    assert twin(fs).load() == (b"", (6, "", ()))
    fresh.save(bytearray(b"x" * LIMIT))
    assert twin(fs).load()[0] == b"x" * LIMIT
    assert refused(fresh.save, b"x" * (LIMIT + 1))
    assert twin(fs).load()[1].sequence == 7


def test_damage(fs):
    t = twin(fs)
    t.save(OLD)
    t.save(NEW)
    newest = "/a" if fetch(fs, "/a")[32:] == NEW else "/b"
    good = fetch(fs, newest)
    for i in range(len(good)):
        put(fs, newest, good[:i] + bytes((good[i] ^ 0x20,)) + good[i + 1 :])
        payload, info = twin(fs).load()
        assert payload == OLD and info.damaged == ((newest, "corrupt"),), i
    for data in (b"", good[:31], good[:-1], good + b"x", b"\x00" * 600):
        put(fs, newest, data)
        payload, info = twin(fs).load()
        assert payload == OLD and info.damaged == ((newest, "corrupt"),), data
    put(fs, newest, b"z" * (LIMIT + 33))
    payload, info = twin(fs).load()
    assert payload == OLD and info.damaged == ((newest, "oversized"),)
    # The damaged copy is the one that is written next.
    t = twin(fs)
    t.save(b"again")
    assert twin(fs).load() == (b"again", (2, "", ()))
    assert fetch(fs, newest)[32:] == b"again"


def test_neither(fs):
    for a, b, reason in (
        (b"nonsense", None, "corrupt"),
        (b"z" * 5000, None, "oversized"),
        (b"z" * 5000, b"z" * 5000, "oversized"),
        (b"", b"z" * 5000, "corrupt"),
    ):
        for path, data in (("/a", a), ("/b", b)):
            put(fs, path, data or b"")
            if data is None:
                fs.remove(path)
        payload, info = twin(fs).load()
        assert payload is None and info.reason == reason and info.sequence == -1, info
    t = twin(fs)
    t.save(NEW)
    assert twin(fs).load()[0] == NEW


def test_wrap(fs):
    t = twin(fs)
    t._sequence, t._at = 0xFFFFFFFD, 0
    for i in range(5):
        t.save(b"%d" % i)
        payload, info = twin(fs).load()
        assert payload == b"%d" % i and info.sequence == (0xFFFFFFFE + i) & 0xFFFFFFFF


def test_full():
    """A flash without room refuses in one sentence and keeps what it had."""
    flash, fs = formatted()
    t = Twin("/a", "/b", 8000, fs)
    t.save(OLD)
    t.save(NEW)
    put(fs, "filler", b"f" * 11000)
    assert refused(t.save, b"x" * 4000)
    assert Twin("/a", "/b", 8000, fs).load()[0] == NEW
    t.save(OLD)
    assert Twin("/a", "/b", 8000, fs).load() == (OLD, (3, "", ()))


class Forgetful:
    """A file system that takes every byte and keeps all but the last of each write."""

    def __init__(self, fs):
        self.fs = fs
        self.rename = fs.rename

    def open(self, name, mode):
        return self if mode == "wb" and self.start(name) else self.fs.open(name, mode)

    def start(self, name):
        self.file = self.fs.open(name, "wb")
        return True

    def write(self, data):
        self.file.write(data[:-1])
        return len(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def test_read_back():
    """A write that flash did not take whole does not replace anything."""
    fs = formatted()[1]
    twin(fs).save(OLD)
    twin(fs).save(NEW)
    assert refused(twin(Forgetful(fs)).save, b"never kept")
    assert twin(fs).load() == (NEW, (2, "", ()))


def test_cuts():
    """Old or new, never neither; what was acknowledged is there; and it can be saved again."""
    flash, fs = formatted()
    cuts = 0
    previous = None
    # Often enough for littlefs to compact its own metadata in between.
    for payload in (OLD, NEW, OLD, b"", NEW) * 5:
        image = bytes(flash.bytes)

        def save(fs, payload=payload):
            twin(fs).save(payload)

        for fs, is_done, _ in each_cut(image, save):
            found, info = twin(fs).load()
            assert found == payload or (found == previous and not is_done), (cuts, info)
            twin(fs).save(b"after")
            assert twin(fs).load()[0] == b"after"
            cuts += 1
        fs = mounted(flash)
        save(fs)
        previous = payload
    return cuts


def test_cut_twice():
    """A second cut while the save after the first one goes on."""
    flash, fs = formatted()
    twin(fs).save(OLD)
    twin(fs).save(NEW)
    image = bytes(flash.bytes)
    cuts = 0

    def save(fs):
        twin(fs).save(b"third" * 90)

    for _, _, wounded in each_cut(image, save):
        known = (NEW, b"third" * 90, b"fourth" * 90)
        for fs, _, _ in each_cut(bytes(wounded.bytes), lambda fs: twin(fs).save(b"fourth" * 90)):
            assert twin(fs).load()[0] in known
            cuts += 1
    return cuts


def test_control():
    """The cuts do find a store that is not safe."""
    flash, fs = formatted()
    put(fs, "/a", OLD)
    lost = 0

    def naive(fs):
        fs.remove("/a")
        put(fs, "/a", NEW)

    for fs, _, _ in each_cut(bytes(flash.bytes), naive):
        if "a" not in [entry[0] for entry in fs.ilistdir("")]:
            lost += 1
    assert lost > 0


def test_mounted():
    """By default the files are what is mounted."""
    folder = HostFolder()
    Twin(folder.path + "/a", folder.path + "/b", LIMIT).save(NEW)
    assert twin(folder).load() == (NEW, (1, "", ()))
    folder.clear()


for test in (test_life, test_damage, test_neither, test_wrap):
    everywhere(test)
if hasattr(os, "VfsPosix"):
    test_mounted()
test_full()
test_read_back()
print("cuts:", test_cuts(), "twice:", test_cut_twice())
test_control()
print("OK")
