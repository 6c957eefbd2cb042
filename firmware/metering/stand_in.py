"""Energy credited in place of samples, marked in the energy registers and summed up for people."""

from micropython import const

from firmware.metering.energy_registers import QUANTUM

_CONTRARY_MS = const(16)  # skew: so much against the flow of energy is none


class StandIn:
    def __init__(self, energy, track):
        self.energy = energy
        self.track = track
        self.is_reverse = False  # direction of the total when it was last known
        self.by_registers = 0  # mWh of the total
        self.by_pulses = 0
        self.ms = 0  # for which that came
        self._owed = [0] * 6  # quanta against the flow of energy that were not credited

    def registers(self, ms):
        """Take what the registers counted more than the samples since the anchor."""
        track = self.track
        units = [0] * 6
        for k in range(6):
            missing = self._missing(k)
            track.s[k] += missing
            units[k] = missing * QUANTUM
        self.energy.substitute(units[0::2], units[1::2])
        self.by_registers += self.energy.mwh(track.total(units))
        self.ms += ms

    def _missing(self, k):
        """Quanta to credit. Skew may make them run against the flow: these wait for the next."""
        track = self.track
        missing = track.r[k] - track.s[k] + self._owed[k]
        self._owed[k] = 0
        against = (missing < 0) != (track.r[k] < 0)
        if against and abs(missing) <= track.most(_CONTRARY_MS):
            self._owed[k] = missing
            return 0
        return missing

    def pulses(self, units, ms):
        """Take product units that pulses counted in the direction the energy last had."""
        if self.is_reverse:
            units = -units
        self.energy.substitute_total(units)
        self.by_pulses += self.energy.mwh(units)
        self.ms += ms

    def text(self):
        return "since boot %d mWh came from registers and %d mWh from pulses, for %d ms" % (
            self.by_registers,
            self.by_pulses,
            self.ms,
        )
