"""`make outage`: does everything arrive at the head-end, whatever happens in between? The real
streams, session and cursors run under MicroPython on virtual time, 20 events a minute and a row of
curves each quarter of an hour; the line, the broker and the head-end fail as the seed says. For
nearly half of the time the broker is away. The last line is the result; the exit code is 0 only
when every bar is met.

With --links there are two of them, and the first one dies, comes back, and flaps.

HOURS=72 takes a quarter of an hour of one core. What does not fit a store of --ring events is told
as `overtaken`.
"""

import sys

from tools import verdict
from tools.outage import faults
from tools.outage.run import Run
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError

# key: (bar, "most" or "least")
BARS = {
    "lost": (0, "most"),
    "duplicated_undeclared": (0, "most"),
    "out_of_order": (0, "most"),
    "altered": (0, "most"),
}
# ... of what is not put to the test in every run
MORE = {
    "live_share_pct": (50, "least"),
    "failover_s": (60, "most"),
    "return_s": (600, "least"),
    "switches_per_h": (6, "most"),
}


def parse(argv):
    parser = verdict.Parser("outage", __doc__)
    parser.add_argument(
        "--hours", type=float, default=1.0, help="of faults; the calm comes behind"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ring", type=int, help="events the store keeps (all)")
    parser.add_argument("--kind", choices=faults.NAMES, default="", help="only this fault")
    parser.add_argument(
        "--plant",
        type=int,
        default=0,
        choices=range(6),
        help="a defect, which must be caught: 1 an item leaves at PUBACK, 2 the cursor is saved "
        "before the acknowledgement, 3 what is sent again does not say so, 4 nothing says what "
        "it comes after, 5 what is not acknowledged in time is given up and told as lost",
    )
    parser.add_argument("--links", action="store_true", help="two links, and it is they who fail")
    options = parser.parse_args(argv)
    if not 0.1 <= options.hours <= 1000:
        parser.error("--hours is 0.1 to 1000")
    if options.ring is not None and options.ring < 1:
        parser.error("--ring is 1 or more")
    return options


def bench(options, say):
    run = Run(
        options.hours,
        options.seed,
        say,
        options.plant,
        options.kind,
        options.ring,
        options.links,
    )
    return {**run.go(), "seed": options.seed}


def missed(result):
    """Sentences about the bars that are not met."""
    bars = {**BARS, **{key: bar for key, bar in MORE.items() if result.get(key) is not None}}
    bars["worst_stall_ms"] = (result["stall_bound_ms"], "most")
    return verdict.missed(bars, result)


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("outage", BenchError, BoardError):
        result = bench(options, verdict.say)
    verdict.end(result, missed(result))


if __name__ == "__main__":
    main()
