"""Energy known two ways, for an IC without samples: its registers, and its pulses.

Each minute both are compared; the bound is 0.05 % and one pulse, and what the power changed
between the ends of the minute times the time a reading lags behind the pulses.
"""

from micropython import const

_MINUTE_MS = const(60000)
_BOUND = const(2000)  # 1/2000 is 0.05 %
_LAG_MS = const(700)  # a reading is due each 200 ms, and is the mean of some time before


class RegisterWays:
    def __init__(self, clock, pulse_ratio, on_mismatch):
        """`pulse_ratio`: (num, den) mWh a pulse; `on_mismatch(text)`."""
        self.clock = clock
        self.pulse_ratio = pulse_ratio
        self.on_mismatch = on_mismatch
        self.registers = 0  # mWh since boot, signed
        self.count = 0  # pulses since boot
        self.compared = 0
        self.mismatches = 0
        self._has_pulses = False
        self.restart(False)

    def restart(self, _is_resumed):
        """Readings begin anew: the minute that runs is no comparison."""
        self._since_ms = None

    def mode(self, new):
        """The link's mode changed."""
        self._has_pulses = new in ("both", "pulse_only")
        self._since_ms = None

    def late_ms(self):
        """See three_ways: what the IC counts while nobody reads it comes with the next reading,
        and that readings are missing shows by itself."""
        return 0

    def changes(self):
        """See three_ways."""
        return 0

    def is_restoring(self):
        """What the IC counted meanwhile comes with the first reading."""
        return False

    def record(self):
        """None: the registers of the IC are cleared by reading, and keep what came since."""

    def restore(self, _record):
        """One of another IC."""

    def pulses(self, count, _is_only):
        self.count += count

    def take(self, energy, power_mw):
        """A reading: increments of energy as the link gives them, and the total power."""
        fresh = sum(energy[:3]) - sum(energy[3:6])
        self.registers += fresh
        now = self.clock.ms()
        if self._since_ms is None:
            if self._has_pulses:
                self._begin(now, power_mw)
            return
        # pulses carry no sign: a minute in which the power turned says nothing
        self._has_turned = self._has_turned or (power_mw < 0) != (self._power < 0)
        if now - self._since_ms >= _MINUTE_MS:
            if not self._has_turned:
                self._compare(power_mw)
            self._begin(now, power_mw)

    def _begin(self, now, power_mw):
        self._since_ms = now
        self._power = power_mw
        self._has_turned = False
        self._registers_then = self.registers
        self._count_then = self.count

    def _compare(self, power_mw):
        num, den = self.pulse_ratio
        registers = abs(self.registers - self._registers_then)
        pulses = (self.count - self._count_then) * num // den
        lag = abs(power_mw - self._power) * _LAG_MS // 3600000
        self.compared += 1
        if abs(registers - pulses) > registers // _BOUND + num // den + 1 + lag:
            self.mismatches += 1
            self.on_mismatch("registers %d, pulses %d mWh in a minute" % (registers, pulses))

    def rows(self):
        """Rows (text, value) for people."""
        num, den = self.pulse_ratio
        return [
            ("energy by registers", "%d mWh" % self.registers),
            ("energy by pulses", "%d mWh" % (self.count * num // den)),
            ("energies compared", self.compared),
            ("energy mismatches", self.mismatches),
        ]
