"""Energy pulses since the last anchor, what they are worth and whether they can be believed.

A pulse tells neither phase nor direction. `fraction` of a quantum is 2**-16.
"""

from micropython import const

from firmware.metering.energy_registers import QUANTUM

FRACTION = const(16)
_COUNT_MASK = const(0x3FFFFFFF)
_TRUSTED = const(10)  # pulses that make a comparison say something about the pulses


class PulseTrack:
    def __init__(self, energy, ratio, count):
        """`ratio` is (num, den) in mWh a pulse; `count()` are the pulses so far, modulo 2**30."""
        num, den = ratio
        self.unit = num * energy.den // (den * energy.num)  # product units of a pulse
        self.pulse = (num * energy.den << FRACTION) // (den * energy.num * QUANTUM)
        self.count = count
        self.are_whole = False  # was the channel alive ever since the anchor?
        self.is_trusted = False  # did they agree with the others when last compared?
        self._is_alive = False
        self._then = count()

    def mode(self, is_alive):
        """The pulse channel went or came."""
        self._is_alive = is_alive
        self.are_whole = self.are_whole and is_alive

    def rebase(self):
        self._then = self.count()
        self.are_whole = self._is_alive

    def fresh(self):
        """Pulses since the anchor."""
        return (self.count() - self._then) & _COUNT_MASK

    def quanta(self, pulses):
        return pulses * self.pulse >> FRACTION

    def judge(self, is_good, quanta):
        """How a comparison ended; `quanta` of the pulses, None when they were no part of it."""
        self.is_trusted = is_good and quanta is not None and quanta >= self.quanta(_TRUSTED)

    def deny(self, total):
        """Quanta by which the registers claim more than the pulses bear out, else 0. Fewer pulses
        than that is what a reading with a wrong bit looks like; more are a change of direction."""
        if not (self.is_trusted and self.are_whole):
            return 0
        more = abs(total) - self.quanta(self.fresh())
        return more if more > self.quanta(2) + abs(total) // 256 else 0
