"""The battery clock and the floor: what is known after a reboot, and what is not."""

import json

from firmware.core import civil
from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.core.twin import TwinInfo
from firmware.timing.keeper import LIMIT, Keeper

SECOND = 1000000


def us(text):
    return civil.utc_ms(civil.parse(text)) * 1000


class Flash:
    """What a Twin does."""

    def __init__(self, payload=None, reason="absent"):
        self.payload = payload
        self.reason = reason
        self.is_broken = False

    def load(self):
        return self.payload, TwinInfo(-1, self.reason if self.payload is None else "", ())

    def save(self, payload):
        if self.is_broken:
            raise StoreError("flash refuses")
        assert len(payload) <= LIMIT
        self.payload = payload


def kept(text, doubt_ms=20, known=1):
    record = {"utc": us(text) // SECOND, "doubt": doubt_ms, "known": known}
    return Flash(json.dumps(record).encode())


def load(flash, rtc):
    return Keeper(flash, lambda: us(rtc), None).load()


def test_a_battery_clock_that_ran():
    utc_us, doubt_us, is_known, text = load(kept("2026-11-30 12:00:00"), "2026-12-02 12:00:00")
    assert utc_us == us("2026-12-02 12:00:00") and is_known and text == ""
    assert 3000000 <= doubt_us <= 3200000, doubt_us  # a second a day, and one it is read with


def test_one_that_is_a_little_behind():
    utc_us, _, is_known, _ = load(kept("2026-11-30 12:00:03"), "2026-11-30 12:00:00")
    assert is_known and utc_us == us("2026-11-30 12:00:03"), "never before the floor"


def test_one_that_was_lost():
    for rtc in ("2000-01-01 00:00:10", "2015-01-01 00:00:00", "2026-11-30 11:59:50",
                "2099-01-01 00:00:00"):  # fmt: skip
        utc_us, _, is_known, text = load(kept("2026-11-30 12:00:00"), rtc)
        assert not is_known and utc_us == us("2026-11-30 12:00:00"), rtc
        assert rtc in text and "2026-11-30 12:00:00" in text


def test_the_first_start():
    assert load(Flash(), "2026-11-30 12:00:00")[2]
    utc_us, _, is_known, text = load(Flash(), "2000-01-01 00:00:00")
    assert not is_known and utc_us == us("2025-01-01 00:00:00") and "2000-01-01" in text


def test_what_was_not_known_is_not_known_after_a_reboot():
    assert not load(kept("2026-11-30 12:00:00", 0, 0), "2026-11-30 13:00:00")[2]


def test_a_damaged_file():
    for payload in (b"", b"{}", b"[1]", b'{"utc":"x","doubt":1}', b'{"utc":1.5,"doubt":1}'):
        keeper = Keeper(Flash(payload), lambda: us("2026-11-30 12:00:00"), None)
        assert keeper.load()[2] and keeper.problem and keeper.kept == {}
    keeper = Keeper(Flash(None, "corrupt"), lambda: us("2026-11-30 12:00:00"), None)
    keeper.load()
    assert keeper.problem == "the kept time is corrupt"


def test_saving():
    clock = Clock(lambda: 0, lambda a, b: a - b, lambda: us("2038-01-19 03:14:08") // 1000)
    told = []
    flash = Flash()
    keeper = Keeper(flash, lambda: 0, told.append)
    assert keeper.save(clock, 20000, [1, 2, None], {"eras": []})
    again = Keeper(flash, lambda: us("2038-01-19 03:15:00"), None)
    assert again.load()[2] and again.kept["rate"] == [1, 2, None]
    keeper.set_rtc(clock)
    assert told == [us("2038-01-19 03:14:08")]
    clock.is_known = False
    keeper.set_rtc(clock)
    assert len(told) == 1, "a guess is not written back"
    flash.is_broken = True
    assert not keeper.save(clock, 0, [], {}) and keeper.problem == "flash refuses"


for name in sorted(globals()):
    if name.startswith("test_"):
        globals()[name]()
print("OK")
