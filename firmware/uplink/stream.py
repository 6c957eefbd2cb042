"""One stream of items that must all arrive: events by (boot, sequence), or curves by (boundary,
place in the row). Sans-I/O. It keeps no item, only which ones are on their way.

The source offers `after(a, b)`, a generator of rows (a, b, name, data), the keys (a, b) of two
whole numbers, each once, from the first one behind that key to the newest: rising, but where a
clock that was years ahead has been set back; `missing(before, key)`, how many items between two
keys it has not any more; and `message(row, again, after)`, the topic and the payload (bytes) of a
row. The first two raise StoreError when flash cannot be read.

Order: rows are sent as the source has them, and each says which one of its `name` it comes
after as long as that one is not acknowledged. After a time-out or a lost connection the stream
begins again at the oldest that is not acknowledged, before anything new.
"""

from micropython import const

from firmware.core.errors import StoreError
from firmware.uplink.outbox import Item

LIMIT = const(32)  # keys on their way or acknowledged beyond the cursor, about 80 bytes each
_BEHIND = const(8)  # so many wait: a backlog, no longer a few alarms
_BEYOND = const(0x3FFFFFFF)  # greater than any second number of a key
_END = (1 << 60, 0)  # greater than any key


class Entry:
    """An item that was sent and whose turn to be forgotten has not come."""

    def __init__(self, key, name):
        self.key = key
        self.name = name
        self.tries = 0  # times it was sent
        self.is_kept = False  # the head-end has it; something older is not acknowledged


class StreamItem(Item):
    """A message of a stream, in flight."""

    def __init__(self, topic, payload, stream, entry):
        super().__init__(topic, payload, entry.name)
        self.stream = stream
        self.entry = entry
        self.tries = entry.tries


class Stream:
    def __init__(self, clock, source, timeout_ms=20000, timeout_max_ms=60000, limit=LIMIT):
        """timeout_ms: silence of the head-end, since its last acknowledgement or the broker's,
        after which the stream begins again; doubled up to timeout_max_ms while it lasts."""
        self.source = source
        self.cursor = (0, 0)  # all up to here is acknowledged
        self.acknowledged = 0
        self.again = 0  # sent again, or perhaps: each declared so
        self.timeouts = 0
        self.lost = 0  # the source had them no more when their turn came
        self.unread = 0  # times that the source could not be read
        self._clock = clock
        self._timeout_ms = timeout_ms
        self._timeout_max_ms = timeout_max_ms
        self._limit = limit
        self._table = []  # Entries in order of their keys
        self._next = 0  # index of the one that this pass comes to next
        self._rows = None  # the source's generator, None: not begun
        self._is_dry = False  # there is nothing new
        self._newest = (0, 0)  # the greatest key that was ever come to
        self._waiting = 0  # rows known to wait, as far as it matters
        self._doubt = 0  # of the next rows, so many may have been sent before this boot
        self._doubt_until = _END
        self._allowed = limit  # unacknowledged ones at a time: 1 after a time-out
        self._wait_ms = timeout_ms
        self._since = 0  # clock.ms() of the last progress

    def restore(self, cursor, beyond, doubt=0, until=_END):
        """Where the boot before stopped: the cursor, and keys that are acknowledged beyond it. The
        next `doubt` rows, as far as their keys are below `until`, may have been sent already."""
        self.cursor = self._newest = cursor
        self._table = []
        for key in beyond[: self._limit]:
            entry = Entry(key, None)
            entry.is_kept = True
            self._table.append(entry)
        self._doubt = doubt
        self._doubt_until = until
        self.go_back()
        if self._tried(self._read):
            self._waiting = _BEHIND + 1
        self.go_back()

    def position(self):
        """(cursor, keys acknowledged beyond it), to be kept for `restore`."""
        return self.cursor, [entry.key for entry in self._table if entry.is_kept]

    def news(self):
        """The source has a row more."""
        self._is_dry = False
        self._waiting = min(self._waiting + 1, _BEHIND + 1)

    def is_acknowledged(self, a, b):
        """Has the head-end the one of this key?"""
        return (a, b) <= self.cursor or any(
            [entry.is_kept and entry.key == (a, b) for entry in self._table]
        )

    @property
    def is_behind(self):
        """Does a backlog drain, or wait for the head-end?"""
        return self._waiting > _BEHIND

    def __len__(self):
        """How many are not acknowledged, at least: what was not read yet counts as one."""
        return sum([not entry.is_kept for entry in self._table]) + (not self._is_dry)

    def take(self):
        """The next message (StreamItem), None when nothing may be sent now."""
        open_count = self._open()
        if open_count and self._clock.ms() - self._since > self._wait_ms:
            self.timeouts += 1
            self._wait_ms = min(2 * self._wait_ms, self._timeout_max_ms)
            self._allowed = 1
            self.go_back()
            open_count = 0
        if self._is_dry or open_count >= self._allowed:
            return None
        at = self._tried(self._advance)
        if at is None:
            return None
        if not open_count:
            self._since = self._clock.ms()
        return self._sent(*at)

    def _tried(self, read):
        """What read() gives; None when the store cannot be read now: at the next news again."""
        try:
            return read()
        except StoreError:
            self.unread += 1
            self._rows = None
            self._is_dry = True
            return None

    def _open(self):
        """How many of this pass are not acknowledged."""
        count = 0
        for i in range(self._next):
            count += not self._table[i].is_kept
        return count

    def _sent(self, entry, row):
        again = entry.tries > 0 or self._is_in_doubt(entry)
        self.again += again
        topic, payload = self.source.message(row, again, self._before(entry))
        item = StreamItem(topic, payload, self, entry)
        entry.tries += 1
        return item

    def _is_in_doubt(self, entry):
        if not self._doubt:
            return False
        self._doubt -= 1
        if entry.key >= self._doubt_until:
            self._doubt = 0
            return False
        return True

    def _before(self, entry):
        """Key of the one this one comes after, None when all before is acknowledged."""
        found = None
        for other in self._table:
            if other is entry:
                return found
            if other.name == entry.name and not other.is_kept:
                found = other.key
        return found

    def _advance(self):
        """(Entry, row) of the next one to send, None at the end."""
        table = self._table
        while self._next < len(table) or len(table) < self._limit:
            row = self._read()
            if row is None:
                self._drop_until(_END)
                self._is_dry = True
                self._waiting = 0
                return None
            key = (row[0], row[1])
            self._drop_until(key)
            if self._next < len(table) and table[self._next].key == key:
                entry = table[self._next]
                entry.name = row[2]
            else:
                if key > self._newest:
                    self.lost += self.source.missing(self._newest, key)
                entry = Entry(key, row[2])
                table.insert(self._next, entry)
            self._newest = max(self._newest, key)
            self._next += 1
            if not entry.is_kept:
                return entry, row
        return None

    def _drop_until(self, key):
        """What this pass should come to and the source has no more is out of our hands."""
        while self._next < len(self._table) and self._table[self._next].key < key:
            entry = self._table.pop(self._next)
            self.lost += not entry.is_kept
            if not self._next:
                self.cursor = entry.key

    def _read(self):
        """The source's next row, None when it has no more. A generator that was begun may not know
        what came since: only a new one that has nothing says that there is nothing."""
        is_new = self._rows is None
        while True:
            if self._rows is None:
                # on from the last one of this pass
                key = self._table[self._next - 1].key if self._next else self.cursor
                self._rows = self.source.after(key[0], key[1])
            for row in self._rows:
                return row
            self._rows = None
            if is_new:
                return None
            is_new = True

    def go_back(self):
        """Begin again at the oldest that is not acknowledged."""
        self._next = 0
        self._rows = None
        self._is_dry = False

    def touch(self):
        """The broker has one: from now on the head-end has its time."""
        self._since = self._clock.ms()

    # what the head-end says; each returns how many were waited for

    def keep(self, a, b):
        """It has the one of this key."""
        return self._keep(lambda entry: entry.key == (a, b))

    def keep_named(self, a, name):
        """It has the one of this first number and name."""
        return self._keep(lambda entry: entry.key[0] == a and entry.name == name)

    def keep_until(self, a, b=_BEYOND):
        """It has all up to this key."""
        return self._keep(lambda entry: entry.key <= (a, b))

    def _keep(self, fits):
        count = 0
        for entry in self._table:
            if not entry.is_kept and entry.tries and fits(entry):
                entry.is_kept = True
                count += 1
        if count:
            self.acknowledged += count
            self._wait_ms = self._timeout_ms
            self._allowed = min(self._limit, self._allowed + 2 * count)
            self._since = self._clock.ms()
            self._trim()
        return count

    def _trim(self):
        while self._table and self._table[0].is_kept:
            self.cursor = self._table.pop(0).key
            if self._next:
                self._next -= 1
            else:
                self._rows = None  # which this pass has not come to: on from the cursor
