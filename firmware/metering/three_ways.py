"""Energy known three ways: integrated samples, the IC's registers, its pulses.

Once a second a reading of the registers is held against the samples. Where both agree it becomes
the anchor. Where samples are missing, what the registers counted more since the anchor is taken
for them, after the next reading has confirmed it; a reading that is not plausible is never taken.
Where registers cannot tell, pulses do (their total, to one pulse), else the energy is unknown.
All that is told to `on_event(kind, text)`.
"""

from micropython import const

from firmware.metering import comparison
from firmware.metering.comparison import Comparison
from firmware.metering.energy_registers import QUANTUM
from firmware.metering.pulse_track import PulseTrack
from firmware.metering.register_track import Track
from firmware.metering.stand_in import StandIn
from firmware.metering.teller import Teller

SUBSTITUTED, UNKNOWN, IMPLAUSIBLE, PULSES, RESET, MISMATCH = range(6)  # kinds of events

_MINUTE_MS = const(60000)
_LONG_PULSES = const(4000)  # one pulse is half of the bound then: 0.1 % shows at any load
_HOLD_MS = const(60000)  # so long the registers may yet tell what pulses would
_CONFIRM_MS = const(200)  # a step that lacks more confirms nothing
_LATE_MS = const(2000)  # a reading is due every second
_PATIENCE = const(10)  # readings
_SKEW_MS = const(32)  # a reading may be off by so much without being told


class Ways:
    def __init__(self, energy, clock, chip, open_sums, pulse_count, most_mw, on_event):
        """`chip` has register_ratio, register_bits and pulse_ratio (see link.chip); for
        `open_sums(out)` and `most_mw` see Track, for `pulse_count()` PulseTrack."""
        self.energy = energy
        self.clock = clock
        self.track = Track(energy, open_sums, chip.register_ratio, chip.register_bits, most_mw)
        self.stand_in = StandIn(energy, self.track)
        self.pulse = PulseTrack(energy, chip.pulse_ratio, pulse_count)
        worth = self.pulse.pulse
        self.minute = Comparison(_MINUTE_MS, 0, worth, self._compared)
        self.long = Comparison(_MINUTE_MS, _LONG_PULSES, worth, self._compared)
        self.compared = 0  # intervals
        self.mismatches = 0  # of them beyond the bound
        self.totals = [0, 0, 0]  # quanta since boot: samples and what stands in, registers, pulses
        self.unknown_ms = 0  # of which no energy is known
        self._boot = None  # record of the checkpoint until the link has started
        self._begun = 0  # times the registers were begun with anew
        self._is_restoring = False  # until the energy of the reboot is known, or known to be lost
        self._is_anchored = False
        self._anchor_ms = 0
        self._read_ms = 0  # when registers were last read, or the link began
        self._missing_ms = 0  # of samples since the anchor
        self._step_missing_ms = 0  # since the last reading
        self._waits = 0  # readings since the anchor that could not be confirmed
        self._odd = 0  # implausible readings in a row
        self._worst = 0  # most quanta one was off
        self._is_pulsed = False  # pulses stand in for everything else
        self._teller = Teller(on_event, 6)

    # what the link tells

    def mode(self, new):
        """The link's mode changed."""
        self.pulse.mode(new in ("both", "pulse_only"))

    def gap(self, sets):
        """So many sets of samples are missing."""
        self._miss(sets // 8 + 1)

    def _miss(self, ms):
        self._missing_ms += ms
        self._step_missing_ms += ms

    def restart(self, is_resumed):
        """Samples begin anew (the meter knows already); the IC metered on, or was reset."""
        now = self.clock.ms()
        away_ms = now - self._read_ms
        if self._boot is not None:
            record, self._boot = self._boot, None
            self._resume(record, is_resumed, now)
        elif not is_resumed:
            self._reset(now, away_ms)
        if self._is_anchored:
            self._miss(away_ms)
        self._read_ms = now

    def pulses(self, count, is_only):
        """`count` more pulses came; `is_only`: no samples do."""
        self.totals[2] += self.pulse.quanta(count)
        if not is_only:
            return
        now = self.clock.ms()
        if not self._is_pulsed and (self._is_anchored or self._boot is not None):
            if now - self._anchor_ms < min(_HOLD_MS, self.track.range_ms // 2):
                return
            self._stand_by_pulses(now)
            self._is_anchored = False
            self._anchor_ms = now
        else:
            self.stand_in.pulses(count * self.pulse.unit, 0)
        self._is_pulsed = True

    def take(self, wh, varh):
        """A reading of the registers just after a burst: two lists of three counts."""
        now = self.clock.ms()
        self.track.measure(wh, varh)
        elapsed = now - self._anchor_ms
        if not self._is_anchored:
            self._begin(now)
        elif elapsed > self.track.range_ms:
            self._lose(now)
        else:
            self._judge(now, elapsed)
        self._read_ms = now
        self._step_missing_ms = 0
        self._teller.flush(now)

    def late_ms(self):
        """Time since boot whose energy came late or never."""
        return self.stand_in.ms + self.unknown_ms

    def changes(self):
        """A number that is another one when what a checkpoint keeps is worth keeping at once."""
        return self.stand_in.ms + self.unknown_ms + self._begun

    def is_restoring(self):
        """Is the energy of the reboot still to come? Until then the energies are too low."""
        return self._is_restoring

    def is_owing(self):
        """Are samples missing whose energy may yet come?"""
        return self._missing_ms > 0

    # one reading

    def _begin(self, now):
        if self._is_pulsed:
            self._is_pulsed = False
            self.stand_in.pulses(0, now - self._anchor_ms)
            self._tell(SUBSTITUTED, self.stand_in.text())
        self.track.rebase()
        self._begun += 1
        self._anchor(now)

    def _reset(self, now, away_ms):
        """The IC was reset: what its registers held since the last reading is gone."""
        if self._is_anchored or self._is_pulsed:
            self._tell(RESET, "the metrology unit was reset, and away for %d ms" % away_ms)
        if self._is_anchored and (self._missing_ms or away_ms > _LATE_MS):
            self._stand_by_pulses(now)
        self.track.begin_at_zero()
        self._begun += 1
        self._restart_comparisons()
        if self._is_anchored:
            self._anchor(now)

    def _lose(self, now):
        """What the registers say since the anchor says nothing: they may have wrapped."""
        if self._missing_ms:
            self._stand_by_pulses(now)
        self._restart_comparisons()
        self.track.rebase()
        self._anchor(now)

    def _judge(self, now, elapsed):
        track = self.track
        follows = track.follows(self._step_missing_ms)
        if not self._missing_ms:
            if track.agrees():
                self._settle(now, elapsed)
            else:
                self._suspect(now, elapsed, follows)
        elif not track.is_plausible(self._missing_ms):
            self._suspect(now, elapsed, follows)
        elif self._waits and follows and self._step_missing_ms <= _CONFIRM_MS:
            self._bridge(now, elapsed)
        elif self._waits >= _PATIENCE and follows:
            self._bridge(now, elapsed)  # something is missing every second
        else:
            if self._waits and not follows:  # one of the two readings is wrong
                self._worst = max(self._worst, track.off(track.step_r, track.step_s))
            self._waits += 1

    def _settle(self, now, elapsed):
        """Both agree: a new anchor."""
        if self._worst > self.track.most(_SKEW_MS):
            self._tell_odd("a reading was off by")
        self._compare(elapsed)
        self.track.rebase()
        self._anchor(now)

    def _suspect(self, now, elapsed, follows):
        """Something is wrong with this reading, or with all from now on."""
        track = self.track
        self._odd += 1
        self._worst = max(self._worst, track.off(track.r, track.s))
        if self._odd < 3 or not (follows or self._odd >= _PATIENCE):
            return
        # it stays so: the registers moved by themselves, or do not move as they should
        if not follows:
            self._tell_odd("they do not follow the samples,")
        elif track.is_from_zero(elapsed):
            self._tell(RESET, "the registers of the metrology unit began at zero")
        else:
            self._tell_odd("they stay off by")
        if self._missing_ms:
            self._stand_by_pulses(now)
        self._restart_comparisons()
        track.rebase()
        self._anchor(now)

    def _anchor(self, now):
        self._is_anchored = True
        self._is_restoring = False
        self._anchor_ms = now
        self._missing_ms = self._step_missing_ms = 0
        self._waits = self._odd = self._worst = 0
        self.pulse.rebase()

    # what stands in for samples

    def _bridge(self, now, elapsed):
        """The registers tell what is missing."""
        track = self.track
        total = track.total(track.r)
        denied = self.pulse.deny(total)
        if denied:
            self._worst = denied
            self._tell_odd("the pulses do not bear out")
            self.stand_in.is_reverse = total < 0
            self._lose(now)
            return
        self.stand_in.registers(self._missing_ms)
        self._tell(SUBSTITUTED, self.stand_in.text())
        self._settle(now, elapsed)

    def _stand_by_pulses(self, now):
        """Credit what the pulses counted since the anchor; unknown when they do not tell."""
        self._is_restoring = False
        samples = abs(self.track.total(self.track.s)) * QUANTUM
        if self._boot is not None:
            self._boot = None  # pulses tell since this boot only
            self._tell(UNKNOWN, "no energy is known of the reboot")
        elif not self.pulse.are_whole:
            self.unknown_ms += self._missing_ms
            self._tell(UNKNOWN, "no energy is known of %d ms" % self._missing_ms)
            return
        units = self.pulse.fresh() * self.pulse.unit - samples
        self.stand_in.pulses(max(0, units), now - self._anchor_ms)
        self._tell(SUBSTITUTED, self.stand_in.text())

    # comparisons

    def _compare(self, elapsed):
        track = self.track
        samples, registers = track.total(track.s), track.total(track.r)
        pulses = self.pulse.fresh() if self.pulse.are_whole else None
        self.stand_in.is_reverse = samples < 0
        self.totals[0] += samples
        self.totals[1] += registers
        self.minute.add(samples, registers, pulses, elapsed)
        self.long.add(samples, registers, pulses, elapsed)

    def _restart_comparisons(self):
        self.minute.restart()
        self.long.restart()

    def _compared(self, result, samples, registers, pulses):
        self.compared += 1
        self.pulse.judge(result == comparison.GOOD, pulses)
        if result == comparison.GOOD:
            return
        self.mismatches += 1
        if result == comparison.PULSES:
            text = "%d mWh by pulses, %d mWh by samples"
            self._tell(PULSES, text % (self._mwh(pulses), self._mwh(samples)))
            return
        counted = "not counted" if pulses is None else "%d" % self._mwh(pulses)
        text = "samples %d, registers %d, pulses %s mWh"
        self._tell(MISMATCH, text % (self._mwh(samples), self._mwh(registers), counted))

    # across a reboot

    def record(self):
        """What a checkpoint keeps beside the energy registers as they are now, None when there is
        nothing to go on from."""
        if self._boot is not None:
            return self._boot
        if not self._is_anchored:
            return None
        record = self.track.record()
        record["utc"] = self.clock.utc_ms()
        record["missing"] = self._missing_ms
        return record

    def restore(self, record):
        """Before the link starts: what `record` gave before the reboot; ValueError when it is
        something else."""
        good = isinstance(record, dict)
        if not good or {type(record.get(k)) for k in ("utc", "missing")} != {int}:
            raise ValueError("a checkpoint of the metrology unit has its time and what is missing")
        self._boot = record
        self._is_restoring = True

    def _resume(self, record, is_resumed, now):
        away_ms = self.clock.utc_ms() - record["utc"]
        missing_ms = away_ms + record["missing"]
        self._is_restoring = False
        if not is_resumed:
            self._tell(RESET, "the metrology unit was reset since the checkpoint")
        elif away_ms < 0 or missing_ms > self.track.range_ms:
            self._tell(UNKNOWN, "the checkpoint is not of the last %d ms" % self.track.range_ms)
        elif not self.track.resume(record):
            self._tell(UNKNOWN, "the checkpoint is of other settings")
        else:
            self._anchor(now)
            self._is_restoring = True
            self.pulse.are_whole = False  # nobody counted them
            self._anchor_ms = now - missing_ms
            self._miss(missing_ms)

    # words

    def _mwh(self, quanta):
        return self.energy.mwh(quanta * QUANTUM)

    def _tell_odd(self, what):
        self._tell(IMPLAUSIBLE, "registers: %s %d mWh" % (what, self._mwh(self._worst)))

    def _tell(self, kind, text):
        self._teller.say(kind, text, self.clock.ms())

    def rows(self):
        """(text, value) for people."""
        names = ("energy by samples", "energy by registers", "energy by pulses")
        rows = [(n, "%d mWh" % self._mwh(t)) for n, t in zip(names, self.totals)]
        return rows + [
            ("energy without samples, by registers", "%d mWh" % self.stand_in.by_registers),
            ("energy without samples, by pulses", "%d mWh" % self.stand_in.by_pulses),
            ("time without samples", "%d ms" % self.stand_in.ms),
            ("energy comparisons", self.compared),
            ("energy mismatches", self.mismatches),
        ]
