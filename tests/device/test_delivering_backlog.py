"""Delivery of a backlog from the real stores: nothing that flash has is passed over."""

from delivering_world import COLUMNS, QUARTER, UTC, World


def test_what_comes_while_a_backlog_drains():
    """More than RAM keeps is written between two looks: flash has it, so nothing is lost."""
    world = World()
    world.start()
    world.emit(12)
    world.store.flush()
    world.start()
    for _ in range(2):
        world.deliver(4)
        world.emit(20)
        world.store.flush()
    world.deliver()
    assert world.store.lost == {} and world.box.stats()["lost"] == 0
    assert world.events() == [(1, n) for n in range(1, 13)] + [(2, n) for n in range(1, 41)]


def test_a_clock_that_was_years_ahead():
    """Rows come with less than the boundary that was delivered: all the same, once, over a
    restart too."""
    world = World()
    world.start()

    def put(quarter):
        world.ends.append(UTC + QUARTER * quarter)
        values = [10 * quarter, 2300]
        world.curve.put(world.ends[-1], 0, [("a", COLUMNS, values, bytes(2))])
        world.box.history_is_new()
        assert world.deliver(50) < 50

    for quarter in (1, 350400, 2, 3):
        put(quarter)
    world.parts.save()
    world.start()
    assert world.parts.cursors.wrong == ""
    put(4)
    assert [key[0] for key in world.had if key[1] == "a"] == world.ends
    assert world.twice == 0 and world.box.stats()["lost"] == 0


test_what_comes_while_a_backlog_drains()
test_a_clock_that_was_years_ahead()
print("OK")
