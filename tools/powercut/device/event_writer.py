"""Events by class (store/event_store.py) and the audit log (store/audit.py), as they are wired."""

from firmware.core.members import Members
from firmware.store import event_classes, event_codes, event_record
from firmware.store.audit import Audit
from firmware.store.batches import Batches
from firmware.store.event_store import EventStore
from firmware.store.events import EventLog
from firmware.store.retention import Retention

_KB = 2  # of a class: rings that turn often
_SEGMENT = 512
_AUDIT_KB = 4
_CODES = (
    event_codes.DIP,
    event_codes.SWELL,
    event_codes.DEVICE_LOST,
    event_codes.DEVICE_BACK,
    event_codes.OUTAGE,
    event_codes.UPLINK_DOWN,
    event_codes.CONTROL_OPERATED,
    event_codes.CONTROL_REFUSED,
    event_codes.MODULE_IN,
    event_codes.CLOCK_STEP,
    event_codes.CONFIG_ROLLED_BACK,
    event_codes.TASK_CRASHED,
)


class Events:
    def __init__(self):
        self.acked = {name: [] for name in event_classes.CLASSES}  # [(key, event)]
        self.waiting = {name: [] for name in event_classes.CLASSES}  # the same, not acknowledged
        self.audited = {}  # sequence: (boot, event), acknowledged
        self.audit_waiting = []
        self.head = (0, "")  # of the audit log, as acknowledged
        self.gone = set()  # classes whose oldest went to make room

    def copy(self):
        other = Events()
        other.acked = {name: list(self.acked[name]) for name in self.acked}
        other.waiting = {name: list(self.waiting[name]) for name in self.waiting}
        other.audited, other.audit_waiting = dict(self.audited), list(self.audit_waiting)
        other.head, other.gone = self.head, set(self.gone)
        return other

    def boot(self, terminal, tally):
        self._before = self.waiting, self.audit_waiting
        self.waiting = {name: [] for name in event_classes.CLASSES}
        self.audit_waiting = []
        self._boot = terminal.boot
        terminal.log = log = EventLog(terminal.clock, terminal.boot)
        log.subscribe(self._note)
        retention = terminal.retention = Retention()
        self.store = EventStore(log, retention, _KB, terminal.disk, _SEGMENT)
        self.audit = Audit(log, retention, _AUDIT_KB, terminal.disk, _SEGMENT)
        log.emit(event_codes.BOOT, "", "power on")
        for problem in self.store.load() + self.audit.load():
            log.emit(event_codes.STORE_FAILED, "", problem)
        self.batches = Batches(terminal.clock, log, retention, 1000)
        self.batches.add("events", self.store)
        self.batches.add("audit", self.audit)
        self._judge(tally)

    def _note(self, event):
        name = event_classes.of(event[1])
        self.waiting[name].append(((self._boot, event[0]), event))
        if event[1] == event_codes.STORE_FULL:
            self.gone.add(event[2])
        if event_classes.is_audited(event[1]):
            self.audit_waiting.append((self._boot, event))

    def act(self, terminal, draw):
        for _ in range(draw(1, 12)):
            terminal.pass_ms(draw(0, 50))
            code = _CODES[draw(0, len(_CODES) - 1)]
            kind = draw(0, 19)
            details = "text " + "x" * draw(0, 60)
            if kind == 0:
                names = tuple(["node %d" % draw(0, 99999) for _ in range(draw(1, 60))])
                details = Members("lost", names)
            elif kind == 1:
                details = [draw(0, 99999), draw(0, 9)]
            terminal.log.emit(code, "rs485.%012d" % draw(0, 9999999), details)
        if draw(0, 9) < 7 or self.store.waiting > 24:
            # what is told during the flush itself is not in it
            counts = {name: len(self.waiting[name]) for name in self.waiting}
            audited = len(self.audit_waiting)
            self.batches.flush()
            for name in self.waiting:
                self.acked[name] += self.waiting[name][: counts[name]]
                del self.waiting[name][: counts[name]]
            self._audited(self.audit_waiting[:audited])
            del self.audit_waiting[:audited]
            self.head = self.audit.head()

    def _judge(self, tally):
        found = self._read(tally)
        waiting = self._before[0]
        lost = lost_bytes = 0
        for name in event_classes.CLASSES:
            acked, late = self.acked[name], waiting[name]
            here = found[name]
            self._judge_class(name, here, acked, tally)
            extra = [row for row in late if row[0] in here]
            if extra and len(extra) < len(late):
                tally.add("batches_split", name)
            for row in late:
                if row[0] not in here:
                    lost += 1
                    lost_bytes += len(event_record.packed(row[0][0], row[1]))
            self.acked[name] = [row for row in acked + late if row[0] in here]
        tally.top("events_lost_unacked_max", lost)
        tally.top("bytes_lost_unacked_max", lost_bytes)
        self.gone = set()
        self._judge_audit(tally)

    def _read(self, tally):
        """{class: {key: event}} of the boots before; counts what is not in order."""
        found = {name: {} for name in event_classes.CLASSES}
        newest = (0, 0)
        for boot, event in self.store.after(0, 0):
            key = boot, event[0]
            if key <= newest:
                tally.add("order_broken", "%s after %s" % (key, newest))
            newest = key
            if boot < self._boot:
                found[event_classes.of(event[1])][key] = event
        return found

    def _judge_class(self, name, here, acked, tally):
        known = dict(acked + self._before[0][name])
        size = 0
        for key in here:
            size += len(event_record.packed(key[0], here[key]))
            if known.get(key) != here[key]:
                tally.add("corrupt_served", "event %s of %s" % (key, name))
        missing = [key for key, _ in acked if key not in here]
        oldest = min(here) if here else (1 << 29, 0)
        may_go = size * 2 > (_KB - 1) * _SEGMENT  # records are longer than what is in them
        may_go = may_go or (size > 0 and "events." + name in self.gone)
        for key in missing:
            if key > oldest or not may_go:
                tally.add("acked_lost", "event %s of %s" % (key, name))

    def _judge_audit(self, tally):
        late = self._before[1]
        for text in self.audit.verify(self.head if self.head[0] else None):
            if text:
                is_lost = "missing" in text or "ends" in text
                tally.add("acked_lost" if is_lost else "corrupt_served", "audit: " + text)
        count = self.audit.head()[0] - self.head[0]
        if count not in (0, len(late)):
            tally.add("batches_split", "audit")
        if count > 0:
            self._audited(late[:count])
        found = {}
        for sequence, boot, event in self.audit.entries():
            found[sequence] = boot, event
            if self.audited.get(sequence) != (boot, event):
                tally.add("corrupt_served", "entry %d of the audit" % sequence)
        self.audited = found
        self.head = self.audit.head()

    def _audited(self, rows):
        for at, row in enumerate(rows):
            self.audited[self.head[0] + 1 + at] = row
