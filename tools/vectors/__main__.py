"""`python -m tools.vectors DIR` (`make vectors DIR=...`): replays every protocol vector of a
folder through the terminal's own codecs, under MicroPython.

A vector is an object {protocol, hex, decoded, kind, ...} in a JSON list. The last line printed is
`N passed, M failed`; the exit status is 0 only when M is 0. A folder or file that cannot be
used ends the run with one sentence and status 2.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEVICE = Path(__file__).with_name("device.py")
TIMEOUT_S = 600  # for the whole folder


class Unusable(Exception):
    """The input cannot be replayed; the message is the sentence for the person."""


def find_micropython():
    """MICROPYTHON, else the interpreter beside this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("micropython")
    path = os.environ.get("MICROPYTHON") or (
        str(beside) if beside.exists() else shutil.which("micropython")
    )
    if path is None:
        raise Unusable("There is no MicroPython interpreter; set MICROPYTHON=/path.")
    return path


def load_folder(folder):
    """All vectors of a folder, each with `name` (file and entry number) added."""
    if not folder.is_dir():
        raise Unusable(f"{folder} is not a folder.")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise Unusable(f"{folder} holds no JSON file.")
    return [vector for path in files for vector in load_file(path)]


def unusable(path, text):
    """A vector that fails with `text`: what cannot be used is counted, not passed over."""
    return {"name": path.name, "protocol": "", "hex": "", "decoded": {}, "kind": "", "why": text}


def load_file(path):
    """The vectors of a file; one that fails in the place of a file or entry that is none."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [unusable(path, f"it cannot be read as JSON: {error}")]
    if not isinstance(entries, list):
        return [unusable(path, "it is not a list of vectors")]
    vectors = []
    for i, entry in enumerate(entries):
        try:
            vectors.append(judge_entry(path, i, entry))
        except Unusable as error:
            vectors.append(unusable(path, str(error)))
    return vectors


def judge_entry(path, i, entry):
    if not isinstance(entry, dict):
        raise Unusable(f"{path}, entry {i}, is not an object.")
    for key in ("protocol", "hex"):
        if not isinstance(entry.get(key), str):
            raise Unusable(f"{path}, entry {i}, has no text under '{key}'.")
    decoded = entry.get("decoded") or {}
    if not isinstance(decoded, dict):
        raise Unusable(f"{path}, entry {i}: 'decoded' is not an object.")
    return {
        "name": f"{path.name}[{i}]",
        "protocol": entry["protocol"],
        "hex": entry["hex"],
        "decoded": decoded,
        "kind": str(entry.get("kind", "")),
    }


def replay(vectors):
    """One (verdict, text) for each vector, from the device side."""
    # one object a line, so that the device side holds one vector at a time
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as job:
        job.writelines(json.dumps(vector) + "\n" for vector in vectors)
        job.flush()
        argv = [find_micropython(), "-X", "heapsize=1M", str(DEVICE), str(ROOT), job.name]
        try:
            done = subprocess.run(
                argv,
                env=dict(os.environ, MICROPYPATH=f"{ROOT}:.frozen"),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
            )
        except OSError as error:
            raise Unusable(f"{argv[0]} does not start: {error}.") from None
        except subprocess.TimeoutExpired:
            raise Unusable(f"The replay did not end within {TIMEOUT_S} s.") from None
    rows = [line.split("\t", 2) for line in done.stdout.splitlines() if line.count("\t") == 2]
    verdicts = {int(number): (verdict, text) for verdict, number, text in rows}
    last = (done.stderr + done.stdout).strip().splitlines()[-1:] or ["no output"]
    lost = ("fail", f"the replay ended before it ({last[0]})")
    return [verdicts.get(i, lost) for i in range(len(vectors))]


def report(vectors, verdicts):
    """Prints what failed and why; returns (passed, failed)."""
    count = Counter()
    homeless = Counter()
    unchecked = Counter()
    for vector, (verdict, text) in zip(vectors, verdicts, strict=True):
        if verdict == "pass":
            unchecked.update(text.split())
        elif verdict == "none" and "why" not in vector:
            homeless[vector["protocol"]] += 1
        else:
            print(f"FAILED {vector['name']}: {vector.get('why') or text}")
        count["passed" if verdict == "pass" else "failed"] += 1
    for protocol, vectors_of_it in sorted(homeless.items()):
        print(f"FAILED {vectors_of_it} vectors of {protocol}: no codec yet")
    for key, times in sorted(unchecked.items()):
        print(f"not checked in {times} vectors: {key}")
    return count["passed"], count["failed"]


def main(argv):
    try:
        if len(argv) != 1 or not argv[0]:
            raise Unusable("Give one folder: python -m tools.vectors DIR.")
        vectors = load_folder(Path(argv[0]))
        verdicts = replay(vectors)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2
    passed, failed = report(vectors, verdicts)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
