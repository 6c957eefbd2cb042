"""Compares what the codec told of a case with what must come of it, and counts the differences.

escapes         an exception that is no CodecError, a crash, a hang
false_accepts   a frame that is none, or that is read as something else than it says
lost            a good frame that was not found
wrong_refusals  something good that was refused
"""

import re
from binascii import crc32
from collections import Counter

_TEXTS = re.compile(r"\(1[02],[sx]([0-9a-f]*)\)")
_ITEM = re.compile(r"(\d+)\+(\d+)=([0-9a-f]{8}) (.*)")
KEPT = 5  # findings of each kind that are told in full


def plain(text):
    """The two readers differ in what is a text, as their interpreters do: it is the same."""
    return _TEXTS.sub(r"s\1", text)


def is_same(wanted, got):
    """Sections are compared; "?" is what the oracle does not know."""
    if wanted == got:
        return True
    ours, theirs = plain(wanted).split("|"), plain(got).split("|")
    pairs = zip(ours, theirs)
    return len(ours) == len(theirs) and all(a == "?" or a == b for a, b in pairs)


class Findings:
    def __init__(self):
        self.counts = Counter()
        self.told = []

    def add(self, kind, number, case, text):
        self.counts[kind] += 1
        if self.counts[kind] <= KEPT:
            parts = " / ".join(raw.hex() for raw, _ in case.parts)
            self.told.append(f"{kind}: case {number} ({case.kind}): {text}\n  bytes: {parts}")


def judge(findings, number, case, got):
    got = got.removesuffix(";")
    last = got.rpartition(";")[2]
    if last.startswith("E "):
        findings.add("escapes", number, case, last[2:])
    elif case.mode == "F":
        _frames(findings, number, case, got)
    elif not is_same(case.wanted, got):
        is_refused = got == "!" and case.wanted != "!"
        kind = "wrong_refusals" if is_refused else "false_accepts"
        if case.mode == "T" and got.count("D") < case.wanted.count("D"):
            kind = "lost"
        findings.add(kind, number, case, f"{got[:300]} instead of {case.wanted[:300]}")


def _frames(findings, number, case, got):
    wanted, rest = case.wanted
    missing = {(at, len(raw), crc32(raw)): said for at, raw, said in wanted}
    for item in got.split(";"):
        match = _ITEM.fullmatch(item)
        if match is None:
            if item != rest:
                findings.add("false_accepts", number, case, f"'{item}' instead of '{rest}'")
            continue
        place = int(match[1]), int(match[2]), int(match[3], 16)
        said = missing.pop(place, None)
        if said is None:
            text = f"no frame is at {place[0]} with {place[1]} bytes"
            findings.add("false_accepts", number, case, text)
        elif not is_same(said, match[4]):
            is_refused = match[4].endswith("!") and "!" not in said
            kind = "wrong_refusals" if is_refused else "false_accepts"
            findings.add(kind, number, case, f"{match[4][:300]} instead of {said[:300]}")
    for at, size, _ in missing:
        text = f"the frame at {at} of {size} bytes was not found"
        findings.add("lost", number, case, text)
