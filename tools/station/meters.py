"""`python -m tools.station.meters`: DL/T 645-2007 meters on one paced RS-485 bus, on a PTY.

Prints `ready <pty>` and serves until it is interrupted. Every second meter serves block
identifiers, every fourth feeds back on phase C. --control PATH takes JSON lines:
  {"do": "truth"}            registers now, registers as last answered, requests, by meter
  {"do": "bus"}              counters of the wire
  {"do": "fault", "name": N, "meter": address, "count": n, "ms": t}   see tools/station/faults
  {"do": "clear"}            no faults any more
  {"do": "hold", "on": true} the registers stand still
"""

import argparse
import os
import signal
import sys

from tools.station.bus import Bus
from tools.station.meter_model import MeterModel
from tools.station.meter_peer import MeterPeer
from tools.station.wire import MODES, Wire


def addresses(count):
    """The addresses of `count` meters: 000000000001 and on."""
    return [f"{number:012d}" for number in range(1, count + 1)]


def make_bus(count=8, baud=9600, reply_ms=30, seed=0, mode="frame", control=None, blocks="half"):
    """A Bus with its meters, ready for start() or run(). `blocks`: none, half or all of the
    meters serve block identifiers."""
    meters = []
    for index, address in enumerate(addresses(count)):
        serves = blocks == "all" or (blocks == "half" and index % 2 == 0)
        model = MeterModel(seed, address, exports=index % 4 == 3)
        meters.append(MeterPeer(address, model, serves))
    return Bus(Wire(baud, mode), meters, reply_ms, seed, control)


def make_link(target, path):
    """A symlink `path` -> `target`, replacing one that was left behind, but nothing else."""
    if os.path.lexists(path) and not os.path.islink(path):
        raise SystemExit(f"{path} is there already and is not a link.")
    spare = f"{path}.{os.getpid()}"
    os.symlink(target, spare)
    os.replace(spare, path)


def drop_link(target, path):
    if os.path.islink(path) and os.readlink(path) == target:
        os.unlink(path)


def parse(argv):
    parser = argparse.ArgumentParser(prog="tools.station.meters", description=__doc__)
    parser.add_argument("--meters", type=int, default=8, help="how many (1 to 200)")
    parser.add_argument("--link", help="keep a symlink to the PTY here")
    parser.add_argument("--control", help="path of the control socket")
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--reply-ms", type=float, default=30, help="delay of every answer")
    parser.add_argument("--mode", choices=MODES, default="frame", help="how bytes arrive")
    parser.add_argument("--blocks", choices=("none", "half", "all"), default="half")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    if not 1 <= options.meters <= 200:
        parser.error("--meters is 1 to 200")
    if not 300 <= options.baud <= 115200:
        parser.error("--baud is 300 to 115200")
    return options


def main(argv):
    o = parse(argv)
    bus = make_bus(o.meters, o.baud, o.reply_ms, o.seed, o.mode, o.control, o.blocks)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: bus.stop())
    path = bus.wire.path
    if o.link:
        make_link(path, o.link)
    try:
        print(f"ready {path}", flush=True)
        bus.run()
    finally:
        if o.link:
            drop_link(path, o.link)
        bus.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
