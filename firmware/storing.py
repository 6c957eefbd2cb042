"""Events and audit on flash, wired: a part of the composition root."""

import asyncio

from firmware.core.errors import StoreError
from firmware.store import batches, event_codes
from firmware.store.audit import Audit
from firmware.store.audit_watch import AuditWatch
from firmware.store.batches import Batches
from firmware.store.event_store import EventStore
from firmware.store.retention import Retention


class Storing:
    def __init__(self, clock, events, setting, fs=None):
        """setting(name) of the group `store`. Build it as soon as there is an EventLog: reads
        flash, and takes every event the EventLog still has. fs: not the board's own."""
        self.beat = _nothing  # tells the supervisor
        self.retention = Retention()
        self.events = EventStore(events, self.retention, setting("class_kb"), fs)
        self.audit = Audit(events, self.retention, setting("audit_kb"), fs)
        self.audit_watch = AuditWatch(self.audit, clock, events.emit)
        self.batches = Batches(clock, events, self.retention, setting("batch_ms"))
        for name, store in (("events", self.events), ("audit", self.audit)):
            for problem in store.load():
                events.emit(event_codes.STORE_FAILED, name, problem)
            self.batches.add(name, store)

    def save(self):
        """What waits, to flash at once; what flash refuses waits on."""
        try:
            self.batches.flush()
        except StoreError:
            pass  # told by the batches, which try again

    def rows(self):
        """(text, value) for people."""
        for name, used, room in self.retention.usage():
            yield "store " + name, "%d of %d kB" % (used // 1024, room // 1024)

    async def run(self):
        """A task for the supervisor, for ever."""
        while True:
            self.beat()
            self.batches.poll()
            self.audit_watch.poll()
            await asyncio.sleep_ms(batches.POLL_MS)


def _nothing():
    pass
