"""The one discipline of the terminal's clock: what sources say becomes UTC with a stated quality.

Known is an interval: UTC is the estimate plus or minus `doubt_us`, which grows by what the rate
may be off. A source's time is an interval too. One that meets ours cuts it down, so a poor source
never disturbs a good clock; one that does not is believed when it has said so three times in a
row. The clock follows the estimate by its rate, within 500 ppm, and never backwards; what is more
than a second away is a step: not within a minute of a freeze on either side, seen from the old
time as from the new one, and not by more than 15 minutes unless somebody with authority says so
(State Grid rule 384-2014: remote setting is for 1 to 15 minutes) or the time was not known.

One source is followed: the best by what its time may be off, kept until another is twice as good
three times in a row, or it is silent for 3 hours. Bytes: some 300 a source on 64 bits, at most 6.
"""

from micropython import const

from firmware.core import civil
from firmware.timing.rate import Rate

UNKNOWN, HOLDOVER, SYNCHRONISED = "unknown", "holdover", "synchronised"

_SLEW_PPB = const(500000)
_SLEW_OF_US = const(50)  # ppb a us that is left: the last 10 ms go exponentially, in 20 s
_STEP_US = const(1000000)  # what is farther away is not slewed
_REMOTE_US = const(900000000)  # 15 min
_GUARD_US = const(60000000)  # around a freeze
_QUARTER_US = const(900000000)
_FRESH_MS = const(10800000)  # a source that says nothing for 3 h is gone
_SURE = const(3)  # times in a row that make a contradiction true, or another source the better
_LEAST_US = const(1000)  # nothing is known better
_SOURCES = const(6)
_AGE_PPB = const(200000)  # of the ticks between a source's time and its telling


class Source:
    """What a source said last."""

    def __init__(self, name):
        self.name = name
        self.offers = 0
        self.error_us = 0  # it was so much ahead of the estimate
        self.uncertainty_us = 0
        self.at_ms = 0
        self.strange = 0  # times in a row that it contradicted the estimate
        self.better = 0  # times in a row that it was twice as good as the one followed
        self.is_refused = False  # told already

    def quality_us(self, now_ms, doubt_ppb):
        """What its last time would be off by now."""
        return self.uncertainty_us + (now_ms - self.at_ms) * doubt_ppb // 1000000


class Discipline:
    def __init__(self, clock, told, saved=None):
        """told(name, text): an event. `saved()` after each step: what is on flash, and the RTC,
        are of another time. Call `start` next."""
        self.clock = clock
        self.rate = Rate()
        self.sources = {}  # name: Source
        self.followed = None  # Source
        self.last_step = ""  # for people
        self.steps = 0
        self._told = told
        self._saved = saved or (lambda: None)
        self._doubt_us = 0  # at `_doubt_at` of the monotonic clock
        self._doubt_at = 0
        self._left_us = 0  # estimate less clock: slewed away, or a step that waits
        self._by = None  # who asked for the step that waits; None: the source followed
        self._slew_ppb = 0
        self._slewed_at = 0
        self._good_ms = None  # when a time was last believed
        self._was = ""  # state that was told

    def start(self, utc_us, doubt_us, is_known):
        """What is known at boot."""
        self.clock.set_utc(utc_us, is_known)
        self._slewed_at = self._doubt_at = self.clock.monotonic_us()
        self._doubt_us = doubt_us
        self._was = self.state
        self._steer()

    # what others read

    @property
    def state(self):
        if not self.clock.is_known:
            return UNKNOWN
        is_away = self._is_alone() or abs(self._left_us) > _STEP_US  # a step that waits
        return HOLDOVER if is_away else SYNCHRONISED

    def doubt_us(self):
        """UTC may be off by so much now: the clock, not the estimate."""
        return self._estimate_doubt(self.clock.monotonic_us()) + abs(self._left_us)

    def left_us(self):
        """What the clock still has to catch up with."""
        return self._left_us

    def good_s(self):
        """Seconds since a time was believed, None: not since boot."""
        return None if self._good_ms is None else (self.clock.ms() - self._good_ms) // 1000

    def _is_alone(self):
        return self._good_ms is None or self.clock.ms() - self._good_ms > _FRESH_MS

    def _estimate_doubt(self, now_us):
        doubt_ppb = self.rate.doubt_ppb(self._is_alone())
        return self._doubt_us + (now_us - self._doubt_at) * doubt_ppb // 1000000000

    # what sources say

    def offer(self, name, utc_us, uncertainty_us, at_us=None):
        """It was `utc_us`, give or take, when the clock's ticks were `at_us` (None: now), within
        the last minutes. False when it is not believed (yet), so the source is to be asked
        again soon."""
        source = self._source(name)
        if source is None:
            return False
        clock = self.clock
        age_us = 0 if at_us is None else max(0, clock.diff_us(clock.us(), at_us))
        utc_us += age_us
        uncertainty_us += age_us * _AGE_PPB // 1000000000 + 1
        now_us, now_ms = clock.monotonic_us(), clock.ms()
        error_us = utc_us - clock.utc_us() - self._left_us
        is_strange = abs(error_us) > self._estimate_doubt(now_us) + uncertainty_us
        source.strange += is_strange or not clock.is_known
        if abs(error_us - source.error_us) > 2 * (uncertainty_us + source.uncertainty_us):
            source.strange = min(1, source.strange)  # it contradicts itself as well
        source.offers += 1
        source.error_us, source.uncertainty_us, source.at_ms = error_us, uncertainty_us, now_ms
        if self._is_followed(source, now_ms):
            return self._believe(source, now_us, utc_us)
        return not source.strange

    def _source(self, name):
        if name not in self.sources:
            if len(self.sources) >= _SOURCES:
                return None
            self.sources[name] = Source(name)
        return self.sources[name]

    def _is_followed(self, source, now_ms):
        """Hysteresis between sources."""
        followed = self.followed
        if followed is source:
            return True
        if followed is not None and now_ms - followed.at_ms <= _FRESH_MS:
            doubt_ppb = self.rate.doubt_ppb(False)
            is_better = 2 * source.uncertainty_us < followed.quality_us(now_ms, doubt_ppb)
            source.better = source.better + 1 if is_better else 0
            if source.better < _SURE:
                return False
        source.better = 0
        self.followed = source
        self.rate.restart()
        text = "%s is followed" % source.name
        self._told("CLOCK_SOURCE", text if followed is None else text + ", was " + followed.name)
        return True

    def _believe(self, source, now_us, utc_us):
        """Cut the estimate down to what the source allows; False when it is not believed."""
        doubt_us = self._estimate_doubt(now_us)
        error_us, slack_us = source.error_us, source.uncertainty_us
        is_known = self.clock.is_known
        if is_known and abs(error_us) <= doubt_us + slack_us:
            source.strange = 0
            low = max(-doubt_us, error_us - slack_us)
            high = min(doubt_us, error_us + slack_us)
            self._move((low + high) // 2, (high - low) // 2, now_us)
        else:
            if source.strange < (_SURE if is_known else _SURE - 1):
                return False
            away_us = abs(error_us + self._left_us)
            if is_known and away_us > _REMOTE_US:
                self._refuse(source, away_us)
                return False
            source.strange = 0
            self.rate.restart()
            self._move(error_us, slack_us, now_us)
        source.is_refused = False
        self._by = None
        self._good_ms = self.clock.ms()
        self.rate.take(source.name, now_us, utc_us, slack_us)
        self.tick()
        return True

    def _refuse(self, source, away_us):
        if not source.is_refused:
            source.is_refused = True
            text = "%s is %d s away: more than 15 min are for a person or a master"
            self._told("CLOCK_REFUSED", text % (source.name, away_us // 1000000))

    def _move(self, by_us, doubt_us, now_us):
        """The estimate is another one."""
        self._left_us += by_us
        self._doubt_us = max(_LEAST_US, doubt_us)
        self._doubt_at = now_us

    def set(self, who, utc_us, uncertainty_us):
        """Somebody with authority says what time it is now. Whatever was thought is forgotten; the
        sentence that answers him."""
        clock = self.clock
        self.rate.restart()
        self._move(utc_us - clock.utc_us() - self._left_us, uncertainty_us, clock.monotonic_us())
        for source in self.sources.values():
            source.strange = 0
        self._good_ms = clock.ms()
        if clock.is_known and abs(self._left_us) <= _STEP_US:
            self.tick()
            text = "it is that but for %d ms, which are slewed away" % (self._left_us // 1000)
            self._told("CLOCK_SET", "%s: %s" % (who, text))
            return text
        self._by = who
        before = self.steps
        self.tick()
        if self.steps != before:
            return "the clock is set: it was %s" % self.last_step
        return "the clock is set within five minutes: not beside a freeze"

    # the clock follows

    def tick(self):
        """Every some seconds (30 at most): go on with what is left."""
        self._account()
        away_us = abs(self._left_us)
        if not self.clock.is_known:
            if self._good_ms is not None:
                self._step()
        elif away_us > _STEP_US or self._by is not None:
            now_us = self.clock.utc_us()
            if not _is_near_freeze(now_us) and not _is_near_freeze(now_us + self._left_us):
                self._step()
        self._steer()
        state = self.state
        if state != self._was:
            text = "%s, was %s, within %d ms"
            self._told("CLOCK_STATE", text % (state, self._was, self.doubt_us() // 1000))
            self._was = state

    def _account(self):
        """What the slew has done since."""
        now_us = self.clock.monotonic_us()
        self._left_us -= (now_us - self._slewed_at) * self._slew_ppb // 1000000000
        self._slewed_at = now_us

    def _steer(self):
        slew = 0
        if abs(self._left_us) <= _STEP_US and self._by is None:
            slew = max(-_SLEW_PPB, min(_SLEW_PPB, self._left_us * _SLEW_OF_US))
        self._slew_ppb = slew
        self.clock.set_rate(self.rate.ppb(self._is_alone()) + slew)

    def _step(self):
        clock, by = self.clock, self._by
        old_us, was_known = clock.utc_us(), clock.is_known
        clock.set_utc(old_us + self._left_us)
        who = by or (self.followed.name if self.followed else "-")
        names = civil.text(old_us // 1000), civil.text((old_us + self._left_us) // 1000)
        ms = (self._left_us + 500) // 1000
        self.last_step = "%s, is %s (%+d ms, %s)" % (names + (ms, who))
        if not was_known:
            self.last_step += ", the time was not known"
        self._left_us = 0
        self._by = None
        self.steps += 1
        self._told("CLOCK_SET" if by else "CLOCK_STEP", "was " + self.last_step)
        self._saved()


def _is_near_freeze(utc_us):
    """Within a minute of a quarter of an hour."""
    return not _GUARD_US < utc_us % _QUARTER_US < _QUARTER_US - _GUARD_US
