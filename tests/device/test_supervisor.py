"""Supervisor and Watchdog on a clock of the test's own: hours pass in milliseconds."""

import asyncio

from supervisor_world import World

from firmware.supervisor.policies import RESET, Policy
from firmware.supervisor.tasks import Supervisor
from firmware.supervisor.watchdog import Watchdog


def vital(deadline_ms):
    return Policy(RESET, deadline_ms, 1000, 60000, 0)


async def test_backoff():
    """Waits double from the first to the longest, and start anew after a long good run."""
    world = World()
    starts = []
    lives_ms = [0] * 9 + [70000] + [0] * 9

    async def crashing():
        starts.append(world.now_ms)
        await world.sleep(lives_ms[len(starts) - 1])
        raise ValueError("number %d" % len(starts))

    world.supervisor.add("bad", crashing)
    await world.start()
    await world.advance(400000)
    waits = [starts[i + 1] - starts[i] for i in range(len(starts) - 1)]
    rounded = [round(wait / 1000) for wait in waits[:12]]
    assert rounded == [1, 2, 4, 8, 16, 32, 60, 60, 60, 71, 2, 4], rounded
    name, state, restarts, age, error = world.row("bad")
    assert state in ("waiting", "running") and restarts >= 12 and age is None
    assert error == "ValueError: number %d" % restarts, error
    assert world.events[0] == ("crashed", "bad", "ValueError: number 1")
    told = [text for _, _, text in world.events]
    assert len(told) == 3, told  # at once, then after 1, 2, 4 .. minutes
    assert told[1] == "ValueError: number 7 (and 5 times before)", told
    assert "started again in 1000 ms" in world.lines[0]
    assert await world.stop() == []


async def test_endings():
    """Returning, raising, running out of memory and a stray cancellation: all started again."""
    world = World()

    async def returns():
        pass

    async def hungry():
        raise MemoryError

    async def stray():
        raise asyncio.CancelledError

    async def good():
        while True:
            await world.sleep(1000)

    for job in (returns, hungry, stray, good):
        world.supervisor.add(job.__name__, job)
    await world.start()
    await world.advance(4000)
    assert [row[2] for row in world.supervisor.status()] == [3, 3, 3, 0]
    errors = [row[4] for row in world.supervisor.status()]
    assert errors[0] == "ended" and "MemoryError" in errors[1]
    assert errors[2] == "cancelled from within" and errors[3] == ""
    try:
        world.supervisor.add("good", good)
        raise AssertionError("the name is taken twice")
    except ValueError:
        pass
    await world.stop()


async def test_watchdog():
    """Fed while all critical tasks report; not from the moment that one is overdue."""
    world = World()
    beats = {"a": True, "b": True}

    def make(name):
        async def job():
            while True:
                if beats[name]:
                    world.supervisor.beat(name)
                await world.sleep(1000)

        return job

    world.now_ms = 50000  # a slow start must not count against them
    world.supervisor.add("a", make("a"), vital(3000))
    world.supervisor.add("b", make("b"), vital(5000))
    world.now_ms = 90000
    await world.start()
    await world.advance(20000)
    assert world.fed >= 39, world.fed
    beats["b"] = False
    await world.advance(4000)
    fed = world.fed
    await world.advance(3000)
    late = world.fed
    await world.advance(20000)
    assert late - fed <= 5 and world.fed == late
    assert world.events == [("late", "b", "no report within 5000 ms")]
    assert world.supervisor.watchdog.late == ["b"] and world.row("b")[3] > 20000
    beats["b"] = True
    await world.advance(3000)
    assert world.fed > late and world.supervisor.watchdog.late == []
    await world.stop()
    fed = world.fed
    await world.advance(3000)
    assert world.fed == fed


async def test_critical_crash():
    """A critical task that only crashes ends in a reset, however often it is started."""
    world = World()

    async def crashing():
        raise RuntimeError("no")

    world.supervisor.add("core", crashing, vital(4000))
    await world.start()
    await world.advance(4000)
    fed = world.fed
    await world.advance(30000)
    assert world.fed <= fed + 1, (fed, world.fed)
    await world.stop()


async def test_stop():
    """The last added ends first; one that will not end is named and does not hold the others."""
    world = World()
    order = []

    def make(name):
        async def job():
            try:
                await world.sleep(10**9)
            finally:
                order.append(name)

        return job

    async def stubborn():
        while True:
            try:
                await world.sleep(10**9)
            except asyncio.CancelledError:
                pass

    world.supervisor.add("first", make("first"))
    world.supervisor.add("stubborn", stubborn)
    world.supervisor.add("last", make("last"))
    await world.start()
    world.supervisor.add("later", make("later"))  # a module plugged in while it runs
    await world.advance(100)
    before = world.now_ms
    assert await world.stop() == ["stubborn"]
    assert order == ["later", "last", "first"], order
    assert world.now_ms - before < 1000
    assert [row[1] for row in world.supervisor.status()].count("stopped") == 3


async def test_remove():
    """A task is taken out while it runs, waits for its restart or was never started; one that
    will not end stays on the books until it does."""
    world = World()
    ended = []
    is_patient = True

    async def good():
        try:
            await world.sleep(10**9)
        finally:
            await world.sleep(50)  # an ending takes its time
            ended.append(True)

    async def crashing():
        raise ValueError("no")

    async def stubborn():
        while is_patient:
            try:
                await world.sleep(100)
            except asyncio.CancelledError:
                pass

    async def remove(name):
        removing = asyncio.create_task(world.supervisor.remove(name, 200))
        while not removing.done():
            await world.advance(20, 20)
        return await removing

    def names():
        return [row[0] for row in world.supervisor.status()]

    world.supervisor.add("unstarted", good)
    assert await world.supervisor.remove("unstarted") and names() == []
    world.supervisor.add("good", good, vital(60000))
    world.supervisor.add("crashing", crashing)
    world.supervisor.add("stubborn", stubborn)
    await world.start()
    await world.advance(3000)
    assert await remove("good") and ended == [True] and world.row("crashing")[1] == "waiting"
    assert await remove("crashing") and names() == ["stubborn"]
    assert await remove("nobody")
    crashes = len(world.events)
    began = world.now_ms
    assert not await remove("stubborn") and names() == ["stubborn"]
    assert 200 <= world.now_ms - began <= 300
    is_patient = False
    await world.advance(300)
    assert await remove("stubborn") and names() == []
    world.supervisor.add("good", good)  # the name is free again
    await world.advance(100000)
    assert len(world.events) == crashes, world.events  # neither restarted nor missed
    await world.stop()


async def test_stop_unstarted():
    """Stopped before anything ran, nothing waits."""
    world = World()
    world.supervisor.add("never", lambda: world.sleep(1))
    world.main = asyncio.create_task(world.supervisor.run())
    await asyncio.sleep_ms(0)
    assert await world.stop() == []


def test_interrupt():
    """Ctrl-C inside a task reaches main; the other tasks can still be stopped in order."""
    world = World()
    ended = []

    async def interrupted():
        raise KeyboardInterrupt

    async def other():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def hop(ms):
        world.now_ms += ms
        await asyncio.sleep_ms(0)

    supervisor = Supervisor(world.clock, world.log, world.event, hop)
    supervisor.add("other", other)
    supervisor.add("interrupted", interrupted)
    try:
        asyncio.run(supervisor.run())
        raise AssertionError("the interrupt was swallowed")
    except KeyboardInterrupt:
        pass
    assert asyncio.run(supervisor.stop()) == [] and ended == [True]


def test_unknown_beat():
    try:
        Watchdog(World().clock, lambda: None).beat("nobody")
        raise AssertionError("nobody reported")
    except KeyError:
        pass


for test in (
    test_backoff,
    test_endings,
    test_watchdog,
    test_critical_crash,
    test_stop,
    test_remove,
    test_stop_unstarted,
):
    asyncio.new_event_loop()
    asyncio.run(test())
asyncio.new_event_loop()
test_interrupt()
test_unknown_beat()
print("OK")
