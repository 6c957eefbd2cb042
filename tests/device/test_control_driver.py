"""The control module's driver with the emulated board, relays and switches, in the real slot on
virtual time: every step is read back, every fault has its sentence, and no coil stays fed."""

import asyncio

import i2c_bus

from firmware.bay.slot import Slot
from firmware.core.clock import Clock
from firmware.core.errors import SlotError
from firmware.core.log import Log
from firmware.points.table import Points
from modules.control.driver import Driver
from tools.emulator import switchgear
from tools.virtual import loop

PULSE_MS, TRAVEL_MS = 100, 400
Q1 = "control-4.q1"


class Handle:
    def __init__(self, world, seconds, call):
        self._task = asyncio.create_task(self._run(seconds, call))

    async def _run(self, seconds, call):
        await asyncio.sleep_ms(round(1000 * seconds))
        call()

    def cancel(self):
        if self._task is not asyncio.current_task():
            self._task.cancel()


class Port:
    """What the module has of its slot."""

    def __init__(self, world):
        self._world = world

    def now(self):
        return self._world.time.us / 1e6

    def later(self, seconds, call):
        return Handle(self._world, seconds, call)

    def interrupt(self, level):
        if not level and self._world.handler:
            self._world.handler(None)


class Timer:
    def __init__(self, world, ms, callback):
        self._handle = Handle(world, ms / 1000, lambda: callback(self))

    def deinit(self):
        self._handle.cancel()


class World:
    """The slot's wires and listener."""

    number = 4

    def __init__(self):
        asyncio.core.new_event_loop()
        self.time = loop.Time(1790000100000)
        loop.install(self.time)
        self.clock = Clock(self.time.ticks_us, loop.diff, self.time.utc_ms)
        self.points = Points(32)
        self.handler = None
        self.has_timer = True
        self.news = []
        self.key = object()  # the door's, good until it is used
        self.keys = 0

    def attend(self, handler):
        self.handler = handler

    def one_shot(self, ms, callback):
        if not self.has_timer:
            raise OSError("slot 4 has no hardware timer on this board")
        return Timer(self, ms, callback)

    def redeem(self, key, output, action):
        self.keys += key is self.key
        return key is self.key

    def slot_failed(self, number, text):
        self.news.append(("failed", text))

    def slot_event(self, name, who, text, stamp_ms, members):
        self.news.append((name, text))

    def state_changed(self, device, point, before, now, stamp_ms):
        self.news.append((device.template[point][0], before, now))

    def take(self):
        found, self.news = self.news, []
        return found

    def value(self, point):
        value, _, bits = self.points.reading("control-4." + point)
        return None if bits else value

    async def start(self, **options):
        self.module = switchgear.Module(Port(self), 4, options)
        self.module.power(True)
        self.i2c = i2c_bus.Bus(self.module.chips)
        cfg = {"pulse_ms": PULSE_MS, "travel_ms": TRAVEL_MS, "devices": lambda: ()}
        cfg["redeem"] = self.redeem
        self.slot = Slot(
            4,
            "control",
            Driver,
            self,
            cfg,
            self.points,
            self.clock,
            Log(self.clock, lambda line: None),
            self,
        )
        self.task = asyncio.create_task(self.slot.run())
        await asyncio.sleep_ms(700)

    async def operate(self, action, is_remote=False, output=Q1, key=None):
        return await self.slot.command("operate", key or self.key, output, action, is_remote)

    def pulses(self):
        """[(coil, ms)] since."""
        found = []
        while self.module.plant.pulses:
            name, _, length = self.module.plant.pulses.popleft()
            found.append((name, round(1000 * length)))
        return found


def play(test):
    async def main():
        world = World()
        await test(world)
        world.task.cancel()
        await asyncio.sleep_ms(700)
        assert not world.module.plant.feeding

    asyncio.run(main())


async def both_ways(w):
    await w.start()
    assert [w.value(name) for name in ("q1", "q2", "remote", "plate", "supply")] == [2, 1, 1, 0, 1]
    assert w.take() == []
    for action, target, word in (("open", 1, "open"), ("close", 2, "closed")):
        outcome, text = await w.operate(action, is_remote=True)
        assert outcome == "done" and "q1 is %s after" % word in text, text
        ((coil, ms),) = w.pulses()
        assert coil == "q1 " + action and abs(ms - PULSE_MS) < 20, ms
        await asyncio.sleep_ms(600)
        assert w.value("q1") == target
        told = w.take()
        assert ("q1", 0, target) in told and "CONTROL_MISMATCH" not in [n[0] for n in told]
    assert (w.value("operations"), w.value("failures")) == (2, 0)
    assert await w.operate("close") == ("refused", "q1 is closed already")
    assert w.slot.view()[1][0] == ("q1", 2)


async def who_may(w):
    await w.start()
    for key in (object(), "key", 1):
        try:
            await w.operate("open", key=key)
            raise AssertionError("any key opens it")
        except SlotError as error:
            assert "front door" in str(error)
    for words in (("operate",), ("open", Q1), ("operate", w.key, "control-4.q3", "open", False)):
        try:
            await w.slot.command(*words)
            raise AssertionError(words)
        except SlotError as error:
            assert len(str(error)) > 10
    assert w.slot.orders() == ()
    for flag, is_remote, words in (
        ({"plate": True}, False, "plate hangs"),
        ({"key": False}, True, "key switch"),
        ({"supply": False}, False, "no supply"),
    ):
        w.module.set(**flag)  # and at once, before any look
        outcome, text = await w.operate("open", is_remote)
        assert outcome == "refused" and words in text, text
        w.module.set(plate=False, key=True, supply=True)
    w.module.set(key=False)
    assert w.keys == 0 and w.pulses() == []  # no key was used up
    assert (await w.operate("open"))[0] == "done"  # people here may


async def faults(w):
    await w.start()
    for fault, outcome, words, coils in (
        ({"dead": "q1 open"}, "failed", "relay q1 open does not come", []),
        ({"stuck": "q1"}, "failed", "q1 is closed after 400 ms", ["q1 open"]),
        ({"travel_ms": 900}, "failed", "q1 is in between after 400 ms", ["q1 open"]),
    ):
        w.module.set(q1="closed", dead="", stuck="", travel_ms=120)
        await asyncio.sleep_ms(50)
        w.module.set(**fault)
        got = await w.operate("open")
        assert got[0] == outcome and words in got[1], got
        assert [coil for coil, _ in w.pulses()] == coils
    await asyncio.sleep_ms(1000)
    w.module.set(q1="closed", travel_ms=120, welded="q1 open")
    await asyncio.sleep_ms(50)
    outcome, text = await w.operate("open")
    assert outcome == "failed" and "relay q1 open does not let go" in text
    await asyncio.sleep_ms(600)
    assert w.pulses() == [("q1 open", 500)]  # the one-shot
    assert ("CONTROL_MISMATCH", "relay q1 open is on, nobody feeds it") in w.take()
    assert "relay q1 open is on" in (await w.operate("close"))[1]
    w.module.set(welded="")
    w.has_timer = False
    assert await w.operate("close") == ("failed", "slot 4 has no hardware timer on this board")
    assert w.pulses() == []


async def surprises(w):
    await w.start()
    w.module.set(q2="closed")
    w.module.set(plate=True)
    await asyncio.sleep_ms(20)  # by the interrupt line, not by the next look
    told = w.take()
    assert ("q2", 1, 2) in told and ("plate", 0, 1) in told
    assert ("CONTROL_MISMATCH", "q2 is closed, it was left open") in told
    w.module.set(q2="faulty")
    await asyncio.sleep_ms(20)
    assert ("CONTROL_MISMATCH", "q2 is faulty, it was left closed") in w.take()
    w.module.set(q2="moving")
    await asyncio.sleep_ms(1500)
    assert [n for n in w.take() if n[0] == "CONTROL_MISMATCH"] == [
        ("CONTROL_MISMATCH", "q2 stays between its positions")
    ]


async def brown_out(w):
    await w.start()
    task = asyncio.create_task(w.operate("open"))
    await asyncio.sleep_ms(30)
    assert w.module.plant.feeding == "q1 open"
    w.module.set(reset=True)
    await asyncio.sleep_ms(10)
    assert not w.module.plant.feeding  # pulled down
    outcome, text = await task
    assert outcome == "unknown" and "was reset" in text, text
    await asyncio.sleep_ms(100)
    assert w.value("q1") is None and w.take()[-1][0] == "failed"
    await asyncio.sleep_ms(1500)  # and it is opened anew
    assert w.value("q1") is not None


async def taken_out(w):
    await w.start()
    operating = asyncio.create_task(outcome_of(w.operate("open")))
    await asyncio.sleep_ms(40)
    w.task.cancel()  # as the bay does
    await asyncio.sleep_ms(20)
    assert not w.module.plant.feeding
    assert "was closed" in await operating and w.pulses()[0][1] < 60


async def without_power(w):
    """The chip answers no more while a coil is fed: the one-shot of the module ends it."""
    await w.start()
    operating = asyncio.create_task(outcome_of(w.operate("open")))
    await asyncio.sleep_ms(40)
    chips, w.i2c.chips = w.i2c.chips, {}
    result = await operating
    assert "did not answer" in result or "failed meanwhile" in result, result
    await asyncio.sleep_ms(600)
    assert w.pulses() == [("q1 open", 500)]
    w.i2c.chips = chips


async def outcome_of(coroutine):
    try:
        return ": ".join(await coroutine)
    except SlotError as error:
        return str(error)


async def at_open(w):
    """A relay that is on, or no chip: the module is not put into service."""
    await w.start()
    w.task.cancel()
    await asyncio.sleep_ms(50)
    w.module.plant.relays[2].is_on = True
    w.module.set()
    w.take()
    w.task = asyncio.create_task(w.slot.run())
    await asyncio.sleep_ms(300)
    assert w.take() == [("failed", "relay q2 close is on, nobody feeds it")]
    w.i2c.chips = {}
    await asyncio.sleep_ms(1500)
    assert w.take() == [("failed", "no port expander answers at address 0x24")]
    assert not w.module.plant.feeding or w.module.plant.feeding == "q2 close"
    w.module.plant.relays[2].is_on = False
    w.module.plant.supply(True)


for _test in (both_ways, who_may, faults, surprises, brown_out, taken_out, without_power, at_open):
    play(_test)
print("OK")
