"""The audit log: who changed what, each entry chained to the one before by SHA-256. Only the
oldest go, a segment at a time; no command and no full disk takes any.

An entry is the hash of the entry before it and an event (store/event_record). The hash of an entry
is the first 16 bytes of SHA-256 over its sequence and all of it; the first entry ever names
zeros. So every entry vouches for all before it, and the newest for all: whoever keeps `head()`
somewhere else can tell later whether anything up to it was changed, and without it a change is
found as soon as one entry stands behind it.

Room: 1 MB, 10,000 entries of up to 96 bytes (their texts up to 52 characters together, 32 bytes
more of flash for each 32 more). SHA-256 guards against change, not against one who can
write all of flash and knows no head has been reported.
"""

import hashlib
import struct

from micropython import const

from firmware.core.errors import StoreError
from firmware.store import event_record as record
from firmware.store.event_classes import is_audited
from firmware.store.record_log import RecordLog
from firmware.store.retention import NEVER

_HASH = const(16)
_SLOT = const(32)
_BATCH = const(4096)  # bytes of one commit
_WAITING_MAX = const(64)  # entries that wait for flash
_REST = const(32)  # entries verified before others get the turn
_START = bytes(_HASH)


class Audit:
    def __init__(self, events, retention, kb=1040, fs=None, segment=16384):
        """events: the EventLog; kb: of the ring, of which a segment (bytes) goes at a time."""
        self.dropped = 0  # entries lost because flash refused too long
        self._events = events
        self._retention = retention
        self._waiting = []  # events
        kept = max(2, kb * 1024 // segment)
        self._log = RecordLog("/audit", _SLOT, segment, kept, record.LIMIT + _HASH, _BATCH, fs)
        self._log.make_room = retention.make_room
        self._hash = _START  # of the newest entry on flash

    def load(self):
        """Read what flash has and take every event from now on, and those the EventLog still
        has; sentences about what is wrong."""
        problems = []
        try:
            self._log.load()
        except StoreError as error:
            problems.append(str(error))
        if self._log.tail:
            self._hash = _hash(*self._log.tail)
        self._retention.add("audit", self._log, NEVER)
        for event in self._events.last(_WAITING_MAX):
            self.take(event)
        self._events.subscribe(self.take)
        return problems

    def take(self, event):
        """A listener of the EventLog."""
        if not is_audited(event[1]):
            return
        if len(self._waiting) >= _WAITING_MAX:
            self._waiting.pop(0)
            self.dropped += 1
        self._waiting.append(event)

    def flush(self):
        """Every entry is on flash when this returns; StoreError when flash refuses."""
        while self._waiting:
            try:
                count, chain = self._write()
            finally:
                self._log.discard()  # the chain goes on from what flash has, whatever failed
            self._hash = chain
            del self._waiting[:count]

    def _write(self):
        """The first entries that wait, to flash: (how many, hash of the last)."""
        chain = self._hash
        count = size = 0
        for event in self._waiting:
            entry = chain + record.packed(self._events.boot, event)
            size += len(entry)
            if size > self._log.batch:
                break
            chain = _hash(self._log.append(entry), entry)
            count += 1
        self._log.flush()
        return count, chain

    @property
    def waiting(self):
        """Entries that are not on flash yet."""
        return len(self._waiting)

    @property
    def damaged(self):
        """Entries met on flash that cannot be read."""
        return self._log.damaged

    def head(self):
        """(sequence, hash in hex) of the newest entry on flash; (0, ..) when there is none."""
        return self._log.flushed, self._hash.hex()

    def entries(self, first=0, last=None):
        """Yields (sequence, boot, event), oldest first, of what is on flash."""
        for sequence, entry in self._log.records(first, last):
            boot, event = record.unpacked(entry[_HASH:])
            yield sequence, boot, event

    def verify(self, head=None):
        """Yields a sentence for each thing that is wrong, and None now and then: let others run.
        What is written meanwhile is not looked at, and what the ring gives up is not missed.

        head: a (sequence, hash) as head() gave it at any time, kept elsewhere.
        """
        last = self._log.flushed
        expected = None  # hash of the entry before
        before = self._log.first - 1
        if before > 0 and self._log.used < self._log.room - 2 * self._log.segment:
            yield "entries up to %d went before the log was full" % before
        if before <= 0:
            expected = _START
        if head and head[0] > last:
            yield "the log ends at %d, entry %d was there" % (last, head[0])
        for sequence, entry in self._log.records(0, last):
            if before + 1 < sequence <= self._log.first:
                expected = None  # the ring gave up what was to come
            elif sequence != before + 1:
                yield "entries %d to %d are missing" % (before + 1, sequence - 1)
            elif expected is not None and entry[:_HASH] != expected:
                yield "entry %d does not follow from the one before it" % sequence
            expected = _hash(sequence, entry)
            before = sequence
            if head and sequence == head[0] and expected.hex() != head[1]:
                yield "entry %d is not what it was" % sequence
            if sequence % _REST == 0:
                yield None
        before = max(before, self._log.first - 1)
        if before < last:
            yield "entries %d to %d are missing" % (before + 1, last)


def _hash(sequence, entry):
    return hashlib.sha256(struct.pack("<I", sequence) + entry).digest()[:_HASH]
