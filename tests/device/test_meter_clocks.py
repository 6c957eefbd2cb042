"""Meters whose clocks are off, on a line in virtual time: what is read of them, when they are set,
what is told of those that a broadcast does not reach."""

import asyncio
from binascii import unhexlify

from rs485_world import Meter, Profiles, Registers, World, modbus, row

from firmware.codec import dlt698
from firmware.codec import dlt698_address as address698
from firmware.core import civil
from firmware.timing.meters import MeterClocks

MINUTE = 60000
HOUR = 3600000
DAY = 86400000
ZONE = 480
ours = Profiles()
ours.put(
    "meter", {"protocol": "dlt645", "baud": 2400, "points": [["f", "Hz", -2, "data", "02800002"]]}
)
ours.put("new", {"protocol": "dlt698", "points": [["f", "Hz", -2, "data", "200F0200"]]})
ours.put("other", modbus([["a", "", 0, "data", 0]]))


def bcd(numbers):
    return "".join(["%02d" % number for number in numbers])


class Old(Meter):
    """A meter of DL/T 645 with a clock, which takes a broadcast once a day within 5 minutes."""

    def __init__(self, address, world_ms, off_ms):
        super().__init__(address, {"02800002": "0050"})
        self.world_ms = world_ms
        self.off_ms = off_ms
        self.day = 0
        self.set = []  # ms its clock was off by after each

    def moment(self):
        return civil.moment(self.world_ms() + self.off_ms, ZONE)

    def answer(self, data):
        year, month, day, hour, minute, second = self.moment()
        self.items["04000102"] = bcd((second, minute, hour))
        self.items["04000101"] = bcd((1, day, month, year % 100))
        self.hear(data.lstrip(b"\xfe"), len(data))
        return super().answer(data)

    def hear(self, data, size):
        if data[1:7] != b"\x99" * 6 or data[8] != 0x08 or len(data) != 18:
            return
        assert sum(data[:-2]) & 255 == data[-2]
        parts = [byte - 0x33 & 255 for byte in data[10:16]]
        second, minute, hour, day, month, year = [(b >> 4) * 10 + (b & 15) for b in parts]
        end_ms = self.world_ms() + size * 11 * 1000 // 2400
        told = civil.utc_ms((2000 + year, month, day, hour, minute, second), ZONE)
        today = (end_ms + ZONE * MINUTE) // DAY
        if abs(told - end_ms - self.off_ms) <= 5 * MINUTE and today != self.day:
            self.day = today
            self.off_ms = told - end_ms
            self.set.append(self.off_ms)


class New:
    """A meter of DL/T 698.45, APDUs laid by hand."""

    def __init__(self, address, world_ms, off_ms):
        self.whom = address698.meter(address)
        self.world_ms = world_ms
        self.off_ms = off_ms
        self.broadcasts = []

    def answer(self, data):
        frame = dlt698.parse(data.lstrip(b"\xfe")) if data[:4] == b"\xfe" * 4 else None
        if frame is None or data.lstrip(b"\xfe")[0] != 0x68 or len(frame.data) < 7:
            return None
        if frame.address == address698.EVERYBODY:
            self.broadcasts.append((self.world_ms(), len(data), bytes(frame.data)))
        if frame.address != self.whom:
            return None
        piid, oad = frame.data[2], frame.data[3:7]
        value = b"\x01\x12\x13\x88"
        if oad == b"\x40\x00\x02\x00":
            moment = civil.moment(self.world_ms() + self.off_ms, ZONE)
            value = b"\x01\x1c" + bytes([moment[0] >> 8, moment[0] & 255]) + bytes(moment[1:])
        body = bytes([0x85, 1, piid]) + oad + value + b"\0\0"
        return b"\xfe" * 4 + dlt698.build(dlt698.REPLY, self.whom, 0, body)


def plain(call):
    """A 698 frame is no 645 frame, nor the other way."""

    def answer(data):
        try:
            return call(data)
        except Exception as error:  # what its codec does not understand
            if type(error).__name__ != "CodecError":
                raise
            return None

    return answer


class Station:
    """A line with meters, its slot, and the clocks' policy."""

    def __init__(self, utc, *offs, is_setting=True, news=0, at_min=200):
        self.world = World()
        self.world.time._utc_ms = civil.utc_ms(civil.parse(utc), ZONE)
        now = self.world.time.utc_ms
        rows = []
        self.meters = []
        for i, off in enumerate(offs):
            name = "%012d" % (i + 1)
            kind = New if i < news else Old
            meter = kind(name, now, off)
            meter.answer = plain(meter.answer)
            self.meters.append(meter)
            self.world.slaves.append(meter)
            rows.append(row("new" if i < news else "meter", name, "m%d" % i))
        self.world.slaves.append(Registers(7, 0, [5]))
        rows.append(row("other", "7", "modbus"))
        self.slot = self.world.slot(rows, zone_min=ZONE)
        self.lived_ms = 0
        self.is_good = True
        self.told = []
        self.clocks = MeterClocks(
            self.world.clock,
            ZONE,
            lambda: [self.slot],
            lambda: self.is_good,
            lambda *what: self.told.append(what),
            is_setting,
            at_min,
        )

    def live(self, ms, then=None):
        async def go():
            tasks = [asyncio.create_task(self.slot.run()), asyncio.create_task(self.clocks.run())]
            for _ in range(ms // MINUTE):
                await asyncio.sleep_ms(MINUTE)
                if then:
                    then(self)
            for task in tasks:
                task.cancel()
            await asyncio.sleep_ms(0)

        asyncio.run(go())

    def tomorrow(self):
        """The same time of the next day: nothing happens meanwhile."""
        self.world.time._utc_ms += DAY - self.world.time.us // 1000 + self.lived_ms
        self.lived_ms = self.world.time.us // 1000

    def rows(self):
        return {r[0]: r[2:] for r in self.clocks.table()[1]}


def test_offsets():
    s = Station("2026-11-30 12:30:00", 0, 7000, -42000, 0, is_setting=False, news=1)
    s.meters[3].answer = lambda data: None

    def look(station):
        rows = station.rows()
        if station.world.time.us > 5 * MINUTE * 1000:
            for i, off in enumerate((0, 7, -42)):
                assert abs(int(rows["m%d" % i][0]) - off) <= 1, rows
            assert rows["m0"][1] == rows["m1"][1] == "right" and rows["m2"][1] == "off"
            assert rows["m3"] == (None, "does not tell") and "modbus" not in rows

    s.live(8 * MINUTE, look)
    assert s.told == [] and not s.meters[1].set
    assert len(s.meters[1].asked) < 12, "the clock is not read again and again"


def test_they_are_set_once_a_day_and_never_near_an_hour():
    s = Station("2026-11-30 02:50:00", 100000, -200000, 20000, news=1)
    s.live(HOUR)
    s.tomorrow()
    s.live(HOUR)
    for meter in s.meters[1:]:
        assert len(meter.set) == 2, meter.set  # 03:20 of the 30th and of the 1st
        assert max([abs(off) for off in meter.set]) <= 40, meter.set
    names = [what[0] for what in s.told]
    assert names == ["METERS_SET"] * 2, s.told
    for at_ms, size, body in s.meters[0].broadcasts:
        minute = (at_ms // MINUTE + ZONE) % 1440
        assert minute >= 200 and 5 < minute % 60 < 55, minute
        assert body[:7] == unhexlify("070100") + unhexlify("40007f00"), body
        assert body[7] == 0x1C
        moment = (body[8] << 8 | body[9],) + tuple(body[10:15])
        ends_ms = at_ms + size * 11 * 1000 // 9600
        assert abs(civil.utc_ms(moment, ZONE) - ends_ms) <= 40
    assert len(s.meters[0].broadcasts) == 2


def test_a_minute_that_is_not_safe_is_waited_for():
    for at_min, utc, minute in (
        (180, "2026-11-30 02:55:00", 186),
        (0, "2026-11-29 23:55:00", 6),
        (193, "2026-11-30 03:12:10", 197),
        (234, "2026-11-30 03:53:30", 246),
    ):
        s = Station(utc, 10000, news=1, at_min=at_min)
        s.live(14 * MINUTE)
        minutes = [(at_ms // MINUTE + ZONE) % 1440 for at_ms, _, _ in s.meters[0].broadcasts]
        assert minutes == [minute], (utc, minutes)


def test_one_out_of_reach_is_told_and_then_faulty():
    s = Station("2026-11-30 03:00:00", 400000, 10000)
    s.live(30 * MINUTE)
    assert ("METER_CLOCK", "m0", "+400 s, more than a broadcast may set") in s.told, s.told
    s.tomorrow()
    s.live(40 * MINUTE)
    texts = [what[2] for what in s.told if what[0] == "METER_CLOCK"]
    assert texts == [
        "+400 s, more than a broadcast may set",
        "faulty: +400 s, still off after 2 settings in a month",
    ], texts
    s.meters[0].off_ms = 3000  # somebody was there
    s.tomorrow()
    s.live(40 * MINUTE)
    texts = [what[2] for what in s.told if what[0] == "METER_CLOCK"]
    assert len(texts) == 3 and "reaches it again" in texts[-1], texts


def test_nobody_is_set_by_a_clock_that_is_not_good():
    s = Station("2026-11-30 03:00:00", 60000, 60000)
    s.is_good = False
    s.live(HOUR)
    assert s.told == [] and not s.meters[0].set and s.rows() == {}
    s.is_good = True  # later the same day
    s.live(HOUR)
    assert len(s.meters[0].set) == 1 and s.told[0][0] == "METERS_SET"


for name in sorted(globals()):
    if name.startswith("test_"):
        globals()[name]()
print("OK")
