"""Power-quality events: dip, swell, interruption, overcurrent by the half cycle (IEC 61000-4-30,
5.4), loss of voltage or phase, reversed sequence and current imbalance by the window.

The meter calls `half_cycle` at each zero crossing of each phase, or at those only whose values are
not within `low`, `high` and `over` while not `is_open`: small ints, no heap, and a few steps while
nothing happens; and `window` for each closed window. What begins and ends goes to the sink:
begin(kind, phases, value, sample), end(kind, phases, extreme, start, samples). Phases are bits
(1 = A), values mV, mA or 1e-4 (imbalance), samples are numbers of the stream modulo 2**30.
"""

from micropython import const

from firmware.core import flags
from firmware.metering import modular, quantities
from firmware.metering.lasting import Lasting
from firmware.metering.spell import ALL, ANY, Spell

DIP, SWELL, INTERRUPTION, OVERCURRENT, VOLTAGE_LOSS, PHASE_LOSS, SEQUENCE, IMBALANCE = range(8)
NAMES = (
    "dip",
    "swell",
    "interruption",
    "overcurrent",
    "voltage_loss",
    "phase_loss",
    "sequence",
    "imbalance",
)
# for each kind the phases in it now (0: none) and how often it began; then what was found last
POINTS = (
    tuple([(name, "", 0) for name in NAMES])
    + tuple([(name + "_n", "", 0) for name in NAMES])
    + (
        ("dip_u", "V", -3),
        ("dip_time", "s", -3),
        ("swell_u", "V", -3),
        ("swell_time", "s", -3),
        ("interruption_time", "s", -3),
        ("overcurrent_i", "A", -3),
    )
)

_FLAGGING = const(7)  # DIP, SWELL, INTERRUPTION: windows are flagged (4.7)
_BAD = flags.OVERRUN | flags.SHORT | flags.BUS | flags.STUCK | flags.GAP
_SAMPLES_MS = const(8)  # samples in a millisecond
_HALF_CYCLE = const(40000000)  # samples of a half cycle are this over the frequency in 0.1 mHz


class PowerQuality:
    def __init__(self, limits, sink):
        """limits: Thresholds."""
        self._limits = limits
        self._dip = Spell(DIP, limits.dip, ANY, limits.mv, sink)
        self._swell = Spell(SWELL, limits.swell, ANY, limits.mv, sink)
        self._interruption = Spell(INTERRUPTION, limits.interruption, ALL, limits.mv, sink)
        self._overcurrent = Spell(OVERCURRENT, limits.over, ANY, limits.ma, sink)
        self._voltage = Lasting(VOLTAGE_LOSS, limits.loss_delay, True, sink)
        self._phase = Lasting(PHASE_LOSS, limits.loss_delay, True, sink)
        self._sequence = Lasting(SEQUENCE, limits.loss_delay, False, sink)
        self._imbalance = Lasting(IMBALANCE, limits.imbalance_delay, False, sink)
        self._kinds = (
            self._dip,
            self._swell,
            self._interruption,
            self._overcurrent,
            self._voltage,
            self._phase,
            self._sequence,
            self._imbalance,
        )
        # mean squares within these are nothing new while nothing is open
        self.low, self.high, self.over = limits.dip[0], limits.swell[0], limits.over[0]
        self.is_open = False  # a phase is beyond a limit of the half cycles
        self._since = None  # sample at which the open window began; None: unknown
        self._seen = 0  # kinds that were active since the last `window_flags`
        self.active = 0  # bit 1 << kind: that event is under way
        self.changes = 0  # grows when a point changes

    def half_cycle(self, phase, u2, i2, sample):
        """At a zero crossing of `phase` (0..2): the mean squares of the whole cycle up to it."""
        if self.is_open or u2 < self.low or u2 > self.high or i2 > self.over:
            self._judge(1 << phase, u2, i2, sample)

    def _judge(self, bit, u2, i2, sample):
        changed = self._dip.take(bit, u2, sample)
        changed |= self._swell.take(bit, u2, sample)
        changed |= self._interruption.take(bit, u2, sample)
        changed |= self._overcurrent.take(bit, i2, sample)
        # the interruption limit is below the dip's: no fourth term
        self.is_open = (self._dip.beyond | self._swell.beyond | self._overcurrent.beyond) != 0
        if changed:
            self._changed()

    def _changed(self):
        self.changes += 1
        active = 0
        for spell in self._kinds:
            if spell.phases:
                active |= 1 << spell.kind
        self.active = active
        self._seen |= active

    def window_flags(self):
        """flags.EVENT when a dip, swell or interruption was going on at any time since this was
        asked last: to be asked once a window, when it is closed."""
        seen, self._seen = self._seen, self.active
        return flags.EVENT if seen & _FLAGGING else 0

    def window(self, values, bits, sample, crossed):
        """A closed window: one int a row of quantities.POINTS, its flags, the number of its last
        sample; crossed(phase): that of the last zero crossing. One that is not whole is no
        evidence."""
        sample = modular.number(sample)
        since, self._since = self._since, sample
        if since is None or bits & _BAD:
            return
        changed = self._judge_losses(values, since, sample)
        changed |= self._judge_sequence(values, since, sample, crossed)
        changed |= self._judge_imbalance(values, since, sample)
        if changed:
            self._changed()

    def _judge_losses(self, values, since, sample):
        """Loss of voltage: any phase is low. Loss of phase: it is low and loaded."""
        low = lost = 0
        u_low = u_lost = 1 << 29
        for phase in range(3):
            bit, u = 1 << phase, values[quantities.VOLTS + phase]
            if u < self._limits.voltage_loss[1 if self._voltage.beyond & bit else 0]:
                low |= bit
                u_low = min(u, u_low)
            is_loaded = values[quantities.AMPS + phase] > self._limits.load
            if is_loaded and u < self._limits.phase_loss[1 if self._phase.beyond & bit else 0]:
                lost |= bit
                u_lost = min(u, u_lost)
        changed = self._voltage.take(low, u_low, since, sample)
        return self._phase.take(lost, u_lost, since, sample) | changed

    def _judge_sequence(self, values, since, sample, crossed):
        """B crosses zero 120 degrees after A, so at 2/3 of a half cycle; reversed at 1/3."""
        hertz = values[quantities.HERTZ]
        if not hertz or self._voltage.beyond:
            return self._sequence.take(0, 0, since, sample)
        half = _HALF_CYCLE // hertz
        a = crossed(0)
        b = modular.signed(crossed(1), a) % half
        c = modular.signed(crossed(2), a) % half
        is_reversed = 2 * b < half < 2 * c
        return self._sequence.take(ALL if is_reversed else 0, 0, since, sample)

    def _judge_imbalance(self, values, since, sample):
        """(Imax - Imin) / Imax of the phase currents, when there is a load."""
        most = least = values[quantities.AMPS]
        for k in range(quantities.AMPS + 1, quantities.AMPS + 3):
            i = values[k]
            most, least = max(most, i), min(least, i)
        share = int((most - least) * 10000 / most) if most > self._limits.load else 0
        is_beyond = share > self._limits.imbalance[1 if self._imbalance.beyond else 0]
        return self._imbalance.take(ALL if is_beyond else 0, share, since, sample)

    def restart(self, sample):
        """The stream starts anew, with other numbers: what is open ends at `sample`, the last of
        the old ones."""
        sample = modular.number(sample)
        for spell in self._kinds:
            spell.restart(sample)
        self.is_open = False
        self._since = None
        self._changed()

    def fill(self, out, at=0):
        """Write one int a row of POINTS into the list `out`."""
        for k in range(len(self._kinds)):
            spell = self._kinds[k]
            out[at + k] = spell.phases
            out[at + len(NAMES) + k] = spell.count
        at += 2 * len(NAMES)
        out[at] = self._dip.last
        out[at + 1] = self._dip.last_samples // _SAMPLES_MS
        out[at + 2] = self._swell.last
        out[at + 3] = self._swell.last_samples // _SAMPLES_MS
        out[at + 4] = self._interruption.last_samples // _SAMPLES_MS
        out[at + 5] = self._overcurrent.last
