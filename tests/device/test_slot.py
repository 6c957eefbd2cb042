"""Slot: turns, commands, failures and what they do to the points, in virtual time."""

import asyncio
import gc

from bay_world import World

from firmware.bay.contract import ALARM, DATA, DONE, KEY, SILENT
from firmware.bay.slot import Slot
from firmware.core.errors import SlotError
from firmware.core.quality import GOOD, IV, NT
from firmware.points.table import Points

TWO = (("state", "", 0), ("level", "V", -1))


class Plan:
    """What the next Driver does; shared with the test, which changes it while things run."""

    def __init__(self):
        self.devices = [("a", TWO, KEY), ("b", TWO, KEY)]
        self.problems = []
        self.poll_ms = 50
        self.value = 7
        self.bits = GOOD
        self.silent = set()  # names that do not answer
        self.fails = None  # what poll raises
        self.command_ms = 10
        self.command_fails = None
        self.open_fails = None
        self.log = []  # what happened, in order
        self.opened_ms = []
        self.closed = 0


class Driver:
    VERSION = "t"
    plan = None

    def __init__(self, wires, cfg, clock, log):
        self._clock = clock
        self.names = ()

    async def open(self):
        plan = self.plan
        plan.opened_ms.append(self._clock.ms())
        if plan.open_fails:
            raise plan.open_fails
        self.names = [row[0] for row in plan.devices]

    def devices(self):
        return tuple(self.plan.devices)

    def problems(self):
        return self.plan.problems

    async def poll(self, device, duty, out):
        plan = self.plan
        await asyncio.sleep_ms(plan.poll_ms)
        name = self.names[device]
        plan.log.append(name)
        if plan.fails:
            raise plan.fails
        if name in plan.silent:
            return SILENT
        out(0, plan.value, plan.bits)
        if len(plan.devices[device][1]) > 1:
            out(1, plan.value, GOOD)
        return DONE

    async def command(self, verb, *args):
        plan = self.plan
        plan.log.append(verb)
        await asyncio.sleep_ms(plan.command_ms)
        if plan.command_fails:
            raise plan.command_fails
        return (verb,) + args

    async def close(self):
        self.plan.closed += 1


class Rig:
    """A slot that runs; its points and its driver's plan."""

    def __init__(self, capacity=8, **cfg):
        self.world = world = World()
        self.plan = Driver.plan = Plan()
        self.points = Points(capacity)
        wires = world.wires[0]
        self.slot = Slot(1, "test", Driver, wires, cfg, self.points, world.clock, world.log, world)
        self.task = None
        self.crash = None  # what the supervisor would have seen

    def start(self):
        self.task = asyncio.create_task(self._run())
        return self

    async def _run(self):
        try:
            await self.slot.run()
        except ValueError as error:
            self.crash = error

    async def stop(self):
        self.task.cancel()
        try:
            await self.task
        except asyncio.CancelledError:
            pass

    async def advance(self, ms):
        await asyncio.sleep_ms(ms)

    def bits(self, name):
        device = self.points.device(name)
        return [self.points.quality[device.base + i] for i in range(len(device.template))]

    def values(self, name):
        base = self.points.device(name).base
        return list(self.points.values[base : base + 2])

    async def refused(self, verb, **more):
        """(the sentence, ms it took)."""
        begun = self.world.clock.ms()
        try:
            found = await self.slot.command(verb, **more)
        except SlotError as error:
            assert len(str(error)) > 10 and "\n" not in str(error)
            return str(error), self.world.clock.ms() - begun
        raise AssertionError("%s was done: %s" % (verb, found))


async def results(tasks):
    """What each task returned; False for one that is not done."""
    found = []
    for task in tasks:
        found.append(await task if task.done() else False)
    return found


async def test_turns_of_commands():
    """A command overtakes all devices that are due, but every second turn is a device's."""
    rig = Rig(key_s=0).start()  # key alarms are always due
    await rig.advance(325)  # in the middle of a poll
    assert rig.slot.state == "ready" and len(rig.plan.log) == 6, rig.plan.log
    del rig.plan.log[:]
    asked = [asyncio.create_task(rig.slot.command("c%d" % i, i)) for i in range(4)]
    await rig.advance(400)
    order = rig.plan.log
    assert order[1:9:2] == ["c0", "c1", "c2", "c3"], order
    assert [name in ("a", "b") for name in order[:9:2]] == [True] * 5, order
    await rig.advance(100)
    found = await results(asked)
    assert found == [("c%d" % i, i) for i in range(4)], found
    await rig.stop()


async def test_commands_while_nothing_is_due():
    rig = Rig(key_s=60).start()
    await rig.advance(5000)
    begun = rig.world.clock.ms()
    assert await rig.slot.command("now", 1, 2) == ("now", 1, 2)
    assert rig.world.clock.ms() - begun <= 15  # it wakes the slot
    await rig.stop()


async def test_commands_not_before_a_retry_is_over():
    """The answer to the question before may still come: a device is asked again first."""
    rig = Rig(key_s=60).start()
    await rig.advance(3000)
    rig.plan.silent.add("a")
    rig.plan.poll_ms = 500
    await rig.advance(60000 - 2800)
    del rig.plan.log[:]
    asked = asyncio.create_task(rig.slot.command("c"))
    await rig.advance(2500)
    order = rig.plan.log
    assert order.index("c") >= 2 and set(order[: order.index("c")]) == {"a"}, order
    assert await asked == ("c",)
    await rig.stop()


async def test_time_outs_of_commands():
    rig = Rig(key_s=0)
    said, _ = await rig.refused("early")
    assert "slot 1 is not ready" in said
    rig.start()
    rig.plan.poll_ms = 200
    await rig.advance(300)
    said, took = await rig.refused("late", wait_ms=20)
    assert "did not get to it in 20 ms" in said and took < 40
    assert "late" not in rig.plan.log
    rig.plan.command_ms = 1000
    said, took = await rig.refused("slow", wait_ms=500)
    assert "has not finished it in 500 ms" in said and took < 550  # it may have had its effect
    rig.plan.command_ms = 10
    assert await rig.slot.command("next") == ("next",)
    assert rig.plan.log.count("slow") == rig.plan.log.count("next") == 1
    rig.plan.command_fails = SlotError("there is no such command here")
    said, _ = await rig.refused("bad")
    assert said == "there is no such command here" and rig.slot.state == "ready"
    rig.plan.command_fails = None
    many = [asyncio.create_task(rig.slot.command("many")) for _ in range(8)]
    await rig.advance(0)
    said, took = await rig.refused("ninth")
    assert "8 commands waiting" in said and took == 0
    await rig.advance(3000)
    assert await results(many) == [("many",)] * 8
    # who gives up waiting leaves no command behind
    rig.plan.poll_ms = 500
    polls = len(rig.plan.log)
    while len(rig.plan.log) < polls + 2:
        await rig.advance(10)
    task = asyncio.create_task(rig.slot.command("never"))
    await rig.advance(100)
    task.cancel()
    await rig.advance(2000)
    assert "never" not in rig.plan.log
    await rig.stop()


async def test_commands_of_a_slot_that_closes():
    """Waiting or under way: everybody hears at once that it was closed."""
    for how in ("poll", "command", "cancelled", "crash"):
        rig = Rig(key_s=0).start()
        rig.plan.poll_ms = 100
        rig.plan.command_ms = 100
        await rig.advance(250)
        asked = [asyncio.create_task(rig.refused("c%d" % i)) for i in range(3)]
        if how == "poll":
            rig.plan.fails = OSError(5)
        await rig.advance(100)  # the first one is under way
        assert how == "poll" or rig.plan.log[-1] == "c0", rig.plan.log
        if how == "command":
            rig.plan.command_fails = OSError(5)
        elif how == "crash":
            rig.plan.command_fails = ValueError("a defect")
        elif how == "cancelled":
            rig.task.cancel()
        await rig.advance(300)
        told = await results(asked)
        assert all(told), (how, told)
        assert all(["slot 1 was closed" in said and took <= 400 for said, took in told]), told
        assert rig.plan.closed == 1 and rig.slot.driver is None
        assert rig.slot.state == ("failed" if how in ("poll", "command") else "closed"), how
        assert rig.bits("a") == rig.bits("b") == [IV | NT] * 2
        assert "not ready" in (await rig.refused("after"))[0]
        assert (rig.crash is not None) == (how == "crash")
        await rig.stop()


async def test_a_driver_that_fails():
    """Marked, closed, told once, opened anew later and later; soon after a good session."""
    for error in (OSError(5), SlotError("the port is gone")):
        rig = Rig(key_s=0).start()
        await rig.advance(225)
        assert rig.bits("a") == rig.bits("b") == [GOOD] * 2
        rig.plan.fails = error
        await rig.advance(100)
        assert rig.slot.state == "failed" and rig.plan.closed == 1
        assert rig.slot.error and rig.world.take() == [("failed", 1, rig.slot.error)]
        assert rig.bits("a") == rig.bits("b") == [IV | NT] * 2
        assert rig.values("a") == [7, 7]  # the last ones are kept, and marked
        rig.plan.fails = None
        rig.plan.open_fails = SlotError("nobody answers")
        await rig.advance(200000)
        gaps = [b - a for a, b in zip(rig.plan.opened_ms[1:], rig.plan.opened_ms[2:])]
        assert [round(gap / 1000) for gap in gaps] == [2, 4, 8, 16, 32, 60, 60], gaps
        assert rig.world.take() == [("failed", 1, "nobody answers")]
        assert rig.plan.closed == len(rig.plan.opened_ms)
        rig.plan.open_fails = None
        await rig.advance(60000)
        assert rig.slot.state == "ready" and rig.slot.error == "" and rig.bits("a") == [GOOD] * 2
        await rig.stop()


async def test_cancelled_in_the_middle_of_a_poll():
    rig = Rig(key_s=0).start()
    await rig.advance(325)
    assert rig.bits("a") == rig.bits("b") == [GOOD] * 2
    await rig.stop()
    assert rig.plan.closed == 1 and rig.bits("a") == rig.bits("b") == [IV | NT] * 2
    await rig.advance(1000)
    assert rig.bits("a") == [IV | NT] * 2


async def test_devices_that_are_silent():
    """Lost: its own points are marked, its last values stay; back: good again. Told each once."""
    rig = Rig(key_s=1).start()
    await rig.advance(1500)
    rig.plan.silent.add("b")
    await rig.advance(5000)
    assert rig.bits("a") == [GOOD] * 2 and rig.bits("b") == [IV | NT] * 2
    assert rig.values("b") == [7, 7] and rig.slot.counts() == (1, 1)
    assert rig.world.take() == [("lost", "b")]
    rig.plan.silent.clear()
    await rig.advance(20000)
    assert rig.bits("b") == [GOOD] * 2 and rig.slot.counts() == (2, 0)
    assert rig.world.take() == [("back", "b")]
    await rig.stop()


async def test_state_events():
    """A change of a state that was known is told; nothing else is."""
    rig = Rig(key_s=1, data_s=1)
    rig.plan.devices = [("a", TWO, KEY), ("c", TWO, DATA)]
    rig.start()
    await rig.advance(1500)
    assert rig.values("a") == [7, 7] and rig.world.take() == []  # the first reading is no change
    rig.plan.value = 8
    await rig.advance(1000)
    assert rig.world.take() == [("state", "a", "state", 7, 8), ("state", "a", "level", 7, 8)]
    await rig.advance(3000)
    assert rig.world.take() == []
    # what cannot be read keeps its value; what was invalid before is no news
    rig.plan.bits = IV
    rig.plan.value = 9
    await rig.advance(1000)
    assert rig.world.take() == [("state", "a", "level", 8, 9)]
    assert rig.values("a") == [8, 9] and rig.bits("a") == [IV, GOOD]
    rig.plan.bits = GOOD
    await rig.advance(1000)
    assert rig.world.take() == [] and rig.values("a") == [9, 9]
    # a value that was only old did change since
    rig.points.mark(rig.points.device("a"), NT)
    rig.plan.value = 10
    await rig.advance(1000)
    assert [event[0] for event in rig.world.take()] == ["state"] * 2
    # neither is a change over a session that ended
    rig.slot.reopen()
    await rig.advance(100)
    rig.plan.value = 11
    await rig.advance(3000)
    assert rig.values("a") == [11, 11] and rig.world.take() == []
    await rig.stop()


async def test_stale_points():
    """A whole period overdue: not topical, until it is read; a late key alarm is not that."""
    rig = Rig(key_s=1, alarm_s=60, data_s=60)
    rig.plan.devices = [("a", TWO, KEY), ("b", TWO, ALARM), ("c", TWO, KEY)]
    rig.plan.poll_ms = 10
    rig.start()
    await rig.advance(60500)
    rig.plan.poll_ms = 8000  # a bus that is busy for seconds
    for _ in range(170):
        await rig.advance(500)
        assert NT not in rig.bits("a") + rig.bits("b") + rig.bits("c")
    rig.plan.poll_ms = 100000  # key alarms leave no turn to others
    await rig.advance(500000)
    assert rig.bits("b") == [NT] * 2, rig.bits("b")
    rig.plan.poll_ms = 10
    await rig.advance(220000)
    assert rig.bits("a") == rig.bits("b") == [GOOD] * 2
    await rig.stop()


async def test_opened_anew():
    """After the devices behind it changed, also while it waits for its next try."""
    rig = Rig(key_s=1, reply_ms=300).start()
    await rig.advance(1500)
    rig.plan.devices = [("b", TWO, KEY), ("new", TWO, KEY)]
    rig.slot.reopen()
    await rig.advance(100)
    assert rig.plan.closed == 1 and rig.bits("a") == rig.bits("b") == [IV | NT] * 2
    await rig.advance(1500)
    assert rig.bits("b") == rig.bits("new") == [GOOD] * 2 and rig.bits("a") == [IV | NT] * 2
    assert rig.slot.state == "ready" and len(rig.plan.opened_ms) == 2
    assert [name for _, name in rig.slot.served()] == ["b", "new"]
    rig.plan.fails = SlotError("the port is gone")
    rig.plan.open_fails = SlotError("still gone")
    await rig.advance(100000)
    opened = len(rig.plan.opened_ms)
    rig.plan.fails = rig.plan.open_fails = None
    rig.slot.reopen()
    await rig.advance(1000)
    assert len(rig.plan.opened_ms) == opened + 1 and rig.slot.state == "ready"
    await rig.stop()


async def test_devices_without_a_place():
    """A name that is taken, or no room for its points, costs that device only, in a sentence."""
    rig = Rig(7)
    rig.points.add("meter", (TWO[0], TWO[1]))  # another part's, if of the same shape
    rig.points.seal()
    rig.plan.problems = ["x: there is no profile"]
    rig.plan.devices = [("meter", TWO, KEY), ("a", TWO, KEY), ("a", TWO, KEY), ("b", TWO, KEY)]
    rig.plan.devices += [("c", TWO, KEY), ("d", TWO[:1], KEY)]
    rig.start()
    await rig.advance(3000)
    assert rig.slot.state == "ready" and len(rig.slot.problems) == 4
    assert rig.world.take() == [("failed", 1, text) for text in rig.slot.problems]
    for text, word in zip(rig.slot.problems, ("profile", "own", "second device a", "room")):
        assert word in text, text
    assert set(rig.plan.log) == {"a", "b", "d"}
    assert [name for _, name in rig.slot.served()] == ["a", "b", "d"]
    assert rig.bits("a") == rig.bits("b") == [GOOD] * 2 and rig.bits("meter") == [IV | NT] * 2
    assert rig.slot.counts() == (3, 0)
    await rig.stop()
    assert rig.bits("a") == [IV | NT] * 2


for test in (
    test_turns_of_commands,
    test_commands_while_nothing_is_due,
    test_commands_not_before_a_retry_is_over,
    test_time_outs_of_commands,
    test_commands_of_a_slot_that_closes,
    test_a_driver_that_fails,
    test_cancelled_in_the_middle_of_a_poll,
    test_devices_that_are_silent,
    test_state_events,
    test_stale_points,
    test_opened_anew,
    test_devices_without_a_place,
):
    asyncio.new_event_loop()
    asyncio.run(test())
    gc.collect()
print("OK")
