"""`make modem`: the cellular driver against an emulated modem with faults, on virtual time. The
real slot and driver run under MicroPython; three streams send, read back and check every byte.
Half of the faults come in push mode, half in buffer mode. The last line is the result; the exit
code is 0 only when every bar is met.
"""

import sys

from tools import verdict
from tools.modem import faults
from tools.modem.run import Run
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError

MODES = ("push", "buffer")
# key: (bar, "most" or "least")
BARS = {
    "recovered_pct": (100.0, "least"),
    "bytes_corrupted": (0, "most"),
    "stall_over_timeout": (0, "most"),
}


def parse(argv):
    parser = verdict.Parser("modem", __doc__)
    parser.add_argument("--faults", type=int, default=300, help="in both modes together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=MODES, help="only this one")
    parser.add_argument(
        "--kind", choices=faults.NAMES, default="", help="only faults of this kind"
    )
    parser.add_argument(
        "--plant", type=int, default=0, choices=(0, 1, 2, 3), help="a defect, which must be caught"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.faults <= 100000:
        parser.error("--faults is 1 to 100000")
    return options


def bench(options, say):
    """The numbers of all modes."""
    modes = (options.mode,) if options.mode else MODES
    result = {"faults": options.faults, "seed": options.seed}
    kinds, parts = {}, {}
    for i, mode in enumerate(modes):
        count = options.faults // len(modes) + (i < options.faults % len(modes))
        run = Run(mode, count, options.seed, say, options.plant, options.kind)
        parts[mode] = run.go()
        for kind, row in run.by_kind.items():
            before = kinds.setdefault(kind, [0, 0, 0.0])
            kinds[kind] = [before[0] + row[0], before[1] + row[1], max(before[2], row[2])]
        tell(mode, run, say)
    recovered = sum(part["recovered"] for part in parts.values())
    result["recovered_pct"] = round(100.0 * recovered / options.faults, 2)
    result["worst_recovery_s"] = max(part["worst_recovery_s"] for part in parts.values())
    for key in ("bytes_corrupted", "stall_over_timeout", "bytes", "connections"):
        result[key] = sum(part[key] for part in parts.values())
    result["worst_wait_ms"] = {
        what: max(part["worst_wait_ms"][what] for part in parts.values())
        for what in ("connect", "read", "write")
    }
    for key in ("power_cycles", "resets", "slot_failures", "hours"):
        result[key] = round(sum(part[key] for part in parts.values()), 1)
    result["kinds"] = {kind: kinds[kind][0] for kind in sorted(kinds)}
    result["worst_s"] = {kind: kinds[kind][2] for kind in sorted(kinds)}
    return result


def tell(mode, run, say):
    for kind in run.lost:
        say(f"{mode}: never recovered from {kind}")
    for text in run.wrongs[:20] + run.stalls[:20] + run.failures[:20]:
        say(f"{mode}: {text}")
    for sentence, count in sorted(run.sentences.items(), key=lambda item: -item[1])[:12]:
        say(f"{mode}: {count} x {sentence}")


def missed(result):
    """Sentences about the bars that are not met."""
    return verdict.missed(BARS, result)


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("modem", BenchError, BoardError):
        result = bench(options, verdict.say)
    verdict.end(result, missed(result))


if __name__ == "__main__":
    main()
