"""What is damaged is never served: each bit of a segment flipped once, pieces cut out and put in,
a base row that is gone; the neighbours stay readable. And flash that refuses."""

import gc

from flash import formatted

from firmware.core.errors import StoreError
from firmware.store.curve import CurveStore
from firmware.store.curve_chunk import SIZE

QUARTER = 900000
START = 1790006400000 // 86400000 * 86400000
COLUMNS = (("ep", -2), ("p", -1))
ROWS = 11  # with two base rows
PATH = "/c/00001-%08x" % (START // 60000)


def values(row, device):
    return [1000 * device + 7 * row, (row * 37 + device * 11) % 90 - 40]


class Rows:
    """Devices 0..count - 1 at a row."""

    def __init__(self, row, count=3):
        self.row, self.count = row, count

    def __iter__(self):
        for device in range(self.count):
            yield "d%d" % device, COLUMNS, values(self.row, device), b"\x00\x00"


def fill(store, count=3):
    for row in range(1, ROWS + 1):
        store.put(START + row * QUARTER, 0, Rows(row, count))


def read(fs, path=PATH):
    with fs.open(path, "rb") as file:
        return file.read()


def write(fs, data):
    with fs.open(PATH, "wb") as file:
        file.write(data)


def look(fs, count=3):
    """(rows served of device 1, items handed on, damage found); all served are right."""
    store = CurveStore("/c", 1440, 31, fs, 0)
    served = 0
    for ms, value, bits in store.values("d1", "p"):
        row = (ms - START) // QUARTER
        assert 1 <= row <= ROWS and value == values(row, 1)[1] and bits == 0, (row, value)
        served += 1
    handed = 0
    for ms, marks, name, kept in store.rows():
        if not name:
            assert kept == []  # it cannot be read
            continue
        row = (ms - START) // QUARTER
        want = values(row, int(name[1:]))
        assert 1 <= row <= ROWS and marks == 0 and int(name[1:]) < count
        assert kept == [("ep", -2, want[0], 0), ("p", -1, want[1], 0)], (row, name, kept)
        handed += 1
    return served, handed, store.damaged


flash, fs = formatted()
fill(CurveStore("/c", 1440, 31, fs, 0))
whole = read(fs)
assert look(fs) == (ROWS, 3 * ROWS, 0)

# each bit: found, counted, nothing wrong served. One row is lost, but for the table and base rows
kinds = {}
for at in range(len(whole)):
    data = bytearray(whole)
    data[at] ^= 1 << at * 5 % 8
    write(fs, data)
    served, handed, damaged = look(fs)
    assert damaged >= 1 and served < ROWS, (at, served, damaged)
    assert handed <= 3 * ROWS - 3
    kinds[served] = kinds.get(served, 0) + 1
# a row; a base row and what needs it, seven or two rows more; the table and all that needs it
assert sorted(kinds) == [0, ROWS - 8, ROWS - 3, ROWS - 1], kinds
gc.collect()
for bit in range(8):  # and all bits of the header of a row in the middle
    for at in range(len(whole) - 40, len(whole) - 20):
        data = bytearray(whole)
        data[at] ^= 1 << bit
        write(fs, data)
        assert look(fs)[2] >= 1

# cut off anywhere: what is whole is served, and the next row is kept as well
for size in list(range(0, len(whole), 23)):
    write(fs, whole[:size])
    served, _, _ = look(fs)
    store = CurveStore("/c", 1440, 31, fs, 0)
    assert store.last_ms == (START + served * QUARTER if served else 0), (size, served)
    for row in range(served + 1, ROWS + 1):
        store.put(START + row * QUARTER, 0, Rows(row))
    served, handed, damaged = look(fs)
    assert served == ROWS and handed == 3 * ROWS, (size, served, handed)
    for entry in list(fs.ilistdir("/c")):
        fs.remove("/c/" + entry[0])

# rubbish between two rows
for rubbish in (b"\xff" * 30, b"\x00" * 700, b"\xa3" * 40):
    at = len(whole) * 2 // 3
    write(fs, whole + rubbish)
    assert look(fs) == (ROWS, 3 * ROWS, 3), look(fs)  # met by each who passed it
    write(fs, rubbish + whole)
    assert look(fs)[:2] == (ROWS, 3 * ROWS)
    fs.remove(PATH)

# many devices: a chunk that is damaged costs its own devices alone
flash = fs = None
gc.collect()
flash, fs = formatted()
store = CurveStore("/c", 1440, 31, fs, 0)
for row in range(1, 4):
    store.put(START + row * QUARTER, 0, Rows(row, 300))
whole = bytearray(read(fs))
assert len(whole) > 6 * SIZE
whole[-5] ^= 1  # in the last chunk of the last row
write(fs, whole)
served, handed, damaged = look(fs, 300)
assert served == 3 and 600 < handed < 900 and damaged == 1, (served, handed, damaged)
flash = fs = None
gc.collect()


# a flash that refuses: one sentence, and the store goes on later
class Refusing:
    def __init__(self, fs):
        self.fs = fs
        self.left = -1  # writes until it refuses; -1: never
        for name in ("ilistdir", "remove", "mkdir", "statvfs"):
            setattr(self, name, getattr(fs, name))

    def open(self, path, mode):
        return File(self, self.fs.open(path, mode))


class File:
    def __init__(self, place, file):
        self.place, self.file = place, file
        for name in ("seek", "readinto", "close", "__enter__", "__exit__"):
            setattr(self, name, getattr(file, name))

    def write(self, data):
        self.place.left -= 1
        if self.place.left == -1:
            self.place.left = 0
            raise OSError(5)
        return self.file.write(data)


flash, fs = formatted()
place = Refusing(fs)
store = CurveStore("/c", 1440, 31, place, 0)
row = 0
for left in (0, 1, 2, 3, 0, 1, 2, 0, 0, 1):
    row += 1
    place.left = left
    try:
        store.put(START + row * QUARTER, 0, Rows(row, 100))
        is_kept = True
    except StoreError as error:
        assert "not written" in str(error)
        is_kept = False
        place.left = -1
        store.put(START + row * QUARTER, 0, Rows(row, 100))
    place.left = -1
    assert store.last_ms == START + row * QUARTER
assert look(fs, 100)[:2] == (row, 100 * row), look(fs, 100)

# nothing can be removed, or not even listed: who is in need of room looks elsewhere
assert len(store._segments.found()) > 2


def refuse(*_):
    raise OSError(5)


place.remove = refuse
assert not store.drop_oldest() and store.dropped == 0
place.ilistdir = refuse
assert not store.drop_oldest()
place.ilistdir, place.remove = fs.ilistdir, fs.remove
assert store.drop_oldest() and store.dropped == 1
print("OK")
