"""Jobs for MicroPython processes, side by side, and the sum of what they found."""

import json
import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tools.vectors.__main__ import find_micropython

ROOT = Path(__file__).resolve().parents[2]
BENCH = Path(__file__).with_name("device") / "bench.py"
HEAP = "32m"
CHUNK = 125  # cuts of one process
_PATIENCE_S = 3600


class BenchError(Exception):
    """A process did not end as it should; one sentence."""


def jobs(options):
    """Independent of how many run at a time: same seed, same numbers."""
    seed, plant = options.seed, options.plant
    if options.full:
        return [{"mode": "full", "name": f"{seed}/full", "plant": plant}]
    if options.exhaustive:
        one = {"mode": "exhaustive", "name": f"{seed}/all", "depth": options.depth, "plant": plant}
        return [dict(one, torn=torn) for torn in (-1, 0, 131, 256)]
    parts = [
        {
            "mode": "cuts",
            "name": f"{seed}/cuts/{at}",
            "count": min(CHUNK, options.cuts - at),
            "plant": plant,
        }
        for at in range(0, options.cuts, CHUNK)
    ]
    faults = {"mode": "faults", "name": f"{seed}/faults", "count": options.faults, "plant": plant}
    return parts + ([faults] if options.faults else [])


def run(job, on_line=None):
    """The Tally of one job, as a dict."""
    done = subprocess.run(
        [find_micropython(), "-X", f"heapsize={HEAP}", str(BENCH), json.dumps(job)],
        env=dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen"),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
    )
    lines = done.stdout.splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        said = (done.stderr.splitlines() or lines or ["nothing"])[-1]
        raise BenchError(f"the job {job['name']} ended with: {said}") from None


def run_all(work, workers, say):
    """(counts, largest values, sentences) of all jobs; say(sum of cuts) after each."""
    counts: Counter = Counter()
    most: Counter = Counter()
    texts = []
    with ThreadPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(run, job) for job in work]):
            part = future.result()
            counts.update(part["counts"])
            for name, value in part["most"].items():
                most[name] = max(most[name], value)
            texts += part["texts"]
            say(counts["cuts_fired"])
    return counts, most, texts
