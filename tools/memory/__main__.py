"""`make memory`: the heap that a station's devices and all kinds of modules take: two RS-485
buses, a carrier network, the 4G, control and telemetry modules, with their real drivers under
MicroPython on virtual time. Metering and the uplink are not among it; `make run` shows all. The
last line is the result; the exit code is 0 only when the bar is met.
"""

import sys

from tools import verdict
from tools.emulator import modules
from tools.emulator.hplc import fleet as carrier
from tools.memory.bus import Rs485
from tools.station.devices import fleet
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError, Host

BARS = {"heap_data_bytes": (256000, "most")}  # on the 64-bit port
_BUSES = (1, 6)
_CARRIER = 2
_OTHERS = ((3, "cellular"), (4, "control"), (5, "telemetry"))


def parse(argv):
    parser = verdict.Parser("memory", __doc__)
    parser.add_argument("--devices", type=int, default=200, help="half of them behind HPLC")
    parser.add_argument("--points", type=int, default=20, help="places a device in the table")
    parser.add_argument("--minutes", type=int, default=16, help="of virtual time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    if not 4 <= options.devices <= 400:
        parser.error("--devices is 4 to 400")
    if options.minutes < 1 or not 1 <= options.points <= 100:
        parser.error("--minutes is 1 or more, --points 1 to 100")
    return options


def measure(options):
    nodes = options.devices // 2
    buses = fleet.fleet(options.devices - nodes, len(_BUSES), options.seed)
    rows = dict.fromkeys(range(1, 7), "")
    for slot, devices in zip(_BUSES, buses, strict=True):
        for one in devices:
            rows[slot] += f"{slot} {one.kind} {one.address} {one.baud} - {slot}-{one.address}\n"
    for row in carrier.rows(_CARRIER, nodes, options.seed):
        rows[_CARRIER] += "%d %s %s 0 - %s\n" % row
    kinds = [(slot, "rs485") for slot in _BUSES] + [(_CARRIER, "hplc"), *_OTHERS]
    plan = {
        "points": options.devices * options.points,
        "minutes": options.minutes,
        "modules": [(slot, kind, rows[slot]) for slot, kind in sorted(kinds)],
    }
    told = []

    def say(line):
        told.append(line)
        if not line.startswith("#"):
            print("minute %s: %s bytes, %s answer, %s silent" % tuple(line.split()), flush=True)

    host = Host("tools/memory/terminal.py", plan, say)
    for slot, devices in zip(_BUSES, buses, strict=True):
        host.plug(slot, "rs485", Rs485, {"devices": devices, "seed": options.seed})
    host.plug(_CARRIER, "hplc", modules.of_class("hplc"), {"nodes": nodes, "seed": options.seed})
    for slot, kind in _OTHERS:
        host.plug(slot, kind, modules.of_class(kind))
    report = host.run()
    report["answering"] = int(told[-1].split()[2]) if told else 0
    report["failures"] = [line[2:] for line in told if line.startswith("#")]
    return report


def missed(options, result):
    """Sentences about what is not as it should be."""
    found = result["failures"] + verdict.missed(BARS, result)
    if result["answering"] != options.devices:
        found.append(f"{result['answering']} of {options.devices} devices answer")
    return found


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("memory", BenchError, BoardError, ValueError):
        result = measure(options)
    verdict.end(result, missed(options, result))


if __name__ == "__main__":
    main()
