"""What a run shows: numbers from what was counted each hour, and the bars they are held against.

The first round is warm-up: rings fill, profiles are loaded, every module was in once. A slope is
the median of the slopes between all pairs of counts (Theil and Sen): a collection that takes a
number for a pointer moves a few of them, not the median. Growth is the median of the last third
less that of the first; below GROWTH_MOST the slope is not judged, for a heap is counted in blocks
of 32 bytes. In a run below a day that is more: the ring of 128 events holds other texts, of other
lengths, from hour to hour.
"""

from statistics import median

GROWTH_MOST, GROWTH_MOST_SHORT = 512, 8192  # bytes

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
    """Theil-Sen of [(x, y)]; 0 for fewer than two."""
    found = [
        (later[1] - one[1]) / (later[0] - one[0])
        for number, one in enumerate(points)
        for later in points[number + 1 :]
    ]
    return median(found) if found else 0.0


def growth(values):
    third = max(1, len(values) // 3)
    return median(values[-third:]) - median(values[:third])


def numbers(run, report):
    """The result of a run.Run and the terminal's report, as a dict."""
    counts = run.counts
    steady = counts[len(counts) // run.rounds :] or counts[-1:]
    heap = [(row["us"] / 3.6e9, row["used"]) for row in steady]
    grown = growth([used for _, used in heap])
    quarter = max(1, len(run.largest) // 4)
    last = counts[-1]
    told = len(run.ledger.events.get(last["boot"], ()))
    return {
        "heap_slope_bytes_per_h": round(slope(heap), 2),
        "heap_growth_bytes": grown,
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


def small(result):
    """Bars that do not hold for what is that little."""
    most = GROWTH_MOST if result["hours"] >= 20 else GROWTH_MOST_SHORT
    return {"heap_slope_bytes_per_h"} if result["heap_growth_bytes"] < most else set()
