"""The terminal's half of the bench of kept curves: the product's stores on a littlefs in RAM. Runs
under MicroPython with the path of a plan in JSON; prints progress and, last, numbers in JSON.
"""

import gc
import json
import sys

from firmware.core.quality import IV
from firmware.store import curve
from firmware.store.curve import CurveStore, Work
from tools.powercut.device import disk
from tools.retention.chip import Chip
from tools.retention.world import CURVE, REGISTERS, World

_QUARTER_MS = 900000
_DAY = 96
_START_MS = 1790006400000  # 0:00 local time of a zone 8 h ahead
_NOON = 50  # the quarter in which devices are plugged
_FILE = 8000  # bytes of a file of others: two blocks
_QUERIES = 24  # devices that are asked for one by one


def plant(number):
    """A defect, which must be found."""
    encode = curve.encode
    count = 0

    def wrong(out, at, now, *rest):
        nonlocal count
        count += 1
        if count % 500 == 0:
            now[0] += 1
        return encode(out, at, now, *rest)

    def unmarked(out, at, now, base, bits, n, state):
        for i in range(n):
            bits[i] &= IV
        return encode(out, at, now, base, bits, n, state)

    if number == 1:
        curve.encode = wrong
    elif number == 2:
        curve.encode = unmarked


class Bench:
    def __init__(self, plan):
        self.plan = plan
        self.world = World(plan["series"], plan["devices"], plan["seed"])
        self.chip = Chip(plan["blocks"])
        disk.format(self.chip)
        self.fs = disk.Disk(self.chip)
        self._fill("lib", plan["firmware_kb"])
        self._fill("log", plan["others_kb"])
        self.chip.forget()
        self.stores = self._open()
        self.points = 0
        self.appended = self.programmed = 0  # bytes, of curves

    def _fill(self, folder, kb):
        """What others keep there."""
        self.fs.mkdir("/" + folder)
        data = bytes(range(250)) * 8
        for i in range(kb // 8):
            with self.fs.open("/%s/%d" % (folder, i), "wb") as file:
                for _ in range(_FILE // len(data)):
                    file.write(data)

    def _open(self):
        work, stores = Work(), {}
        days = self.plan["days"] - (self.plan["plant"] == 3)
        keep = {"curve": days, "daily": 2, "monthly": 1}
        for kind, days in (("curve", 1), ("daily", 31), ("monthly", 366)):
            reserve = curve.RESERVE if kind == "curve" else 0
            path, span = "/" + kind, 1440 * days
            stores[kind] = CurveStore(path, span, keep[kind], self.fs, reserve, work)
        return stores

    def present(self, row):
        """Devices that are there at a quarter: some are plugged on the first day."""
        late = min(5, self.plan["devices"] // 10)
        return self.plan["devices"] - (late if row < _NOON else 0)

    def put(self, kind, columns, fill, row):
        self.chip.session += 1
        rows = self.world.rows(columns, fill, row, self.present(row))
        self.stores[kind].put(_START_MS + row * _QUARTER_MS, 0, rows)

    def go(self):
        world, chip = self.world, self.chip
        for row in range(1, self.plan["days"] * _DAY + 2):
            before, used = chip.total_programmed, self.stores["curve"].used
            self.put("curve", CURVE, world.curve, row)
            self.programmed += chip.total_programmed - before
            self.appended += max(0, self.stores["curve"].used - used)
            self.points += self.present(row) * len(CURVE)
            if row % _DAY == 0:
                self.put("daily", REGISTERS, world.registers, row)
                print("day %d: %d kB" % (row // _DAY, self.stores["curve"].used // 1024))
            if row % (30 * _DAY) == 0:
                self.put("monthly", REGISTERS, world.registers, row)

    # judging

    def verify(self, kind, columns, fill, each):
        """Read everything that a kind keeps: (rows, values, wrong values)."""
        rows = values = wrong = 0
        told = None
        world = self.world
        expected = iter(())
        for ms, _, name, kept in self.stores[kind].rows():
            if ms != told:
                told = ms
                rows += 1
                wrong += next(expected, None) is not None  # some are missing
                row = (ms - _START_MS) // _QUARTER_MS
                wrong += row % each
                expected = iter(world.rows(columns, fill, row, self.present(row)))
            found = next(expected, None)
            if found and not name and is_nothing(found[3], len(columns)):
                continue
            if found is None or found[0] != name:
                wrong += 1
                continue
            for i, (quantity, power, value, bits) in enumerate(kept):
                values += 1
                want = None if found[3][i] & IV else found[2][i]
                same = value == want and bits == found[3][i] and columns[i] == (quantity, power)
                wrong += not same
        wrong += next(expected, None) is not None
        return rows, values, wrong

    def query(self, number, quantity, hours):
        """(values, wrong values, bytes read) of the last hours of one device."""
        store, world = self.stores["curve"], self.world
        before, count, wrong = self.chip.read, 0, 0
        column = [name for name, _ in CURVE].index(quantity)
        from_ms = store.last_ms - hours * 3600000 + 1
        row = (from_ms - _START_MS) // _QUARTER_MS + 1
        for ms, value, bits in store.values(world.name(number), quantity, from_ms):
            world.curve(number, row)
            want = None if world.bits[column] & IV else world.values[column]
            wrong += ms != _START_MS + row * _QUARTER_MS
            wrong += value != want or bits != world.bits[column]
            row += 1
            count += 1
        return count, wrong + abs(count - 4 * hours), self.chip.read - before

    def query_heap(self):
        """Bytes that a query holds while it waits."""
        name = self.world.name(self.plan["devices"] - 1)
        gc.collect()
        gc.collect()
        before = gc.mem_alloc()
        asked = self.stores["curve"].values(name, "p")
        next(asked)
        gc.collect()
        gc.collect()
        return gc.mem_alloc() - before

    def wear(self):
        """Erases of the hottest block that held data over the mean of those, of the hottest block
        of directories, and in all."""
        chip = self.chip
        data = [n for n in chip.data if n]
        ratio = max(data) * len(data) / sum(data) if data else 0
        return ratio, max(chip.directory), sum(chip.erases)


def is_nothing(bits, n):
    return all([bits[i] & IV for i in range(n)])


def main(path):
    with open(path) as file:
        plan = json.load(file)
    plant(plan["plant"])
    bench = Bench(plan)
    bench.go()
    ratio, hottest_directory, erases = bench.wear()
    used = {kind: store.used for kind, store in bench.stores.items()}
    dropped = sum([store.dropped for store in bench.stores.values()])
    free = bench.fs.statvfs("/")
    bench.fs.shut()
    bench.chip.is_quiet = False
    bench.fs = disk.Disk(bench.chip)  # the power was off
    gc.collect()
    before = bench.chip.read
    bench.stores = bench._open()
    opened = bench.chip.read - before
    print("reading everything back")
    rows, values, wrong = bench.verify("curve", CURVE, bench.world.curve, 1)
    more = bench.verify("daily", REGISTERS, bench.world.registers, _DAY)
    wrong += more[2] + abs(more[0] - plan["days"])
    hours = min(24, 24 * plan["days"])
    most = asked = 0
    for number in range(0, plan["devices"], max(1, plan["devices"] // _QUERIES)):
        for quantity, _ in CURVE:
            count, bad, read = bench.query(number, quantity, hours)
            asked += count
            wrong += bad
            most = max(most, read)
    result = {
        "points": bench.points,
        "rows": rows,
        "verified": values + asked,
        "wrong": wrong + sum([store.damaged for store in bench.stores.values()]),
        "used": used,
        "dropped": dropped,
        "free": free[0] * free[3],
        "erases": erases,
        "appended": bench.appended,
        "programmed": bench.programmed,
        "hottest_block_ratio": ratio,
        "hottest_directory_erases": hottest_directory,
        "query_bytes_read": most,
        "query_heap_bytes": bench.query_heap(),
        "open_bytes_read": opened,
    }
    print(json.dumps(result))


main(sys.argv[1])
