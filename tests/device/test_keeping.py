"""Curves and freezes as they are wired, beside a real billing: registers of the very boundary, the
maximum demand over a power cut between freeze and checkpoint, and an event for a failure."""

from flash import formatted
from places import everywhere

from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.keeping import Keeping
from firmware.metering import billing
from firmware.metering.billing import Billing
from firmware.metering.register_meter import ENERGY_POINTS, RegisterMeter
from firmware.metering.register_ways import RegisterWays
from firmware.points.table import Points
from firmware.store import event_codes
from firmware.store.events import EventLog
from firmware.store.retention import Retention

MINUTE, QUARTER, DAY = 60000, 900000, 86400000
MIDNIGHT = 1790006400000


class Settings:
    days = 31
    curve = "ep p d_import"
    registers = "ep* dmax*"


class Storing:
    def __init__(self):
        self.retention = Retention()


class Terminal:
    """What Keeping finds in the terminal, and windows by hand."""

    def __init__(self, fs, kept=None):
        self.utc = MIDNIGHT - 16 * MINUTE
        self.clock = Clock(lambda: self.utc % 1000000 * 1000, minus, lambda: self.utc)
        self.events = EventLog(self.clock, 1)
        self.meter = RegisterMeter(lambda *_: None, 230, 50)
        ways = RegisterWays(self.clock, (1, 1), None)
        calendar = billing.plan(billing.tariff.ONE)[0]
        self.billing = Billing(self.meter, ways, calendar, 480, 1)
        self.points = Points(300)
        self.block = self.points.add("meter", (("p", "W", 0),) + ENERGY_POINTS)
        self.bill_base = self.points.add("billing", billing.POINTS).base
        if kept:
            self.billing.demand.restore(kept)
        self.storing = Storing()
        self.keeping = Keeping(self, Settings, fs)

    def settled(self):
        utc_ms = self.clock.utc_ms()
        self.billing.fill(self.points, self.bill_base, utc_ms)
        self.keeping.settled(utc_ms)

    def run(self, ms, mwh):
        for _ in range(0, ms, 200):
            self.utc += 200
            self.meter.readings([0] * 24, [mwh] + [0] * 11, 0)
            self.points.put(self.block.base, mwh, 0, self.utc)
            if self.billing.settle(self.utc, self.clock.ms()):
                self.settled()


def minus(a, b):
    return (a - b + 500000000) % 1000000000 - 500000000


def test_wired(fs):
    t = Terminal(fs)
    t.points.put_all(t.block.base + 1, [0] * len(ENERGY_POINTS), 0, t.utc)
    t.run(16 * MINUTE, 10)
    metered = 16 * 60 * 5 * 10
    t.points.put_all(t.block.base + 1, [0] * len(ENERGY_POINTS), 0, t.utc)  # of a window before
    t.utc += 1
    for kind in ("curve", "daily", "monthly"):
        t.keeping.take(kind, MIDNIGHT, 0)
    stores = {kind: t.keeping.freezes.store(kind) for kind in ("curve", "daily", "monthly")}
    assert list(stores["curve"].values("meter", "ep")) == [(MIDNIGHT, metered, 0)]
    assert list(stores["daily"].values("meter", "ep")) == [(MIDNIGHT, metered, 0)]
    top = list(stores["monthly"].values("billing", "dmax_import"))[0][1]
    assert top == 10 * 5 * 3600, top
    assert list(stores["curve"].values("billing", "d_import"))[0][1] == top
    assert t.keeping.freezes.last() == dict.fromkeys(stores, MIDNIGHT)
    assert t.billing.demand.maxima[0] == 0 and t.events.sequence == 0

    # who else is in need of room gets a day of curves first, but not the newest
    usage = t.storing.retention.usage()
    assert [row[0] for row in usage] == ["curve", "daily", "monthly"]
    assert usage[0][1] == stores["curve"].used > 0
    assert not t.storing.retention.make_room()
    t.keeping.take("curve", MIDNIGHT + 96 * QUARTER, 0)
    t.storing.retention.make_room()  # on the smallest flash it went before
    assert stores["curve"].dropped == 1 and not t.storing.retention.make_room()
    assert t.keeping.freezes.last()["curve"] == MIDNIGHT + 96 * QUARTER

    # the power goes before the demand that was reset is on flash: the old month does not come back
    kept = {"max": [top, 5], "at": [MIDNIGHT // MINUTE - 3, MIDNIGHT // MINUTE + 2]}
    again = Terminal(fs, kept)
    assert list(again.billing.demand.maxima[:2]) == [0, 5]
    assert again.keeping.freezes.last()["monthly"] == MIDNIGHT

    # flash refuses: an event, nothing else
    def refuse(*_):
        raise StoreError("the row was not written: EIO")

    again.keeping.freezes.store("curve").put = refuse
    again.keeping.take("curve", MIDNIGHT + 97 * QUARTER, 0)
    event = again.events.last(1)[0]
    assert event[1] == event_codes.STORE_FAILED
    assert event[4] == "curve: the row was not written: EIO"


def test_a_month_that_a_wrong_clock_ended(fs):
    # the clock was years ahead over the end of a month, and is right again: the maxima of this
    # month are not of one that is over
    Terminal(fs).keeping.take("monthly", MIDNIGHT + 3653 * DAY, 3)
    kept = {"max": [7, 5], "at": [MIDNIGHT // MINUTE - 60, MIDNIGHT // MINUTE - 45]}
    again = Terminal(fs, kept)
    assert list(again.billing.demand.maxima[:2]) == [7, 5]


def boundaries(t, kind, first, count, days):
    for i in range(count):
        t.utc += days * DAY
        t.keeping.take(kind, MIDNIGHT + (first + i) * days * DAY, 0)


def kept(t, kind):
    return [row[0] for row in t.keeping.freezes.store(kind).values("meter", "ep")]


def test_registers_stay_on_a_flash_that_is_nearly_full():
    # 16 kB: less than curves leave to others is free all the time
    flash, fs = formatted()
    t = Terminal(fs)
    boundaries(t, "daily", 0, 20, 10)
    assert kept(t, "daily")[-1] - kept(t, "daily")[0] >= 62 * DAY, kept(t, "daily")
    boundaries(t, "monthly", 0, 30, 31)
    assert len(kept(t, "monthly")) >= 12, kept(t, "monthly")
    # full: a day of curves goes, and no register
    t.keeping.freezes.store("curve")._reserve = 0
    boundaries(t, "curve", 0, 4, 1)
    daily, monthly, days = kept(t, "daily"), kept(t, "monthly"), kept(t, "curve")
    fill(fs)
    boundaries(t, "monthly", 30, 1, 31)
    assert t.events.sequence == 0, t.events.last(1)
    assert kept(t, "monthly") == monthly + [MIDNIGHT + 30 * 31 * DAY], kept(t, "monthly")
    assert kept(t, "daily") == daily and kept(t, "curve")[0] > days[0]
    # and again: a segment that was begun anew is no year
    fill(fs)
    boundaries(t, "monthly", 31, 1, 31)
    assert len(kept(t, "monthly")) == len(monthly) + 2, kept(t, "monthly")


def fill(fs):
    """Somebody takes all that is left."""
    for i in range(32):
        try:
            with fs.open("/filler%d" % i, "ab") as file:
                while True:
                    file.write(bytes(64))
                    file.flush()
        except OSError:
            pass


everywhere(test_wired)
everywhere(test_a_month_that_a_wrong_clock_ended)
test_registers_stay_on_a_flash_that_is_nearly_full()
print("OK")
