"""The Gregorian calendar on whole numbers, since ports differ in their epoch and range: days since
1970-01-01 and moments (year, month, day, hour, minute, second). Right from year 1 on; no leap
seconds, as in UTC of computers. After H. Hinnant, "chrono-compatible low-level date algorithms".
"""

from micropython import const

_DAY_S = const(86400)
_DAY_MIN = const(1440)
_LENGTHS = b"\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"  # of the months, in a leap year


def civil(days):
    """(year, month, day) of a day since 1970-01-01."""
    days += 719468  # since 0000-03-01: a year that begins in March ends with its leap day
    era = days // 146097
    of_era = days % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # 0 = March
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day


def days(year, month, day):
    """Days since 1970-01-01."""
    year -= month <= 2
    past = year % 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return year // 400 * 146097 + past * 365 + past // 4 - past // 100 + of_year - 719468


def moment(utc_ms, zone_min=0):
    """(year, month, day, hour, minute, second) by a clock `zone_min` minutes ahead of UTC."""
    seconds = utc_ms // 1000 + 60 * zone_min
    rest = seconds % _DAY_S
    return civil(seconds // _DAY_S) + (rest // 3600, rest // 60 % 60, rest % 60)


def utc_ms(moment, zone_min=0):
    """The other way; ValueError for what is no moment."""
    year, month, day, hour, minute, second = moment
    is_date = 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= _LENGTHS[month - 1]
    if is_date and month == 2 and day == 29:
        is_date = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not is_date or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise ValueError("there is no %04d-%02d-%02d %02d:%02d:%02d" % tuple(moment))
    minutes = days(year, month, day) * _DAY_MIN + hour * 60 + minute - zone_min
    return (minutes * 60 + second) * 1000


def text(utc_ms, zone_min=0):
    """2026-11-30 12:00:00."""
    return "%04d-%02d-%02d %02d:%02d:%02d" % moment(utc_ms, zone_min)


def parse(words):
    """The moment in "2026-11-30 12:00:00" (seconds may be missing); ValueError."""
    date, _, clock = words.strip().replace("T", " ").partition(" ")
    parts = [int(part) for part in date.split("-") + clock.split(":")]
    if len(parts) == 5:
        parts.append(0)
    if len(parts) != 6:
        raise ValueError("a moment is written as 2026-11-30 12:00:00, not %s" % words[:40])
    return tuple(parts)
