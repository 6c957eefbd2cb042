"""The side of `tools.vectors` that runs under MicroPython: argv = repository root, job file.

The job is one JSON object a line. Every module in tools/vectors/adapters is one codec:
  PROTOCOLS  names of the protocols it serves
  framer()   a new Framer on the codec's probe; None where the vectors are no stream
  check(frame, decoded) -> (problems, unchecked): texts, and names of keys it knows nothing about
Prints `pass|fail|none <tab> number <tab> text` a vector; none = no adapter has the protocol.
"""

import json
import os
import sys
from binascii import unhexlify

from firmware.codec import framer
from firmware.core.errors import CodecError

_REASONS = {"end": "end byte", "truncated": "incomplete", "cs": "checksum", "crc": "fcs"}


def load_adapters(root):
    """Protocol name -> adapter module; one file in adapters/ is all a new codec needs."""
    table = {}
    for file in sorted(os.listdir(root + "/tools/vectors/adapters")):
        if file.endswith(".py"):
            path = "tools.vectors.adapters." + file[:-3]
            __import__(path)
            for protocol in sys.modules[path].PROTOCOLS:
                table[protocol] = sys.modules[path]
    return table


def take_all(stream, found):
    while True:
        frame = stream.next()
        if frame is None:
            return
        found.append((stream.frame_at, frame))


def run(adapter, chunks, silence):
    """[(offset, frame)] of the chunks, and the framer; `silence` ends the line after them."""
    stream = adapter.framer()
    found = []
    for chunk in chunks:
        for at in range(0, len(chunk), 64):  # as a UART hands bytes over, below any buffer
            stream.feed(chunk[at : at + 64])
            take_all(stream, found)
    if silence:
        stream.expire()
        take_all(stream, found)
    return found, stream


def splits(raw):
    """Every way to cut the bytes once, and each byte alone."""
    for cut in range(len(raw)):
        yield raw[:cut], raw[cut:]
    yield [raw[i : i + 1] for i in range(len(raw))]


def judge_rejected(adapter, raw, reason):
    """A vector that must not become a frame, refused for `reason`."""
    reason = _REASONS.get(reason, reason)
    if reason not in framer.REASONS:
        return "the reason '%s' is not one the framer knows" % reason
    code = -1 - framer.REASONS.index(reason)  # as measure() returns it
    for chunks in splits(raw):
        found, stream = run(adapter, chunks, False)
        waits = not found and not any(stream.rejected)
        refused = stream.count(code)
        if code == framer.INCOMPLETE:
            # it may still be completed: nothing is refused before the line falls silent
            refused = waits
        found, stream = run(adapter, chunks, True)
        if found:
            return "was taken for a frame"
        if not refused or not stream.count(code):
            return "was not refused for '%s'" % reason
    return ""


def judge_resync(adapter, raw, decoded):
    """Noise around a good frame: it must be found, at the offset the vector names."""
    for chunks in splits(raw):
        found, stream = run(adapter, chunks, True)
        if decoded["frame_at"] not in [at for at, _ in found]:
            return "no frame at %s, but at %s" % (decoded["frame_at"], [at for at, _ in found]), ()
    frame = [frame for at, frame in found if at == decoded["frame_at"]][0]
    rest = {key: decoded[key] for key in decoded if key != "frame_at"}
    problems, unchecked = adapter.check(frame, rest)
    return "; ".join(problems), unchecked


def judge_frame(adapter, raw, decoded):
    """A good frame: exactly one, whatever the cut, and everything `decoded` says of it."""
    for chunks in splits(raw):
        found, stream = run(adapter, chunks, False)
        if len(found) != 1:
            reasons = [framer.REASONS[i] for i, n in enumerate(stream.rejected) if n]
            return "%d frames found, rejected for %s" % (len(found), reasons or "nothing"), ()
    problems, unchecked = adapter.check(found[0][1], decoded)
    return "; ".join(problems), unchecked


def judge_message(adapter, raw, decoded):
    """A vector outside any stream: it is read whole, and no part of it is taken for whole."""
    for size in range(len(raw)):
        if not is_refused(adapter, raw[:size]):
            return "its first %d bytes were taken for whole" % size, ()
    if "reject" in decoded:
        return "" if is_refused(adapter, raw) else "was accepted", ()
    problems, unchecked = adapter.check(raw, decoded)
    return "; ".join(problems), unchecked


def is_refused(adapter, raw):
    try:
        adapter.check(raw, {})
    except CodecError:
        return True
    return False


def judge(adapter, vector):
    """(problem text or "", names of unchecked keys)"""
    decoded = vector["decoded"]
    try:
        raw = unhexlify(vector["hex"].replace(" ", ""))
    except ValueError:
        return "'hex' is not hexadecimal", ()
    if adapter.framer() is None:
        return judge_message(adapter, raw, decoded)
    if "reject" in decoded or vector["kind"] == "invalid":
        return judge_rejected(adapter, raw, decoded.get("reject", "")), ()
    if "frame_at" in decoded:
        return judge_resync(adapter, raw, decoded)
    return judge_frame(adapter, raw, decoded)


def judge_safely(adapter, vector):
    """`judge`, where a vector that makes no sense fails alone."""
    try:
        return judge(adapter, vector)
    except Exception as error:
        text = "%s: %s" % (type(error).__name__, error)
        return "the vector or the codec is at fault (%s)" % text.replace("\n", " "), ()


def main(root, job):
    adapters = load_adapters(root)
    number = 0
    with open(job) as lines:
        for line in lines:
            vector = json.loads(line)
            adapter = adapters.get(vector["protocol"])
            if adapter is None:
                print("none\t%d\t" % number)
            else:
                problem, unchecked = judge_safely(adapter, vector)
                verdict = "fail" if problem else "pass"
                print("%s\t%d\t%s" % (verdict, number, problem or " ".join(unchecked)))
            number += 1


main(sys.argv[1], sys.argv[2])
