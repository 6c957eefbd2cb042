"""The store of curves on a littlefs in RAM: what was put comes back after a reboot, devices come
and go, values of 64 bits and none, retention by number and by a full flash."""

import gc
import random

from flash import formatted

from firmware.core.errors import StoreError
from firmware.core.quality import IV, NT
from firmware.store.curve import CurveStore

random.seed(11)
MINUTE = 60000
QUARTER = 15 * MINUTE
DAY = 96 * QUARTER
START = 1790006400000 - 1790006400000 % DAY
METER = (("ep", -2), ("ua", -1), ("ia", -3), ("p", -4))
BREAKER = (("ua", -1), ("p", 1))


class World:
    """Devices with values, and what was put, to compare with."""

    def __init__(self):
        self.devices = []
        self.put = []  # (ms, marks, {name: (columns, values, bits)})

    def add(self, name, columns):
        values = [random.getrandbits(31) << random.choice((0, 0, 0, 32)) for _ in columns]
        self.devices.append([name, columns, values, bytearray(len(columns))])

    def move(self):
        for _, columns, values, bits in self.devices:
            for i in range(len(columns)):
                values[i] += random.randrange(-300, 40000)
                bits[i] = random.choice((0, 0, 0, 0, 0, 0, 0, NT, IV, IV | NT))

    def note(self, ms, marks):
        kept = {name: (c, list(v), bytes(b)) for name, c, v, b in self.devices}
        self.put.append((ms, marks, kept))

    def expected(self, device, column):
        found = []
        for ms, _, kept in self.put:
            if device in kept:
                _, values, bits = kept[device]
                found.append((ms, None if bits[column] & IV else values[column], bits[column]))
        return found


def compare(store, world):
    names = {}
    for _, _, kept in world.put:
        for name, row in kept.items():
            names[name] = row[0]
    for name, columns in names.items():
        for column, (quantity, _) in enumerate(columns):
            found = list(store.values(name, quantity))
            want = world.expected(name, column)
            assert found == want, (name, quantity, len(found), len(want))
    assert store.damaged == 0


def wanted(world, first, device):
    """What is handed on, from row number `first` of the world on."""
    for at in range(first, len(world.put)):
        ms, marks, kept = world.put[at]
        for number, name in enumerate(world.order[at]):
            columns, values, bits = kept[name]
            if at == first and number < device:
                continue
            if min([b & IV for b in bits]):
                yield ms, marks, "", []
            else:
                yield (
                    ms,
                    marks,
                    name,
                    [
                        (q, p, None if bits[i] & IV else values[i], bits[i])
                        for i, (q, p) in enumerate(columns)
                    ],
                )


def compare_rows(store, world, first=0, device=0):
    found = store.rows(world.put[first][0], device)
    for row in wanted(world, first, device):
        assert next(found) == row, row
    assert next(found, None) is None


flash, fs = formatted()
store = CurveStore("/curve", 1440, 31, fs, 0)
assert store.last_ms == 0 and list(store.values("m1", "ep")) == [] == list(store.rows())
assert list(store.devices()) == [] and store.first_ms() == 0

world = World()
world.order = []
for k in range(9):
    world.add("m%d" % k, METER if k % 3 else BREAKER)

ms = START
for row in range(30):
    ms += QUARTER
    if row == 12:  # plugged in the middle of a day
        world.add("new", METER)
    if row == 20:  # out again, in the middle of the table
        gone = world.devices.pop(4)
    world.move()
    store.put(ms, row & 7, world.devices)
    world.note(ms, row & 7)
    world.order.append([row[0] for row in world.devices])
    if row in (0, 5, 13, 21):  # a reboot
        store = CurveStore("/curve", 1440, 31, fs, 0)
    assert store.last_ms == ms
compare(store, world)
compare_rows(store, world)
compare_rows(store, world, 3, 4)
compare_rows(store, world, 11, 2)
compare_rows(store, world, 29, 0)
assert [name for name, _ in store.devices()] == [row[0] for row in world.devices]
assert dict(store.devices())["new"] == METER and store.first_ms() == START

# a part of it, both ends included
want = world.expected("m1", 0)
assert list(store.values("m1", "ep", want[7][0], want[18][0])) == want[7:19]
assert list(store.values("m1", "ep", want[7][0] + 1, want[18][0] - 1)) == want[8:18]
assert list(store.values("m1", "nothing")) == [] == list(store.values("nobody", "ep"))
good = [row for row in want if row[1] is not None]
found = [v for _, v, _ in store.values("m1", "ep", 0, None, -4) if v is not None]
assert found == [100 * row[1] for row in good]
found = [v for _, v, _ in store.values("m1", "ep", 0, None, 0) if v is not None]
assert found == [(row[1] + 50) // 100 for row in good]


def refused(part, *args):
    try:
        store.put(*args)
    except StoreError as error:
        assert part in str(error), error
        return
    raise AssertionError("not refused: " + part)


refused("already", ms, 0, world.devices)
refused("minute", ms + 1, 0, world.devices)
many = [("q%d" % i, 0) for i in range(33)]
refused("quantities", ms + QUARTER, 0, [["x", many, [0] * 33, [0] * 33]])

# a boundary of which nothing is known; the devices behind it are still known
ms += QUARTER
store.put(ms, 1, ())
assert store.last_ms == ms
assert list(store.values("m1", "ep", ms)) == [(ms, None, IV | NT)]
assert list(store.rows(ms)) == [(ms, 1, "", [])]
ms += QUARTER
world.move()
store.put(ms, 0, world.devices)
assert len(list(store.values("m1", "ep", ms - QUARTER))) == 2
store = CurveStore("/curve", 1440, 31, fs, 0)
assert store.last_ms == ms and store.damaged == 0

# midnight is a new segment; so many whole ones are kept, the oldest go
store = world = want = good = found = gone = flash = fs = None
gc.collect()
world = World()
world.order = []
for k in range(2):
    world.add("d%d" % k, METER)
flash, fs = formatted()
store = CurveStore("/d", 1440, 2, fs, 0)
ms = START
for _ in range(12 * 4):
    ms += 8 * QUARTER
    world.move()
    store.put(ms, 0, world.devices)
    world.note(ms, 0)
names = sorted([row[0] for row in fs.ilistdir("/d")])
assert len(names) == 3 and store.dropped == 0, names
newest = ms - ms % DAY
world.put = [row for row in world.put if row[0] >= newest - 2 * DAY]
compare(store, world)

# the clock was set back: what comes is written behind, and kept as long as the others
back = START + DAY + QUARTER
store.put(back, 2, world.devices)
assert store.last_ms == back and CurveStore("/d", 1440, 2, fs, 0).last_ms == back
assert [row[0] for row in store.rows(ms)] == [ms] * 2 + [back] * 2

# a full flash: the oldest segment gives way, the newest row is kept
store = world = flash = fs = None
gc.collect()
flash, fs = formatted()
store = CurveStore("/f", 60, 500, fs, 0)
ms = START
world = World()
for k in range(8):
    world.add("f%d" % k, METER)
for _ in range(200):
    ms += QUARTER
    world.move()
    store.put(ms, 0, world.devices)
    world.note(ms, 0)
    del world.put[:-40]
assert store.dropped > 3
first = next(store.rows())[0]
assert START < first < ms - 8 * QUARTER
world.put = [row for row in world.put if row[0] >= first]
compare(store, world)
with fs.open("/filler", "wb") as file:  # somebody else takes what is left
    try:
        while True:
            file.write(bytes(256))
            file.flush()
    except OSError:
        pass
ms += QUARTER
store.put(ms, 0, world.devices)
assert CurveStore("/f", 60, 500, fs, 0).last_ms == ms
assert 0 < store.used < 16384 and 0 < store.room < 16384, (store.used, store.room)
sizes = sum([row[3] for row in fs.ilistdir("/f")])
assert store.used == sizes == CurveStore("/f", 60, 500, fs, 0).used

# one that is left goes too far: a sentence, and the store goes on when there is room
while store.drop_oldest():
    pass
refused("whole", ms + 1, 0, ())
print("OK")
