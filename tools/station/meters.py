"""`python -m tools.station.meters`: devices on one paced RS-485 bus, on a PTY.

Prints `ready <pty>` and serves until it is interrupted. With --meters N they are DL/T 645-2007
meters, of which every second serves block identifiers and every fourth feeds back on phase C, at
the speed of --baud. With --devices N or --mixed they are a fleet of all kinds and three protocols
(devices/README.md): each listens at its own speed, and answers when the master has set that speed
on the PTY. Parity is not judged, a PTY has none. --rows PATH writes what a terminal has to know
of them, a line of JSON each: [slot, kind, address, name]. --control PATH takes JSON lines:
  {"do": "truth"}            values by item, registers by identifier (now, and as last answered),
                             requests, kind, speed, by address
  {"do": "bus"}              counters of the wire
  {"do": "fault", "name": N, "meter": address, "count": n, "ms": t}   see tools/station/faults
  {"do": "clear"}            no faults any more
  {"do": "alarm", "meter": address, "on": true}   an alarm of one device, where it has one
  {"do": "hold", "on": true} the registers stand still
"""

import argparse
import json
import os
import signal
import sys

from tools.station.bus import Bus
from tools.station.devices.fleet import fleet, rows
from tools.station.devices.meter_645 import Meter645
from tools.station.wire import MODES, Wire

_MIXED = 24  # devices when nobody says how many


def addresses(count):
    """The addresses of `count` meters: 000000000001 and on."""
    return [f"{number:012d}" for number in range(1, count + 1)]


def make_bus(count=8, baud=9600, reply_ms=30, seed=0, mode="frame", control=None, blocks="half"):
    """A Bus with its meters, ready for start() or run(). `blocks`: none, half or all of the
    meters serve block identifiers."""
    meters = []
    for index, address in enumerate(addresses(count)):
        serves = blocks == "all" or (blocks == "half" and index % 2 == 0)
        meters.append(Meter645(address, seed, blocks=serves, exports=index % 4 == 3))
    return Bus(Wire(baud, mode), meters, reply_ms, seed, control)


def make_mixed_bus(count=_MIXED, seed=0, mode="frame", control=None, reply_ms=None):
    """A Bus with a fleet of all kinds, whose speed is what the master sets. `reply_ms` None:
    each device has its own delay."""
    (devices,) = fleet(count, 1, seed)
    return Bus(Wire(None, mode), devices, reply_ms, seed, control)


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


def write_rows(path, devices, slot):
    with open(path, "w") as file:
        for row in rows([devices], [slot]):
            file.write(json.dumps(row) + "\n")


def parse(argv):
    parser = argparse.ArgumentParser(prog="tools.station.meters", description=__doc__)
    parser.add_argument("--meters", type=int, default=8, help="how many (1 to 200)")
    parser.add_argument("--devices", type=int, help="a mixed fleet of so many instead (1 to 200)")
    parser.add_argument("--mixed", action="store_true", help=f"a mixed fleet of {_MIXED}")
    parser.add_argument("--rows", help="write the fleet's rows here")
    parser.add_argument("--slot", type=int, default=1, help="slot number in --rows")
    parser.add_argument("--link", help="keep a symlink to the PTY here")
    parser.add_argument("--control", help="path of the control socket")
    parser.add_argument("--baud", type=int, default=9600)
    parser.add_argument("--reply-ms", type=float, help="delay of every answer (30)")
    parser.add_argument("--mode", choices=MODES, default="frame", help="how bytes arrive")
    parser.add_argument("--blocks", choices=("none", "half", "all"), default="half")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    if options.mixed and not options.devices:
        options.devices = _MIXED
    if not 1 <= options.meters <= 200:
        parser.error("--meters is 1 to 200")
    if options.devices is not None and not 1 <= options.devices <= 200:
        parser.error("--devices is 1 to 200")
    if options.rows and not options.devices:
        parser.error("--rows is about a mixed fleet: say --mixed or --devices too")
    if not 300 <= options.baud <= 115200:
        parser.error("--baud is 300 to 115200")
    return options


def main(argv):
    o = parse(argv)
    if o.devices:
        bus = make_mixed_bus(o.devices, o.seed, o.mode, o.control, o.reply_ms)
    else:
        delay = 30 if o.reply_ms is None else o.reply_ms
        bus = make_bus(o.meters, o.baud, delay, o.seed, o.mode, o.control, o.blocks)
    if o.rows:
        write_rows(o.rows, bus.meters, o.slot)
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
