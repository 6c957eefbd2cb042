"""All events on flash, by class, in rings; and in one order for those who deliver them.

An event is in RAM when it was emitted, and on flash after the next flush (store/batches.py: within
a second, or 32 events); an event of that window is lost when the power goes. Each class keeps its
newest 96 KB: 1,000 events of 96 bytes (name and details up to 68 characters together), more when
they are shorter, fewer when they are longer: an event takes slots of 32 bytes for its texts and
28 bytes. All classes take 0.95 MB of flash; RAM: what waits for flash, up to 8 kB a class while
flash refuses.

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
_EARLIER = const(128)  # events of this boot before the store was there
_WAITING = const(8192)  # bytes of a class that may wait for flash
_REST = const(16)  # events passed over before others get the turn
_UNKNOWN = (0x7FFFFFFF, 0)  # key of a class whose newest event cannot be read


class EventStore:
    classes = event_classes.CLASSES  # the least important first

    def __init__(self, events, retention, kb=104, fs=None, segment=8192):
        """events: the EventLog (emits what is found here, too); kb: of the ring of a class, of
        which a segment (bytes) goes at a time."""
        self.lost = {}  # class: events that went before they were delivered
        self._events = events
        self._retention = retention
        self._delivered = None  # (boot, sequence); None: nobody delivers
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
            self._ends[name] = _UNKNOWN
            try:
                log.load()
                if log.tail:
                    self._ends[name] = record.key(log.tail[1])
            except StoreError as error:
                problems.append(str(error))
            self._retention.add("events." + name, log, rank)
        for event in self._events.last(_EARLIER):
            self.take(event)
        self._events.subscribe(self.take)
        return problems

    def take(self, event):
        """A listener of the EventLog: keeps the event in RAM, in its class."""
        name = event_classes.of(event[1])
        self._logs[name].append(record.packed(self._events.boot, event))
        self._ends[name] = (self._events.boot, event[0])

    def flush(self):
        """Everything emitted is on flash when this returns; StoreError for the first class that
        flash refused, after the others were tried."""
        refusal = None
        for name in reversed(event_classes.CLASSES):  # the most important first
            try:
                self._logs[name].flush()
            except StoreError as error:
                refusal = refusal or error
        if refusal:
            raise refusal

    def after(self, boot, sequence):
        """Yields (boot, event) of everything behind this key, in the order of (boot, sequence)
        over all classes, flushed or not; after(0, 0): all there is.

        For delivery: keep the key of what was acknowledged, begin anew from it when this ends
        (at what was the newest when it began). Reads the segment of the key in each class that
        has something behind it: cheap when the key is the newest, up to 100 records a class
        else, before the first event comes. What goes meanwhile is left out. Takes 600 bytes of
        RAM a class while it lives; no file stays open.
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

    def last(self, n, classes=None):
        """The newest `n` events of these classes (None: all), of all boots, oldest first:
        [(boot, event)]. Reads up to `n` records a class."""
        newest = []
        for name in classes or self._logs:
            log = self._logs[name]
            newest += [payload for _, payload in log.records(max(log.last - n + 1, log.first))]
            newest = sorted(newest, key=record.key)[-n:]
        return [record.unpacked(payload) for payload in newest]

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
    def waiting(self):
        """Events that are not on flash yet."""
        return sum([log.waiting for log in self._logs.values()])

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
            if self._ends[name] <= after:
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


def _key(head):
    return head[0]


def _step(heads, source):
    payload = next(source, None)
    if payload is not None:
        heads.append([record.key(payload), payload, source])
