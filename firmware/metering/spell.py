"""One kind of event: from the crossing of its limit to the return beyond the hysteresis.

The state of each phase is kept by itself; `least` says which make the event: any phase or all
three (polyphase rules of IEC 61000-4-30, 5.4.2 and 5.5.2). No heap but at the two ends.
"""

from firmware.metering import modular

ANY, ALL = 1, 7  # least bits of phases that make an event


class Spell:
    def __init__(self, kind, limits, least, convert, sink):
        """limits: (enter, leave), a falling event when enter < leave, else a rising one;
        convert(value): the unit in which the sink gets values."""
        self.kind = kind
        self._enter, self._leave = limits
        self._is_low = limits[0] < limits[1]
        self._least = least
        self._convert = convert
        self._sink = sink
        self.beyond = 0  # bit a phase: it crossed its limit and has not come back
        self.phases = 0  # phases that took part so far; 0: no event is under way
        self.start = 0  # sample at which it began
        self.extreme = 0  # lowest or highest value of any phase since
        self.count = 0  # events begun
        self.last = 0  # extreme of the last one that ended, converted
        self.last_samples = 0  # its duration

    def take(self, bit, value, sample):
        """A new value of the phase `bit` (1, 2, 4). True when the event began or ended."""
        if self._is_low:
            is_beyond, is_back = value < self._enter, value >= self._leave
        else:
            is_beyond, is_back = value > self._enter, value <= self._leave
        if is_beyond:
            self.beyond |= bit
        elif is_back:
            self.beyond &= ~bit
        is_on = self.beyond >= self._least
        if not self.phases:
            if is_on:
                self._begin(value, sample)
            return is_on
        if self._is_low == (value < self.extreme):
            self.extreme = value
        self.phases |= self.beyond
        if not is_on:
            self.end(sample)
        return not is_on

    def _begin(self, value, sample):
        self.phases = self.beyond
        self.start = sample
        self.extreme = value
        self.count += 1
        self._sink.begin(self.kind, self.phases, self._convert(value), sample)

    def end(self, sample):
        """It is over at `sample`, crossed back or not."""
        phases, self.phases = self.phases, 0
        self.last = self._convert(self.extreme)
        self.last_samples = modular.passed(sample, self.start)
        self._sink.end(self.kind, phases, self.last, self.start, self.last_samples)

    def restart(self, sample):
        """Nothing is known any more: what was under way ends at `sample`."""
        if self.phases:
            self.end(sample)
        self.beyond = 0
