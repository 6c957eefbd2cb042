"""`make control`: random sequences of control requests, good and bad, on virtual time, while the
power is cut, the module is pulled and flags change; see README.md. The last line is the result;
the exit code is 0 only when every bar is met.
"""

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tools import verdict
from tools.control.run import BARS, run
from tools.vboard.setup import BoardError
from tools.virtual.host import BenchError

_CHUNK = 500  # sequences of one terminal
_PLANTS = (
    "anybody may execute what was selected",
    "the number is kept after the move",
    "nothing ends a pulse",
    "any number will do",
    "a selection never runs out",
)
_SHOWN = 10  # sentences of what was wrong


def parse(argv):
    parser = verdict.Parser("control", __doc__)
    parser.add_argument("--sequences", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    plants = "; ".join(f"{i}: {text}" for i, text in enumerate(_PLANTS, 1))
    parser.add_argument(
        "--plant", type=int, default=0, help=f"a defect, which must be found: {plants}"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.sequences <= 10000000:
        parser.error("--sequences is 1 to 10000000")
    if not 0 <= options.plant <= len(_PLANTS):
        parser.error(f"--plant is 1 to {len(_PLANTS)}")
    if not 1 <= options.jobs <= 64:
        parser.error("--jobs is 1 to 64")
    return options


def bench(sequences, seed, plant, jobs, say):
    """(the result, sentences of what was wrong)."""
    sizes = [min(_CHUNK, sequences - at) for at in range(0, sequences, _CHUNK)]
    counts, refusals, wrong, longest_s = Counter(), Counter(), [], 0.0
    began = told = time.monotonic()
    with ProcessPoolExecutor(min(jobs, len(sizes))) as pool:
        names = [f"{seed}/control/{number}" for number in range(len(sizes))]
        for part in pool.map(run, names, sizes, [plant] * len(sizes)):
            counts += part[0]
            refusals += part[1]
            wrong += part[2]
            longest_s = max(longest_s, part[3])
            if time.monotonic() - told > 5:
                told = time.monotonic()
                say(f"{counts['sequences']} sequences after {told - began:.0f} s")
    result = {
        "sequences": counts["sequences"],
        "operations": counts["accepted"],
        **{key: counts[key] for key in BARS},
        "done": counts["done"],
        "failed": counts["failed"],
        "unknown": counts["unknown"],
        "refusals": dict(sorted(refusals.items())),
        "cuts": counts["cuts"],
        "pulls": counts["pulls"],
        "longest_pulse_ms": round(1000 * longest_s),
        "virtual_s": counts["virtual_s"],
    }
    return result, wrong


def missed(result):
    """Sentences about the bars that are not met."""
    out = verdict.missed(dict.fromkeys(BARS, (0, "most")), result)
    if not result["done"]:
        out.append("nothing was operated, which proves nothing")
    return out


def main():
    options = parse(sys.argv[1:])
    plan = options.sequences, options.seed, options.plant, options.jobs
    with verdict.spoken("control", BenchError, BoardError):
        result, wrong = bench(*plan, verdict.say)
    for text in wrong[:_SHOWN]:
        print(text)
    verdict.end(result, missed(result))


if __name__ == "__main__":
    main()
