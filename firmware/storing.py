"""Events and audit on flash, wired: a part of the composition root."""

import asyncio

from firmware.store import batches, event_codes
from firmware.store.audit import Audit
from firmware.store.batches import Batches
from firmware.store.event_store import EventStore
from firmware.store.retention import Retention


class Storing:
    def __init__(self, clock, events, setting, fs=None):
        """setting(name) of the group `store`. Build it as soon as there is an EventLog: reads
        flash, and takes every event the EventLog still has. fs: not the board's own."""
        self.retention = Retention()
        self.events = EventStore(events, self.retention, setting("class_kb"), fs)
        self.audit = Audit(events, self.retention, setting("audit_kb"), fs)
        self.batches = Batches(clock, events, self.retention, setting("batch_ms"))
        for name, store in (("events", self.events), ("audit", self.audit)):
            for problem in store.load():
                events.emit(event_codes.STORE_FAILED, name, problem)
            self.batches.add(name, store)

    async def run(self):
        """A task for the supervisor, for ever."""
        while True:
            self.batches.poll()
            await asyncio.sleep_ms(batches.POLL_MS)
