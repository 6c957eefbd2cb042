"""The energy journal on flash that fails: what was kept is found again, whatever was cut."""

import gc
import random

from firmware.core.errors import StoreError
from firmware.store import journal_codec as codec
from firmware.store.journal import Journal, fits
from tools.powercut.device import nor

MASK45 = (1 << 45) - 1
SCALE = 0x89ABCDEF
STEP = 5  # between two operations that are cut; tools/energy and tools/powercut cut them all


class World:
    """Energies that grow, and the registers of a unit."""

    def __init__(self):
        self.cells = [0] * 24
        self.registers = [MASK45 - 1000] * 6
        self.utc = 1790000000000
        self.tariff = 1

    def grow(self, active=(0, 2, 6, 8, 12, 14, 18, 20), ms=3250):
        for cell in active:
            self.cells[cell] += random.randrange(1, 60000)
        for k in range(6):
            self.registers[k] = (self.registers[k] + (random.getrandbits(30) << 9)) & MASK45
        self.utc += ms

    def facts(self):
        return self.utc, self.tariff, self.cells, None, (list(self.registers), 8, SCALE)


def same(entry, world, boot=1):
    assert entry.boot == boot and entry.utc_ms == world.utc and entry.tariff == world.tariff
    assert list(entry.cells) == world.cells, (entry.cells, world.cells)
    registers, missing_ms, scale = entry.ways
    assert missing_ms == 8 and scale == SCALE
    for kept, true in zip(registers, world.registers):
        assert 0 <= (true - kept) & MASK45 < 1 << 16, (kept, true)


def test_round_trip():
    """Every kind of record, into blocks that go round, and again after a start."""
    chip = nor.Nor(4)
    world = World()
    journal = Journal(chip)
    assert fits(chip) and journal.open() is None
    for n in range(300):
        world.grow(range(24) if n % 7 == 3 else (0, 2, 18, 20))
        if n % 50 == 20:
            world.utc += 99999999  # too far for a short record
        journal.append(1, *world.facts())
        if n % 10 == 0:
            again = Journal(chip)
            same(again.open(), world)
            assert again.newest.sequence == n + 1 and again.damaged == 0
        journal.ahead()
    assert journal.records == 300 and journal.failures == 0
    # after a start writing goes on in the same block
    again = Journal(chip)
    again.open()
    world.grow()
    again.append(2, *world.facts())
    same(Journal(chip).open(), world, 2)
    erased = max(chip.erases) - min(chip.erases)
    assert erased <= 1, list(chip.erases)


def test_rests():
    """A whole record keeps what is below one mWh."""
    chip = nor.Nor(4)
    journal = Journal(chip)
    journal.open()
    world = World()
    rests = bytes(range(24))
    utc, tariff, cells, _, _ = world.facts()
    journal.append(9, utc, 8, cells, rests, None, utc + 123456, True)
    entry = Journal(chip).open()
    assert entry.rests == rests and entry.ways is None and entry.tariff == 8 and entry.boot == 9
    assert entry.failed_ms == utc + 0x7FFF * 2  # a minute and no more
    journal.append(9, utc, 8, cells, rests, None, utc - 1234, True)
    assert Journal(chip).open().failed_ms == utc - 1234
    journal.append(9, utc + 99, 8, cells, rests, None, utc - 1234)
    assert Journal(chip).open().failed_ms == utc + 99
    journal.append(9, utc + 200, 8, cells, rests, None)
    assert Journal(chip).open().failed_ms == 0
    # what is too long ago says nothing of the registers
    journal.append(9, utc, 8, cells, rests, ([1] * 6, 300000, 5), 0, True)
    assert Journal(chip).open().ways is None


def test_wear():
    """61 records a block at a steady load, and every block as often."""
    chip = nor.Nor(8)
    world = World()
    journal = Journal(chip)
    journal.open()
    for _ in range(61 * 24):
        world.grow()
        journal.append(1, *world.facts())
    assert journal.erases == 24 and list(chip.erases) == [3] * 8
    assert journal.programmed == 24 * 4096


def test_since():
    """What came after a number, oldest first, over blocks and starts."""
    chip = nor.Nor(6)
    world = World()
    totals = []
    for start in range(8):
        journal = Journal(chip)
        journal.open()
        for _ in range(40):
            world.grow()
            totals.append(journal.append(start, *world.facts()).cells[18])
    last = len(totals)
    for number in (last, last - 1, last - 39, last - 41, last - 150):
        gc.collect()
        found = [(entry.sequence, entry.cells[18]) for entry in journal.since(number)]
        assert found == [(n + 1, totals[n]) for n in range(number, last)], number


def test_continue_after():
    """A region that is new beside an older checkpoint goes on from its number."""
    chip = nor.Nor(4)
    journal = Journal(chip)
    journal.open()
    journal.continue_after(7000)
    world = World()
    world.grow()
    assert journal.append(3, *world.facts()).sequence == 7001
    assert Journal(chip).open().sequence == 7001
    journal.continue_after(12)
    assert journal.newest.sequence == 7001


def cut(at, torn, blocks=3, steps=150):
    """Write until the power goes at operation `at`; the journal after it, [last acknowledged,
    one under way]."""
    chip = nor.Nor(blocks)
    world = World()
    done = [None, None]
    gc.collect()
    chip.arm(at, torn)
    try:
        journal = Journal(chip)
        journal.open()
        for n in range(steps):
            world.grow(range(24) if n % 5 == 0 else (0, 2, 18, 20))
            done[1] = list(world.cells)
            journal.append(1, *world.facts())
            done[0] = done[1]
            journal.ahead()
    except nor.PowerCut:
        chip.quiet()
    return chip.again(), world, done


def test_cuts():
    """At every operation, torn in every manner: the last that was acknowledged is there, or the
    one under way, and writing goes on."""
    fired = 0
    for at in range(0, 240, STEP):
        torn = (-1, 0, 1, 4, 5, 63, 64, 200)[at // STEP % 8]
        chip, world, done = cut(at, torn)
        fired += done[0] is not done[1]
        entry = Journal(chip).open()
        if done[0] is None and entry is None:
            continue
        cells = list(entry.cells)
        assert cells in done, (at, torn)
        # and a second cut while it goes on
        chip.arm(at % 7, torn)
        more = Journal(chip)
        try:
            more.open()
            for _ in range(5):
                world.grow()
                more.append(2, *world.facts())
        except nor.PowerCut:
            chip.quiet()
        entry = Journal(chip.again()).open()
        assert min([now - then for now, then in zip(entry.cells, cells)]) >= 0, (at, torn)
    assert fired > 150 // STEP, fired


def test_bad_blocks():
    """Whatever a block does or does not do, the next place is taken."""
    for kind in nor.KINDS:
        chip = nor.Nor(6)
        world = World()
        journal = Journal(chip)
        journal.open()
        for n in range(700):
            if n == 100:
                chip.bad[2] = chip.bad[4] = kind
            world.grow()
            journal.append(1, *world.facts())
        assert journal.failures, kind
        same(Journal(chip).open(), world)
    chip.bad.update(dict.fromkeys(range(6), nor.PROGRAM_IGNORED))
    before = Journal(chip).open().cells
    try:
        for _ in range(70):
            journal.append(1, *world.facts())
        raise AssertionError("worn out")
    except StoreError as error:
        assert "worn out" in str(error)
    assert Journal(chip).open().cells >= before


def test_flipped_bits():
    """A damaged record is never taken; what is left is an older one."""
    chip = nor.Nor(4)
    world = World()
    journal = Journal(chip)
    journal.open()
    valid = []
    for _ in range(30):
        world.grow()
        valid.append(journal.append(1, *world.facts()).cells)
    for _ in range(60):
        other = chip.copy()
        for _ in range(3):
            other.flip(random.randrange(34 * 64), random.randrange(8))
        found = Journal(other).open()
        assert found is None or found.cells in valid
        for entry in Journal(other).since(0):
            assert entry.cells in valid
    assert codec.length(b"\xff" * 64) == 0


def test_too_large():
    journal = Journal(nor.Nor(4))
    journal.open()
    try:
        journal.append(1, 0, 0, [1 << 56] * 24, None, None)
        raise AssertionError
    except StoreError as error:
        assert "too large" in str(error)


random.seed(7)
for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        gc.collect()
        test()
print("OK")
