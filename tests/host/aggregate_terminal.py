"""The aggregator over a day of windows, for the test: runs under MicroPython.

Reads a line of JSON (see test_aggregate.py) and makes the windows from its numbers; prints a line
of JSON for each aggregate.
"""

import json
import sys

from firmware.metering import aggregate, level

job = json.loads(sys.stdin.readline())
base, spread, rules = job["base"], job["spread"], job["rules"]


def publish(kind, values, bits, end_ms, coverage):
    if kind == aggregate.CYCLES_150 and end_ms % 60000 > 4000:
        return  # these are many: those of the first seconds of each minute will do
    is_level = kind <= aggregate.TWO_HOURS
    lows = list(parts.lows) if is_level else []
    highs = list(parts.highs) if is_level else []
    print(json.dumps([kind, list(values), bits, end_ms, coverage, lows, highs]))


def run():
    values = [0] * len(base)
    columns = range(len(base))
    position = 0  # 1/1024 of a sample
    gaps = dict(job["gaps"])
    for n in range(job["windows"]):
        length = 1638400 + (n * 2654435761 + 77 & 0xFFFFFFFF) % 6553 - 3276
        position += length
        bits = 0
        if n in gaps:
            position += gaps[n]
            bits = job["gap_bits"]
        if n % 9973 == 5:
            bits |= job["event_bits"]
        for c in columns:
            mix = n * 2654435761 + (c + 1) * 2246822519 & 0xFFFFFFFF
            values[c] = base[c] + (mix ^ mix >> 15) % spread[c]
        parts.window(values, bits, job["start_ms"] + position // 8192, length, 10)


parts = aggregate.Aggregator([(c, rules[c]) for c in range(len(base))], publish)
parts.frequency.rate_ppb = job["rate_ppb"]
assert (level.MEAN, level.RMS) == (0, 1)
run()
