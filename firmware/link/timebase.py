"""Clock model of the sample counter: which microsecond was sample n?

The IC's sample counter is the metering time base; its interrupts tell when every 64th sample
was taken. A handler can be late and never early, so of a block of stamps the earliest is the
truth (the earliest but one: a very late stamp may pass for an early one of the next mark). A
line follows the blocks by the gains of a least-squares fit that begins to forget after _MEMORY
of them. Integers below 2**30 only, nothing is allocated. What scatters between blocks, and the
time without stamps, is the stated uncertainty.
"""

from micropython import const

_UNIT = const(1024)  # fractions of a microsecond
_BLOCK = const(64)  # marks of a block: 512 ms
_MEMORY = const(48)  # blocks: 25 s; follows a drift of 1 ppm a minute within 0.3 ppm
_STEP_US = const(1000)  # a block that is off by more is a new start, not a drift
_UNKNOWN_US = const(10000)  # uncertainty of the first block: its first stamp may be so late
_LATEST_US = const(4000)  # a handler that is later is an outlier, not the scatter of all
_EARLY_US = const(2000)  # what the rough time of a mark may be off
_SERVED = const(8)  # marks after which an interrupt is served or gone


class TimeBase:
    def __init__(self, clock, period_us, sets):
        """A mark is every `sets` samples, nominally `period_us` apart."""
        self.clock = clock
        self.period_us = period_us
        self.sets = sets
        self._drift = 0  # modelled length of a block less the nominal one, 1/_UNIT us
        self.restart()

    def restart(self):
        """The samples begin anew: what was known of their times is void, their rate is not."""
        self.uncertainty_us = None  # None: no stamp yet
        self._at = None  # sample number of the mark the model hangs on
        self._us = 0  # stamp of that mark, in ticks as they wrap
        self._offset = 0  # modelled time of it less that stamp, 1/_UNIT us
        self._blocks = 0  # in the fit, up to _MEMORY
        self._scatter_us = 0  # largest error of a block's prediction, slowly forgotten
        self._floor_us = _UNKNOWN_US  # uncertainty at the newest stamp
        self._slack_us = 0  # how early a stamp may be for its mark
        self._clear()

    def _clear(self):
        self._count = 0  # stamps in the block at hand
        self._first = 0  # the two smallest and the largest residual among them, 1/_UNIT us
        self._least = 0
        self._most = 0
        self._strange = 0  # stamps in a row that fit no mark

    def observe(self, mark, mark_us, stamp_us):
        """An interrupt was stamped `stamp_us`, for sample number `mark` or one of the marks
        before it; `mark_us` is roughly when `mark` was taken."""
        if self._at is None:
            self._at = mark - self._back(mark_us, stamp_us) * self.sets
            self._us = stamp_us
            self._add(0)
            return
        steps = (mark - self._at) // self.sets
        late_us = self.clock.diff_us(stamp_us, self._us) - steps * self.period_us
        residual = late_us * _UNIT - self._offset - self._drift * steps // _BLOCK
        # seen from `mark` the stamp of an earlier one is early, which no handler can be
        if self._blocks:
            back = self._marks_in(-residual // _UNIT - self._slack_us)
        else:
            back = self._back(mark_us, stamp_us)
        steps -= back
        residual += back * (self.period_us * _UNIT + self._drift // _BLOCK)
        if back > _SERVED or abs(residual) > 2 * self.period_us * _UNIT:
            # nobody serves an interrupt that late: another one's, or time made a step
            self._strange += 1
            if self._strange >= _BLOCK:
                self.restart()
            return
        self._strange = 0
        self._add(residual)
        if steps >= _BLOCK:
            if self._blocks and abs(self._least) > _STEP_US * _UNIT:
                self.restart()  # the next stamp begins anew
                return
            self._close(steps, residual)
            self._at += steps * self.sets
            self._us = stamp_us

    def _marks_in(self, early_us):
        """Whole marks, rounded up, in a time that may be negative."""
        return max(0, (early_us + self.period_us - 1) // self.period_us)

    def _back(self, mark_us, stamp_us):
        return self._marks_in(self.clock.diff_us(mark_us, stamp_us) - _EARLY_US)

    def _add(self, residual):
        self._count += 1
        if self._count == 1:
            self._first = self._least = self._most = residual
        elif residual < self._first:
            self._least = self._first
            self._first = residual
        elif residual < self._least or self._count == 2:
            self._least = residual
        self._most = max(self._most, residual)
        self.uncertainty_us = self._floor_us

    def _spread_us(self):
        return min(_LATEST_US, (self._most - self._least) // _UNIT)

    def _close(self, steps, residual):
        """A block is full: correct the line, and hang it on the stamp at hand, which came
        `steps` marks after the last and `residual` later than it foretold."""
        error = self._least
        n = self._blocks = min(_MEMORY, self._blocks + 1)
        self._offset = error * (4 * n - 2) // (n * n + n) - residual
        if n > 1:
            self._drift += error * 6 // (n * n + n) * _BLOCK // steps
        if n > 2:  # the first two make the line
            size = abs(error) // _UNIT
            self._scatter_us = max(size, self._scatter_us - (self._scatter_us + 15) // 16)
        least_us = self._spread_us() * (6 + 12 // n) // self._count  # what the earliest is late by
        self._floor_us = 50 + 200 // n + 4 * self._scatter_us + least_us
        self._slack_us = min(_EARLY_US, self._floor_us)
        self._clear()

    def age_us(self, sample, now_us):
        """Microseconds since sample number `sample`, None before the first stamp. A fraction is
        taken, but mind that a float of 32 bits has 24 for the number. Renews uncertainty_us."""
        if self._at is None:
            return None
        passed = self.clock.diff_us(now_us, self._us)
        self.uncertainty_us = self._floor_us + self._growth_us(passed)
        ahead = sample - self._at
        model = self._offset + self._drift * ahead // (_BLOCK * self.sets)
        return passed - int(model // _UNIT) - int(ahead * self.period_us // self.sets)

    def utc_us(self, sample):
        """When sample number `sample` was taken, UTC; now, before the first stamp."""
        age_us = self.age_us(sample, self.clock.us())
        return self.clock.utc_us() - (age_us or 0)

    def utc_ms(self, sample):
        """The same, rounded."""
        return (self.utc_us(sample) + 500) // 1000

    def _growth_us(self, passed_us):
        """What the rate may be off, over the time since the model's stamp."""
        ppm = 3 + 150 // (self._blocks or 1)
        return max(0, passed_us) // 1000 * ppm // 1000

    def rate_ppb(self):
        """Crystal of the IC against this clock, in 1e-9; positive: the IC is slow."""
        return self._drift * 1000000 // (_BLOCK * self.period_us * _UNIT // 1000)

    def rate_ppm(self):
        """The same in 1e-6, a float."""
        return self.rate_ppb() / 1000
