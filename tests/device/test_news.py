"""What a driver tells of its own accord, and that it tells nothing once its session is over."""

import asyncio

from bay_world import UTC_MS, World

from firmware.bay.contract import KEY
from firmware.bay.slot import Slot
from firmware.core.errors import SlotError
from firmware.core.quality import GOOD, IV, NT
from firmware.points.table import Points

TWO = (("state", "", 0), ("level", "V", -1))


class Driver:
    """Does what the test puts into `plan`."""

    VERSION = "t"
    VIEWS = ("status", "nodes")
    ORDERS = ("restart",)
    plan = {}

    def __init__(self, wires, cfg, clock, log):
        self.is_closed = False

    async def open(self):
        self.plan["opened"] = self.plan.get("opened", 0) + 1

    def devices(self):
        return (("a", TWO, 0), ("b", TWO, 0), ("c", TWO, KEY), ("meter", TWO, 0))

    def problems(self):
        return ()

    async def poll(self, device, duty, out):
        out(0, 5, GOOD)
        return 0

    async def run(self, news):
        self.plan["news"] = news
        self.plan["driver"] = self
        try:
            while not self.plan.get("fails"):
                await asyncio.sleep_ms(10)
            raise self.plan["fails"]
        finally:
            self.plan["ended"] = not self.is_closed
            if self.plan.get("stays"):
                await asyncio.sleep_ms(10000)

    def view(self, name):
        return ("name",), ((name,),)

    async def close(self):
        self.is_closed = True


class Rig:
    def __init__(self):
        Driver.plan = self.plan = {}
        self.world = world = World()
        self.told = []
        world.slot_event = lambda *words: self.told.append(words)
        self.points = Points(10)
        self.points.add("meter", (("ua", "V", -1), ("ub", "V", -1)))
        self.points.seal()
        wires = world.wires[0]
        self.slot = Slot(3, "test", Driver, wires, {}, self.points, world.clock, world.log, world)

    async def start(self):
        self.task = asyncio.create_task(self.slot.run())
        await self.world.advance(100)
        return self.plan["news"]

    async def stop(self):
        self.task.cancel()
        await self.world.advance(100)

    def point(self, name, offset=0):
        at = self.points.device(name).base + offset
        return self.points.values[at], self.points.quality[at], self.points.stamps[at]


async def test_points_and_states():
    rig = Rig()
    news = await rig.start()
    assert rig.slot.problems == ["meter is a name of the terminal's own: choose another"]
    news.put(0, 1, 2301)
    assert rig.point("a", 1) == (2301, GOOD, UTC_MS + rig.world.clock.ms())
    news.put(0, 0, 1, 0, UTC_MS + 7, True)  # the first value is no change
    rig.world.take()
    news.put(0, 0, 0, 0, UTC_MS + 9, True)
    assert rig.point("a") == (0, GOOD, UTC_MS + 9)
    assert rig.world.take() == [("state", "a", "state", 1, 0)]
    news.put(0, 0, 0, 0, UTC_MS + 11, True)
    news.put(0, 1, 2302)
    assert rig.world.take() == []
    news.put(0, 1, 0, IV)  # keeps the value and its stamp
    assert rig.point("a", 1)[:2] == (2302, IV)
    news.put(3, 0, 1)  # it has no place
    assert news.missed == 1 and rig.slot.counts() == (1, 0)
    await rig.stop()


async def test_losses():
    rig = Rig()
    news = await rig.start()
    news.put(0, 0, 1)
    rig.world.take()
    news.back(0)
    assert rig.world.take() == [] and rig.slot.counts() == (2, 0)
    news.lost(0)
    news.lost(0)
    assert rig.world.take() == [("lost", "a")] and rig.slot.counts() == (1, 1)
    assert rig.point("a")[1] == NT | IV
    news.back(0)
    news.lost(3)
    assert rig.world.take() == [("back", "a")]
    news.event("OUTAGE", "two", members=("a", "b"))
    news.event("METER_EVENT", "one", 1, 5)
    assert rig.told == [
        ("OUTAGE", "slot 3", "two", 0, ("a", "b")),
        ("METER_EVENT", "b", "one", 5, ()),
    ]
    await rig.stop()


async def test_nothing_is_told_after_the_end():
    rig = Rig()
    news = await rig.start()
    news.put(0, 0, 1)
    await rig.stop()
    assert rig.plan["ended"]  # before close
    assert rig.point("a")[1] & IV
    rig.world.take()
    news.put(0, 0, 2, 0, 0, True)
    news.back(0)
    news.lost(1)
    news.event("OUTAGE", "late")
    assert rig.point("a")[:2] == (1, NT | IV)
    assert rig.world.take() == [] and rig.told == []


async def test_what_run_raises_ends_the_session():
    rig = Rig()
    await rig.start()
    for error, text in ((SlotError("it is gone"), "it is gone"), (OSError("no port"), "no port")):
        rig.plan["fails"] = error
        await rig.world.advance(20)
        assert rig.slot.state == "failed" and rig.plan["driver"].is_closed
        assert rig.world.take()[-1] == ("failed", 3, text)
        rig.plan["fails"] = None
        await rig.world.advance(4000)
        assert rig.slot.state == "ready" and not rig.plan["driver"].is_closed
    assert rig.plan["opened"] == 3
    # the same text is told again when the session had lasted
    await rig.world.advance(20000)
    rig.plan["fails"] = OSError("no port")
    await rig.world.advance(20)
    assert rig.world.take()[-1] == ("failed", 3, "no port")
    # a crash is the supervisor's
    await rig.world.advance(4000)
    rig.plan["fails"] = KeyError("oops")
    await rig.world.advance(4000)
    assert rig.task.done()
    try:
        await rig.task
        raise AssertionError("it went on")
    except KeyError:
        pass


async def test_a_task_that_does_not_end_is_left_behind():
    rig = Rig()
    await rig.start()
    rig.plan["stays"] = True
    lines = []
    rig.world.log.sink = lines.append
    rig.task.cancel()
    await rig.world.advance(200)
    assert rig.plan["driver"].is_closed and rig.slot.state == "closed"
    assert [line for line in lines if "does not end" in line]


async def test_views():
    rig = Rig()
    for _ in range(2):
        try:
            rig.slot.view()
            raise AssertionError("it is not open")
        except SlotError as error:
            assert str(error) == "slot 3 is not ready"
    await rig.start()
    assert rig.slot.view() == (("name",), (("status",),))
    assert rig.slot.view("nodes")[1] == (("nodes",),)
    try:
        rig.slot.view("roots")
        raise AssertionError("there is none")
    except SlotError as error:
        assert str(error) == "slot 3 shows status, nodes"
    assert rig.slot.orders() == ("restart",)
    await rig.stop()


asyncio.run(test_points_and_states())
asyncio.run(test_losses())
asyncio.run(test_nothing_is_told_after_the_end())
asyncio.run(test_what_run_raises_ends_the_session())
asyncio.run(test_a_task_that_does_not_end_is_left_behind())
asyncio.run(test_views())
print("OK")
