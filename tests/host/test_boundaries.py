"""Random lives of a terminal's clock: every boundary once, with the marks its story explains. More
of them: TTU_TIME_LIVES=5000 (they begin at seed TTU_TIME_SEED). Each planted defect is found."""

import os

import pytest
from boundary_world import World

from firmware.timing import boundaries

LIVES = int(os.environ.get("TTU_TIME_LIVES", "60"))
SEED = int(os.environ.get("TTU_TIME_SEED", "1"))
THINGS = 30  # that happen in a life
PLANTED_LIVES = 200  # in which a defect must be found


@pytest.mark.parametrize("part", range(4))
def test_each_boundary_once(part):
    for seed in range(SEED + part, SEED + LIVES, 4):
        world = World(seed)
        problems = world.wander(THINGS)
        assert not problems, (seed, problems[:3], world.story)


class Forgetful(boundaries.Boundaries):
    """A reboot forgets what was taken in other eras."""

    def _restore(self, kept):
        return [None] * 3


class OneEra(boundaries.Boundaries):
    """Only the newest boundary is remembered."""

    def look(self):
        found = super().look()
        for eras in self._eras:
            eras.ranges = [max(eras.ranges, key=lambda one: one[1])] if eras.ranges else []
        return found


class Blind(boundaries.Boundaries):
    """Steps are not seen."""

    def look(self):
        self._now_ms = self._clock.ms() - (self._clock.utc_ms() - (self._utc_ms or 0))
        return super().look()


class Hasty(boundaries.Boundaries):
    """What is to be taken is not saved before."""

    def _find(self, *args):
        super()._find(*args)
        return False


class Early(boundaries.Boundaries):
    """A boundary is taken before it is there."""

    def __init__(self, clock, *args):
        super().__init__(clock, *args)
        plain = clock.utc_ms
        clock.utc_ms = lambda: plain() + 5


class Untouched(boundaries.Boundaries):
    """The period in which the clock was set passes for a good one."""

    def _work(self, kind, most):
        self._is_touched[kind] = False
        return super()._work(kind, most)


class LocalQuarters(boundaries.Boundaries):
    """The zone goes for more than it should: a month of UTC."""

    def __init__(self, clock, zone_min, take, kept, last):
        super().__init__(clock, 0, take, kept, last)

    def set_zone(self, zone_min):
        pass


@pytest.mark.parametrize(
    "defect", [Forgetful, OneEra, Blind, Hasty, Early, Untouched, LocalQuarters]
)
def test_a_planted_defect_is_found(defect):
    for seed in range(1, PLANTED_LIVES):
        world = World(seed, defect)
        if world.problems or world.wander(THINGS):
            return
    pytest.fail(f"{defect.__name__} was not found in {PLANTED_LIVES} lives")
