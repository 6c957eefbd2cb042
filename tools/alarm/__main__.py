"""`make alarm`: how long an alarm takes, in real time and through everything: from an edge on an
input of the emulated telemetry module, and from an outage that the carrier module reports, to a
foreign client of a broker. Once over the emulated 4G module at 1 Mbit/s and 50 ms, once over plain
TCP. The last line is the result; the exit code is 0 only when every bar is met.
"""

import argparse
import json
import signal
import sys

from tools.alarm.run import AlarmError, Run
from tools.deploy.build import BuildError
from tools.station.broker import BrokerError
from tools.station.station import StationError
from tools.vboard.setup import BoardError

AIR = {"rate": 1000000, "latency_ms": 50}

# key: bar, at most
BARS = {
    "edge_p99_ms": 150,
    "outage_p99_ms": 1000,
    "tcp_edge_p99_ms": 100,
    "lost": 0,
    "tcp_lost": 0,
}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One sentence, without the usage."""
        sys.exit(f"alarm: {message}")


def parse(argv):
    parser = Parser(prog="make alarm", description=__doc__)
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
    found = []
    for key, bar in BARS.items():
        if result[key] is None or result[key] > bar:
            found.append(f"{key} is {result[key]}, at most {bar} is wanted")
    return found


def measure(options):
    def say(text):
        print(text, file=sys.stderr, flush=True)

    result = {}
    for prefix, via in (("", "cellular"), ("tcp_", "network")):
        say(f"{via}: the station starts")
        run = Run(options.count, options.outages, options.seed, via, AIR, say)
        result.update({prefix + key: value for key, value in run.go().items()})
    return result


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, interrupt)
    try:
        result = measure(options)
    except (AlarmError, BuildError, StationError, BrokerError, BoardError) as error:
        sys.exit(f"alarm: {error}")
    except KeyboardInterrupt:
        sys.exit("alarm: stopped")
    errors = missed(result)
    for error in errors:
        print("error:", error)
    print(json.dumps({**result, "seed": options.seed, "errors": errors}))
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
