"""Three energies of one interval against each other: samples, the IC's registers, its pulses.

The bound is 0.05 % and one pulse. Registers are latched every 8 ms, so a reading may be that much
older than the samples it is compared with; at steady power both ends are alike and it cancels.
An interval therefore ends when the power of the last two readings is alike; when the load never
rests, the bound is wider by that skew. All energies are signed, in quanta of the energy registers.
"""

from micropython import const

_PATIENCE_MS = const(10000)  # then an interval ends although the load moves
_BOUND = const(2000)  # 1/2000 is 0.05 %
_ROUNDING = const(4)  # quanta: both ends, rounded down
_SKEW_MS = const(16)  # a latch, and as much for a reading that came late
_PULSE_BITS = const(16)  # of the fraction of a quantum in `pulse`

GOOD, PULSES, MISMATCH = range(3)


class Comparison:
    def __init__(self, least_ms, least_pulses, pulse, report):
        """An interval has at least so many ms and the energy of so many pulses; a pulse is
        pulse / 2**16 quanta. report(result, samples, registers, pulses): energies in quanta, the
        last without a sign, None when the pulses say nothing."""
        self._least_ms = least_ms
        self._least = least_pulses * pulse >> _PULSE_BITS
        self._pulse = pulse
        self._report = report
        self._rate = 0  # quanta a second between the last two readings
        self.restart()

    def restart(self):
        """What ran is no comparison."""
        self._begin(-1)

    def _begin(self, slack):
        self._slack = slack  # quanta that the start may be off; -1: the first rate tells
        self._ms = 0
        self._samples = 0
        self._registers = 0
        self._pulses = 0  # None: they are no measure of this interval

    def add(self, samples, registers, pulses, ms):
        """What came between two readings; `pulses` is their number or None."""
        # a pulse carries no sign: where the power turned, they count both directions
        turned = (self._samples < 0 < samples) or (samples < 0 < self._samples)
        if pulses is None or turned or self._pulses is None:
            self._pulses = None
        else:
            self._pulses += pulses
        self._samples += samples
        self._registers += registers
        self._ms += ms
        rate = samples * 1000 // max(1, ms)
        most = max(abs(rate), abs(self._rate))
        slack = 0 if abs(rate - self._rate) <= most >> 4 else most * _SKEW_MS // 1000
        self._rate = rate
        if self._slack < 0:
            self._slack = slack
        if self._ms < self._least_ms or abs(self._samples) < self._least:
            return
        if not slack or self._ms >= self._least_ms + _PATIENCE_MS:
            self._judge(slack)
            self._begin(slack)

    def _judge(self, slack):
        samples, registers = abs(self._samples), abs(self._registers)
        pulses = None if self._pulses is None else self._pulses * self._pulse >> _PULSE_BITS
        bound = max(samples, registers) // _BOUND + (self._pulse >> _PULSE_BITS) + _ROUNDING
        bound += slack + self._slack
        result = GOOD
        if abs(self._samples - self._registers) > bound:
            result = MISMATCH
        elif pulses is not None and abs(samples - pulses) > bound:
            result = PULSES
        self._report(result, self._samples, self._registers, pulses)
