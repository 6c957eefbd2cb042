"""`make hplc`: a carrier module with its network on virtual time. The archive is built, the route
comes up, one round of data is read while frames are lost, an area loses its power and gets it
back. The terminal's real slot, driver and codecs run under MicroPython; the module is emulated
from the notes on Q/GDW 1376.2, the meters are foreign codecs. The last line is the result; the
exit code is 0 only when every bar is met.
"""

import sys

from tools import verdict
from tools.hplc.run import Run
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError

# key: (bar, "most" or "least")
BARS = {
    "nodes_read_pct": (100.0, "least"),
    "round_s": (900, "most"),  # its period
    "outage_to_event_s": (3.0, "most"),
    "wrong_values": (0, "most"),
    "falsely_silent": (0, "most"),
}


def parse(argv):
    parser = verdict.Parser("hplc", __doc__)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", type=float, default=5.0, help="%% of frames lost on each hop")
    parser.add_argument("--uart-loss", type=float, default=0.0, help="%% of frames on the port")
    parser.add_argument(
        "--strays", type=float, default=2.0, help="%% of answers twice or mixed up"
    )
    parser.add_argument("--outage", type=int, help="meters of the area that goes dark (60)")
    parser.add_argument("--dead", type=int, default=0, help="nodes that never answer")
    parser.add_argument("--archive", type=int, default=5, help="strangers on file in the module")
    parser.add_argument("--lanes", type=int, default=5, help="nodes asked at the same time")
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--join-s", type=float, default=20.0, help="until the last has joined")
    parser.add_argument("--old", action="store_true", help="a module that does not know F1H")
    parser.add_argument("--busy", action="store_true", help="reading goes on all the time")
    parser.add_argument("--heap", action="store_true", help="measure memory, judge no values")
    options = parser.parse_args(argv)
    if not 1 <= options.nodes <= 512:
        parser.error("--nodes is 1 to 512")
    if options.outage is None:
        options.outage = min(60, options.nodes - options.dead)
    if not 0 <= options.outage <= options.nodes - options.dead:
        parser.error("--outage is at most --nodes less --dead")
    if not 0 <= options.loss <= 40 or not 0 <= options.uart_loss <= 40:
        parser.error("--loss and --uart-loss are 0 to 40 %")
    if not 0 <= options.dead < options.nodes:
        parser.error("--dead is less than --nodes")
    options.loss /= 100
    options.uart_loss /= 100
    options.strays /= 100
    options.concurrent = not options.old
    options.judge = not options.heap
    return options


def missed(plan, result):
    """Sentences about the bars that are not met."""
    bars = {key: bar for key, bar in BARS.items() if plan.outage or "outage" not in key}
    out = [f"the slot failed: {text}" for text in result["failures"]]
    out += verdict.missed(bars, result)
    for key in ("outage", "back"):
        if plan.outage and (result[key + "_events"], result[key + "_members"]) != (1, plan.outage):
            out.append(
                f"{result[key + '_events']} {key} events, {result[key + '_members']} members in "
                f"the first: one with {plan.outage} is wanted"
            )
    if result["archive"] != plan.nodes:
        out.append(f"the module has {result['archive']} nodes on file, not {plan.nodes}")
    if result["dead_told"] != plan.dead:
        out.append(f"{result['dead_told']} of {plan.dead} dead nodes are held for silent")
    return out


def main():
    plan = parse(sys.argv[1:])
    run = Run(plan)
    with verdict.spoken("hplc", BenchError, BoardError):
        result = run.go()
    for text in run.wrong_texts[:5]:
        print("wrong:", text)
    verdict.end(result, missed(plan, result))


if __name__ == "__main__":
    main()
