"""Which boundaries a run has: quarters of an hour of UTC, days and months of local time."""

from datetime import UTC, datetime, timedelta

_QUARTER_MS = 900000
_ZONE_MS = 480 * 60000  # energy.zone_min
_SETTLED_MS = 10000  # one that is so fresh may be on its way


def _is(kind, end_ms):
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=end_ms + _ZONE_MS)
    is_midnight = local.hour == 0 and local.minute == 0
    return kind == "curve" or (is_midnight and (kind == "daily" or local.day == 1))


def wanted(first_ms, last_ms):
    """{kind: set of UTC ms} after first_ms and before last_ms; at the first moment nobody was
    there yet."""
    ends = range((first_ms // _QUARTER_MS + 1) * _QUARTER_MS, last_ms - _SETTLED_MS, _QUARTER_MS)
    return {
        kind: {end for end in ends if _is(kind, end)} for kind in ("curve", "daily", "monthly")
    }
