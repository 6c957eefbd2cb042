"""The energies on a raw region of NOR flash, outside the file system: a ring of erase blocks.

Append only. A block begins with a whole record, short ones build on it (see journal_codec): 61
records in 4096 bytes. A block is erased just before it is used, and never the one that holds the
newest record; after an erase it is read, after a program too, and what does not read back as
written is left behind: the next place is taken. A torn program or erase is found by the CRC.

Wear: blocks take turns, so all wear alike. A record each 3.25 s, as at full load, is 436 erases a
day: 1,743 a day and MB of these 64 blocks (256 kB), 40 years to 100,000 erases of each. A record
each 10 s, as at 30 % and below, is 142 a day and 120 years. 27,000 records of 64 bytes are 1.8 MB
programmed a day, or 1.05 bytes a byte told. Where power turns back and forth all the time a short
record takes two slots, which doubles that.
"""

from micropython import const

from firmware.core.errors import StoreError
from firmware.store import journal_codec as codec
from firmware.store.journal_codec import SLOT, WHOLE

BLOCK = const(4096)
_SLOTS = const(64)
_WHOLE_SLOTS = const(4)
_ERASE = const(6)  # ioctl requests
_COUNT = const(4)
_SIZE = const(5)
_TRIES = const(32)  # places, or blocks, tried for one record
_AHEAD = const(48)  # slots used when the next block is erased


class Journal:
    def __init__(self, device):
        """`device`: a block device with the extended interface, of at least three blocks of
        4096 bytes. Call open() first."""
        self._device = device
        self._blocks = device.ioctl(_COUNT, 0)
        self.newest = None  # Entry kept last
        self.erases = 0  # since start, as all counts here
        self.records = 0  # written
        self.programmed = 0  # bytes
        self.failures = 0  # programs and erases that did not read back
        self.damaged = 0  # slots that open() found unreadable
        self._block = 0  # that is written
        self._slot = _SLOTS  # next free one in it; none
        self._base = None  # the whole record that short ones build on: of this start
        self._ready = -1  # block that is erased, the one to be used next
        self._kept = -1  # block that holds the newest record
        self._view = memoryview(bytearray(WHOLE))

    def open(self):
        """Look for the newest record: an Entry, None when there is none."""
        found = self._order()
        self.damaged = 0
        if not found:
            self._block, self._slot, self.newest = self._blocks - 1, _SLOTS, None
            return None
        self._block = self._kept = found[-1][1]
        self._slot = 0
        for entry, end in self._walk(self._block):
            self._slot = end
            if entry is not None:
                self.newest = entry
            else:
                self.damaged += 1
        return self.newest

    def since(self, sequence):
        """Generator of the entries after that sequence, oldest first."""
        found = self._order()
        for i, (_, block) in enumerate(found):
            if i + 1 < len(found) and found[i + 1][0] <= sequence + 1:
                continue  # all before
            for entry, _ in self._walk(block):
                if entry is not None and entry.sequence > sequence:
                    yield entry

    def append(self, boot, utc_ms, tariff, cells, rests, ways, failed_ms=0, is_whole=False):
        """Keep one more record, on flash when this returns: its Entry. StoreError when no place
        takes it; nothing that was kept is lost by that. About 2 ms, and an erase (50 to 400 ms)
        where ahead() was not called in time."""
        sequence = self.newest.sequence + 1 if self.newest else 1
        facts = utc_ms, tariff, tuple(cells), rests, ways, failed_ms
        entry = codec.Entry(sequence, boot, *facts)
        for _ in range(_TRIES):
            data = None
            if self._base is not None and not is_whole and self._slot < _SLOTS:
                data = codec.short(entry, self._base)
            is_short = data is not None
            if not is_short:
                data = codec.whole(entry)
            if data is None:
                raise StoreError("an energy is too large for the journal")
            if self._slot + len(data) // SLOT > _SLOTS:
                self._move()
                continue
            if self._program(data):
                self.records += 1
                self.newest, self._kept = entry, self._block
                if not is_short:
                    self._base = entry
                return entry
        raise StoreError("the energy journal takes no more records: its flash is worn out")

    def continue_after(self, sequence):
        """The records of this region are older than what is kept elsewhere: begin anew behind
        that sequence. Nothing is erased for it."""
        if self.newest is None or self.newest.sequence < sequence:
            nothing = (0,) * codec.CELLS
            self.newest = codec.Entry(sequence, 0, 0, 0, nothing, None, None, 0)
            self._base = None

    def ahead(self):
        """Erase the next block when it will soon be needed. True when that was done: it took
        the flash's time, so call it where nothing waits."""
        if self._slot < _AHEAD or self._ready >= 0:
            return False
        number = self._after(self._block)
        if self._erase(number):
            self._ready = number
        return True

    def rows(self):
        """(text, value) for people."""
        newest = self.newest
        number = newest.sequence if newest else 0
        return [
            ("energy records", "%d, newest number %d" % (self.records, number)),
            ("blocks erased", self.erases),
            ("programs that failed", self.failures),
            ("slots unreadable at start", self.damaged),
        ]

    # writing

    def _move(self):
        """To the next block. One that does not come out blank is left behind, full."""
        self._base = None
        number = self._after(self._block)
        is_good = number == self._ready or self._erase(number)
        self._ready = -1
        self._block, self._slot = number, 0 if is_good else _SLOTS

    def _after(self, number):
        """The block to be used after that one: never the one that holds the newest record."""
        number = (number + 1) % self._blocks
        return (number + 1) % self._blocks if number == self._kept else number

    def _erase(self, number):
        """Is the block blank now?"""
        self.erases += 1
        if self._fails(self._device.ioctl, _ERASE, number):
            return False
        for slot in range(0, _SLOTS, _WHOLE_SLOTS):
            if not self._read(number, slot, WHOLE) or not codec.is_blank(self._view):
                self.failures += 1
                return False
        return True

    def _program(self, data):
        """At the next free place, which is used up. Does it read back?"""
        block, slot = self._block, self._slot
        self._slot += len(data) // SLOT
        if self._fails(self._device.writeblocks, block, data, slot * SLOT):
            return False
        self.programmed += len(data)
        if self._read(block, slot, len(data)) and self._view[: len(data)] == data:
            return True
        self.failures += 1
        return False

    def _fails(self, operation, *arguments):
        try:
            failed = operation(*arguments)
        except OSError:
            failed = True
        if failed:
            self.failures += 1
        return failed

    # reading

    def _order(self):
        """[(sequence of its first record, block)] of the blocks that hold any, oldest first."""
        found = []
        for block in range(self._blocks):
            for entry, _ in self._walk(block):
                if entry is not None:
                    found.append((entry.sequence, block))
                    break
        found.sort()
        return found

    def _walk(self, block):
        """Generator of (Entry or None, slot behind it) of what is not blank in a block; None
        where a slot cannot be read."""
        base, slot = None, 0
        while slot < _SLOTS:
            if not self._read(block, slot, SLOT):
                slot += 1
                yield None, slot
                continue
            if codec.is_blank(self._view[:SLOT]):
                slot += 1
                continue
            entry, size = self._parse(block, slot, base)
            slot += size
            if size == _WHOLE_SLOTS:
                base = entry
            yield entry, slot

    def _parse(self, block, slot, base):
        """(Entry, slots it takes), (None, 1) of a slot that is the first of none."""
        size = codec.length(self._view)
        slots = size // SLOT
        if size and slot + slots <= _SLOTS and self._read(block, slot, size):
            entry = codec.parse(self._view[:size], base)
            if entry is not None:
                return entry, slots
        return None, 1

    def _read(self, block, slot, size):
        try:
            return not self._device.readblocks(block, self._view[:size], slot * SLOT)
        except OSError:
            return False


def fits(device):
    """Can a journal live on this block device? One of other blocks is the fallback's case."""
    return device.ioctl(_SIZE, 0) == BLOCK and device.ioctl(_COUNT, 0) >= 3
