"""`make retention`: weeks of curves and freezes of a station on a virtual flash, read back to the
last value. The product's stores run under MicroPython on a real littlefs; see README.md. The
last line is the result; the exit code is 0 only when every bar is met.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import verdict
from tools.deploy import tree
from tools.retention import series
from tools.vboard import setup

_BLOCK = 4096
_CHIP_BLOCKS = 2048  # 8 MB
_JOURNAL_BLOCKS = 64  # outside of the file system
_HEAP = "160m"
# Littlefs copies half a block on average before a row. Fewer devices have shorter rows, so a worse
# ratio, and wear the flash less.
_LARGE = 150
_PLANTS = (
    "one value in 500 groups is another",
    "what is not topical looks good",
    "a day less is kept",
)

# key: (bar, "most" or "least")
BARS = {
    "wrong": (0, "most"),
    "dropped": (0, "most"),
    "erases_per_day_and_mb": (1750, "most"),
    "amplification": (4.0, "most"),
    "hottest_block_ratio": (4.0, "most"),
    "query_heap_bytes": (4096, "most"),
}


class RetentionError(Exception):
    """The terminal's half did not do its work; one sentence."""


def parse(argv):
    parser = verdict.Parser("retention", __doc__)
    parser.add_argument("--devices", type=int, default=200, help="of 4 quantities each")
    parser.add_argument("--days", type=int, default=31, help="of 96 quarters each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--firmware-kb", type=int, default=1000, help="flash the firmware takes")
    parser.add_argument("--others-kb", type=int, default=2150, help="events, audit, settings")
    plants = "; ".join(f"{i}: {text}" for i, text in enumerate(_PLANTS, 1))
    parser.add_argument(
        "--plant", type=int, default=0, help=f"a defect, which must be found: {plants}"
    )
    options = parser.parse_args(argv)
    if not 0 <= options.plant <= len(_PLANTS):
        parser.error(f"--plant is 1 to {len(_PLANTS)}")
    for name, least, most in (("devices", 1, 1000), ("days", 1, 400)):
        if not least <= getattr(options, name) <= most:
            parser.error(f"--{name} is {least} to {most}")
    for name in ("firmware_kb", "others_kb"):
        if not 0 <= getattr(options, name) <= 8000:
            parser.error(f"--{name.replace('_', '-')} is 0 to 8000")
    return options


def run(options, say):
    """What the terminal's half found."""
    with tempfile.TemporaryDirectory() as folder:
        name, rows = series.minutes(options.seed)
        say(f"the load series is {name}, {len(rows)} minutes")
        path = Path(folder) / "series.bin"
        series.write(path, rows)
        plan = {
            "series": str(path),
            "devices": options.devices,
            "days": options.days,
            "seed": options.seed,
            "firmware_kb": options.firmware_kb,
            "others_kb": options.others_kb,
            "plant": options.plant,
            "blocks": _CHIP_BLOCKS - _JOURNAL_BLOCKS,
        }
        at = Path(folder) / "plan.json"
        at.write_text(json.dumps(plan))
        return _terminal(at, say)


def _terminal(plan, say):
    command = [setup.interpreter(), "-X", f"heapsize={_HEAP}", "tools/retention/terminal.py"]
    process = subprocess.Popen(
        [*command, str(plan)],
        cwd=tree.ROOT,
        env=setup.board_env(MICROPYPATH=f"{tree.ROOT}:.frozen"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    last = ""
    with process:
        for line in process.stdout or ():
            last = line.strip()
            if not last.startswith("{"):
                say(last)
    if process.returncode or not last.startswith("{"):
        raise RetentionError(f"the terminal's half ended with {process.returncode}: {last}")
    return json.loads(last)


def judge(options, found):
    """The numbers for people and for the bars."""
    megabytes = (_CHIP_BLOCKS - _JOURNAL_BLOCKS) * _BLOCK / 1e6
    return {
        "devices": options.devices,
        "days": options.days,
        "seed": options.seed,
        "bytes_per_point": round(found["used"]["curve"] / found["points"], 3),
        "days_kept": found["rows"] // 96,
        "store_bytes": sum(found["used"].values()),
        "free_bytes": found["free"],
        "erases_per_day_and_mb": round(found["erases"] / options.days / megabytes, 1),
        "amplification": round(found["programmed"] / max(1, found["appended"]), 2),
        "hottest_block_ratio": round(found["hottest_block_ratio"], 2),
        "hottest_directory_erases": found["hottest_directory_erases"],
        "query_bytes_read": found["query_bytes_read"],
        "query_heap_bytes": found["query_heap_bytes"],
        "open_bytes_read": found["open_bytes_read"],
        "verified": found["verified"],
        "wrong": found["wrong"],
        "dropped": found["dropped"],
    }


def main():
    options = parse(sys.argv[1:])
    with verdict.spoken("retention", RetentionError, setup.BoardError):
        found = run(options, verdict.say)
    result = judge(options, found)
    bars = {"days_kept": (options.days, "least"), **BARS}
    if options.devices < _LARGE:
        del bars["amplification"]
    verdict.end(result, verdict.missed(bars, result))


if __name__ == "__main__":
    main()
