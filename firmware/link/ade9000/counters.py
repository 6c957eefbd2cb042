"""The ADE9000's energy registers as counters that do not wrap (UG-1098 'Energy accumulation').

xWATTHR and xVARHR are 45 bit, in two reads: HI the upper 32, LO the lower 13. They move every
8 ms and turn round after 106 s at full scale, so they are followed from one reading to the next
as signed steps. A reading that fails loses nothing: nothing is cleared by it.
"""

from micropython import const

from firmware.core.errors import LinkError
from firmware.link.ade9000 import registers as reg

BITS = 45
_LOW_BITS = const(13)
_TRIES = const(4)


class Counters:
    def __init__(self, bus):
        self.bus = bus
        # counts of the phases A, B, C since the IC was reset, as far as that is known; a reset
        # adds its zero, so they never jump
        self.wh = [0] * 3
        self.varh = [0] * 3
        self._last = [0] * 6  # registers at the last reading

    def restart(self, is_resumed):
        """The IC metered on, or begins at zero."""
        if not is_resumed:
            self._last = [0] * 6

    def read(self):
        """Bring `wh` and `varh` up to date."""
        for phase in range(3):
            step = phase * reg.ENERGY_STEP
            self.wh[phase] += self._moved(phase, reg.AWATTHR_HI + step)
            self.varh[phase] += self._moved(3 + phase, reg.AVARHR_HI + step)

    def _moved(self, at, register):
        now = self._value(register)
        step = now - self._last[at] & (1 << BITS) - 1
        self._last[at] = now
        return step - (1 << BITS) if step >> (BITS - 1) else step

    def _value(self, register):
        """All bits, of one and the same latch as far as HI can tell."""
        for _ in range(_TRIES):
            high = self.bus.read(register)
            low = self.bus.read(register - 1)
            if self.bus.read(register) == high:
                return high << _LOW_BITS | low
        raise LinkError("register 0x%03X does not rest for two readings" % register)
