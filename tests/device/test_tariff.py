"""Tariffs over whole years, minute by minute, against a slow calendar that counts days."""

import json

from firmware.metering import tariff
from firmware.metering.tariff import Calendar

PLAN = {
    "days": [
        [0, 4, 700, 3, 800, 2, 1130, 3, 1800, 1, 2100, 2, 2359, 5],
        [600, 1, 2200, 6],  # before six it is still 6
        [0, 3],
        [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 1, 10, 2, 11, 3, 12, 4, 13, 5, 14, 6],
    ],
    "seasons": [115, 1, 2, 3, 229, 2, 2, 4, 701, 1, 3, 4, 1231, 4, 4, 4],
    "rest": [5, 7],
    "holidays": [101, 229, 20231001, 20240210, 20241231, 20200229],
}
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year):
    return year % 4 == 0 and year % 100 != 0 or year % 400 == 0


class Slow:
    """Counts up from 1970 day by day; decides each minute from scratch."""

    def __init__(self, first_year):
        self.days = 0
        self.year, self.month, self.day = 1970, 1, 1
        self.weekday = 4
        while self.year < first_year:
            self.next()

    def next(self):
        self.days += 1
        self.weekday = self.weekday % 7 + 1
        self.day += 1
        if self.day > LENGTHS[self.month - 1] + (self.month == 2 and is_leap(self.year)):
            self.day = 1
            self.month += 1
        if self.month > 12:
            self.month = 1
            self.year += 1

    def table(self, plan):
        today = self.month * 100 + self.day
        rows = [plan["seasons"][i : i + 4] for i in range(0, len(plan["seasons"]), 4)]
        row = ([r for r in rows if r[0] <= today] or rows)[-1]
        if today in plan["holidays"] or self.year * 10000 + today in plan["holidays"]:
            return row[3]
        return row[2] if self.weekday in plan["rest"] else row[1]

    def tariffs(self, plan):
        """The 1440 tariffs of this day."""
        table = plan["days"][self.table(plan) - 1]
        out = bytearray(1440)
        now = table[-1]
        for minute in range(1440):
            hhmm = minute // 60 * 100 + minute % 60
            for i in range(0, len(table), 2):
                if table[i] == hhmm:
                    now = table[i + 1]
            out[minute] = now
        return out


def test_years():
    # a leap year and the ends of its neighbours; 2100 is none
    for first, days in ((2023, 400), (2099, 800)):
        slow, calendar = Slow(first), Calendar(PLAN)
        cached = {}  # day table -> tariffs, so that the twin is not too slow
        for _ in range(days):
            assert tariff.civil(slow.days) == (slow.year, slow.month, slow.day)
            number = slow.table(PLAN)
            if number not in cached:
                cached[number] = slow.tariffs(PLAN)
            minute = slow.days * 1440
            if first == 2023:
                for now in cached[number]:
                    assert calendar.tariff(minute, 0) == now, (slow.days, minute)
                    minute += 1
            else:
                for at in range(0, 1440, 97):
                    assert calendar.tariff(minute + at, 0) == cached[number][at]
            slow.next()


def test_zones():
    """Any order of times and zones gives the same answer; the answer names its limits."""
    forth = Calendar(PLAN)
    day = 20000 * 1440
    for zone in (480, -570, 0, 345):
        for minute in range(day + 3000, day, -7):
            answer = forth.tariff(minute - zone, zone)
            assert answer == Calendar(PLAN).tariff(minute, 0)
            assert forth.since <= minute - zone < forth.until
            for inside in (forth.since, forth.until - 1):
                assert Calendar(PLAN).tariff(inside, zone) == answer
    # local midnight in China is 16:00 UTC
    assert forth.tariff(1440 * 366 - 480, 480) == forth.tariff(1440 * 366, 0)
    assert tariff.civil(-1) == (1969, 12, 31) and tariff.civil(0) == (1970, 1, 1)


def test_defaults():
    one = Calendar(json.loads(tariff.ONE))
    four = Calendar(json.loads(tariff.FOUR))
    seen = {}
    for minute in range(1440):
        assert one.tariff(minute, 480) == 1
        now = four.tariff(minute, 0)
        seen[now] = seen.get(now, 0) + 1
    assert seen == {1: 120, 2: 300, 3: 540, 4: 480}, seen


def refused(sentence, **change):
    plan = dict(PLAN)
    plan.update(change)
    try:
        Calendar(plan)
    except ValueError as error:
        assert sentence in str(error) and "\n" not in str(error), error
        return
    raise AssertionError(sentence)


def test_refusals():
    pairs = [2 * i if j == 0 else 1 for i in range(15) for j in range(2)]
    refused("1 to 8 day tables", days=[])
    refused("1 to 8 day tables", days=[[0, 1]] * 9)
    refused("1 to 8 day tables", days=None)
    refused("day table 2 are a list of whole numbers", days=[[0, 1], 5])
    refused("day table 1 are a list of whole numbers", days=[["0", 1]])
    refused("day table 1 are a list of whole numbers", days=[[0, True]])
    refused("day table 1 are 2 to 28 numbers, 2 at a time, not 3", days=[[0, 1, 700]])
    refused("day table 1 are 2 to 28 numbers", days=[[]])
    refused("not 30", days=[pairs])
    refused("no time of day in 2400", days=[[0, 1, 2400, 2]])
    refused("no time of day in 1260", days=[[0, 1, 1260, 2]])
    refused("no time of day in -1", days=[[-1, 1]])
    refused("do not rise", days=[[0, 1, 700, 2, 700, 3]])
    refused("tariffs 1 to 8, not 9", days=[[0, 9]])
    refused("tariffs 1 to 8, not 0", days=[[0, 0]])
    refused("seasons are a list", seasons=None)
    refused("seasons are 4 to 56 numbers", seasons=[])
    refused("4 at a time, not 5", seasons=[101, 1, 1, 1, 1])
    refused("not on 230", seasons=[230, 1, 1, 1])
    refused("not on 1301", seasons=[1301, 1, 1, 1])
    refused("not on 0", seasons=[0, 1, 1, 1])
    refused("first days of the seasons do not rise", seasons=[301, 1, 1, 1, 101, 1, 1, 1])
    refused("day table 5 of 4", seasons=[101, 1, 1, 5])
    refused("day table 0 of 4", seasons=[101, 0, 1, 1])
    refused("rest days", rest=[0])
    refused("rest days", rest=[8])
    refused("rest days", rest="67")
    refused("holiday is a day", holidays=[20240431])
    refused("holiday is a day", holidays=[19690101])
    refused("29 February", holidays=[20230229])
    refused("0 to 254", holidays=[101] * 255)
    refused("no part called holiday", holiday=[101])
    for junk in (None, [], 5, "x"):
        try:
            Calendar(junk)
            raise AssertionError(junk)
        except ValueError as error:
            assert "days and seasons" in str(error)
    Calendar({"days": [[0, 1]], "seasons": [101, 1, 1, 1], "rest": [], "holidays": [101] * 254})


test_years()
test_zones()
test_defaults()
test_refusals()
print("OK")
