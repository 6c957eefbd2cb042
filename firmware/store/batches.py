"""When what waits in RAM goes to flash: within a second, or 32 of it; and what is told of it.

A store is anything with `waiting` (a count), `flush()` (StoreError) and `damaged` (records that
cannot be read). Each is tried, whatever the others say; while flash refuses, every 10 s.
"""

from micropython import const

from firmware.core.errors import StoreError
from firmware.store import event_codes as codes

POLL_MS = const(100)
_MOST = const(32)  # records that wait
_RETRY_MS = const(10000)


class Batches:
    def __init__(self, clock, events, retention, window_ms):
        """events: the EventLog, for what goes wrong; window_ms: longest wait of a record."""
        self.failures = 0  # flushes that flash refused
        self._clock = clock
        self._events = events
        self._retention = retention
        self._window_ms = max(0, window_ms - POLL_MS)
        self._stores = []
        self._since_ms = -1  # when the oldest that waits was seen first; -1: none does
        self._retry_ms = -1  # when it is tried again; -1: flash did not refuse
        self._damaged = 0  # records told of
        retention.on_full = self._full

    def add(self, name, store):
        self._stores.append((name, store))

    def poll(self):
        """Call every POLL_MS."""
        self._tell()
        waiting = sum([store.waiting for _, store in self._stores])
        if not waiting:
            self._since_ms = -1
            return
        now = self._clock.ms()
        if self._since_ms < 0:
            self._since_ms = now
        if self._retry_ms >= 0:
            is_due = now >= self._retry_ms
        else:
            is_due = waiting >= _MOST or now - self._since_ms >= self._window_ms
        if is_due:
            self._try(now)

    def flush(self):
        """All is on flash when this returns; StoreError for the first that was refused."""
        refusal = None
        for _, store in self._stores:
            try:
                store.flush()
            except StoreError as error:
                refusal = refusal or error
        if refusal:
            raise refusal

    def _try(self, now):
        was_refused = self._retry_ms >= 0
        self._since_ms = self._retry_ms = -1
        try:
            self.flush()
        except StoreError as error:
            self.failures += 1
            self._retry_ms = now + _RETRY_MS
            if not was_refused:
                self._events.emit(codes.STORE_FAILED, "", str(error))

    def _tell(self):
        for name, percent in self._retention.warnings():
            text = "%d %% of its room on flash is taken" % percent
            self._events.emit(codes.STORE_NEARLY_FULL, name, text)
        damaged = sum([store.damaged for _, store in self._stores])
        if damaged > self._damaged:
            text = "%d more" % (damaged - self._damaged)
            self._damaged = damaged
            self._events.emit(codes.RECORDS_DAMAGED, "", text)

    def _full(self, name):
        self._events.emit(codes.STORE_FULL, name, "its oldest went to make room")
