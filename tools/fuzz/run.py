"""A whole run: cases of every codec, their processes side by side, the table and the numbers."""

import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path

from tools.fuzz import meter645, module1376, object698, rtu
from tools.fuzz.cases import Cases
from tools.fuzz.judge import Findings, judge
from tools.fuzz.peers import foreign, published
from tools.fuzz.process import Process, pack

CODECS = (meter645, object698, module1376, rtu)
BARS = {
    "escapes": 0,
    "false_accepts": 0,
    "lost_after_noise": 0,
    "wrong_refusals": 0,
    "heap_growth_bytes": 4096,
}
# defect (device/plants.py): the codec it is in
PLANTS = {
    "length": "dlt645",
    "count": "dlt698",
    "growth": "modbus",
    "patience": "dlt645",
    "blob": "gdw1376_2",
    "crc": "modbus",
}


def show(text):
    if sys.stderr.isatty():
        print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)


class Codec:
    """The run of one codec: from its seeds to its findings."""

    def __init__(self, codec, frames, seed, folder, plant=""):
        self.name, self.plant, self.frames = codec.NAME, plant, frames
        rng = random.Random(f"seeds {codec.NAME} {seed}")
        seeds = codec.seeds(rng)
        made, values = foreign(codec, rng)
        known = published(codec)
        self.seeds = {"own": len(seeds), "peer": len(made), "published": len(known)}
        self.cases = Cases(codec, seeds + made + known, values, seed)
        self.drawn = []
        path = Path(folder) / (codec.NAME + plant)
        with path.open("wb") as job:
            for i in range(frames):
                case = self.cases.draw(i)
                self.drawn.append(case)
                job.write(pack(case))
                if i % 500 == 0:
                    show(f"{self.label()}: drawing {i} of {frames}")
        self.process = Process(codec.NAME, path, frames, plant)

    def label(self):
        return f"{self.name} with '{self.plant}' planted" if self.plant else self.name

    def judge(self):
        """The numbers of this codec, when its process has ended."""
        findings = self.findings = Findings()
        lines, process = self.process.lines, self.process
        for number, (case, got) in enumerate(zip(self.drawn, lines)):
            judge(findings, number, case, got)
        if len(lines) < self.frames or process.heap is None:
            at = min(len(lines), self.frames - 1)
            how = "hung" if process.is_hung else "ended: " + process.end[:200]
            findings.add("escapes", at, self.drawn[at], "the interpreter " + how)
        counts = findings.counts
        heap, worst = process.heap or (0,), process.worst or (0, 0)
        return {
            "frames": self.frames,
            "seeds": self.seeds,
            "length_fields": len(self.cases.mutator.fields),
            "lies": self.cases.mutator.turn,
            "judged": self.cases.judged,
            "escapes": counts["escapes"],
            "false_accepts": counts["false_accepts"],
            "lost_after_noise": counts["lost"],
            "wrong_refusals": counts["wrong_refusals"],
            "accepted_by_chance": self.cases.by_chance,
            "chance_expected": round(self.cases.expected, 3),
            "heap_growth_bytes": heap[0],
            "worst_ms_per_frame": round(worst[0] / 1000, 2),
            "kinds": dict(sorted(self.cases.kinds.items())),
        }


def missed(numbers):
    return [key for key, bar in BARS.items() if numbers[key] > bar]


def total(rows):
    """The numbers of all codecs: sums, and the worst of what is not counted."""
    result = {}
    for key in ("escapes", "false_accepts", "lost_after_noise", "wrong_refusals"):
        result[key] = sum(row[key] for row in rows)
    result["heap_growth_bytes"] = max(row["heap_growth_bytes"] for row in rows)
    result["worst_ms_per_frame"] = max(row["worst_ms_per_frame"] for row in rows)
    result["accepted_by_chance"] = sum(row["accepted_by_chance"] for row in rows)
    result["chance_expected"] = round(sum(row["chance_expected"] for row in rows), 3)
    return result


def main(frames, seed, plant):
    names = list(PLANTS) if plant == "1" else [plant]
    start = time.monotonic()
    runs = []
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        try:
            for name in names:
                for codec in CODECS:
                    if not name or PLANTS[name] == codec.NAME:
                        runs.append(Codec(codec, frames, seed, folder, name))
            while waiting := [run for run in runs if run.process.is_running()]:
                done = [f"{run.name} {len(run.process.lines)}" for run in waiting]
                show(f"of {frames}: " + ", ".join(done))
        finally:
            for run in runs:
                run.process.close()
    show("")
    rows = [run.judge() for run in runs]
    _table(runs, rows)
    if plant:
        return _planted(runs, rows, seed)
    result = total(rows)
    result |= {"frames": frames, "seed": seed, "seconds": round(time.monotonic() - start, 1)}
    result["codecs"] = {run.name: row for run, row in zip(runs, rows)}
    result |= {"bars": BARS, "missed": missed(result)}
    print(json.dumps(result))
    return 1 if result["missed"] else 0


def _table(runs, rows):
    for run in runs:
        for text in run.findings.told:
            print(f"{run.label()}: {text}")
    head = ("codec", "frames", "escapes", "false", "lost", "refused", "chance", "expected")
    print("%-10s %7s %8s %6s %5s %8s %7s %9s %6s %9s" % (*head, "heap", "worst ms"))
    for run, row in zip(runs, rows):
        keys = ("frames", "escapes", "false_accepts", "lost_after_noise", "wrong_refusals")
        expected = row["chance_expected"]
        values = [row[key] for key in (*keys, "accepted_by_chance", "chance_expected")]
        values += [row["heap_growth_bytes"], row["worst_ms_per_frame"]]
        print("%-10s %7d %8d %6d %5d %8d %7d %9.2f %6d %9.2f" % (run.name, *values))
        if row["accepted_by_chance"] > 3 + expected + 5 * math.sqrt(expected):
            print(f"  {run.name}: more frames passed by chance than the checksum explains")


def _planted(runs, rows, seed):
    """The verdict on planted defects: status 1 when all were caught, as bars were missed."""
    result = total(rows) | {"seed": seed, "plants": {}}
    for run, row in zip(runs, rows):
        caught = missed(row)
        result["plants"][run.plant] = caught
        by = ", ".join(f"{key} {row[key]}" for key in caught)
        print(f"plant '{run.plant}' in {run.name}: " + (f"caught by {by}" if by else "NOT CAUGHT"))
    result |= {"bars": BARS, "missed": missed(result)}
    result["uncaught"] = [name for name, caught in result["plants"].items() if not caught]
    print(json.dumps(result))
    return 0 if result["uncaught"] else 1
