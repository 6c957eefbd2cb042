"""What a run shows: numbers from what was counted each hour, and the bars they are held against.

The first round and two hours are warm-up: rings fill, profiles are loaded, every module was in
once, each midnight's row has one before it that it refers to. What texts in full rings take is not
counted, for it differs from hour to hour. A slope is the median of the slopes between all pairs of
counts (Theil and Sen), so that a collection which takes a number for a pointer moves a few of them
and not the median; it is 0 when 0 is within its 95 % interval (Sen 1968, by the variance of
Kendall's S): of two days nobody can tell a byte an hour from nothing, the upper end says what it
may be. A run below a day is over before all was in the heap once: what is judged is how much it
grew, the median of the last third less that of the first.
"""

import math
from statistics import median

_Z95 = 1.96
_SETTLED = 2  # hours of the second round, up to the second midnight
_DAY_H = 20
_GROWTH = {"heap_growth_bytes": (8192, "most")}  # in place of the slope, in a short run
BARS = {
    "heap_slope_bytes_per_h": (1.0, "most"),
    "largest_free_pct": (50, "least"),
    "tasks_delta": (0, "most"),
    "fds_delta": (0, "most"),
    "missed_freezes": (0, "most"),
    "lost": (0, "most"),
    "watchdog_bites": (0, "most"),
    "restarts": (0, "most"),
    "wrong": (0, "most"),
    "out_of_order": (0, "most"),
    "duplicated_undeclared": (0, "most"),
}


def slope(points):
    """(Theil-Sen slope of [(x, y)], the ends of its 95 % interval); zeros for fewer than two."""
    found = sorted(
        (later[1] - one[1]) / (later[0] - one[0])
        for number, one in enumerate(points)
        for later in points[number + 1 :]
    )
    if not found:
        return 0.0, 0.0, 0.0
    count = len(points)
    spread = _Z95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(found) - spread) / 2))
    return median(found), found[low], found[-1 - low]


def growth(values):
    third = max(1, len(values) // 3)
    return median(values[-third:]) - median(values[:third])


def bars(hours):
    """{key: (bar, "most" or "least")} for a run of so many hours."""
    if hours >= _DAY_H:
        return BARS
    short = {key: BARS[key] for key in BARS if key != "heap_slope_bytes_per_h"}
    return {**_GROWTH, **short}


def numbers(run, report):
    """The result of a run.Run and the terminal's report, as a dict."""
    counts = run.counts
    steady = counts[len(counts) // run.rounds + _SETTLED :] or counts[-1:]
    heap = [(row["us"] / 3.6e9, row["used"] - row["texts"]) for row in steady]
    middle, low, high = slope(heap)
    quarter = max(1, len(run.largest) // 4)
    last = counts[-1]
    told = len(run.ledger.events.get(last["boot"], ()))
    return {
        "heap_slope_bytes_per_h": round(middle, 2) if low > 0 or high < 0 else 0.0,
        "heap_growth_bytes": growth([size for _, size in heap]),
        "heap_slope_median": round(middle, 2),
        "heap_slope_low": round(low, 2),
        "heap_slope_high": round(high, 2),
        "largest_free_pct": round(
            100 * median(run.largest[-quarter:]) / median(run.largest[:quarter])
        ),
        "tasks_delta": last["tasks"] - steady[0]["tasks"],
        "fds_delta": last["ports"] - steady[0]["ports"],
        "missed_freezes": run.missed_freezes(),
        "lost": last["events"] - told,
        "watchdog_bites": last["bites"],
        "restarts": report["restarts"],
        "wrong": len(run.wrong) + len(run.broker.complaints) + (not report["ended"]),
        "curves": sum(map(len, run.ledger.curves.values())),
        "out_of_order": run.ledger.late,
        "duplicated_undeclared": run.ledger.undeclared,
        "hours": round(last["us"] / 3.6e9, 2),
        "events": last["events"],
        "delivered": last["uplink"]["delivered"],
        "republished": last["uplink"]["republished"],
        "connects": last["uplink"]["connects"],
        "windows": last["counters"]["windows"],
        "meters_read": last["counters"]["meters_read"],
        "meters_failed": last["counters"]["meters_failed"],
        "requests": run.requests(),
        "heap_used_bytes": last["used"],
        "largest_free_bytes": run.largest[-1],
        "tasks": last["tasks"],
        "fds": last["ports"],
        **run.hands.done,
    }
