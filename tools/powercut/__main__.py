"""`make powercut`: cuts the power while events, audit, energy, settings and freezes are written to
littlefs on a flash that fails as flash does, and looks each time at what is there; see README.md.
The last line is the result; the exit code is 0 only when every bar is met.
"""

import os
import sys
import time

from tools import verdict
from tools.powercut.run import BenchError, jobs, run_all

BARS = (
    "acked_lost",
    "corrupt_served",
    "unmountable",
    "order_broken",
    "energy_backwards",
    "batches_split",
    "escaped",
    "untold",
)
FULL_BARS = {
    "events_kept_least": (1000, "least"),  # of a class
    "audit_kept": (10000, "least"),
    "hot_amplification": (4, "most"),
    "start_read_bytes": (8 << 20, "most"),  # 5 s at 1.6 MB a second
}
PLANTS = (
    "it is acknowledged without a flush",
    "the CRC of a record is not checked",
    "the older of two copies is taken",
    "records of a batch are written in the wrong order",
    "a full ring lets a new segment go, not the oldest",
    "nothing is read behind a damaged record",
    "a row of curves is acknowledged before it is committed",
)
_SHOWN = 10  # sentences of what was wrong


def parse(argv):
    parser = verdict.Parser("powercut", __doc__)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--faults", type=int, default=4, help="rounds of bad blocks, full disks and flipped bits"
    )
    parser.add_argument(
        "--exhaustive",
        action="store_true",
        help="instead: at each flash operation of one boot in which everything is written once",
    )
    parser.add_argument(
        "--depth", type=int, default=1, help="2: and again at each operation of the boot after it"
    )
    parser.add_argument(
        "--full", action="store_true", help="instead: fill 8 MB, say what it keeps and costs"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    plants = "; ".join(f"{i}: {text}" for i, text in enumerate(PLANTS, 1))
    parser.add_argument(
        "--plant", type=int, default=0, help=f"a defect, which must be found: {plants}"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.cuts <= 10000000:
        parser.error("--cuts is 1 to 10000000")
    if not 0 <= options.faults <= 10000:
        parser.error("--faults is 0 to 10000")
    if options.depth not in (1, 2):
        parser.error("--depth is 1 or 2")
    if not 0 <= options.plant <= len(PLANTS):
        parser.error(f"--plant is 1 to {len(PLANTS)}")
    if not 1 <= options.jobs <= 64:
        parser.error("--jobs is 1 to 64")
    return options


def bench(options, say):
    """(the result, sentences of what was wrong)."""
    began = told = time.monotonic()

    def progress(cuts):
        nonlocal told
        if time.monotonic() - told > 5:
            told = time.monotonic()
            say(f"{cuts} cuts after {told - began:.0f} s")

    counts, most, texts = run_all(jobs(options), options.jobs, progress)
    result: dict[str, float] = {"cuts_fired": counts.pop("cuts_fired")}
    result.update({key: counts.pop(key, 0) for key in BARS})
    result.update(sorted(counts.items()))
    result.update(sorted(most.items()))
    if not options.full:
        result["cuts_per_s"] = round(result["cuts_fired"] / (time.monotonic() - began), 1)
    return result, texts


def missed(options, result):
    """Sentences about the bars that are not met."""
    out = verdict.missed(dict.fromkeys(BARS, (0, "most")), result)
    fired = result["cuts_fired"]
    if options.full:
        return out + verdict.missed(FULL_BARS, result)
    if not options.exhaustive and fired != options.cuts:
        out.append(f"{fired} of {options.cuts} cuts fired")
    if options.exhaustive and fired < 4 * result["operations"]:
        out.append("not every operation was cut")
    return out


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("powercut", BenchError, OSError):
        result, texts = bench(options, verdict.say)
    for text in texts[:_SHOWN]:
        print(text)
    verdict.end(result, missed(options, result))


if __name__ == "__main__":
    main()
