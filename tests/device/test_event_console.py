"""The verbs events and audit over real stores on flash: what earlier boots left, the chain
verified in slices while entries come, a change of it told, and a sentence for wrong use."""

from firmware.console import ttu
from firmware.console.table import Note, Table
from firmware.core.clock import Clock
from firmware.store import event_codes as codes
from firmware.store.events import EventLog
from firmware.storing import Storing
from tools.powercut.device import disk, nor

UTC = 1790000000000
DAY = 86400000
now = [UTC]


class Terminal:
    def __init__(self, files, boot):
        clock = Clock(lambda: 0, lambda a, b: a - b, lambda: now[0])
        self.log = EventLog(clock, boot)
        settings = {"class_kb": 32, "audit_kb": 64, "batch_ms": 0}
        self.storing = Storing(clock, self.log, settings.get, files)
        self.kept_events, self.audit = self.storing.events, self.storing.audit_watch

    def events(self, n):
        return [(event[0],) + self.event(event) for event in self.log.last(n)]

    def event(self, event):
        return (str(event[3] - UTC), codes.name(event[1]), event[2], event[4])

    def poll(self, times=1):
        for _ in range(times):
            self.audit.poll()

    def names(self):
        return [codes.name(event[1]) for event in self.log.last(99)]


def sentence(result):
    assert isinstance(result, Note), repr(result)
    assert "\n" not in repr(result)
    return repr(result)


def table(result):
    assert isinstance(result, Table), repr(result)
    return result


def test_events_of_all_boots(terminal):
    found = table(ttu.events(3, "config"))
    assert [row[:2] for row in found] == [(1, 20), (2, 1), (2, 2)], list(found)
    assert found[2][3:] == ("CONFIG_COMMITTED", "", "later 2")
    assert [row[:2] for row in table(ttu.events(2, "quality"))] == [(1, 21), (1, 22)]
    assert [row[:2] for row in table(ttu.events(4, "all"))] == [(1, 21), (1, 22), (2, 1), (2, 2)]
    assert len(table(ttu.events(5))) == 2  # those of this boot
    assert len(table(ttu.events(128, "all"))) == 24
    assert "supply, or all" in sentence(ttu.events(5, "weather"))
    for bad in (0, 129, "x", None, 1.5):
        assert "1..128" in sentence(ttu.events(bad, "all"))
        assert "1..128" in sentence(ttu.audit(bad))


def test_audit_is_verified(terminal):
    found = table(ttu.audit(3))
    assert [row[0] for row in found] == [20, 21, 22]
    head = terminal.storing.audit.head()
    assert "not verified since the start" in repr(found) and head[1] in repr(found)
    assert "audit() says" in sentence(ttu.audit("verify"))
    terminal.log.emit(codes.CONFIG_COMMITTED, "", "meanwhile")
    terminal.storing.save()
    assert "being verified" in repr(ttu.audit())
    terminal.poll(3)
    assert "every entry follows" in repr(ttu.audit()), repr(ttu.audit())
    assert "AUDIT_BROKEN" not in terminal.names()


def test_head_is_told_once_a_day(terminal):
    terminal.poll(5)
    assert "AUDIT_HEAD" not in terminal.names()
    now[0] += DAY
    terminal.poll(5)
    number, digest = terminal.storing.audit.head()
    assert terminal.log.last(1)[0][4] == "entry %d, %s" % (number, digest)
    now[0] += DAY
    terminal.poll()  # nothing came since
    assert terminal.names().count("AUDIT_HEAD") == 1


def test_a_change_is_told(files):
    """One byte of a text, with its CRC made right again: only the chain can tell."""
    from firmware.store.segment import Segment, packed

    path = "/audit/%08x" % 1
    rows = list(Segment(files.open, path, 32, 2064).walk(0, 0xFFFFFFFF))
    with files.open(path, "wb") as file:
        for sequence, payload in rows:
            if sequence == 7:
                payload = payload.replace(b"change 6", b"change 9")
            file.write(packed(32, file.tell() // 32, sequence, payload))
    terminal = Terminal(files, 3)
    ttu.bind(terminal)
    ttu.audit("verify")
    terminal.poll(3)
    assert "entry 8 does not follow" in repr(ttu.audit()), repr(ttu.audit())
    assert terminal.names() == ["AUDIT_BROKEN"], terminal.names()


chip = nor.Nor(80, 512)
disk.format(chip)
flash = disk.Disk(chip)
first = Terminal(flash, 1)
for i in range(20):
    first.log.emit(codes.CONFIG_COMMITTED, "", "change %d" % i)
first.log.emit(codes.DIP)
first.log.emit(codes.SWELL)
first.storing.save()
second = Terminal(flash, 2)
ttu.bind(second)
for i in (1, 2):
    second.log.emit(codes.CONFIG_COMMITTED, "", "later %d" % i)
second.storing.save()
test_events_of_all_boots(second)
test_audit_is_verified(second)
test_head_is_told_once_a_day(second)
second.storing.save()
test_a_change_is_told(flash)
ttu.bind(None)
print("OK")
