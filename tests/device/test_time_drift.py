"""Crystals that are off by 100 ppm or half a second a day: within a second with a time each hour,
within 15 s after a month alone, never backwards, never farther off than stated."""

from time_world import HOUR, SECOND, World

DAY = 24 * HOUR
MINUTE = 60 * SECOND


def live(ppb, source, days=2, every=HOUR, wander_ppb=0):
    world = World(ppb, ticks=(1 << 30) - 10000000)
    world.start(SECOND // 2)
    for hour in range(days * DAY // every):
        world.ppb = ppb + (wander_ppb if hour % 24 < 12 else -wander_ppb)
        source(world)
        world.pass_by(every, 20 * SECOND)
    return world


def alone(world, days=30):
    """`days` without any source."""
    for _ in range(days):
        world.pass_by(DAY, 5 * MINUTE)
    return world.error_us()


def test_hourly_sntp():
    for ppb in (100000, -100000, 5787, -5787):
        world = live(ppb, World.sntp)
        assert world.worst_us <= SECOND, (ppb, world.worst_us)
        assert world.untrue_us <= 0 and world.back_us <= 0, (ppb, world.untrue_us, world.back_us)
        assert abs(world.error_us()) < SECOND // 10
        assert world.discipline.state == "synchronised"
        error = alone(world)
        print("sntp, %d ppb: worst %d us, after 30 d alone %d us" % (ppb, world.worst_us, error))
        assert abs(error) <= 15 * SECOND, (ppb, error)
        assert world.untrue_us <= 0
        assert world.discipline.state == "holdover" and "CLOCK_STATE" in world.names()
        world.sntp()  # and back again, by a step
        world.sntp()
        assert abs(world.discipline.left_us() + world.error_us()) < SECOND // 10


def test_hourly_network_time():
    """Whole seconds, the worst source: as good while it is there, and alone after some days."""
    for ppb in (100000, -5787):
        world = live(ppb, World.modem, 8)
        assert world.worst_us <= SECOND, (ppb, world.worst_us)
        assert world.untrue_us <= 0 and world.back_us <= 0
        error = alone(world)
        print("modem, %d ppb: worst %d us, after 30 d alone %d us" % (ppb, world.worst_us, error))
        assert abs(error) <= 15 * SECOND, (ppb, error)


def test_a_crystal_that_wanders():
    """Warm days and cold nights, 2 ppm."""
    world = live(30000, World.sntp, 3, wander_ppb=2000)
    assert world.worst_us <= SECOND and world.untrue_us <= 0, (world.worst_us, world.untrue_us)


def second(world, ic_ppb):
    """As the link's time base says: the crystal of the IC against ours, positive when slow."""
    world.discipline.rate.second(world.ppb - ic_ppb, world.discipline.state == "synchronised")


def test_the_second_oscillator_halves_a_drift():
    errors = []
    for has_second in (False, True):
        world = live(20000, World.sntp)
        if has_second:
            second(world, 7000)
        world.pass_by(4 * HOUR, MINUTE)
        world.ppb += 4000  # our crystal gets older, the other one does not
        if has_second:
            second(world, 7000)
        errors.append(abs(alone(world, 10)))
    assert errors[1] < errors[0] * 6 // 10, errors


test_hourly_sntp()
test_hourly_network_time()
test_a_crystal_that_wanders()
test_the_second_oscillator_halves_a_drift()
print("OK")
