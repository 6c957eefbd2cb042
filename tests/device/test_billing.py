"""Billing against sums by hand: tariffs and minutes to the window, what spoils a demand, what a
checkpoint gives back, what people see."""

import gc
import json
import random

from firmware.console.table import Table
from firmware.core import decimal, quality
from firmware.metering import billing
from firmware.metering.billing import Billing
from firmware.metering.energy_registers import TOTAL
from firmware.metering.register_meter import RegisterMeter
from firmware.metering.register_ways import RegisterWays
from firmware.points.table import Points
from tools.energy import world as energy_world

ZONE = 480
# local times of day: 0:00 T1, 0:02 T2, 0:07 T3, 12:00 T4, which holds until midnight
PLAN = '{"days":[[0,1,2,2,7,3,1200,4]],"seasons":[101,1,1,1]}'
MIDNIGHT = 1790006400000  # UTC ms of 0:00 local time
MINUTE, WINDOW, LOOK, LAG = 60000, 200, 100, 50
READING = [0] * 24


class Rig:
    """Readings each 200 ms, 50 ms after the full second, and a look each 100 ms."""

    def __init__(self, utc_ms, plan=PLAN, slip=1):
        self.utc = utc_ms
        self.now = 0
        self.meter = RegisterMeter(lambda *_: None, 230, 50)
        self.ways = RegisterWays(self, (1, 1), None)
        calendar, self.wrong = billing.plan(plan)
        self.billing = Billing(self.meter, self.ways, calendar, ZONE, slip)
        self.settled = 0
        self.minutes = {}  # UTC minute: six sums of mWh by hand

    def ms(self):
        return self.now

    def reading(self, p, q):
        """Energies of phase A, the same of B and none of C, in mWh."""
        energy = [max(p, 0)] * 2 + [0] + [max(-p, 0)] * 2 + [0]
        energy += [max(q, 0)] * 2 + [0] + [max(-q, 0)] * 2 + [0]
        self.meter.readings(READING, energy, 0)
        six = self.minutes.setdefault(self.utc // MINUTE, [0] * 6)
        six[0 if p >= 0 else 1] += 2 * abs(p)
        six[2 + (0 if p >= 0 else 1) if q >= 0 else 5 - (0 if p >= 0 else 1)] += 2 * abs(q)

    def step(self, ms):
        self.utc += ms
        self.now += ms

    def run(self, ms, energy=None):
        """`energy()` gives p, q of a window; None: there are no windows."""
        for _ in range(0, ms, LOOK):
            self.settled += self.billing.settle(self.utc, self.now)
            self.step(LAG)
            if energy and self.utc // LOOK % 2:
                self.reading(*energy())
            self.step(LOOK - LAG)

    def total(self, first, minutes):
        """By hand: registers of so many minutes from the minute `first`."""
        rows = [self.minutes.get(m, [0] * 6) for m in range(first, first + minutes)]
        return [sum([row[k] for row in rows]) for k in range(6)]


def noise():
    return random.getrandbits(20) - 300000, random.getrandbits(20) - 500000


def steady():
    return 1000, -200


def one():
    return 1, 0


def test_minutes():
    """Every window goes to the tariff and the minute in which it was closed."""
    for at in (0, 7300, 59900):
        rig = Rig(MIDNIGHT - 4 * MINUTE + at)
        rig.run(24 * MINUTE, noise)
        rig.run(MINUTE - at + LOOK, noise)  # just into the next minute
        b, first = rig.billing, MIDNIGHT // MINUTE
        for tariff, begin, minutes in (
            (4, first - 4, 4),
            (1, first, 2),
            (2, first + 2, 5),
            (3, first + 7, 14),
        ):
            held = list(b.energy.tariffs[6 * tariff : 6 * tariff + 6])
            assert held == rig.total(begin, minutes), (at, tariff)
        assert not any(b.energy.tariffs[:6])
        # every demand by hand; the first minute was not seen from its start
        six = [rig.total(m - 15, 15) for m in range(first + 12, first + 22)]
        four = [[4 * v for v in (s[0], s[1], s[2] + s[3], s[4] + s[5])] for s in six]
        assert b.demand.windows == 10 and list(b.demand.last) == four[-1]
        for kind in range(4):
            column = [row[kind] for row in four]
            assert b.demand.maxima[kind] == max(column)
            assert b.demand.stamps[kind] == column.index(max(column)) + first + 12
        assert rig.settled == 25 * 60 + 1 - at // 1000


def test_no_clock():
    """Energy of a time without a date has no tariff and makes no demand."""
    rig = Rig(946684800000, PLAN)
    rig.run(17 * MINUTE, steady)
    b = rig.billing
    assert rig.meter.tariff == 0 and b.demand.windows == 0
    before = b.energy.tariffs[0]
    assert before > 0 and b.energy.cells[TOTAL * 6] == before
    rig.utc = MIDNIGHT + 30 * MINUTE
    rig.run(15 * MINUTE, steady)
    assert rig.meter.tariff == 3 and b.demand.windows == 0
    assert 0 <= b.energy.tariffs[0] - before < 20 * 2000  # what was not settled when it was set
    rig.run(2 * MINUTE, steady)
    assert b.demand.windows == 1 and b.demand.maxima[0] == 2000 * 300 * 60
    rig.utc = 946684800000  # a clock that lost its battery
    rig.run(2000, steady)
    assert rig.meter.tariff == 0


def ready(plan=PLAN):
    """A rig with a demand of 2000 mWh a window that lacks nothing, 30 s into a minute."""
    rig = Rig(MIDNIGHT + 20 * MINUTE, plan)
    rig.run(16 * MINUTE + 30000, steady)
    assert rig.billing.demand.is_complete and rig.billing.demand.maxima[0] == 2000 * 300 * 60
    return rig


def is_spoilt(rig):
    """After the minute that runs, or the next?"""
    found = False
    for _ in range(2):
        rig.run(MINUTE, steady)
        found = found or not rig.billing.demand.is_complete
    return found


def test_spoilt():
    rig = ready()
    rig.run(1300)  # so long windows may be late
    assert not is_spoilt(rig)
    rig.run(3000)
    assert is_spoilt(rig)
    for moved in (-700, 700, 3600000, -86400000):
        rig = ready()
        rig.utc += moved
        assert is_spoilt(rig), moved
    rig = ready()
    windows = rig.billing.demand.windows
    rig.utc += 50000  # the minute that runs then is no whole one either
    rig.run(15 * MINUTE, steady)
    assert rig.billing.demand.windows == windows and not rig.billing.demand.is_complete
    rig.run(MINUTE, steady)
    assert rig.billing.demand.is_complete
    rig = ready()
    rig.utc += 300  # disciplined, not set
    assert not is_spoilt(rig)


def test_lump():
    """What came in one piece after a silence makes no maximum, wherever a minute ends in it."""
    for before in (20000, 28200, 29900, 30000, 31000):
        rig = ready()
        rig.run(before, steady)
        rig.run(2500)
        rig.reading(100000000, 0)
        rig.run(18 * MINUTE, steady)
        assert rig.billing.demand.maxima[0] == 2000 * 300 * 60, before
        assert rig.billing.demand.is_complete


def test_late():
    """What registers give for lost samples spoils a demand when it is more than a little."""
    for lost, is_whole in ((400, True), (8000, False)):
        _, _, terminal = energy_world.station()
        terminal.load.change(50, 10, 50, 10, 50, 10)
        terminal.tariff = 1
        bill = Billing(terminal, terminal.ways, billing.plan(PLAN)[0], 0, 1)
        clock = terminal.ways.clock
        for second in range(17 * 60):
            if second == 980:
                terminal.lose(lost)
            for _ in range(5):
                terminal.run(1600)
                bill.settle(clock.utc_ms(), clock.ms())
            terminal.read()
        assert terminal.ways.late_ms() >= lost // 8
        assert bill.demand.is_complete == is_whole, lost
        # energy that another has settled counts as well
        assert bill.demand.last[0] > 0


def full():
    """A record as long as they get: six tariffs, ten years at full scale."""
    rig = ready()
    cells, tariffs = rig.billing.energy.cells, rig.billing.energy.tariffs
    for k in range(54):
        tariffs[k] = 987654321098 + k
    for k in range(24):
        cells[k] = sum([tariffs[i] for i in range(k % 6, 54, 6)])
    for k in range(36):
        rig.billing.demand.maxima[k], rig.billing.demand.stamps[k] = 987654321 + k, 29833440
    return rig


def test_record():
    record = full().billing.record()
    text = json.dumps(record)
    assert len(text.replace(" ", "")) < 3072  # see store.checkpoint
    kept = json.loads(text)
    again = Rig(MIDNIGHT).billing
    assert again.restore(kept) == [] and again.is_restored
    mine = again.record()
    assert mine == kept
    # what was there before is no step of the demand
    rig = Rig(MIDNIGHT + 20 * MINUTE)
    rig.billing.restore(kept)
    rig.run(2 * MINUTE + 1000, steady)
    assert rig.billing.demand.last[0] == 2 * 2000 * 300 * 4

    # a part that is damaged does not take the others with it
    for part, value, is_restored, total, demand in (
        ("tariffs", [5] * 54, True, kept["mwh"][18], 987654321),
        ("tariffs", 5, True, kept["mwh"][18], 987654321),
        ("rest", ["x"], True, kept["mwh"][18], 987654321),
        ("mwh", [1, 2], False, 0, 987654321),
        ("mwh", None, False, 0, 987654321),
        ("demand", {"max": [1]}, True, kept["mwh"][18], 0),
        ("demand", "none", True, kept["mwh"][18], 0),
    ):
        damaged = json.loads(text)
        damaged[part] = value
        b = Rig(MIDNIGHT).billing
        wrong = b.restore(damaged)
        assert len(wrong) == 1 and "\n" not in wrong[0], wrong
        assert (b.is_restored, b.energy.cells[18], b.demand.maxima[0]) == (
            is_restored,
            total,
            demand,
        )
    # one of the first firmware, and one of nothing
    b = Rig(MIDNIGHT).billing
    assert b.restore({"boot": 3, "mwh": kept["mwh"]}) == [] and b.is_restored
    assert b.energy.tariffs[0] == b.energy.cells[18] == kept["mwh"][18]
    b = Rig(MIDNIGHT).billing
    assert len(b.restore({})) == 1 and not b.is_restored


def test_unit():
    """The metrology unit's registers are gone on from only where the energies are."""
    for mwh, told in ((None, 1), (1, 2)):
        _, _, terminal = energy_world.station()
        terminal.load.change(50)
        terminal.tariff = 1
        terminal.seconds(3)
        bill = Billing(terminal, terminal.ways, billing.plan(PLAN)[0], 0, 1)
        record = bill.record()
        assert record["ways"]["missing"] >= 0
        record["mwh"] = mwh or record["mwh"]
        terminal.saved = None
        terminal.boot()
        bill = Billing(terminal, terminal.ways, billing.plan(PLAN)[0], 0, 1)
        wrong = bill.restore(record)
        assert bill.is_restored == (mwh is None) and len(wrong) == told - 1, wrong
        assert (terminal.ways.record() == record["ways"]) == bill.is_restored
        record["ways"] = "x"
        assert len(bill.restore(record)) == 1


def test_plan():
    rig = Rig(MIDNIGHT, "{")
    assert rig.wrong
    rig.run(2000, steady)
    assert rig.meter.tariff == 1
    assert billing.plan(PLAN)[1] == "" and "day tables" in billing.plan('{"days":[]}')[1]


def test_points_and_table():
    rig = ready()
    points = Points(100)
    base = points.add("billing", billing.POINTS).base
    assert len(billing.POINTS) == 30
    rig.billing.fill(points, base, MIDNIGHT)
    rows = {row[0][8:]: row[1:] for row in points.rows(lambda _: True)}
    b = rig.billing
    energy = decimal.text(b.energy.cells[18], -3)
    assert rows["ep_t3"] == (energy, "Wh", "good", MIDNIGHT) and b.energy.cells[18] > 9000000
    assert rows["er_t3"][0] == "0.000" and rows["ep_t4"][0] == "0.000"
    assert rows["d_import"] == ("36000.000", "W", "good", MIDNIGHT)
    assert rows["dmax_q34"] == ("7200.000", "var", "good", MIDNIGHT)
    assert rows["dmax_import_at"][:2] == ("%d" % (b.demand.stamps[0] * 60), "s")
    b.demand.is_complete = False
    b.fill(points, base, MIDNIGHT)
    assert points.quality[base + 18] == quality.IV and points.quality[base + 22] == quality.GOOD

    table = Table(*b.table())
    names = [row[0] for row in table]
    assert names == (
        ["T3", "total", "demand", "present", "maximum", "  at (UTC)"]
        + ["maximum T3", "  at (UTC)"]
    )
    assert table[1][1:] == (
        energy,
        "0.000",
        "0.000",
        "0.000",
        "0.000",
        decimal.text(b.energy.cells[23], -3),
    )
    assert table[3][1:] == ("36000.000", "0.000", "0.000", "7200.000")
    assert table[5][1:] == ("2026-09-21 16:36", "", "", "2026-09-21 16:36")
    assert "T3 is in force" in table.note and table.note.endswith("sets no maximum")
    fresh = Table(*Rig(0).billing.table())
    assert fresh[0] == ("no tariff",) + ("0.000",) * 6 and "the clock is not set" in fresh.note


def test_heap():
    """A settling takes a little heap; a look between two of them, where UTC is no small int."""
    rig = ready()
    gc.collect()
    before = gc.mem_alloc()
    rig.billing.settle(rig.utc + 1000, rig.now + 1000)
    first = gc.mem_alloc()
    rig.billing.settle(rig.utc + 1000, rig.now + 1100)
    assert first - before <= 2048, first - before
    assert gc.mem_alloc() - first <= 256, gc.mem_alloc() - first


random.seed(7)
test_minutes()
test_no_clock()
test_spoilt()
test_lump()
test_late()
test_record()
test_unit()
test_plan()
test_points_and_table()
test_heap()
print("OK")
