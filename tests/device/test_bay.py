"""The bay on a modelled backplane: modules come, go, lie and fail, in virtual time."""

import asyncio
import gc
import random
from array import array

from bay_world import World

from firmware.bay import bay, identity
from firmware.bay.slot import Slot
from firmware.config.archive import Row
from firmware.core.quality import IV
from firmware.points.table import Points


class Served:
    """What make_slot gives in these tests: runs until it is ended, or does as its Driver says."""

    def __init__(self, world, number, driver):
        self.world = world
        self.number = number
        self.driver = driver
        self.state = "ready"
        self.starts = 0
        self.is_running = False

    async def run(self):
        self.starts += 1
        self.is_running = True
        try:
            await self.driver.act(self.world)
        finally:
            self.is_running = False


class Good:
    VERSION = "1.0"

    @staticmethod
    async def act(world):
        while True:
            await asyncio.sleep_ms(100)


class Crashing(Good):
    @staticmethod
    async def act(world):
        await asyncio.sleep_ms(100)
        raise ValueError("a defect")


class Stubborn(Good):
    is_patient = True

    @staticmethod
    async def act(world):
        while Stubborn.is_patient:
            try:
                await asyncio.sleep_ms(100)
            except asyncio.CancelledError:
                pass


class Broken:
    """A driver whose constructor fails."""

    VERSION = "1.0"


async def find(kind):
    if kind == "syntax":
        raise SyntaxError("line 7")
    return {
        "good": Good,
        "other": Good,
        "crash": Crashing,
        "stubborn": Stubborn,
        "broken": Broken,
    }.get(kind)


async def rig():
    world = World()

    def make_slot(number, who, driver):
        if driver is Broken:
            raise MemoryError
        return Served(world, number, driver)

    world.bay = bay.Bay(world.wires, find, make_slot, world.supervisor, world)
    world.supervisor.add("bay", world.bay.run)
    await world.start()
    return world


def tasks(world):
    return [row[0] for row in world.supervisor.status() if row[0] != "bay"]


async def test_comes_and_goes():
    """Seen within 1 s, served within 3 s, in any slot, two of a kind; gone without a trace."""
    world = await rig()
    await world.advance(1000)
    assert world.take() == [] and world.bus.transfers == 0 and tasks(world) == []
    for number in (6, 2, 3):
        bench = world.bench(number)
        bench.plug("other" if number == 2 else "good", "S%d" % number)
        await world.advance(1000)
        assert bench.is_fed and bench.resets == 1
    assert world.take() == [
        ("in", 6, "good, serial S6, hardware 2"),
        ("in", 2, "other, serial S2, hardware 2"),
        ("in", 3, "good, serial S3, hardware 2"),
    ]
    assert tasks(world) == ["slot 6", "slot 2", "slot 3"]
    assert [slot.number for slot in world.bay.slots] == [2, 3, 6]
    place = world.bay.places[2]
    assert (place.state, place.version, place.identity.serial) == ("served", "1.0", "S3")
    port = world.wires[2].uart(9600, 0)  # a driver that forgets its port ...
    assert port.is_open
    for number in (6, 3):
        world.bench(number).pull()
    await world.advance(500)
    assert world.take() == [
        ("out", 3, "good, serial S3, hardware 2"),
        ("out", 6, "good, serial S6, hardware 2"),
    ]
    assert tasks(world) == ["slot 2"] and [s.number for s in world.bay.slots] == [2]
    assert not world.bench(3).is_fed and world.bench(2).is_fed
    assert not port.is_open  # ... does not keep it
    assert (place.state, place.identity, place.slot) == ("empty", None, None)
    assert await world.stop() == [] and world.take() == []
    world.bay.close()
    assert not world.bench(2).is_fed


async def test_bouncing_contacts():
    """A contact that opens for one look costs nothing; one that closes for one starts nothing."""
    world = await rig()
    bench = world.bench(1)
    for is_long in (False, True):
        bench.plug("good")
        await world.advance(600 if is_long else 100)
        chip = bench.chip
        bench.pull()
        await world.advance(100)
        if is_long:
            bench.chip = chip
            await world.advance(1000)
        else:
            await world.advance(1000)
            assert world.take() == [] and not bench.is_fed
    assert [event[0] for event in world.take()] == ["in"] and world.bay.slots[0].starts == 1
    await world.stop()


def wrong():
    record = bytearray(identity.build("good"))
    record[20] ^= 4
    newer = bytearray(identity.build("good"))
    newer[4] = 9
    return (
        (b"\xff" * 256, "blank"),
        (bytes(record), "checksum"),
        (bytes(newer), "layout 9"),
        (b"anything" * 8, "something else"),
        (identity.build("nobody"), "no driver for modules of type nobody"),
        (b"", "no EEPROM answers at 0x54"),
    )


async def test_wrong_identities():
    """One event, a dark slot, and no further try until it is taken out."""
    world = await rig()
    bench = world.bench(4)
    world.bench(5).plug("good")
    await world.advance(1000)
    world.take()
    for data, words in wrong():
        bench.plug(data=data)
        await world.advance(3000)
        ((what, number, text),) = world.take()
        assert (what, number) == ("refused", 4) and words in text, text
        assert not bench.is_fed and tasks(world) == ["slot 5"]
        assert world.bay.places[3].state == "dark" and words in world.bay.places[3].error
        before = (world.bus.transfers, bench.resets)
        await world.advance(5000)
        assert (world.bus.transfers, bench.resets) == before and world.take() == []
        bench.pull()
        await world.advance(500)
        assert [event[:2] for event in world.take()] == [("out", 4)]
        assert world.bay.places[3].state == "empty"
    bench.plug("good")
    await world.advance(1000)
    assert [event[0] for event in world.take()] == ["in"] and len(world.bay.slots) == 2
    await world.stop()


async def test_a_slow_eeprom():
    """An identity that can be read at the last try is good enough."""
    world = await rig()
    bench = world.bench(1)
    bench.plug("good")
    address = 0x51
    chip = world.bus.chips.pop(address)
    while world.bay.places[0].tries < 2:
        await world.advance(50)
    world.bus.chips[address] = chip
    await world.advance(500)
    assert [event[0] for event in world.take()] == ["in"]
    await world.stop()


async def test_defects_of_drivers():
    """An import, a constructor or a task that raises: started again later and later, and the
    other slots do not notice."""
    for kind, words in (("syntax", "line 7"), ("broken", "MemoryError"), ("crash", "a defect")):
        world = await rig()
        world.bench(1).plug(kind)
        world.bench(2).plug("good")
        await world.advance(20000)
        crashes = [event for event in world.take() if event[0] == "crashed"]
        ((_, who, text),) = crashes  # told once, tried on
        assert who == "slot 1" and words in text, crashes
        restarts = [row[2] for row in world.supervisor.status() if row[0] == "slot 1"]
        assert 4 <= restarts[0] <= 6, restarts
        assert world.bay.slots[-1].starts == 1 and world.bay.slots[-1].is_running
        world.bench(1).pull()
        await world.advance(500)
        assert tasks(world) == ["slot 2"], tasks(world)
        await world.advance(60000)
        assert "crashed" not in [event[0] for event in world.take()]
        await world.stop()


async def test_a_task_that_does_not_end():
    """Its slot has no power and no successor until it does; the other slots are served."""
    Stubborn.is_patient = True
    world = await rig()
    bench = world.bench(1)
    bench.plug("stubborn")
    await world.advance(1000)
    bench.pull()
    await world.advance(1000)
    assert not bench.is_fed and world.bay.places[0].state == "leaving"
    bench.plug("good", "NEW")
    world.bench(2).plug("good")
    await world.advance(1500)
    assert [event[:2] for event in world.take()] == [("in", 1), ("in", 2)]
    assert tasks(world) == ["slot 1", "slot 2"]
    Stubborn.is_patient = False
    await world.advance(2000)
    assert [event[0] for event in world.take()] == ["out", "in"]
    assert tasks(world) == ["slot 2", "slot 1"] and world.bay.places[0].identity.serial == "NEW"
    await world.stop()


async def test_a_dead_backplane():
    """It holds nothing: what was served ends, and comes back with it."""
    world = await rig()
    bench = world.bench(1)
    bench.plug("good")
    await world.advance(1000)
    bench.is_broken = True
    await world.advance(1000)
    assert tasks(world) == [] and [event[0] for event in world.take()] == ["in", "out"]
    bench.is_broken = False
    await world.advance(1000)
    assert tasks(world) == ["slot 1"]
    await world.stop()


# a real driver under load

METER = "000000000001"
EP = 4  # place of a point in the profile meter-645


def meter(data):
    """A DL/T 645-2007 meter: zeros for single identifiers, a refusal for blocks (FF)."""
    data = data.lstrip(b"\xfe")
    if len(data) < 16 or data[8] != 0x11:
        return None
    item = data[10:14]  # each byte plus 0x33, lowest first
    is_block = b"\x32" in item
    body = b"\x35" if is_block else item + b"\x33" * 4
    frame = data[:8] + bytes((0xD1 if is_block else 0x91, len(body))) + body
    return frame + bytes((sum(frame) & 0xFF, 0x16))


class Tally:
    """Every task that is created, to see that all have ended."""

    def __init__(self):
        self.tasks = []
        self._create = asyncio.core.create_task
        asyncio.core.create_task = asyncio.create_task = self.create

    def create(self, coroutine):
        task = self._create(coroutine)
        self.tasks.append(task)
        return task

    def alive(self):
        self.tasks = [task for task in self.tasks if not task.done()]
        return len(self.tasks)

    def close(self):
        asyncio.core.create_task = asyncio.create_task = self._create


async def test_rounds():
    """100 times plugged and pulled at random moments, in any slot: nothing is left, ever."""
    from firmware.devices import profile
    from modules.rs485.driver import Driver

    if "meter-645" not in profile.names():
        print("SKIPPED the rounds: this board holds no profiles")
        return
    tally = Tally()
    world = World()
    points = Points(17)
    row = Row(1, "meter-645", METER, 9600, "even", METER)
    cfg = {"devices": lambda: (row,), "data_s": 1}

    def make_slot(number, who, driver):
        wires = world.wires[number - 1]
        return Slot(number, who.kind, driver, wires, cfg, points, world.clock, world.log, world)

    async def one(kind):
        return Driver

    world.bay = bay.Bay(world.wires, one, make_slot, world.supervisor, world)
    world.supervisor.add("bay", world.bay.run)
    await world.start()
    idle = tally.alive()
    random.seed(7)
    good = middle = 0
    heap = array("I", [0] * 100)  # in place before the first round: it must not grow itself
    for turn in range(100):
        bench = world.bench(1 + random.getrandbits(8) % 6)
        bench.device = meter
        bench.plug("rs485")
        await world.advance(50 + random.getrandbits(8) * 5)
        good += not points.quality[EP]
        middle += tally.alive() > idle + 1  # a request is on its way
        bench.pull()
        await world.advance(500)
        assert tally.alive() == idle, tally.tasks
        assert len(world.supervisor.status()) == 1 and not asyncio.core._io_queue.map
        assert bench.open_ports() == 0 and not bench.is_fed
        assert all([bits & IV for bits in points.quality])
        told = [event[0] for event in world.take()]
        assert told in ([], ["in", "out"]), told
        del told
        gc.collect()
        heap[turn] = gc.mem_alloc()
    assert good > 20 and middle > 20, (good, middle)
    # single looks find a little more, where the round ended; the least of many is what is kept
    growth = min(heap[60:]) - min(heap[20:60])
    assert growth <= 32, heap
    assert await world.stop() == []
    tally.close()


for test in (
    test_comes_and_goes,
    test_bouncing_contacts,
    test_wrong_identities,
    test_a_slow_eeprom,
    test_defects_of_drivers,
    test_a_task_that_does_not_end,
    test_a_dead_backplane,
    test_rounds,
):
    asyncio.new_event_loop()
    asyncio.run(test())
    gc.collect()
print("OK")
