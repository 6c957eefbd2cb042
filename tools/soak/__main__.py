"""`make soak`: the whole terminal for days of virtual time: 200 devices, a broker that goes away
each day, modules that come and go, settings that are changed. What it must not do is grow. The
last line is the result; the exit code is 0 only when every bar is met.
"""

import sys

from tools import verdict
from tools.soak.numbers import bars, numbers
from tools.soak.run import Run
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError

PLANTS = 3


def parse(argv):
    parser = verdict.Parser("soak", __doc__)
    parser.add_argument("--days", type=float, default=2.0, help="of virtual time")
    parser.add_argument("--devices", type=int, default=200, help="in all")
    parser.add_argument("--nodes", type=int, default=20, help="of them, behind the carrier")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--meter", type=float, default=13, help="%% of the time that the metrology IC is read"
    )
    parser.add_argument("--heap", default="3M", help="of the terminal")
    parser.add_argument("--plant", type=int, default=0, help=f"a defect, 1 to {PLANTS}")
    parser.add_argument("--verbose", action="store_true", help="what the console says")
    options = parser.parse_args(argv)
    if not 0.03 <= options.days <= 60:
        parser.error("--days is 0.03 to 60")
    if not 8 <= options.devices <= 240:
        parser.error("--devices is 8 to 240")
    if not 1 <= options.nodes <= options.devices - 4:
        parser.error("--nodes is 1 to four less than --devices")
    if not 1 <= options.meter <= 100:
        parser.error("--meter is 1 to 100 %")
    if not 0 <= options.plant <= PLANTS:
        parser.error(f"--plant is 0 to {PLANTS}")
    return options


def missed(result):
    """Sentences about the bars that are not met."""
    return verdict.missed(bars(result["hours"]), result)


def main():
    plan = parse(sys.argv[1:])
    with verdict.spoken("soak", BenchError, BoardError):
        run = Run(plan, verdict.say)
        result = numbers(run, run.go())
    verdict.end({"days": plan.days, "devices": plan.devices, **result}, missed(result))


if __name__ == "__main__":
    main()
