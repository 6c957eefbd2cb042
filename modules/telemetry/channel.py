"""One analog input: codes become a filtered value, a condition and quality bits. Knows no chip."""

from array import array

from firmware.core.quality import GOOD, IV, OV
from modules.telemetry import front_end


class Channel:
    def __init__(self, spec):
        """A profile's Analog."""
        self.spec = spec
        self.condition = front_end.GOOD
        self.code = 0  # of the last conversion
        self.value = None  # in the point's unit, None: there is none
        self.bits = IV
        self._codes = array("h", [0] * spec.length)
        self._count = 0  # of codes in the filter

    def take(self, code):
        """A conversion; True when the condition is another one now."""
        self.code = code
        before = self.condition
        range_now = front_end.condition(self.spec.kind, code, before)
        if range_now >= front_end.OPEN:
            self._count = 0  # what comes after a failure does not mix with what was before
            self.value = None
            self.bits = IV
            self.condition = range_now
            return range_now != before
        self.value = self._scaled(self._filtered(code))
        self.bits = OV if range_now else GOOD
        self.condition = range_now or self._limit(before)
        return self.condition != before

    def _filtered(self, code):
        codes = self._codes
        length = len(codes)
        codes[self._count % length] = code
        self._count += 1
        if self._count == 2 * length:
            self._count = length  # so that it never grows
        have = min(self._count, length)
        if self.spec.is_median:
            return sorted(codes[:have])[have // 2]
        total = 0
        for i in range(have):
            total += codes[i]
        return (total + have // 2) // have

    def _scaled(self, code):
        spec = self.spec
        ends = front_end.TYPES[spec.kind][-1]
        if ends is None:
            centi = front_end.celsius(front_end.milliohm(code, spec.lead))
            step = 10 ** (2 + spec.power)
            return (centi + step // 2) // step
        low, high = ends
        span = high - low
        return spec.start + ((code - low) * (spec.end - spec.start) + span // 2) // span

    def _limit(self, before):
        """Is the value beyond a limit? It is within again a hysteresis away from it."""
        spec = self.spec
        if spec.high is not None:
            back = spec.hysteresis if before == front_end.HIGH else 0
            if self.value > spec.high - back:
                return front_end.HIGH
        if spec.low is not None:
            back = spec.hysteresis if before == front_end.LOW else 0
            if self.value < spec.low + back:
                return front_end.LOW
        return front_end.GOOD
