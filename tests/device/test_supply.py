"""The last gasp on virtual time: in which order things happen when the supply fails, how often it
is tried to be told, and what a start tells of the end before it."""

import asyncio
import gc

from firmware.core.clock import Clock
from firmware.store import event_codes as codes
from firmware.store.events import EventLog
from firmware.supply import Supply, Uplink
from tools.virtual import loop

UTC = 1790000000000


class Settings:
    short_ms, hold_s, calm_s = 50, 12, 20


class Line:
    """The pin."""

    def __init__(self, world):
        self._world = world
        self.level = 1
        self._handler = None

    def is_good(self):
        return bool(self.level)

    def stamp_us(self):
        return self._world.clock.us()

    def attend(self, handler):
        self._handler = handler

    def set(self, level):
        fell = self.level and not level
        self.level = level
        if fell and self._handler:
            self._handler(self)


class World:
    """Stands where the keeper, the checkpoint and the uplink are; notes what is asked of it."""

    def __init__(self, failed_ms=0, ended_ms=0, was_stopped=False, failures=0):
        asyncio.core.new_event_loop()
        self.time = loop.Time(UTC)
        loop.install(self.time)
        self.clock = Clock(self.time.ticks_us, loop.diff, self.time.utc_ms)
        self.done = []  # (ms, what)
        self.told_after = 1  # attempts until the event has arrived
        self.is_busy = False
        self.is_deferred = False
        self.failed_ms, self.ended_ms, self.was_stopped = failed_ms, ended_ms, was_stopped
        self._failures = failures
        self.events = EventLog(self.clock, 7)
        self.events.subscribe(lambda event: self.note(codes.name(event[1]), event[3], event[4]))
        self.line = Line(self)
        flag = asyncio.ThreadSafeFlag()
        self.supply = Supply(self.line, self.clock, Settings, self, self, self.events, flag)
        self.supply.connect(self, lambda: self.note("flush"), lambda on: self.note("shed", on))

    def note(self, *what):
        self.done.append((self.clock.ms(),) + what)

    def names(self):
        names = [entry[1] for entry in self.done]
        self.done = []
        return names

    # the keeper and the checkpoint

    def fail(self, stamp):
        self.note("fail", stamp)

    def failures(self, _since_ms):
        return self._failures

    # the uplink

    def first(self, event):
        self.note("first", event[0])

    def has_told(self, _event):
        self.told_after -= 1
        return self.told_after <= 0

    async def again(self, event):
        self.note("again", event[0])
        return not self.is_busy

    def run(self, *steps):
        """(ms, level of the line) one after the other."""

        async def main():
            task = asyncio.create_task(self.supply.run())
            for ms, level in steps:
                await asyncio.sleep_ms(ms)
                if level is not None:
                    self.line.set(level)
            task.cancel()

        asyncio.run(main())


BEGIN = ["flush", "fail"]
GASP = ["fail", "SUPPLY_FAILED", "first", "flush", "shed"]
BACK = ["shed", "fail", "SUPPLY_BACK"]


def test_order():
    """To flash, told first, what waits to flash, loads off; and back."""
    world = World()
    world.run((1000, 0), (3000, 1), (1000, None))
    told = {entry[1]: entry for entry in world.done}
    assert told["SUPPLY_FAILED"][2] == UTC + 1000  # the edge
    assert 1050 <= told["SUPPLY_FAILED"][0] <= 1100
    assert world.done[2] == (1000, "fail", UTC + 1000)
    assert 4450 <= told["SUPPLY_BACK"][0] <= 4600
    assert "1 attempts" in told["SUPPLY_BACK"][3]
    assert told["fail"][2] == 0
    assert world.names() == BEGIN + GASP + BACK
    assert (world.supply.failures, world.supply.dips, world.is_deferred) == (1, 0, False)


def test_attempts():
    """Six over the time that is stored, until it has arrived."""
    for told_after, attempts in ((1, 1), (3, 3), (99, 6)):
        world = World()
        world.told_after = told_after
        world.run((1000, 0), (30000, None))
        again = [entry[0] for entry in world.done if entry[1] == "again"]
        assert world.supply.attempts == attempts, (told_after, again)
        assert len(again) == attempts - 1
        gaps = [b - a for a, b in zip([1000] + again, again)]
        assert all([2000 <= gap <= 2200 for gap in gaps]), gaps
        assert world.is_deferred


def test_dips():
    """A short one is counted, and costs two records; a line that chatters is one failure."""
    world = World()
    world.run((1000, 0), (10, 1), (1000, None))
    assert world.names() == BEGIN + ["fail", "fail"] and world.supply.dips == 1
    world = World()
    world.run((1000, 0), *[(20, n % 2) for n in range(1, 200)])
    names = world.names()
    assert names.count("fail") <= 4 and names.count("SUPPLY_FAILED") <= 1, names


def test_failed_before():
    """The line is low when the terminal starts."""
    world = World()
    world.line.level = 0
    world.run((1000, None), (1000, 1), (1000, None))
    assert world.names() == BEGIN + GASP + BACK


def test_an_edge_nobody_saw():
    """The supply fails again in the moment in which it is taken for good: seen within a second."""
    world = World()

    def shed(on):
        world.note("shed", on)
        if not on and world.supply.failures == 1:
            world.line.set(0)

    world.supply.connect(world, lambda: world.note("flush"), shed)
    world.run((1000, 0), (3000, 1), (5000, None))
    assert world.supply.failures == 2
    assert world.names() == BEGIN + GASP + BACK + GASP


def test_begun_again_in_a_failure():
    """Its task broke off: what flash holds of the failure is not the end of this boot."""
    world = World()
    world.run((1000, 0), (3000, None))
    world.line.set(1)
    world.run((1000, None))
    assert [entry[2] for entry in world.done if entry[1] == "fail"] == [0, UTC + 1000, 0]


class Path:
    """Stands where delivering, its session and the supervisor are."""

    def __init__(self):
        self.session = self
        self.state = "up"
        self.done = []

    def stats(self):
        return {"state": self.state}

    def first(self, event):
        self.done.append("first")

    def down(self, why):
        self.done.append("down")

    async def remove(self, name):
        self.done.append("remove")
        return True

    def add(self, name, factory):
        self.done.append("add")


def test_a_connection_being_made_is_left_alone():
    """A handshake takes longer than attempts are apart: begun anew each time it never ends."""
    path = Path()
    uplink = Uplink(path, path, "uplink", lambda: None)
    assert asyncio.run(uplink.again("event")) and path.done == ["remove", "down", "first", "add"]
    path.state = "connecting"
    assert not asyncio.run(uplink.again("event")) and len(path.done) == 4
    path.state = "down"
    assert asyncio.run(uplink.again("event")) and path.done[4:] == ["remove", "first", "add"]
    # and what is no new attempt is not counted
    world = World()
    world.told_after = 99
    world.is_busy = True
    world.run((1000, 0), (30000, None))
    assert world.supply.attempts == 1 and world.names().count("again") == 5


def starts(cause, **facts):
    """[(name, stamp, text)] of the events of a start."""
    world = World(**facts)
    world.time.us = 250000
    world.supply.tell_start(cause)
    return [entry[1:] for entry in world.done if entry[1].startswith("STATION")], world


def test_starts():
    off = UTC - 60000
    told, _ = starts("power-on", failed_ms=off, ended_ms=off + 5000)
    assert told[0] == ("STATION_OFF", off, "told by the line of the supply")
    assert told[1] == ("STATION_ON", UTC + 250, "power-on, off for 60000 ms")
    told, _ = starts("power-on", ended_ms=off)
    assert told[0][1] == off and "about" in told[0][2]
    # a watchdog that bit while the supply was down is an outage, without it is none
    told, _ = starts("watchdog", failed_ms=off)
    assert len(told) == 2
    for cause, facts in (
        ("watchdog", {"ended_ms": off}),
        ("soft", {"ended_ms": off}),
        ("power-on", {"ended_ms": off, "was_stopped": True}),
        ("power-on", {}),
    ):
        assert starts(cause, **facts)[0] == []
    told, _ = starts("power-on", failed_ms=UTC + 99000)
    assert "unknown" in told[1][2]


def test_unsteady():
    """Ten in ten minutes: a modem waits, copies too, until it was calm."""
    _, world = starts("power-on", failed_ms=UTC - 5000, failures=10)
    assert world.supply.is_unsteady and world.is_deferred
    found = []

    async def find(kind):
        found.append((world.clock.ms(), kind))

    guarded = world.supply.guard(find)

    async def main():
        task = asyncio.create_task(world.supply.run())
        await guarded("rs485")
        await guarded("cellular")
        task.cancel()

    asyncio.run(main())
    assert found[0] == (250, "rs485")
    assert found[1][1] == "cellular" and 20000 <= found[1][0] <= 22000, found
    assert not world.supply.is_unsteady and not world.is_deferred
    assert not starts("power-on", failures=9)[1].supply.is_unsteady
    # and while it runs
    world = World()
    world.run(*[(1000, n % 2) for n in range(20)], (1000, None))
    assert world.names().count("SUPPLY_UNSTEADY") == 1 and world.supply.is_unsteady


def test_no_line():
    world = World()
    world.supply.line = None
    world.run((5000, None))
    assert world.names() == BEGIN and ("supply", "not wired") in world.supply.rows()


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        gc.collect()
        test()
print("OK")
