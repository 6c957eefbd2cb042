"""One kind of event that is judged a window at a time and has to last before it counts.

It begins, to the listener, when the state has lasted for the delay; its start and duration are
those of the state. Which phases are in it is the caller's judgement. No heap but at the two ends.
"""

from firmware.metering import modular


class Lasting:
    def __init__(self, kind, delay, is_low, sink):
        """delay: samples; is_low: the extreme is the lowest value, else the highest."""
        self.kind = kind
        self._delay = delay
        self._is_low = is_low
        self._sink = sink
        self.beyond = 0  # bit a phase: what the last window found
        self.phases = 0  # phases that took part so far; 0: no event is under way
        self.start = 0  # sample at which the state began
        self.extreme = 0
        self.count = 0  # events begun
        self.last = 0  # extreme of the last one that ended
        self.last_samples = 0  # its duration
        self._pending = 0  # phases of a state too short yet

    def take(self, beyond, value, since, sample):
        """A window from sample `since` to `sample`: which phases are in the state, and the most
        extreme value. True when the event began or ended."""
        self.beyond = beyond
        if not beyond:
            self._pending = 0
            if self.phases:
                self.end(since)
                return True
            return False
        if not self._pending:
            self.start = since
            self.extreme = value
        elif self._is_low == (value < self.extreme):
            self.extreme = value
        self._pending |= beyond
        if self.phases:
            self.phases |= beyond
            return False
        if modular.passed(sample, self.start) < self._delay:
            return False
        self.phases = self._pending
        self.count += 1
        self._sink.begin(self.kind, self.phases, self.extreme, self.start)
        return True

    def end(self, sample):
        """It is over at `sample`."""
        phases, self.phases = self.phases, 0
        self.last = self.extreme
        self.last_samples = modular.passed(sample, self.start)
        self._sink.end(self.kind, phases, self.last, self.start, self.last_samples)

    def restart(self, sample):
        """Nothing is known any more: what was under way ends at `sample`."""
        if self.phases:
            self.end(sample)
        self.beyond = self._pending = 0
