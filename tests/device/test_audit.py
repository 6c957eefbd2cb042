"""Audit: the chain over boots and the ring, and every way to change it found."""

import gc

from short_of_heap import Short

from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.store import event_codes as codes
from firmware.store.audit import Audit
from firmware.store.events import EventLog
from firmware.store.retention import Retention
from firmware.store.segment import Segment, packed
from tools.powercut.device import disk, nor

UTC = 1790000000000


def world(blocks=80):
    gc.collect()
    chip = nor.Nor(blocks, 512)
    disk.format(chip)
    return chip, disk.Disk(chip)


def started(files, boot=1, kb=32, segment=1024):
    gc.collect()
    log = EventLog(Clock(lambda: 0, lambda a, b: a - b, lambda: UTC), boot)
    retention = Retention()
    audit = Audit(log, retention, kb=kb, fs=files, segment=segment)
    assert audit.load() == []
    return log, audit, retention


def wrong(audit, head=None):
    return [text for text in audit.verify(head) if text]


def test_chain():
    _, files = world()
    for boot in (1, 2, 3):
        log, audit, _ = started(files, boot)
        for i in range(10):
            log.emit(codes.CONFIG_COMMITTED, "", "pq.dip %d" % i)
            log.emit(codes.DIP)  # not for the audit
            if i % 4 == 0:
                audit.flush()
        audit.flush()
        assert audit.head()[0] == boot * 10 and len(audit.head()[1]) == 32
        assert wrong(audit) == [] and wrong(audit, audit.head()) == []
    found = list(audit.entries())
    assert [row[0] for row in found] == list(range(1, 31))
    assert found[12][1:] == (2, (5, codes.CONFIG_COMMITTED, "", UTC, "pq.dip 2"))
    again = started(files, 4)[1]
    assert again.head() == audit.head()
    texts = list(again.verify())
    assert len(texts) == 0 or texts[0] is None


def test_ring():
    _, files = world()
    log, audit, retention = started(files, kb=8)
    heads = []
    for i in range(200):
        log.emit(codes.CONTROL_OPERATED, "control-4.q1", "by operator %d" % i)
        audit.flush()
        heads.append(audit.head())
        for name, _ in retention.warnings():
            assert name == "audit" and heads[0] != 0
            heads[0] = 0
    assert heads[0] == 0  # it was told once
    first = next(audit.entries())[0]
    assert first > 50 and wrong(audit) == []
    assert wrong(audit, heads[150]) == [] == wrong(audit, heads[199])
    assert wrong(audit, (150, "0" * 32)) == ["entry 150 is not what it was"]
    assert not retention.make_room()  # nothing of it goes for others
    checking = audit.verify()
    assert next(checking) is None
    for i in range(60):  # segments go, the one that is read among them
        log.emit(codes.CONTROL_OPERATED, "control-4.q1", "meanwhile %d" % i)
        audit.flush()
    found = [text for text in checking if text]
    assert found == [], found


def rewrite(files, change):
    """The log with `change(entries)` applied, by one who knows the format and fixes each CRC."""
    names = sorted([row[0] for row in files.ilistdir("/audit")])
    entries = []
    for name in names:
        path = "/audit/" + name
        entries += list(Segment(files.open, path, 32, 4096).walk(0, 0xFFFFFFFF))
        files.remove(path)
    change(entries)
    slots = 0
    with files.open("/audit/%08x" % entries[0][0], "wb") as file:
        for sequence, payload in entries:
            record = packed(32, slots, sequence, payload)
            slots += len(record) // 32
            file.write(record)


def edit(entries, at):
    sequence, payload = entries[at]
    entries[at] = sequence, payload[:-1] + b"X"


def swap(entries, at):
    a, b = entries[at], entries[at + 1]
    entries[at], entries[at + 1] = (a[0], b[1]), (b[0], a[1])


def renumber(entries, at):
    """One goes, the others close the gap."""
    del entries[at]
    for i in range(at, len(entries)):
        entries[i] = entries[i][0] - 1, entries[i][1]


def test_changes():
    changes = []
    for at in (0, 1, 7, 18):
        changes.append(lambda entries, at=at: edit(entries, at))
        changes.append(lambda entries, at=at: swap(entries, at))
        changes.append(lambda entries, at=at: renumber(entries, at))
        if at:
            changes.append(lambda entries, at=at: entries.pop(at) and None)
    changes.append(lambda entries: entries.pop(0) and None)  # truncated at the front
    only_head = [lambda entries: edit(entries, 19), lambda entries: entries.pop() and None]
    for number, change in enumerate(changes + only_head + [lambda entries: None]):
        _, files = world(60)
        log, audit, _ = started(files)
        for i in range(20):
            log.emit(codes.CALIBRATION_KEPT, "meter", "text %d" % i)
        audit.flush()
        head = audit.head()
        audit = None
        rewrite(files, change)
        _, audit, _ = started(files, 2)
        plain, told = wrong(audit), wrong(audit, head)
        if number < len(changes):
            assert plain, number
        elif number < len(changes) + 2:
            assert not plain and told, number  # the tail needs the head kept elsewhere
        else:
            assert not plain and not told


def test_refused():
    chip, files = world()
    log, audit, _ = started(files)
    log.emit(codes.CONFIG_COMMITTED, "", "a")
    audit.flush()
    head = audit.head()
    chip.bad.update(dict.fromkeys(range(80), nor.PROGRAM_ERROR))
    for i in range(70):
        log.emit(codes.CONFIG_COMMITTED, "", "b%d" % i)
        try:
            audit.flush()
            raise RuntimeError("flash took it")
        except StoreError:
            pass
    assert audit.head() == head and audit.dropped == 6
    chip.bad.clear()
    audit = audit_after(files, audit)
    assert wrong(audit, head) == []


def test_no_heap():
    files = Short(world()[1])
    log, audit, _ = started(files)
    for left in (0, 2, 0, 1, 3, 0):
        for i in range(3):
            log.emit(codes.CONFIG_COMMITTED, "", "c%d" % i)
        files.left = left
        try:
            audit.flush()
        except MemoryError:
            files.left = 0
    assert audit.head()[0] == 18 and wrong(audit) == [], wrong(audit)
    assert wrong(started(files, 2)[1], audit.head()) == []


def audit_after(files, audit):
    audit.flush()
    assert audit.head()[0] == 65
    return started(files, 2)[1]


test_chain()
test_ring()
test_changes()
test_refused()
test_no_heap()
print("OK")
