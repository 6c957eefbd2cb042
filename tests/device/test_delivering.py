"""Delivery from the real stores, on a littlefs in RAM, over power cuts: everything that was on
flash comes to the head-end in order, what comes twice says so."""

import asyncio
import gc

from delivering_world import COLUMNS, QUARTER, UTC, World

from firmware.store import event_codes as codes
from firmware.uplink.cursors import DOUBT


def test_over_power_cuts():
    world = World()
    world.start()
    world.emit(40)  # more than RAM keeps
    world.rows(3)
    world.store.flush()
    world.deliver(20)
    assert world.parts.cursors.saves == 0
    world.start()  # nothing was saved: all may have been sent
    world.emit(5)
    world.store.flush()
    world.deliver()
    assert world.events() == [(1, n) for n in range(1, 41)] + [(2, n) for n in range(1, 6)]
    assert 0 < world.twice <= 20 and world.undeclared == 0
    world.parts.save()
    world.twice = 0
    world.start()
    assert world.deliver() == 0
    world.emit(3)
    world.rows(1)
    world.deliver(says=False)
    world.store.flush()
    world.start()
    assert world.deliver() == 5 and world.twice == 5 and world.undeclared == 0
    for name in "ab":
        ends = [key[0] for key in world.had if key[1] == name]
        assert ends == world.ends
    assert len(world.box) == 0 and world.parts.cursors.wrong == "" and DOUBT > 200


def test_what_the_ring_gave_up_is_told():
    world = World()
    world.start()
    world.emit(2)
    world.deliver()
    for _ in range(40):
        world.emit(8)
        gc.collect()
        world.store.flush()
    first = [event[0] for boot, event in world.store.after(0, 0)][0]
    assert first > 50
    world.deliver()
    last = 0
    for _, sequence in world.had:
        assert sequence > last
        last = sequence
    assert world.undeclared == 0
    lost = world.log.sequence - len(world.had)
    assert world.box.stats()["lost"] == lost
    world.parts._tell_lost()
    assert [event[4] for event in world.log.last(4) if event[1] == codes.DELIVERY_LOST] == [
        "events: %d" % lost
    ]


def test_a_new_row_is_found():
    world = World()
    world.start()
    world.deliver()

    async def look():
        task = asyncio.create_task(world.parts.run())
        await asyncio.sleep_ms(1)
        task.cancel()

    import firmware.delivering as module

    module.asyncio = Hurry
    world.curve.put(UTC + QUARTER, 0, [("a", COLUMNS, [10, 2300], bytes(2))])
    asyncio.run(look())
    module.asyncio = asyncio
    assert world.deliver() == 1


class Hurry:
    """asyncio without its pauses."""

    @staticmethod
    def sleep_ms(ms):
        return asyncio.sleep_ms(0)


test_over_power_cuts()
test_what_the_ring_gave_up_is_told()
test_a_new_row_is_found()
print("OK")
