"""Keeper: what it tells while one of the two places of the energies refuses."""

from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.energy_keeper import Keeper
from firmware.store import event_codes as codes


class World:
    """Stands where checkpoint, billing and energy are."""

    def __init__(self):
        self.us = 0
        self.clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: self.us // 1000)
        self.events = []
        self.refuses = ()  # of "journal" and "copy"
        # the checkpoint
        self.is_lost = False
        self.journal = self
        # the billing, its energies and demand
        self.energy = self.demand = self
        self.active = self.reactive = 5
        self.is_told = True
        self.maxima = [0]
        self.gather = self.forget = self.hold = self.ahead = self.changes = lambda: None
        self.is_restoring = lambda: False
        self.moment = self.tell = lambda utc_ms: None
        self.record = lambda: None
        self.keeper = Keeper(self.clock, self, self, 10**6, 10, self.emit)

    def emit(self, code, device, text):
        self.events.append((code, text))

    def keep(self, moment, failed_ms, is_whole):
        if "journal" in self.refuses:
            raise StoreError("the journal takes no more")

    def write(self, record, failed_ms, is_end):
        if "copy" in self.refuses:
            raise StoreError("the copy was not written")

    def go(self, seconds):
        for _ in range(10 * seconds):
            self.us += 100000
            self.keeper.look()


def test_each_place_is_told_once():
    for place in ("journal", "copy"):
        world = World()
        world.go(60)
        assert world.events == []
        world.refuses = (place,)
        world.go(3600)
        assert [code for code, _ in world.events] == [codes.STORE_FAILED], world.events
        assert place in world.events[0][1]
        world.refuses = ()
        world.go(1000)
        world.refuses = (place,)
        world.go(1000)
        assert len(world.events) == 2


test_each_place_is_told_once()
print("OK")
