"""How fast the ticks run against UTC: an interval that is certain, learned of one source's times.

Two times of the same source bound the rate to what both may be off over the time between them;
each measurement cuts the interval down, and one that has nothing in common with it begins anew.
Rates are in 1e-9 and positive when the ticks are slow. A second oscillator, the crystal of the
metrology unit, is compared with the ticks all along: while no source is there, the mean of what
both say is the better guess, and half of what they differ by is added to what it may be off.
"""

from micropython import const

CRYSTAL_PPB = const(150000)  # a crystal that nobody has measured yet
_WANDER_PPB = const(5000)  # what temperature and age may change since it was measured
_LEAST_US = const(600000000)  # between two times that are worth a measurement
_MOST_US = const(864000000000)  # ten days: longer, and the rate itself has changed
_ENOUGH_PPB = const(1000)  # a measurement as good as this begins the next one


class Rate:
    def __init__(self):
        self.low = -CRYSTAL_PPB
        self.high = CRYSTAL_PPB
        self.other = None  # rate of the second oscillator against UTC, once both are known
        self._apart = None  # of the second oscillator against the ticks, now
        self._source = ""
        self._base = None  # (monotonic us, UTC us, uncertainty us) measured from
        self._middle = None  # the next one

    def record(self):
        """For JSON."""
        return [self.low, self.high, self.other]

    def restore(self, record):
        """ValueError or TypeError when it is none."""
        low, high, other = record
        if not -CRYSTAL_PPB <= low <= high <= CRYSTAL_PPB:
            raise ValueError("no rate of a crystal")
        self.low, self.high = low, high
        self.other = None if other is None else int(other)

    def take(self, source, now_us, utc_us, uncertainty_us):
        """It was `utc_us` at `now_us` of the monotonic clock, says that source."""
        mark = (now_us, utc_us, uncertainty_us)
        if source != self._source or self._base is None:
            self._source = source
            self._base, self._middle = mark, None
            return
        base = self._base
        passed = now_us - base[0]
        if passed < _LEAST_US:
            return
        rate = (utc_us - base[1] - passed) * 1000000000 // passed
        doubt = (uncertainty_us + base[2]) * 1000000000 // passed + 1
        self._cut(rate - doubt, rate + doubt)
        if self._middle is None and (passed >= _MOST_US // 2 or doubt <= 2 * _ENOUGH_PPB):
            self._middle = mark
        elif passed >= _MOST_US or doubt <= _ENOUGH_PPB:
            self._base, self._middle = self._middle or mark, mark

    def restart(self):
        """The source's time made a jump: what was measured stays, the measurement begins anew."""
        self._base = self._middle = None

    def second(self, apart_ppb, is_trusted):
        """The second oscillator against the ticks, positive when it is slow; None: not known.
        `is_trusted`: a source is there, so the ticks' own rate is known best."""
        self._apart = apart_ppb
        if apart_ppb is not None and is_trusted:
            self.other = self._own() + apart_ppb

    def ppb(self, is_alone):
        """The best guess; `is_alone`: no source is there."""
        own = self._own()
        return (own + self._second()) // 2 if is_alone else own

    def doubt_ppb(self, is_alone):
        """What that may be off."""
        doubt = (self.high - self.low + 1) // 2 + _WANDER_PPB
        if is_alone:
            doubt += abs(self._own() - self._second()) // 2
        return doubt

    def _own(self):
        return (self.low + self.high) // 2

    def _second(self):
        """The ticks' rate, says the second oscillator, or they themselves if nobody else can."""
        other, apart = self.other, self._apart
        if other is None or apart is None:
            return self._own()
        return max(-CRYSTAL_PPB, min(CRYSTAL_PPB, other - apart))

    def _cut(self, low, high):
        low, high = max(low, -CRYSTAL_PPB), min(high, CRYSTAL_PPB)
        if low > high:
            return  # no crystal does that: the time is wrong, or the ticks stood still
        if low > self.high or high < self.low:
            self.low, self.high = low, high
        else:
            self.low, self.high = max(low, self.low), min(high, self.high)
