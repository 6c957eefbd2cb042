"""EventLog: numbering, the bounded ring, listeners; and the table of codes."""

from firmware.core.clock import Clock
from firmware.store import event_codes as codes
from firmware.store.events import EventLog

now_ms = 1790000000000


def clock():
    return Clock(lambda: 0, lambda a, b: a - b, lambda: now_ms)


def test_ring():
    log = EventLog(clock(), 7, size=4)
    assert log.last(10) == [] and log.boot == 7 and log.sequence == 0
    first = log.emit(codes.DEVICE_LOST, "rs485.000000000001", "no answer")
    assert first == (1, codes.DEVICE_LOST, "rs485.000000000001", now_ms, "no answer")
    for _ in range(9):
        log.emit(codes.LINK_MODE)
    assert [event[0] for event in log.last(3)] == [8, 9, 10]
    assert [event[0] for event in log.last(99)] == [7, 8, 9, 10]
    assert log.last(0) == []
    assert (log.sequence, log.dropped) == (10, 6)


def test_details():
    log = EventLog(clock(), 1)
    assert len(log.emit(codes.TASK_CRASHED, "x", "y" * 5000)[4]) == 160
    assert log.emit(codes.ENERGY_MISMATCH, "meter", (1, 2, 3))[4] == (1, 2, 3)


def test_listeners():
    log = EventLog(clock(), 1, size=2)
    a, b = [], []
    log.subscribe(a.append)
    log.emit(codes.BOOT)
    log.subscribe(b.append)
    for _ in range(3):
        log.emit(codes.UPLINK_UP)
    assert [event[0] for event in a] == [1, 2, 3, 4]
    assert [event[0] for event in b] == [2, 3, 4]


def test_codes():
    names = [name for name in dir(codes) if name[0] != "_" and name == name.upper()]
    names = [name for name in names if isinstance(getattr(codes, name), int)]
    assert len(names) >= 13
    for name in names:
        assert codes.name(getattr(codes, name)) == name, name
        assert len(codes.text(getattr(codes, name))) > 10
    numbers = [row[0] for row in codes.TABLE]
    assert len(set(numbers)) == len(numbers) == len(names)
    assert codes.name(9999) == "EVENT_9999"


test_ring()
test_details()
test_listeners()
test_codes()
print("OK")
