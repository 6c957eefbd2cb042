"""Freezes from a points table: which points of whom, how old a value may be, the terminal's own
registers at the very boundary, the month's maximum demand once, and a flash that is full."""

from places import everywhere

from firmware.core.errors import StoreError
from firmware.core.quality import IV, NT, SB
from firmware.metering import billing
from firmware.metering.billing import Billing
from firmware.metering.register_meter import ENERGY_POINTS, RegisterMeter
from firmware.metering.register_ways import RegisterWays
from firmware.points.table import Points
from firmware.store.curve import CurveStore
from firmware.store.freezes import MISSED, Freezes
from firmware.store.selection import Selection

MINUTE, QUARTER = 60000, 900000
MIDNIGHT = 1790006400000  # of local time, 8 h ahead
NAMES = {
    "curve": "ep er/ua/u ia/i p d_import",
    "daily": "ep* er* dmax*",
    "monthly": "ep* er* dmax*",
}
METER = (("state1", "", 0), ("ep", "kWh", -2), ("ua", "V", -1), ("ub", "V", -1), ("p", "W", -1))
BREAKER = (("u", "V", -1), ("i", "A", -1), ("er", "kWh", 0))

# a selection: order of the words, the first of several, a common beginning, each point once
assert Selection("p ep", 9).of(METER) == ((("p", -1), ("ep", -2)), b"\x04\x01")
assert Selection("er/ua/u", 9).of(METER) == ((("ua", -1),), b"\x02")
assert Selection("er/ua/u", 9).of(BREAKER) == ((("er", 0),), b"\x02")
assert Selection("u* ep ua", 9).of(METER)[1] == b"\x02\x03\x01"
assert Selection("u* ep", 2).of(METER)[1] == b"\x02\x03"
assert Selection("nothing", 9).of(METER) == ((), b"") == Selection("", 9).of(METER)
chosen = Selection("ep", 9)
assert chosen.of(METER) is chosen.of(tuple(METER))


class Rig:
    """A terminal's meter, its billing and its table; the clock is ours."""

    def __init__(self, fs, keep=31):
        self.utc, self.now = MIDNIGHT - 20 * MINUTE, 0
        self.told = []
        self.meter = RegisterMeter(lambda *_: None, 230, 50)
        ways = RegisterWays(self, (1, 1), None)
        self.billing = Billing(self.meter, ways, billing.plan(billing.tariff.ONE)[0], 480, 1)
        self.points = Points(400)
        self.block = self.points.add("meter", (("p", "W", 0), ("ia", "A", -3)) + ENERGY_POINTS)
        self.points.add("meter.10min", (("p", "W", 0),))
        self.bill = self.points.add("billing", billing.POINTS)
        self.stores = {}
        for kind, span in (("curve", 1440), ("daily", 44640), ("monthly", 527040)):
            self.stores[kind] = CurveStore("/" + kind, span, keep, fs, 0)
        self.freezes = Freezes(
            self.points,
            self.stores,
            NAMES,
            ("meter", "billing"),
            self.settle,
            lambda kind, text: self.told.append((kind, text)),
            {"monthly": lambda end_ms: self.billing.demand.reset(end_ms // MINUTE)},
        )
        self.points.seal()

    def ms(self):
        return self.now

    def settle(self):
        if self.billing.settle(self.utc, self.now):
            self.billing.fill(self.points, self.bill.base, self.utc)
            for i, value in enumerate(self.meter.energy.cells):
                self.points.put(self.block.base + 2 + i, value, 0, self.utc)
            self.freezes.settled(self.utc)

    def run(self, ms, mwh, step=200):
        """Windows of so many mWh of phase A, a look at the billing after each."""
        for _ in range(0, ms, step):
            self.utc += step
            self.now += step
            self.meter.readings([0] * 24, [mwh] + [0] * 11, 0)
            self.points.put(self.block.base, mwh, 0, self.utc)
            self.settle()

    def one(self, kind, device, quantity):
        rows = list(self.stores[kind].values(device, quantity))
        assert len(rows) == 1, rows
        return rows[0]


def test_newest_values_and_their_age(fs):
    rig = Rig(fs)
    points, freezes = rig.points, rig.freezes
    a, b = points.add("a", METER), points.add("b", BREAKER)
    end = MIDNIGHT
    for i, (age, bits) in enumerate(((0, 0), (0, 0), (QUARTER, 0), (QUARTER + 1, 0), (5, SB))):
        points.put(a.base + i, 100 + i, bits, end - age)
    points.put(b.base, 7, IV, end)
    points.put(b.base + 2, 9, 0, end + QUARTER + 1)  # by a clock that was wrong
    rig.utc = end
    assert freezes.take("curve", end, 0)
    assert rig.one("curve", "a", "ep") == (end, 101, 0)
    assert rig.one("curve", "a", "ua") == (end, 102, 0)
    assert rig.one("curve", "a", "p") == (end, 104, SB)
    assert rig.one("curve", "b", "i") == (end, None, IV | NT)  # never written
    assert rig.one("curve", "b", "er") == (end, 9, NT)
    names = [name for name, _ in rig.stores["curve"].devices()]
    assert names == ["meter", "billing", "a", "b"]  # not what is only shown, as meter.10min
    # a device that is silent: what it had is there, but nobody takes it for new
    assert freezes.take("curve", end + QUARTER, 0)
    assert list(rig.stores["curve"].values("a", "ep"))[1] == (end + QUARTER, 101, 0)
    end += 2 * QUARTER
    assert freezes.take("curve", end, 2)
    assert list(rig.stores["curve"].values("a", "ep"))[2] == (end, 101, NT)
    assert freezes.last() == {"curve": end} and freezes.taken == 3
    # a boundary long ago: nothing is known, for all
    assert freezes.take("curve", end + QUARTER, MISSED)
    assert list(rig.stores["curve"].values("a", "ep"))[3] == (end + QUARTER, None, IV | NT)
    # whoever asks twice gets one row
    assert freezes.take("curve", end + QUARTER, MISSED)
    assert len(list(rig.stores["curve"].values("a", "ep"))) == 4


def test_own_registers_are_those_of_the_boundary(fs):
    rig = Rig(fs)
    rig.run(20 * MINUTE - 200, 10)  # the last window ends 200 ms before midnight
    rig.run(200, 10)
    at_midnight = 20 * 60 * 5 * 10
    # the billing was there first; windows go on until the row is taken 1.4 s later
    rig.run(1400, 99)
    for kind in ("curve", "daily"):
        assert rig.freezes.take(kind, MIDNIGHT, 0)
        assert rig.one(kind, "meter", "ep")[1] == at_midnight, rig.one(kind, "meter", "ep")
    first = rig.one("daily", "billing", "ep_t0")[1]  # before the tariff was looked up
    assert 0 < first <= 60 and rig.one("daily", "billing", "ep_t1")[1] == at_midnight - first
    # the row is taken before the billing looks: it is settled for it
    rig.run(15 * MINUTE - 1400 - 200, 3)
    rig.utc += 200
    rig.now += 200
    rig.meter.readings([0] * 24, [3] + [0] * 11, 0)
    assert rig.freezes.take("curve", MIDNIGHT + QUARTER, 0)
    want = at_midnight + 7 * 99 + (900 * 5 - 7) * 3
    assert list(rig.stores["curve"].values("meter", "ep"))[1] == (MIDNIGHT + QUARTER, want, 0)
    # nobody settled near the boundary: no more than a hint
    rig.run(14 * MINUTE, 3)
    rig.utc += MINUTE + 7000
    rig.now += MINUTE + 7000
    assert rig.freezes.take("curve", MIDNIGHT + 2 * QUARTER, 2)
    assert list(rig.stores["curve"].values("meter", "ep"))[2][2] == NT


def test_maximum_demand_is_frozen_and_then_reset_once(fs):
    rig = Rig(fs)
    rig.run(20 * MINUTE, 10)
    demand = rig.billing.demand
    top = demand.maxima[0]
    assert top == 10 * 5 * 3600 and demand.stamps[0] * MINUTE <= MIDNIGHT
    stamp = demand.stamps[0] * 60
    rig.run(400, 0)
    assert rig.freezes.take("monthly", MIDNIGHT, 0)
    assert rig.one("monthly", "billing", "dmax_import") == (MIDNIGHT, top, 0)
    assert rig.one("monthly", "billing", "dmax_import_at") == (MIDNIGHT, stamp, 0)
    assert demand.maxima[0] == 0
    # the same again, as after a cut: what came since stays
    rig.run(20 * MINUTE, 4)
    fresh = demand.maxima[0]
    assert 0 < fresh < top
    assert rig.freezes.take("monthly", MIDNIGHT, 0) and demand.maxima[0] == fresh
    # not on flash: not reset
    rig.stores["monthly"].put = refuse
    assert not rig.freezes.take("monthly", MIDNIGHT + 10 * QUARTER, 0)
    assert demand.maxima[0] == fresh and rig.freezes.failed == 1
    assert rig.told == [("monthly", "no")]


def refuse(*_):
    raise StoreError("no")


everywhere(test_newest_values_and_their_age)
everywhere(test_own_registers_are_those_of_the_boundary)
everywhere(test_maximum_demand_is_frozen_and_then_reset_once)
print("OK")
