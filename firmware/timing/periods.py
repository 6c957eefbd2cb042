"""The periods that are frozen: which one is it, when does it end?

A period is a number. "curve": quarters of an hour of UTC, which are those of local time in every
zone of whole quarters. "daily" and "monthly": days and months of local time, counted from 1970
and from year 0; a zone that changes makes one longer or shorter, and never a number twice. The
boundary `n` is the instant in which period n - 1 ends and n begins. Times are UTC in ms.
"""

from micropython import const

from firmware.core import civil

_QUARTER_MS = const(900000)
_DAY_MS = const(86400000)

CURVE, DAILY, MONTHLY = const(0), const(1), const(2)
KINDS = ("curve", "daily", "monthly")


def number(kind, utc_ms, zone_min):
    """Of the newest boundary that is not later than `utc_ms`."""
    if kind == CURVE:
        return utc_ms // _QUARTER_MS
    day = (utc_ms + zone_min * 60000) // _DAY_MS
    if kind == DAILY:
        return day
    year, month, _ = civil.civil(day)
    return year * 12 + month - 1


def end_ms(kind, number, zone_min):
    """When boundary `number` is."""
    if kind == CURVE:
        return number * _QUARTER_MS
    if kind == MONTHLY:
        number = civil.days(number // 12, number % 12 + 1, 1)
    return number * _DAY_MS - zone_min * 60000


def nearest(kind, utc_ms, zone_min):
    """The number of the boundary that was kept as `utc_ms`, perhaps by a clock of another zone:
    the midnight of one may be before or after that of the other, by less than half a day."""
    if kind == CURVE:
        return utc_ms // _QUARTER_MS
    return number(kind, utc_ms + _DAY_MS // 2, zone_min)
