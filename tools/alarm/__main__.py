"""`make alarm`: how long an alarm takes, in real time and through everything: from an edge on an
input of the emulated telemetry module, and from an outage that the carrier module reports, to a
foreign client of a broker. Once over the emulated 4G module at 1 Mbit/s and 50 ms, once over plain
TCP. The last line is the result; the exit code is 0 only when every bar is met.
"""

import signal
import sys

from tools import verdict
from tools.alarm.run import AlarmError, Run
from tools.deploy.build import BuildError
from tools.station.broker import BrokerError
from tools.station.station import StationError
from tools.vboard.setup import BoardError

AIR = {"rate": 1000000, "latency_ms": 50}

# key: (bar, "most" or "least")
BARS = {
    "edge_p99_ms": (150, "most"),
    "outage_p99_ms": (1000, "most"),
    "tcp_edge_p99_ms": (100, "most"),
    "lost": (0, "most"),
    "tcp_lost": (0, "most"),
}


def parse(argv):
    parser = verdict.Parser("alarm", __doc__)
    parser.add_argument("--count", type=int, default=200, help="edges on each way")
    parser.add_argument("--outages", type=int, help="on each way (one in ten)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    if options.count < 1:
        parser.error("--count is 1 or more")
    if options.outages is None:
        options.outages = max(5, options.count // 10)
    return options


def missed(result):
    """Sentences about the bars that are not met."""
    return verdict.missed(BARS, result)


def measure(options):
    result = {}
    for prefix, via in (("", "cellular"), ("tcp_", "network")):
        verdict.say(f"{via}: the station starts")
        run = Run(options.count, options.outages, options.seed, via, AIR, verdict.say)
        result.update({prefix + key: value for key, value in run.go().items()})
    return result


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, interrupt)
    with verdict.spoken("alarm", AlarmError, BuildError, StationError, BrokerError, BoardError):
        result = measure(options)
    verdict.end({**result, "seed": options.seed}, missed(result))


if __name__ == "__main__":
    main()
