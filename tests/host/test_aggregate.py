"""A day of windows through the aggregator under MicroPython, against numpy in double precision
that knows all windows at once: every interval, its extremes, flags, coverage and stamp."""

import json

import numpy as np
import pytest
from conftest import ROOT

SCRIPT = ROOT / "tests" / "host" / "aggregate_terminal.py"
CYCLES_150, TEN_MINUTES, TWO_HOURS, TEN_SECONDS, MINUTE = range(5)
GAP, EVENT = 1 << 8, 1 << 7
TEN = 600000
JOB = {
    "windows": 430000,
    "start_ms": 1767225600000 - 2500,  # 2.5 s before a day, ten minutes and two hours begin
    "base": [229000, 228000, 231000, 500, -90000000, 3000000000],
    "spread": [3000, 5000, 2000, 400000, 180000000, 1000],
    "rules": [1, 1, 1, 1, 0, 0],  # root of the mean of squares, plain mean
    "gaps": [[90000, 8192 * 61000], [200001, 8192 * 1300000], [200003, 8192 * 300]],
    "gap_bits": GAP,
    "event_bits": EVENT,
    "rate_ppb": 43000,
}


class Day:
    """The same windows, as arrays."""

    def __init__(self, job):
        n = np.arange(job["windows"], dtype=np.uint64)
        low = np.uint64(0xFFFFFFFF)
        mix = (n * np.uint64(2654435761) + np.uint64(77)) & low
        self.length = 1638400 + (mix % np.uint64(6553)).astype(np.int64) - 3276
        self.bits = np.where(n % np.uint64(9973) == 5, job["event_bits"], 0)
        missing = np.zeros(len(n), np.int64)
        for window, length in job["gaps"]:
            missing[window] = length
            self.bits[window] |= job["gap_bits"]
        self.position = np.cumsum(self.length + missing)
        self.end = job["start_ms"] + self.position // 8192
        self.begin = self.end - self.length // 8192
        self.missing = missing
        columns = []
        for c, (base, spread) in enumerate(zip(job["base"], job["spread"])):
            mix = (n * np.uint64(2654435761) + np.uint64((c + 1) * 2246822519)) & low
            columns.append(base + ((mix ^ (mix >> np.uint64(15))) % np.uint64(spread)).astype(int))
        self.values = np.array(columns, dtype=np.float64)
        self.rules = job["rules"]

    def result(self, values):
        """Of an array (columns, count): one number a column."""
        plain, square = values.mean(axis=1), np.sqrt((values**2).mean(axis=1))
        return np.where(self.rules, square, plain)

    def tens(self):
        """{number of the 10 minutes: indexes of its windows}: where a window begins."""
        number = np.floor_divide(self.begin, TEN)
        return {int(k): np.flatnonzero(number == k) for k in np.unique(number)}

    def shorts(self):
        """Index arrays of the 150-cycle intervals: anew at a tick and after what is missing,
        those that a tick leaves unfinished going on across it."""
        number = np.floor_divide(self.begin, TEN)
        anew = np.flatnonzero((np.diff(number, prepend=-1) != 0) | (self.missing > 0))
        for first, last in zip(anew, [*anew[1:], len(number)]):
            cuts = np.flatnonzero(self.missing[first + 1 :] > 0)
            broken = first + 1 + cuts[0] if len(cuts) else len(number)
            for start in range(first, last, 15):
                yield np.arange(start, min(start + 15, broken))


@pytest.fixture(scope="module")
def day():
    return Day(JOB)


@pytest.fixture(scope="module")
def got(run_script):
    """{kind: [(values, bits, end_ms, coverage, lows, highs)]}"""
    text = run_script(SCRIPT, given=json.dumps(JOB) + "\n", timeout=300)
    kinds = {}
    for line in text.splitlines():
        kind, *rest = json.loads(line)
        kinds.setdefault(kind, []).append(rest)
    return kinds


def check(day, row, indexes):
    """Values to one unit, extremes exactly."""
    values, _, _, _, lows, highs = row
    part = day.values[:, indexes]
    assert np.abs(np.array(values) - day.result(part)).max() <= 0.5001
    assert lows == part.min(axis=1).tolist() and highs == part.max(axis=1).tolist()


def test_ten_minutes(day, got):
    tens = day.tens()
    numbers = sorted(tens)[:-1]  # the last is still open
    assert [row[2] for row in got[TEN_MINUTES]] == [(k + 1) * TEN for k in numbers]
    assert len(numbers) == numbers[-1] - numbers[0]  # one lies in the gap of 21 minutes
    for k, row in zip(numbers, got[TEN_MINUTES]):
        check(day, row, tens[k])
        assert row[3] == min(1000, round(day.length[tens[k]].sum() / 1024 / 4800)), k
        is_cut = k + 1 not in tens or day.missing[tens[k]].any() or day.missing[tens[k + 1][0]]
        assert bool(row[1] & GAP) == bool(is_cut)
        assert bool(row[1] & EVENT) == bool((day.bits[tens[k]] & EVENT).any())


def test_two_hours(day, got):
    rows = {row[2]: row for row in got[TEN_MINUTES]}
    assert len(got[TWO_HOURS]) == 13  # the first has 2.5 seconds
    for row in got[TWO_HOURS]:
        ends = [row[2] - TEN * k for k in range(12) if row[2] - TEN * k in rows]
        parts = np.array([rows[end][0] for end in ends], dtype=float).T
        assert np.abs(np.array(row[0]) - day.result(parts)).max() <= 0.5001
        assert row[4] == np.min([rows[end][4] for end in ends], axis=0).tolist()
        assert row[5] == np.max([rows[end][5] for end in ends], axis=0).tolist()
        assert row[1] == np.bitwise_or.reduce([rows[end][1] for end in ends])
    assert [row[3] for row in got[TWO_HOURS]][3:5] == [992, 1000]  # 61 s are missing


def test_150_cycles(day, got):
    wanted = {}
    for indexes in day.shorts():
        end = int(day.end[indexes[-1]])
        if end % 60000 <= 4000:
            wanted.setdefault(end, []).append(indexes)
    rows = got[CYCLES_150]
    assert len(rows) > 1400
    for row in rows:
        indexes = wanted[row[2]].pop(0)
        check(day, row, indexes)
        assert row[3] == len(indexes) * 1000 // 15
    left = sorted(end for end, lists in wanted.items() if lists)
    assert all(end > day.end[-1] - 6000 for end in left), left


def test_frequency(day, got):
    """Whole cycles inside each ten seconds: within 0.1 mHz of the true mean over them."""
    number = day.end // 10000
    inside = day.end % 10000 >= day.length // 8192
    for row in got[TEN_SECONDS]:
        k = row[2] // 10000 - 1
        length = day.length[(number == k) & inside].sum() * (1 + 43e-6)
        count = ((number == k) & inside).sum()
        wanted = count * 10 * 8000 * 1024 / length * 10000 if count else 0
        assert abs(row[0][0] - wanted) <= 0.51, row
        assert row[3] == int(length / (1 + 43e-6) / 1024) * 1000 // 80000
    whole = [row for row in got[TEN_SECONDS] if not row[1] & GAP]
    assert len(whole) > 8400 and min(row[3] for row in whole[1:]) >= 960


def test_minutes(day, got):
    number = day.end // 60000
    assert len(got[MINUTE]) == len(np.unique(number)) - 1
    for row in got[MINUTE]:
        part = day.values[:3, number == row[2] // 60000 - 1]
        assert np.abs(np.array(row[0]) - part.mean(axis=1)).max() <= 0.5001
