"""What becomes of tasks: stuck ones, given up ones, those that rest, and the wrap of the ticks."""

import asyncio

from supervisor_world import World

from firmware.core.clock import Clock
from firmware.supervisor.policies import OTHERS, RESET, RESTART, TABLE, Policy, of
from firmware.supervisor.quota import Quota
from firmware.supervisor.watchdog import Watchdog

_MINUTE = 60000
_DAY = 86400000
_HUNG = Policy(RESTART, 5000, 1000, 60000, 0)
_THRICE = Policy("", 0, 1000, 60000, 3)
_WRAP = 1 << 30  # of ticks_us on a 32-bit port, after 18 minutes


def test_table():
    """A reset comes within 30 s, whatever the settings of the hardware watchdog."""
    for name, policy in TABLE:
        assert policy.late in ("", RESET, RESTART) and policy.first_ms <= policy.most_ms, name
        if policy.late == RESET:
            assert policy.deadline_ms + 500 + 12000 <= 30000, name
            assert not policy.tries, "%s is vital and gives up" % name
    assert of("slot 3").late == RESTART and of("link").late == RESET
    assert of("slot pins") is OTHERS and of("anything") is OTHERS


async def test_stuck():
    """One that does not report is cancelled and started again; the others are fed for."""
    world = World()
    starts = []

    async def hangs():
        starts.append(world.now_ms)
        await asyncio.Event().wait()

    world.supervisor.add("slot 1", hangs, _HUNG)
    await world.start()
    await world.advance(30000)
    assert len(starts) >= 4 and world.row("slot 1")[2] >= 4, starts
    assert world.events == [("stuck", "slot 1", "no report within 5000 ms")], world.events
    assert world.row("slot 1")[4] == "no report within 5000 ms"
    assert world.fed >= 55, world.fed
    assert await world.stop() == []


async def test_stubborn():
    """One that does not even end when cancelled stays as it is, is told and harms nobody."""
    world = World()

    async def stubborn():
        while True:
            try:
                await world.sleep(10**9)
            except asyncio.CancelledError:
                pass

    world.supervisor.add("slot 1", stubborn, _HUNG)
    await world.start()
    await world.advance(30000)
    assert world.row("slot 1")[1:3] == ("stuck", 0) and len(world.events) == 1
    assert world.fed >= 55
    assert await world.stop() == ["slot 1"]


async def test_given_up():
    world = World()

    async def crashing():
        raise ValueError("no")

    world.supervisor.add("evidence", crashing, _THRICE)
    await world.start()
    await world.advance(2 * _MINUTE)
    assert world.row("evidence")[1:3] == ("given up", 2)
    kinds = [kind for kind, _, _ in world.events]
    assert kinds == ["crashed", "gave up"], world.events
    assert world.events[1][2] == "it ended 3 times in a row, last: ValueError: no"
    assert await world.stop() == []


async def test_rest():
    """Who says that it rests is not missed meanwhile, and is missed after it."""
    world = World()

    async def rests():
        world.supervisor.beat("kept", 60000)
        await asyncio.Event().wait()

    world.supervisor.add("kept", rests, Policy(RESET, 5000, 1000, 60000, 0))
    await world.start()
    await world.advance(64000)
    assert world.events == [] and world.fed > 120
    await world.advance(2000)
    fed = world.fed
    assert world.events == [("late", "kept", "no report within 5000 ms")]
    await world.advance(10000)
    assert world.fed == fed
    await world.stop()


async def test_alone():
    """A task within another that nobody waits for is told, not only printed."""
    world = World()

    async def fails():
        raise ValueError("unseen")

    async def careless():
        asyncio.create_task(fails())
        await asyncio.Event().wait()

    world.supervisor.add("careless", careless)
    await world.start()
    await world.advance(1000)
    told = [("crashed", "a task within another", "ValueError: unseen")]
    assert world.events == told, world.events
    await world.stop()


def test_quota():
    """A crash a second: eleven events on the first day, one on each after; an hour's peace ends
    it."""
    quota = Quota()
    told = [s for s in range(0, 3 * 86400, 5) if quota.allows(1000 * s)]
    days = [len([s for s in told if s // 86400 == day]) for day in range(3)]
    assert days == [11, 1, 1] or days == [11, 1, 0], (days, told)
    assert told[:4] == [0, 60, 180, 420]
    assert quota.text("no").endswith(" times before)") and quota.text("no") == "no"
    assert quota.allows(4 * _DAY) and not quota.allows(4 * _DAY + 1)
    assert sum([quota.allows(5 * _DAY + at * 3600001) for at in range(24)]) == 24


def test_wrap():
    """The port's ticks wrap after 18 minutes: nobody is late by it, and who is late is found."""
    us = [_WRAP - 10000000]

    def diff(a, b):
        return (a - b + _WRAP // 2) % _WRAP - _WRAP // 2

    clock = Clock(lambda: us[0] % _WRAP, diff, lambda: us[0] // 1000)
    fed = []
    watchdog = Watchdog(clock, lambda: fed.append(clock.ms()))
    watchdog.watch("kept", 3000)
    for half in range(6000):  # over two wraps
        us[0] += 500000
        if half < 5980:
            watchdog.beat("kept")
        late = watchdog.check()
        assert bool(late) == (half == 5986), half
    assert len(fed) == 5986 and watchdog.unfed_ms == 500
    assert watchdog.worst_ms("kept") == 500 and watchdog.age_ms("kept") == 10000


def test_stall():
    """What stops everybody is nobody's lateness, once; who goes on being silent is late."""
    now = [0]
    clock = Clock(lambda: now[0] * 1000, lambda a, b: a - b, lambda: now[0])
    fed = []
    watchdog = Watchdog(clock, lambda: fed.append(now[0]))
    watchdog.watch("link", 6000)
    watchdog.check()
    now[0] = 10000
    assert watchdog.check() == [] and fed == [0, 10000]
    now[0] = 20000
    assert watchdog.check() == ["link"]
    watchdog.beat("link")
    now[0] = 30000
    assert watchdog.check() == []
    for now[0] in range(30500, 37500, 500):
        late = watchdog.check()
    assert watchdog.late == ["link"] and fed[-1] == 36000, (fed, late)


test_table()
test_stall()
test_quota()
test_wrap()
for test in (test_stuck, test_stubborn, test_given_up, test_rest, test_alone):
    asyncio.new_event_loop()
    asyncio.run(test())
print("OK")
