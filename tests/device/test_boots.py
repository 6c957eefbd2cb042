"""The record of boots: reasons, storms with and without a clock, safe mode and its ways out, and
files that are not as they should be. TTU_MUTANTS damaged files (60)."""

import json
import os
import random

from flash import formatted

from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.supervisor.boots import LIMIT, REASONS, Boots

_UTC = 1790000000


class Unit:
    """A terminal's flash, and its time."""

    def __init__(self, utc_s=_UTC):
        self.flash, self.fs = formatted()
        self.utc_s = utc_s
        self.record = None

    def twin(self):
        return Twin("/boots.a", "/boots.b", LIMIT, self.fs)

    def boot(self, cause, after_s=60, has_clock=True):
        """The run before took `after_s`; the record of the next."""
        self.utc_s += after_s
        if self.record:
            self.record.alive(after_s, self.now(has_clock), 3)
        self.record = Boots(self.twin())
        assert self.record.begin(cause, self.now(has_clock)) == ""
        self.record.keep()
        return self.record

    def now(self, has_clock):
        return self.utc_s if has_clock else self.utc_s - _UTC


def test_reasons():
    unit = Unit()
    causes = ("power-on", "brownout", "hard", "soft", "watchdog", "task watchdog", "panic", "what")
    for cause in causes:
        unit.boot(cause)
    assert unit.record.counts == {name if name != "what" else "unknown": 1 for name in causes}
    assert unit.record.number == len(causes)
    unit.record.ended("stop")
    assert unit.boot("hard").reason == "deploy"
    unit.record.ended("stop")
    record = unit.boot("soft")
    assert record.reason == "soft" and record.text() == "soft, boot 10"
    record.ended("crash: ValueError: no")
    record = unit.boot("watchdog")
    assert record.text() == "crash: ValueError: no, boot 11"
    record.ended("late: link, no report within 6000 ms")
    assert unit.boot("watchdog").text() == (
        "watchdog, late: link, no report within 6000 ms, boot 12"
    )
    unit.record.ended("late: link, it came back")
    assert unit.boot("power-on").text() == "power-on, boot 13"


def test_a_crash_is_told_whatever_was_late_before():
    """What was late may have recovered long before."""
    unit = Unit()
    unit.boot("power-on")
    unit.record.ended("late: store, no report within 15000 ms")
    unit.record.ended("crash: ValueError: no")
    unit.record.ended("late: link, no report within 6000 ms")  # whatever follows from it
    assert unit.boot("watchdog").text() == "crash: ValueError: no, boot 2"


def test_storm():
    """Eight in an hour, those that were meant not counted; seven are none."""
    for has_clock in (True, False):
        unit = Unit()
        unit.boot("power-on", 0, has_clock)
        for _ in range(6):
            assert not unit.boot("watchdog", 400, has_clock).safe
            unit.record.ended("stop")
            assert not unit.boot("soft", 40, has_clock).safe
        assert unit.record.resets() == 7
        record = unit.boot("panic", 300, has_clock)
        assert record.safe == "storm" and record.level == 1 and record.resets() == 8
        assert unit.boot("soft", 300, has_clock).safe == "storm"
    for has_clock, pause_s in ((True, 520), (False, 520), (True, 86400), (False, 86400)):
        unit = Unit()
        for _ in range(20):
            assert not unit.boot("watchdog", pause_s, has_clock).safe, (has_clock, pause_s)


def test_clock():
    """A clock that jumps hides a storm once at most; one that goes back never."""
    unit = Unit()
    for i in range(12):
        unit.utc_s += 40000 if i == 2 else -3600
        record = unit.boot("watchdog", 30)
    assert record.safe == "storm"
    unit = Unit()
    unit.boot("power-on", 0, False)
    unit.record.alive(600, _UTC + 600, 3)  # somebody set it meanwhile
    assert unit.record.recent[0][0] == _UTC


def test_ways_out():
    unit = Unit()
    for _ in range(8):
        unit.boot("watchdog", 10)
    assert unit.record.safe == "storm" and unit.record.stable_s(60) == 3600
    unit.record.leave()
    record = unit.boot("soft", 10)
    assert not record.safe and record.resets() <= 1
    for _ in range(9):
        unit.boot("watchdog", 10)
    assert unit.record.safe == "storm" and unit.record.level == 2
    assert unit.record.stable_s(60) == 7200
    unit.record.leave()
    record = unit.boot("soft", 10)
    assert not record.safe and record.good == 0
    record = unit.boot("power-on", 4000)  # an hour of an ordinary life
    assert record.level == 0 and record.good == 3
    record.force()
    record = unit.boot("soft")
    assert record.safe == "forced" and record.stable_s(60) is None
    assert unit.boot("power-on", 10**6).safe == "forced"
    unit.record.leave()
    assert not unit.boot("soft").safe
    unit.record.level = 40
    assert unit.record.stable_s(60) == 86400


def test_flash_that_refuses_changes_no_mode():
    """What is not on flash is not so: it can be tried again."""
    unit = Unit()
    for _ in range(8):
        unit.boot("watchdog", 10)
    record, save = unit.record, unit.record.twin.save

    def full(payload):
        raise StoreError("full")

    for change, before in ((record.leave, "storm"), (record.force, "storm")):
        record.twin.save = full
        try:
            change()
            raise AssertionError("nobody was told")
        except StoreError:
            pass
        assert record.safe == before and record.resets() == 8
        record.twin.save = save
    record.leave()
    assert record.safe == "" and not unit.boot("soft").safe


def test_supply():
    """Ten in ten minutes; a port that calls a brownout a power-on is no excuse."""
    unit = Unit()
    for i in range(9):
        assert not unit.boot(("brownout", "power-on")[i % 2], 60).is_supply_weak
    assert unit.boot("brownout", 60).is_supply_weak
    unit = Unit()
    for _ in range(12):
        assert not unit.boot("brownout", 70).is_supply_weak
        assert not unit.boot("watchdog", 20).is_supply_weak


def test_wear():
    """Once a boot, twice more in its life, once when it is late; the file is bounded."""
    unit = Unit()
    for _ in range(30):
        unit.boot("task watchdog", 1)
        unit.record.ended("late: " + "x" * 300)
    saves = []
    twin = unit.record.twin
    save, twin.save = twin.save, lambda payload: saves.append(len(payload))
    for second in range(0, 100000, 7):
        unit.record.alive(second, _UTC + second, 3)
        unit.record.ended("late: again")
    assert len(saves) == 2 and max(saves) <= 1536, saves
    unit.record.ended("stop")
    assert len(saves) == 3
    twin.save = save

    def full(payload):
        raise StoreError("full")

    twin.save = full
    unit.record.ended("stop")  # flash refuses: nothing is raised


def nonsense(text, draw):
    """A record of the right checksum and the wrong content."""
    record = json.loads(text)
    names = list(record.keys())
    name = names[draw(len(names))]
    values = (
        None,
        -1,
        "x",
        [],
        {},
        [[]],
        [[1, 2, "soft"]],
        [[0, 0, "none", 0]],
        1.5,
        {"soft": "x"},
    )
    record[name] = values[draw(len(values))]
    if draw(4) == 0:
        del record[name]
    return json.dumps(record).encode()


def test_mutants():
    """Whatever flash holds, there is a record after it, and what was lost is told."""
    random.seed(1)
    draw = random.randrange
    unit = Unit()
    for _ in range(6):
        unit.boot("watchdog", 60)
    good, _ = unit.twin().load()
    for path in ("/boots.a", "/boots.b"):
        unit.fs.remove(path)
    count = int(os.getenv("TTU_MUTANTS") or 60) if hasattr(os, "getenv") else 60
    for i in range(count):
        twin = unit.twin()
        if i % 2:
            twin.save(nonsense(good, draw))
        else:
            twin.save(good)
            with unit.fs.open("/boots.a", "rb") as file:
                data = bytearray(file.read())
            if i % 4:
                data = data[: draw(len(data))]
            else:
                data[draw(len(data))] ^= 1 << draw(8)
            with unit.fs.open("/boots.a", "wb") as file:
                file.write(data)
        record = Boots(unit.twin())
        wrong = record.begin("watchdog", _UTC)
        assert wrong or record.number == 7 and i % 2, (i, record.number)
        assert record.number in (1, 2, 7) and record.reason in REASONS
        record.keep()
        record = Boots(unit.twin())
        assert record.begin("soft", _UTC + 60) == "" or not i % 2
        for path in ("/boots.a", "/boots.b"):
            try:
                unit.fs.remove(path)
            except OSError:
                pass


test_reasons()
test_a_crash_is_told_whatever_was_late_before()
test_storm()
test_clock()
test_ways_out()
test_flash_that_refuses_changes_no_mode()
test_supply()
test_wear()
test_mutants()
print("OK")
