"""Boundaries on the device's own numbers; random lives of a clock are in tests/host."""

import asyncio

from time_world import SECOND, World

from firmware.core import civil
from firmware.core.marks import CLOCK, MISSED
from firmware.timing.boundaries import Boundaries
from tools.virtual import loop

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class Terminal(World):
    def __init__(self, utc, **more):
        super().__init__(utc_us=civil.utc_ms(civil.parse(utc)) * 1000, **more)
        self.start()
        self.rows = []
        self.boundaries = Boundaries(self.clock, 480, self.take)
        self.look()

    def take(self, kind, end_ms, marks):
        self.rows.append((kind, civil.text(end_ms), marks))

    def look(self):
        while self.boundaries.look() or any(self.boundaries._gaps):
            pass

    def live(self, us, every=5 * SECOND):
        for _ in range(us // every):
            self.pass_by(every, every)
            self.look()

    def curves(self):
        rows, self.rows = self.rows, []
        return [row[1:] for row in rows if row[0] == "curve"]


def test_a_night():
    t = Terminal("2026-12-31 15:44:00")  # a year ends at UTC+8
    t.live(20 * MINUTE)
    assert t.rows == [
        ("curve", "2026-12-31 15:45:00", 0),
        ("curve", "2026-12-31 16:00:00", 0),
        ("daily", "2026-12-31 16:00:00", 0),
        ("monthly", "2026-12-31 16:00:00", 0),
    ], t.rows
    t.discipline.set("a person", t.clock.utc_us() - 6 * MINUTE, 0)  # midnight again
    t.rows = []
    t.live(10 * MINUTE)
    assert t.rows == [], t.rows
    t.live(10 * MINUTE)
    assert t.rows == [("curve", "2026-12-31 16:15:00", CLOCK)], t.rows
    t.live(15 * MINUTE)
    assert t.curves()[-1] == ("2026-12-31 16:30:00", 0)


def test_leap_days_and_centuries():
    for utc, days in (
        ("2028-02-28 15:50:00", ["2028-02-28 16:00:00", "2028-02-29 16:00:00"]),
        ("2100-02-27 15:50:00", ["2100-02-27 16:00:00", "2100-02-28 16:00:00"]),
        ("2038-01-18 15:50:00", ["2038-01-18 16:00:00", "2038-01-19 16:00:00"]),
    ):
        t = Terminal(utc)
        t.live(25 * HOUR, 5 * MINUTE)
        assert [row[1] for row in t.rows if row[0] == "daily"] == days, t.rows
        months = [row[1] for row in t.rows if row[0] == "monthly"]
        assert months == (days[1:] if "02-28 15" in utc or "02-27" in utc else []), months
        assert len(t.curves()) == 100


def test_ticks_that_wrap():
    t = Terminal("2026-11-30 12:14:55", ticks=(1 << 30) - 10 * SECOND)
    t.live(20 * MINUTE, SECOND)
    assert t.curves() == [("2026-11-30 12:15:00", 0), ("2026-11-30 12:30:00", 0)]


def test_a_step_and_a_hang():
    t = Terminal("2026-11-30 12:05:00")
    t.discipline.set("a person", t.clock.utc_us() + HOUR, 0)
    t.look()
    both = MISSED | CLOCK
    rows = t.curves()
    assert [row[1] for row in rows] == [both, both, both, CLOCK] and rows[-1][0][11:] == "13:00:00"
    t.live(15 * MINUTE)
    assert t.curves() == [("2026-11-30 13:15:00", CLOCK)]
    t.pass_by(31 * MINUTE)  # nobody looked
    t.look()
    assert t.curves() == [("2026-11-30 13:30:00", MISSED), ("2026-11-30 13:45:00", MISSED)]


def test_a_turn():
    """A row with values takes most of a second: one of them in a look, others have their turn."""
    record = Terminal("2026-11-30 12:05:00").boundaries.record()
    t = Terminal("2027-09-26 12:05:00")  # it lay in a store
    t.boundaries = Boundaries(t.clock, 480, t.take, record)
    t.rows, looks = [], []
    while t.boundaries.look() or t.boundaries.is_behind():
        valued = [row for row in t.rows if row[0] == "monthly" or not row[2] & MISSED]
        looks.append((len(t.rows), len(valued)))
        t.rows = []
    assert max([row[0] for row in looks]) <= 8 and max([row[1] for row in looks]) == 1, looks
    assert sum([row[1] for row in looks]) == 10, looks  # months


def test_in_time():
    """The task wakes for the boundary, not for its turn: never before it, and within 20 ms."""
    time = loop.Time(civil.utc_ms(civil.parse("2026-11-30 12:14:57")) + 321)
    asyncio.core.new_event_loop()
    loop.install(time)
    from firmware.core.clock import Clock

    clock = Clock(time.ticks_us, loop.diff, time.utc_ms)
    late = []
    boundaries = Boundaries(
        clock, 480, lambda kind, end_ms, marks: late.append(time.utc_ms() - end_ms)
    )

    async def live():
        task = asyncio.create_task(boundaries.run(lambda: None, lambda: None))
        await asyncio.sleep(3700)
        task.cancel()

    asyncio.run(live())
    assert len(late) == 5 and min(late) >= 0 and max(late) <= 20, late


for name in sorted(globals()):
    if name.startswith("test_"):
        globals()[name]()
print("OK")
