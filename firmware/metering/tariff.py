"""Which tariff is it? A function of local time and of a plan of day tables (DL/T 645-2007, 4-1).

A plan, as JSON with numbers only:
  "days"      1..8 day tables, each 1..14 pairs in one list: hour and minute as hhmm, tariff 1..8;
              before its first time the last tariff of a table holds
  "seasons"   1..14 seasons in one list, each four numbers: first day as mmdd, then the tables
              (1 = the first) of its working days, rest days and holidays; before the first day
              of the year that begins a season the last one of the list holds
  "rest"      rest days of the week, 1 = Monday; may be missing: 6 and 7
  "holidays"  up to 254 days, yyyymmdd, or mmdd for every year; may be missing
Time is counted in minutes since 1970, which are small integers on every board.
"""

from micropython import const

TARIFFS = const(8)
ONE = '{"days":[[0,1]],"seasons":[101,1,1,1]}'
# sharp 1, peak 2, flat 3, valley 4 in the usual order; the times are a common example
FOUR = (
    '{"days":[[0,4,700,3,800,2,1100,3,1800,2,1900,1,2100,2,2200,3,2300,4]],"seasons":[101,1,1,1]}'
)
_DAY_MIN = const(1440)
_DAYS_IN = b"\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


def civil(days):
    """(year, month, day) of a day since 1970-01-01, by the proleptic Gregorian calendar."""
    days += 719468  # since 0000-03-01: a year that begins in March ends with its leap day
    era = days // 146097
    of_era = days % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # 0 = March
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


class Calendar:
    """Only `tariff` is called at run time: two comparisons, but for the minute of a switch."""

    def __init__(self, plan):
        """ValueError with one sentence when the plan is not as above."""
        if not isinstance(plan, dict):
            raise ValueError("a tariff plan has days and seasons")
        for name in plan:
            if name not in ("days", "seasons", "rest", "holidays"):
                raise ValueError("a tariff plan has no part called %s" % str(name)[:20])
        self._days = _days(plan.get("days"))
        self._seasons = _seasons(plan.get("seasons"), len(self._days))
        self._rest = _numbers(plan.get("rest", (6, 7)), 0, 7, 1, "rest days")
        if [day for day in self._rest if not 1 <= day <= 7]:
            raise ValueError("rest days are days of the week, 1 for Monday to 7")
        self._holidays = _holidays(plan.get("holidays", ()))
        self.since = 0  # the answer below holds from this UTC minute ...
        self.until = 0  # ... up to this one, for the same zone
        self._zone = 0
        self._tariff = 0

    def tariff(self, utc_min, zone_min):
        """Tariff at a UTC minute where clocks are `zone_min` minutes ahead of UTC."""
        if not self.since <= utc_min < self.until or zone_min != self._zone:
            self._look_up(utc_min + zone_min)
            self._zone = zone_min
            self.since -= zone_min
            self.until -= zone_min
        return self._tariff

    def _look_up(self, local_min):
        midnight = local_min - local_min % _DAY_MIN
        table = self._days[self._table(local_min // _DAY_MIN) - 1]
        self.since = midnight
        self._tariff = table[-1]
        for i in range(0, len(table), 2):
            switch = midnight + table[i] // 100 * 60 + table[i] % 100
            if switch > local_min:
                self.until = switch
                return
            self.since = switch
            self._tariff = table[i + 1]
        self.until = midnight + _DAY_MIN  # another day may have another table

    def _table(self, day):
        """Number of the day table of a day since 1970."""
        year, month, date = civil(day)
        date += month * 100
        seasons = self._seasons
        at = len(seasons) - 4
        for i in range(0, len(seasons), 4):
            if seasons[i] <= date:
                at = i
        if date in self._holidays or year * 10000 + date in self._holidays:
            return seasons[at + 3]
        # 1970-01-01 was a Thursday
        return seasons[at + 2] if (day + 3) % 7 + 1 in self._rest else seasons[at + 1]


def _numbers(values, least, most, step, name):
    """A list of so many whole numbers, a multiple of `step`."""
    if not isinstance(values, (list, tuple)) or [v for v in values if type(v) is not int]:
        raise ValueError("%s are a list of whole numbers" % name)
    if not least <= len(values) <= most or len(values) % step:
        raise ValueError(
            "%s are %d to %d numbers, %d at a time, not %d"
            % (name, least, most, step, len(values))
        )
    return list(values)  # slices by a step are for lists only


def _rises(values):
    return all([a < b for a, b in zip(values, values[1:])])


def _days(tables):
    if not isinstance(tables, (list, tuple)) or not 1 <= len(tables) <= 8:
        raise ValueError("days are a list of 1 to 8 day tables")
    days = [_numbers(t, 2, 28, 2, "day table %d" % n) for n, t in enumerate(tables, 1)]
    for n, table in enumerate(days, 1):
        times = table[0::2]
        for time in times:
            if not 0 <= time <= 2359 or time % 100 > 59:
                raise ValueError("day table %d has no time of day in %d" % (n, time))
        if not _rises(times):
            raise ValueError("the times of day table %d do not rise" % n)
        for tariff in table[1::2]:
            if not 1 <= tariff <= TARIFFS:
                raise ValueError("day table %d has tariffs 1 to 8, not %d" % (n, tariff))
    return days


def _is_date(mmdd):
    month = mmdd // 100
    return 1 <= month <= 12 and 1 <= mmdd % 100 <= _DAYS_IN[month - 1]


def _seasons(values, tables):
    seasons = _numbers(values, 4, 56, 4, "seasons")
    for date in seasons[0::4]:
        if not _is_date(date):
            raise ValueError("a season begins on a day as mmdd, not on %d" % date)
    if not _rises(seasons[0::4]):
        raise ValueError("the first days of the seasons do not rise")
    for i in range(len(seasons)):
        if i % 4 and not 1 <= seasons[i] <= tables:
            raise ValueError("a season names day table %d of %d" % (seasons[i], tables))
    return seasons


def _holidays(values):
    holidays = _numbers(values, 0, 254, 1, "holidays")
    for date in holidays:
        year = date // 10000
        is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if not (year == 0 or 1970 <= year <= 9999) or not _is_date(date % 10000):
            raise ValueError("a holiday is a day as yyyymmdd or mmdd, not %d" % date)
        if year and date % 10000 == 229 and not is_leap:
            raise ValueError("there is no holiday %d: the year has no 29 February" % date)
    return holidays
