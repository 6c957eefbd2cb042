"""The metering half of the composition root: metrology IC, link, measuring, energy, calibration.

Like main it knows everybody; it is a file of its own because it grew. It is the link's sink and
the sink of what is measured, and turns both into points and events.
"""

import asyncio

from firmware.calibrating import Calibrating
from firmware.core import flags, quality
from firmware.link import chip
from firmware.link.dual import Link
from firmware.metering import (
    harmonic_points,
    measuring,
    meter,
    pq_events,
    quantities,
    tally,
)
from firmware.metering.three_ways import Ways
from firmware.metering.waveforms import Waveforms
from firmware.store import event_codes

_RATE_WINDOWS = 50  # the crystal is looked at every ten seconds
_ENERGY_EVENTS = (  # by the kinds of three_ways
    event_codes.ENERGY_SUBSTITUTED,
    event_codes.ENERGY_UNKNOWN,
    event_codes.REGISTER_IMPLAUSIBLE,
    event_codes.PULSES_MISSED,
    event_codes.REGISTERS_RESET,
    event_codes.ENERGY_MISMATCH,
)
_FLAGS = (("flags", "", 0),)  # core.flags: why a window is not what it should be
_PHASES = ("", "A", "B", "A B", "C", "A C", "B C", "A B C")


class Metrology:
    def __init__(self, t, settings):
        """Of the terminal `t`; `settings(name)` gives the settings below a name as attributes."""
        self.t = t
        self.clock = t.clock
        cfg, link_cfg = settings("metering"), settings("link")
        wires = t.board.metrology()
        self._calibrating = Calibrating(t)
        ic = chip.make(
            link_cfg.chip,
            wires,
            t.clock,
            cfg,
            link_cfg,
            meter.HISTORY,
            self._calibrating.rows,
            self._calibrating.expected_crc,
        )
        facts = cfg.u_full_scale_mv, cfg.i_full_scale_ma, ic.full_scale
        self.measuring = measuring.Measuring(
            facts, cfg, settings("pq"), self, self.utc_ms, t.board.kernels
        )
        self.meter = self.measuring.meter
        self.waveforms = Waveforms(
            self.measuring.ring,
            facts,
            cfg,
            settings("pq"),
            t.config.get("station.name"),
            self._utc_us,
            lambda text: t.events.emit(event_codes.WAVEFORM, "meter", text),
        )
        add = t.points.add
        self.block = add("meter", self.measuring.points + _FLAGS + meter.ENERGY_POINTS)
        self.spectrum_block = add("harmonics", harmonic_points.POINTS)
        self.events_block = add("quality", pq_events.POINTS)
        names = [self.measuring.points[column] for column, _ in measuring.COLUMNS]
        self._aggregates = {
            kind: add("meter." + name, names)
            for kind, name in measuring.AGGREGATES.items()
            if kind <= measuring.aggregate.TWO_HOURS
        }
        self._hertz_block = add("meter.10s", (("f", "Hz", -4),))
        self._minute_block = add("meter.1min", quantities.POINTS[:3])
        self.link = Link(ic, wires, t.clock, self, link_cfg, asyncio.ThreadSafeFlag())
        self._calibrating.connect(facts, self.meter, self.link)
        self.calibrator = self._calibrating.calibrator
        self.configuration = self._calibrating.configuration
        self.ways = Ways(
            self.meter.energy,
            t.clock,
            ic,
            self.meter.open_sums,
            lambda: self.link.pulses.cf1.count,
            cfg.u_full_scale_mv * cfg.i_full_scale_ma // 2000,  # mW of a phase at full scale
            self._energy_event,
        )
        self.tally = tally.Tally()
        self._late_ms = 0  # of Ways.late_ms, as of the energies that were published last
        self.window_ms = 0  # when the last window came, 0: none yet
        self.feed = self.measuring.feed
        self.note = self.meter.note
        wires.attach(self.link.pulses)

    def utc_ms(self, sample):
        """When a sample was taken, UTC."""
        return self.link.timebase.utc_ms(sample)

    def _utc_us(self, sample):
        return self.link.timebase.utc_us(sample)

    # the link's sink

    def restart(self, is_resumed):
        self.measuring.restart(self.clock.ms() - self.window_ms if self.window_ms else 0)
        if self.window_ms:
            self.note(flags.GAP)
        self.waveforms.restart()
        self.ways.restart(is_resumed)

    def gap(self, sets, bits):
        self.measuring.gap(sets, bits)
        self.ways.gap(sets)

    def registers(self, wh, varh, _sample):
        self.ways.take(wh, varh)

    def pulses(self, count, is_only):
        self.ways.pulses(count, is_only)

    def mode(self, new, old):
        self.ways.mode(new)
        self.t.events.emit(event_codes.LINK_MODE, "meter", "%s, was %s" % (new, old))
        if not self.link.is_fresh():
            for block in (self.block, self.spectrum_block, self.events_block):
                self.t.points.mark(block, quality.IV | quality.NT)

    def trouble(self, text):
        self.t.log.warn("link", text)

    def beat(self):
        self.t.supervisor.beat("link")

    # the sink of what is measured

    def window(self, values, window, stamp):
        points, base = self.t.points, self.block.base
        points.put_all(base, values, _quality(window.flags), stamp)
        if window.flags & flags.FREQUENCY:
            self._doubt(values, stamp)
        points.put(base + len(values), window.flags, quality.GOOD, stamp)
        self.calibrator.take(values, window)
        if window.is_settled:
            self._settled(window, stamp)
        if window.windows % _RATE_WINDOWS == 0:
            slow_ppb = self.link.timebase.rate_ppb()
            self.measuring.set_rate(slow_ppb)
            self.waveforms.set_rate(slow_ppb)
        self.tally.take(window.flags)
        self.t.vitals.window()
        self.window_ms = self.clock.ms()

    def _doubt(self, values, stamp):
        """A frequency out of range; when there is none, no quarter cycle is known for Q either."""
        points, base, hertz = self.t.points, self.block.base, values[quantities.HERTZ]
        points.put(base + quantities.HERTZ, hertz, quality.OV if hertz else quality.IV, stamp)
        if not hertz:
            for k in range(quantities.VARS, quantities.APPARENT):
                points.put(base + k, values[k], quality.IV, stamp)

    def _settled(self, window, stamp):
        base = self.block.base + len(quantities.POINTS) + len(_FLAGS)
        energy = window.energy
        self.t.points.put_all(base, energy.told, self._energy_quality(), energy.told_ms or stamp)

    def _energy_quality(self):
        """Nothing is told before the energy of a reboot is there, or while all that was kept is
        lost; substituted from a gap on until what stands in for it is in the registers."""
        if self.t.billing.is_doubtful():
            return quality.IV
        late_ms, self._late_ms = self._late_ms, self.ways.late_ms()
        if self.ways.is_owing() or self._late_ms != late_ms:
            return quality.SB
        return quality.GOOD

    def spectrum(self, values, stamp):
        self.t.points.put_all(self.spectrum_block.base, values, quality.GOOD, stamp)

    def disturbed(self, values):
        stamp = self.clock.utc_ms()
        self.t.points.put_all(self.events_block.base, values, quality.GOOD, stamp)

    def aggregate(self, kind, values, bits, end_ms, _coverage):
        if kind == measuring.aggregate.TEN_SECONDS:
            block = self._hertz_block
        elif kind == measuring.aggregate.MINUTE:
            block = self._minute_block
        else:
            block = self._aggregates[kind]
        self.t.points.put_all(block.base, values, _quality(bits), end_ms)

    # events

    def begin(self, kind, phases, value, sample):
        if kind <= pq_events.OVERCURRENT:  # what is seen in a half cycle
            self.waveforms.trigger(kind, sample)
        self._disturbance(kind, "began: %s, %d" % (_PHASES[phases], value))

    def end(self, kind, phases, extreme, _start, samples):
        text = "over: %s, at worst %d, %d ms" % (_PHASES[phases], extreme, samples // 8)
        self._disturbance(kind, text)

    def _disturbance(self, kind, text):
        self.t.events.emit(event_codes.DIP + kind, "meter", text)

    def _energy_event(self, kind, text):
        self.t.events.emit(_ENERGY_EVENTS[kind], "meter", text)


def _quality(bits):
    """IEC 60870-5-4 bits of a window with the flags `bits`; the flags themselves say why."""
    found = quality.OV if bits & flags.SATURATED else quality.GOOD
    return found | quality.IV if bits & flags.STUCK else found
