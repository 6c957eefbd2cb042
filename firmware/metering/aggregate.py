"""Aggregates of the windows (IEC 61000-4-30, 4.5): 150/180 cycles, 10 minutes, 2 hours; and by the
clock the frequency of 10 seconds and the voltages of a minute.

A window belongs to the 10 minutes in which it begins: the one under way at the tick ends the old
interval. At the tick 150/180 cycles begin anew, and those under way go on until they are complete
(the overlap of class A); the windows themselves run free of the clock (class S). Two hours are
twelve 10-minute values. Flags are inherited; what is missing shows as coverage.
"""

from array import array

from micropython import const

from firmware.core import flags
from firmware.metering import clock_interval, level, minute, ten_seconds, timeline

CYCLES_150, TEN_MINUTES, TWO_HOURS, TEN_SECONDS, MINUTE = range(5)

_WINDOWS = const(15)  # in 150 (180) cycles
_TENS = const(12)  # 10 minutes in two hours
_DAY = const(144)  # more than that was a clock that was wrong
_TEN_SAMPLES = const(4800000)
_EFFORT = const(2)  # a window works out two means or one root: no window pays for all
_WAITING = const(3)  # more closed levels than these do not wait
_LEVELS = const(10)  # three open, a tail, one more than wait, one in work, one that follows
_LOST = flags.GAP | flags.OVERRUN | flags.SHORT | flags.BUS


class Aggregator:
    def __init__(self, columns, publish, volts=0):
        """columns: (index in the values, level.RMS or level.MEAN) each, at best 7 roots and 16
        means; publish(kind, values,
        bits, end_ms, coverage): one int a column (TEN_SECONDS: the frequency, MINUTE: three
        voltages), UTC ms, per mille. The list is reused; `lows` and `highs` go with the first
        three kinds. volts: index of the first of three voltages."""
        self._indexes = [column[0] for column in columns]
        rules = self._rules = bytes([column[1] for column in columns])
        self._publish = publish
        self._now = array("q", bytes(8 * len(columns)))
        self.values = [0] * len(columns)
        self.lows = [0] * len(columns)  # lowest and highest value of each column
        self.highs = [0] * len(columns)
        self.skipped = 0  # 10-minute intervals that passed without any window
        self.frequency = ten_seconds.TenSeconds(self._ten_seconds)
        self._minute = minute.Minute(self._minute_over, volts)
        self._line = timeline.Timeline()
        self._spare = [level.Level(rules) for _ in range(_LEVELS)]
        self._waiting = []  # closed levels whose results are worked out, oldest first
        self._column = 0  # next of the first of them
        self._short, self._long, self._two = self._fresh(), self._fresh(), self._fresh()
        self._tail = None  # 150 cycles that a tick left unfinished
        self._open = -1  # number of the open 10-minute interval; -1: none
        self._published = clock_interval.Published(timeline.TEN_MS)

    def window(self, values, bits, end_ms, length, cycles):
        """A window that ends at UTC `end_ms`: `length` in 1/1024 sample, whole `cycles` in it, 0
        when it was not synchronised."""
        length_ms = length >> 13
        jump = self._line.move(end_ms, length_ms)
        line = self._line
        if jump:
            # time that passed without samples is a gap, any other jump one of the clock
            reason = flags.GAP if jump > 0 and bits & _LOST else flags.CLOCK
            self._break(reason)
            bits |= reason
        now, indexes = self._now, self._indexes
        for k in range(len(now)):
            now[k] = values[indexes[k]]
        is_over = line.ten != self._open
        # the first window, or one that begins after the tick, is of the new interval
        if is_over and (jump or line.at >= length_ms or line.ten != self._open + 1):
            self._tick(line.ten)
            is_over = False
        samples = (length + 512) >> 10
        self._take(bits, samples, end_ms)
        if is_over:
            self._tick(line.ten)
        self.frequency.take(line, length_ms, bits, length, cycles)
        self._minute.take(line, length_ms, bits, values, samples)
        if self._waiting:
            self._work(_EFFORT)

    def _take(self, bits, samples, end_ms):
        short, tail = self._short, self._tail
        short.take(self._now, bits, samples)
        short.end_ms = end_ms
        if tail:
            tail.take(self._now, bits, samples)
            tail.end_ms = end_ms
            if tail.count == _WINDOWS:
                self._close(tail, CYCLES_150)
                self._tail = None
        if short.count == _WINDOWS:
            self._short = self._fresh()
            self._long.merge(short)
            self._close(short, CYCLES_150)

    def _tick(self, ten):
        """The 10-minute interval ends, that with number `ten` begins."""
        if self._short.count:
            self._long.merge(self._short)
            self._cut_tail()
            self._tail = self._short
            self._short = self._fresh()
        done = self._long
        if done.count:
            if self._published.add(self._open):
                done.bits |= flags.CLOCK
            done.number = self._open
            done.end_ms = (self._open + 1) * timeline.TEN_MS
            self._long = self._fresh()
            self._close(done, TEN_MINUTES)
        if 0 <= self._open < ten <= self._open + _DAY:
            self.skipped += ten - self._open - 1
        self._open = ten

    def _break(self, reason):
        """Windows do not follow each other: 150 cycles that would reach over that end here."""
        self._cut_tail()
        short = self._short
        if short.count:
            short.bits |= reason
            self._long.merge(short)
            self._short = self._fresh()
            self._close(short, CYCLES_150)
        self._long.bits |= reason
        self.frequency.mark(reason)
        self._minute.mark(reason)

    def _cut_tail(self):
        if self._tail:
            self._close(self._tail, CYCLES_150)
            self._tail = None

    def _fresh(self):
        return self._spare.pop()

    def _close(self, done, kind):
        done.kind = kind
        self._waiting.append(done)
        while len(self._waiting) > _WAITING:
            self._work(2 * len(self.values))

    def _work(self, effort):
        """Work out some results of the oldest closed level; publish it after the last."""
        done = self._waiting[0]
        while effort > 0:
            k = self._column
            effort -= 1 + self._rules[k]
            self.values[k] = done.result(k)
            self.lows[k] = done.low(k)
            self.highs[k] = done.high(k)
            self._column += 1
            if self._column == len(self.values):
                self._finish(done)
                return

    def _finish(self, done):
        self._column = 0
        self._waiting.pop(0)
        self._publish(done.kind, self.values, done.bits, done.end_ms, _coverage(done))
        if done.kind == TEN_MINUTES:
            self._add_to_two(done)
        done.clear()
        self._spare.append(done)

    def _add_to_two(self, done):
        number = done.number // _TENS
        if self._two.count and self._two.number != number:
            self._close_two()
        for k in range(len(self._now)):
            self._now[k] = self.values[k]
        self._two.number = number
        self._two.take_result(self._now, done)
        if done.number % _TENS == _TENS - 1:
            self._close_two()

    def _close_two(self):
        done = self._two
        done.end_ms = (done.number + 1) * _TENS * timeline.TEN_MS
        self._two = self._fresh()
        self._close(done, TWO_HOURS)

    def _ten_seconds(self, values, bits, end_ms, coverage):
        self._publish(TEN_SECONDS, values, bits, end_ms, coverage)

    def _minute_over(self, values, bits, end_ms, coverage):
        self._publish(MINUTE, values, bits, end_ms, coverage)


def _coverage(done):
    if done.kind == CYCLES_150:
        return done.count * 1000 // _WINDOWS
    whole = _TEN_SAMPLES * (_TENS if done.kind == TWO_HOURS else 1) // 1000
    return min(1000, (done.samples + whole // 2) // whole)
