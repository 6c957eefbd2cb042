"""`make poll`: a station's buses for a quarter of an hour of virtual time. The terminal's real
slots, drivers and codecs run under MicroPython; the devices are foreign codecs (dlt645, dlt698,
pymodbus) on a line that reckons every character. The last line is the result; the exit code is
0 only when every bar is met.
"""

import copy
import sys

from tools import verdict
from tools.poll import sweep
from tools.poll.run import PollError, Run
from tools.vboard.setup import BoardError

_LEAST_POINTS = 200  # a few devices may all be of the larger kinds

# key: (bar, "most" or "least")
BARS = {
    "complete_pct": (100.0, "least"),
    "key_alarm_p99_s": (2.0, "most"),
    "alarm_p99_s": (60.0, "most"),
    "live_slowdown": (1.05, "most"),
    "wire_efficiency": (0.90, "least"),
    "heap_data_bytes": (200000, "most"),
    "wrong_values": (0, "most"),
    "late_credited": (0, "most"),
    "short_silences": (0, "most"),
    "quarantine_pct": (5.0, "most"),
}


def parse(argv):
    parser = verdict.Parser("poll", __doc__)
    parser.add_argument("--devices", type=int, default=200, help="on all buses together")
    parser.add_argument("--dead", type=int, help="of them, that never answer (one in ten)")
    parser.add_argument("--buses", type=int, default=4)
    parser.add_argument("--minutes", type=int, default=15, help="of virtual time; 15 are a round")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keys", type=int, default=8, help="devices with key alarms on a bus")
    parser.add_argument("--points", type=int, help="capacity of the points table (20 a device)")
    parser.add_argument("--babble", action="store_true", help="somebody talks unasked on bus 1")
    parser.add_argument("--late", type=int, default=0, help="%% of the answers that are too late")
    parser.add_argument("--sweep", metavar="FOLDER", help="50 to 400 devices: table and picture")
    options = parser.parse_args(argv)
    if not 1 <= options.buses <= 6:
        parser.error("--buses is 1 to 6, a slot each")
    if not 1 <= options.devices <= 200 * options.buses:
        parser.error("--devices is 1 to 200 a bus")
    if options.dead is None:
        options.dead = options.devices // 10
    if options.points is None:
        options.points = max(_LEAST_POINTS, 20 * options.devices)
    if not 0 <= options.dead < options.devices:
        parser.error("--dead is less than --devices")
    if not 0 <= options.keys <= 200:
        parser.error("--keys is 0 to 200")
    if not 1 <= options.points <= 1000000:
        parser.error("--points is 1 to 1000000")
    if not 0 <= options.late <= 50:
        parser.error("--late is 0 to 50 %")
    if not 1 <= options.minutes <= 1440:
        parser.error("--minutes is 1 to 1440")
    if options.minutes % 15:
        parser.error("--minutes is a multiple of 15: a round of data")
    return options


def poll(plan, say):
    """The numbers of a plan, and of the same station without a dead device."""
    run = Run(plan)
    result = run.go(say)
    slowdown = 1.0
    if plan.dead:
        healthy = copy.copy(plan)
        healthy.dead = 0
        other = Run(healthy)
        say("the same station with nobody dead")
        other.go(say)
        slowdown = _slowdown(run, other)
    return {"complete_pct": result.pop("complete_pct"), "live_slowdown": slowdown, **result}


def _slowdown(run, healthy):
    """How much longer live devices wait between two answers, with key alarms and without: the
    worse of both."""
    now, before = run.intervals(), healthy.intervals()
    worst = 0.0
    for is_key in (True, False):
        names = [n for n in now if n in before and run.by_name[n].is_key == is_key]
        if names:
            worst = max(worst, sum(now[n] for n in names) / sum(before[n] for n in names))
    return round(worst, 4)


def missed(result):
    """Sentences about the bars that are not met."""
    return [f"bus: {text}" for text in result["failures"]] + verdict.missed(BARS, result)


def table(result):
    print(f"{'':18} {'measured':>10} {'bar':>12}")
    for key, value in result.items():
        if isinstance(value, (int, float)):
            bar, kind = BARS.get(key, ("", ""))
            print(f"{key:18} {value:>10} {kind:>6} {bar:>6}" if kind else f"{key:18} {value:>10}")


def show(plan, say):
    """The sweep, as a page and a picture."""
    try:
        page, picture = sweep.write(plan.sweep, plan, sweep.sweep(plan, poll, say))
    except ImportError:
        sys.exit("poll: the picture needs matplotlib: make poll SWEEP=docs installs it")
    except OSError as error:
        sys.exit(f"poll: {error}")
    print(f"written: {page} {picture}")


def main():
    plan = parse(sys.argv[1:])
    with verdict.spoken("poll", PollError, BoardError):
        if plan.sweep:
            show(plan, verdict.say)
        result = poll(plan, verdict.say)
    table(result)
    verdict.end({"devices": plan.devices, "dead": plan.dead, **result}, missed(result))


if __name__ == "__main__":
    main()
