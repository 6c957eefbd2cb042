"""All events on flash, by class, in rings; and in one order for those who deliver them.

An event is in RAM when it was emitted and on flash within `batch_ms` (1 s) or 32 events, whichever
is first; an event of that window is lost when the power goes. Each class keeps its newest 96 KB:
1,000 events of 96 bytes (names and details of 68 characters together), more when they are
shorter, fewer when they are longer: an event takes 32-byte slots, 10 + 18 bytes besides its texts.
All classes take 0.95 MB of flash; RAM: what waits for flash, up
to 8 kB a class while flash refuses.

Shapes: an event is the tuple of store.events, (sequence, code, device, stamp, details); its boot
is beside it: (boot, event). (boot, sequence) is unique and rises; stamps may go back.
"""

from micropython import const

from firmware.core.errors import StoreError
from firmware.store import event_classes
from firmware.store import event_codes as codes
from firmware.store import event_record as record
from firmware.store.record_log import RecordLog

_SLOT = const(32)
_FOLDER = "/events"
_BATCH = const(32)  # events
_WAITING = const(8192)  # bytes of a class that may wait for flash
_RETRY_MS = const(10000)  # after flash refused
_REST = const(16)  # events passed over before others get the turn


class EventStore:
    def __init__(self, events, clock, retention, kb=104, batch_ms=1000, fs=None, segment=8192):
        """events: the EventLog (emits what is found here, too); kb: of the ring of a class, of
        which a segment (bytes) goes at a time."""
        self.lost = {}  # class: events that went before they were delivered
        self._events = events
        self._clock = clock
        self._retention = retention
        self._batch_ms = batch_ms
        self._delivered = None  # (boot, sequence); None: nobody delivers
        self._waiting = 0  # events in RAM
        self._due_ms = 0  # when they are written
        self._failed = False  # flash refused the last time
        self._logs = {}  # class: RecordLog
        self._ends = {}  # class: key of its newest event
        kept = max(2, kb * 1024 // segment)
        for name in event_classes.CLASSES:
            path = "%s/%s" % (_FOLDER, name)
            log = RecordLog(path, _SLOT, segment, kept, record.LIMIT, _WAITING, fs)
            log.make_room = retention.make_room
            log.on_drop = lambda first, last, name=name: self._overtaken(name, first, last)
            self._logs[name] = log

    def load(self):
        """Read what flash has, and take every event from now on. Sentences about what is wrong.

        Events emitted before are taken from the EventLog's ring.
        """
        problems = []
        for rank, name in enumerate(event_classes.CLASSES):
            log = self._logs[name]
            try:
                log.load()
                for _, payload in log.records(log.last):
                    self._ends[name] = record.key(payload)
            except StoreError as error:
                problems.append(str(error))
            self._retention.add("events." + name, log, rank)
        for event in self._events.last(_BATCH * 4):
            self.take(event)
        self._events.subscribe(self.take)
        self._retention.on_full = self._full
        return problems

    def take(self, event):
        """A listener of the EventLog: keeps the event in RAM, in its class."""
        name = event_classes.of(event[1])
        self._logs[name].append(record.packed(self._events.boot, event))
        self._ends[name] = (self._events.boot, event[0])
        if not self._waiting:
            self._due_ms = self._clock.ms() + self._batch_ms
        self._waiting += 1

    def poll(self):
        """Call every 100 ms or so: writes what is due, and tells by events what went wrong."""
        for name, percent in self._retention.warnings():
            text = "%d %% of its room on flash is taken" % percent
            self._events.emit(codes.STORE_NEARLY_FULL, name, text)
        now = self._clock.ms()
        is_due = now >= self._due_ms or (self._waiting >= _BATCH and not self._failed)
        if self._waiting and is_due:
            self._try(now)

    def _try(self, now):
        try:
            self.flush()
        except StoreError as error:
            self._due_ms = now + _RETRY_MS
            if not self._failed:
                self._failed = True
                self._events.emit(codes.STORE_FAILED, "", str(error))
            return
        self._failed = False

    def flush(self):
        """Everything emitted is on flash when this returns; StoreError for the first class that
        flash refused, after the others were tried."""
        refusal = None
        for name in reversed(event_classes.CLASSES):  # the most important first
            try:
                self._logs[name].flush()
            except StoreError as error:
                refusal = refusal or error
        self._waiting = sum([log.waiting for log in self._logs.values()])
        if refusal:
            raise refusal

    def after(self, boot, sequence):
        """Yields (boot, event) of everything behind this key, in the order of (boot, sequence)
        over all classes, flushed or not; after(0, 0): all there is.

        For delivery: keep the key of what was acknowledged, begin anew from it when this ends
        (at what was the newest when it began). Reads the segment of the key in each class that
        has something behind it: cheap when the key is the newest, up to 100 records a class
        else, before the first event comes. What goes meanwhile is left out. Takes 1 kB of RAM a
        class while it lives; no file stays open.
        """
        after = (boot, sequence)
        for payload in self._merged(event_classes.CLASSES, after):
            yield record.unpacked(payload)

    def events(self, classes=None, from_ms=0, to_ms=None):
        """Yields (boot, event) of these classes (None: all) with from_ms <= stamp < to_ms, in the
        order of (boot, sequence), oldest first; and None now and then while there is none to
        yield: let others run then.
        """
        passed = 0
        for payload in self._merged(classes or self._logs, (0, 0)):
            if from_ms <= record.stamp(payload) and (
                to_ms is None or record.stamp(payload) < to_ms
            ):
                passed = 0
                yield record.unpacked(payload)
                continue
            passed += 1
            if passed % _REST == 0:
                yield None

    def oldest(self):
        """(boot, sequence) of the oldest event kept; None: there is none."""
        for boot, event in self.after(0, 0):
            return boot, event[0]
        return None

    def newest(self):
        """(boot, sequence) of the newest event; (boot, 0) when this boot has none."""
        return self._events.boot, self._events.sequence

    def delivered(self, boot, sequence):
        """Everything up to this key is with the head-end. From the first call on, what goes
        from a ring before it was delivered is counted in `lost`, and told by an event."""
        self._delivered = (boot, sequence)

    @property
    def damaged(self):
        """Events met on flash that cannot be read."""
        return sum([log.damaged for log in self._logs.values()])

    @property
    def dropped(self):
        """Events that never got to flash because it refused too long."""
        return sum([log.dropped for log in self._logs.values()])

    def _merged(self, names, after):
        """Payloads of these classes behind the key `after`, in the order of the key."""
        heads = []  # [key, payload, generator] of each class that has more
        for name in names:
            if self._ends.get(name, after) <= after:
                continue
            log = self._logs[name]
            first = log.find(lambda payload: record.key(payload) <= after)
            _step(heads, self._behind(log.records(first), after))
        while heads:
            head = min(heads, key=_key)
            heads.remove(head)
            payload = head[1]
            _step(heads, head[2])
            yield payload

    def _behind(self, records, after):
        for _, payload in records:
            if record.key(payload) > after:
                yield payload

    def _overtaken(self, name, first, last):
        """The records first..last of a class are about to go."""
        if self._delivered is None:
            return
        lost = 0
        for _, payload in self._logs[name].records(first, last):
            if record.key(payload) > self._delivered:
                lost += 1
        if lost:
            self.lost[name] = self.lost.get(name, 0) + lost
            text = "%d were not delivered" % lost
            self._events.emit(codes.EVENTS_OVERTAKEN, "events." + name, text)

    def _full(self, name):
        self._events.emit(codes.STORE_FULL, name, "its oldest went to make room")


def _key(head):
    return head[0]


def _step(heads, source):
    payload = next(source, None)
    if payload is not None:
        heads.append([record.key(payload), payload, source])
