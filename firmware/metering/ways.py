"""Energy known three ways: integrated samples, the IC's registers, its pulses.

Once a minute the three differences are compared. The registers move once a second and the
samples once a window, so the bound is 0.2 % plus 1.3 s of the mean power plus one pulse:
it finds a wrong scale, a broken wire or a dead output, not an error of class 0.2.
"""

from micropython import const

_INTERVAL_MS = const(60000)
_BRIDGE_MS = const(50000)  # at full scale a register may wrap after 106 s, its sign after half
_SKEW_MS = const(1300)  # a register latch (1 s) and a window and a half
_WRAP = const(32)  # bits of a register


class ThreeWays:
    def __init__(self, energy, clock, register_ratio, pulse_ratio, on_mismatch, on_bridge):
        """Ratios are (num, den) in mWh per count; `on_mismatch(samples, registers, pulses)` gets
        the three energies of the interval in mWh; `on_bridge(mwh, away_ms)` is told what the
        registers held after an absence, None when it was too long to tell."""
        self.energy = energy
        self.clock = clock
        self.register_ratio = register_ratio
        self.pulse_ratio = pulse_ratio
        self.on_mismatch = on_mismatch
        self.on_bridge = on_bridge
        self.counts = 0  # register counts since boot, signed
        self.pulses = 0  # pulses since boot
        self.mismatches = 0
        self._last = None  # registers of the phases at the last reading
        self._last_ms = 0  # when that was
        self._last_net = 0  # energy.net() then
        self._is_back = False  # the next reading is the first after an absence
        self.restart(False)

    def restart(self, is_resumed):
        """The link was away: the running interval is no comparison. A chip that was reset starts
        from zero; one that metered on tells with its next reading what was missed."""
        self._since_ms = None
        if is_resumed:
            self._is_back = self._last is not None
        elif self._last is not None:
            self._last = (0, 0, 0)

    def take(self, *registers):
        """xWATTHR_HI of the three phases as read, unsigned."""
        before = self.counts
        if self._last is not None:
            for now, then in zip(registers, self._last):
                step = (now - then) & ((1 << _WRAP) - 1)
                self.counts += step - (1 << _WRAP) if step >> (_WRAP - 1) else step
        if self._is_back:
            self._bridge(self.counts - before)
        self._last = registers
        self._last_ms = self.clock.ms()
        self._last_net = self.energy.net()
        self._compare()

    def _bridge(self, counts):
        """Credit what the registers counted while neither samples nor pulses came. Good to the
        skew between the readings; at most what was imported."""
        self._is_back = False
        away_ms = self.clock.ms() - self._last_ms
        if away_ms > _BRIDGE_MS:
            self.on_bridge(None, away_ms)
            return
        num, den = self.register_ratio
        missing = counts * num // den - (self.energy.net() - self._last_net)
        if missing > 0:
            self.energy.add_missing(missing)
        self.on_bridge(max(0, missing), away_ms)

    def mwh(self):
        """(samples, registers, pulses) since boot in mWh; pulses carry no sign."""
        num, den = self.register_ratio
        pulse_num, pulse_den = self.pulse_ratio
        return self.energy.net(), self.counts * num // den, self.pulses * pulse_num // pulse_den

    def _compare(self):
        now = self.clock.ms()
        if self._since_ms is None:
            self._since_ms = now
            self._base = self.mwh()
            self._base_exported = self.energy.exported()
            return
        passed = now - self._since_ms
        if passed < _INTERVAL_MS:
            return
        ways = [abs(b - a) for a, b in zip(self._base, self.mwh())]
        if self.energy.exported() != self._base_exported:
            ways[2] = ways[0]  # pulses carry no sign: they say nothing where it changed
        most = max(ways)
        num, den = self.pulse_ratio
        bound = most * 2 // 1000 + most * _SKEW_MS // passed + num // den + 1
        if most - min(ways) > bound:
            self.mismatches += 1
            self.on_mismatch(*ways)
        self._since_ms = None
