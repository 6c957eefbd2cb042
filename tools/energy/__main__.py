"""`make energy`: cuts of the power while a terminal meters, keeps its energies on a flash that
tears, and goes on; the metrology unit survives them or not. See README.md. The last line is the
result; the exit code is 0 only when every bar is met.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tools import verdict
from tools.vboard import setup
from tools.vboard.setup import BoardError

_CHUNK = 250  # cuts of one terminal
_SCRIPT = "tools/energy/terminal.py"
_PLANTS = (
    "the number of the boot is not kept before it is used",
    "records come by the clock only, whatever the load",
    "energies are told as they are, not as flash has them",
    "energies are told before that of the reboot is there",
    "the registers of the metrology unit are not in a record",
    "the warning of the supply writes nothing",
    "what came behind a copy belongs to no tariff",
)
NEVER = ("backwards", "jumps", "zero", "boots_reused", "not_restored", "stamps_wrong")
NEVER += ("parts_wrong", "refused")
BARS = {
    **dict.fromkeys(NEVER, (0, "most")),
    "dead_s": (3.6, "most"),  # of full load: IEC 62052-11
    "warned_s": (0.3, "most"),  # the open window, and the time after the record
    "alive_s": (0.04, "most"),  # a latch of the unit's registers
    "gain_s": (0.04, "most"),
    "lag_s": (3.6, "most"),  # of what is told
}


def parse(argv):
    parser = verdict.Parser("energy", __doc__)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    plants = "; ".join(f"{i}: {text}" for i, text in enumerate(_PLANTS, 1))
    parser.add_argument(
        "--plant", type=int, default=0, help=f"a defect, which must be found: {plants}"
    )
    options = parser.parse_args(argv)
    if not 1 <= options.cuts <= 10000000:
        parser.error("--cuts is 1 to 10000000")
    if not 0 <= options.plant <= len(_PLANTS):
        parser.error(f"--plant is 1 to {len(_PLANTS)}")
    if not 1 <= options.jobs <= 64:
        parser.error("--jobs is 1 to 64")
    return options


def run(name, cuts, plant):
    """What one terminal's run found; BoardError when it ends without a word."""
    job = json.dumps({"name": name, "cuts": cuts, "plant": plant})
    done = subprocess.run(
        [setup.interpreter(), "-X", "heapsize=4M", _SCRIPT, job],
        cwd=setup.ROOT,
        env=setup.board_env(MICROPYPATH=f"{setup.ROOT}:.frozen"),
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines() or [done.stderr.strip() or "nothing"]
    if done.returncode:
        raise BoardError(f"{name}: {(done.stderr.splitlines() or lines)[-1]}")
    return json.loads(lines[-1])


def bench(cuts, seed, plant, jobs, say):
    """(the result, sentences of what was wrong)."""
    sizes = [min(_CHUNK, cuts - at) for at in range(0, cuts, _CHUNK)]
    names = [f"{seed}/energy/{number}" for number in range(len(sizes))]
    counts, most, texts = Counter(), Counter(), []
    with ThreadPoolExecutor(min(jobs, len(sizes))) as pool:
        for part in pool.map(run, names, sizes, [plant] * len(sizes)):
            counts += Counter(part["counts"])
            most |= Counter(part["most"])
            texts += part["texts"]
            say(f"{counts['cuts']} cuts")
    counted = ("cuts", "alive", "dead", "warned", "at_flash", "at_boot")
    result = {
        **{key: counts[key] for key in counted},
        **{key: counts[key] for key in NEVER},
        **{key[:-3] + "_s": most[key] / 1000 for key in sorted(most)},
        "records": counts["records"],
        "erases": counts["erases"],
    }
    for key in ("dead", "warned", "alive", "gain", "lag"):
        result.setdefault(key + "_s", 0.0)
    return result, texts


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("energy", BoardError, OSError):
        result, texts = bench(options.cuts, options.seed, options.plant, options.jobs, verdict.say)
    for text in texts[:10]:
        print(text)
    verdict.end(result, verdict.missed(BARS, result))


if __name__ == "__main__":
    main()
