"""Delivery of a backlog from the real stores: nothing that flash has is passed over."""

from delivering_world import World


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


test_what_comes_while_a_backlog_drains()
print("OK")
