"""The points table: blocks, quality and stamps, capacity, and what 64 bits hold; heap locked."""

import micropython

from firmware.core import quality
from firmware.points.table import Points

TEMPLATE = (("u", "V", -3), ("ep", "Wh", -3), ("n", "", 0))
STAMP = 1790000000000  # more than a small int of a 32-bit port

points = Points(8)
one = points.add("one", TEMPLATE)
two = points.add("two", TEMPLATE)
assert (one.base, two.base, points.used) == (0, 3, 6)
assert points.device("two") == two and points.device("three") is None


def row(name):
    found = list(points.rows(lambda point: point == name))
    assert len(found) == 1, found
    return found[0]


def refused(part, name, template):
    try:
        points.add(name, template)
    except ValueError as error:
        assert part in str(error), error
        return
    raise AssertionError("not refused: " + part)


# nothing was written yet: no value that looks valid
assert row("one.u")[3] == quality.text(quality.IV | quality.NT) and row("one.u")[4] == 0

# what was written comes back, and its neighbours stay
points.put(two.base, -230001, quality.GOOD, STAMP)
assert row("two.u")[1:] == ("-230.001", "V", quality.text(quality.GOOD), STAMP)
assert row("one.n")[4] == row("two.ep")[4] == 0
points.put_all(one.base, (1, (1 << 62) + 7, -5), quality.SB, STAMP + 1)
assert row("one.ep")[1] == "4611686018427387.911"
assert row("one.n")[1] == "-5" and row("one.u")[1] == "0.001"
assert row("two.u")[4] == STAMP

# marks are added to what is there; the values stay
points.mark(one, quality.NT)
assert points.quality[0] == quality.SB | quality.NT and points.values[0] == 1
assert points.quality[two.base] == quality.GOOD

# a template like the one that is there is not kept beside it
alike = tuple([line[:] for line in TEMPLATE])
assert alike is not TEMPLATE and points.add("one", alike).template is TEMPLATE

# a block of that name is taken over when it fits, else left behind; a full table says so
assert points.add("one", TEMPLATE) == one and points.used == 6
refused("station.points", "three", TEMPLATE)
assert points.used == 6
moved = points.add("one", TEMPLATE[:2])
assert (moved.number, moved.base, points.used) == (one.number, 6, 8)
assert points.quality[6] == quality.IV | quality.NT and len(list(points.devices)) == 2
refused("station.points", "two", TEMPLATE[:1])

# once sealed, what is there belongs to who has it
points.seal()
refused("of the terminal's own", "one", TEMPLATE[:2])
assert points.device("one") == moved and points.used == 8

# writing small values allocates nothing
values = (1, 2, 3)
micropython.heap_lock()
points.put_all(0, values, quality.GOOD, 12345)
points.put(1, 7, quality.OV, 12345)
points.mark(two, quality.IV)
micropython.heap_unlock()
assert list(points.values[:3]) == [1, 7, 3]

print("OK")
