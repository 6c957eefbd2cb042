"""The metering half of the composition root for an IC in register mode: see metrology.

The IC gives readings, not samples: no waveforms, harmonics, half cycles or aggregates.
"""

import asyncio

from firmware.core import flags, quality
from firmware.link import chip
from firmware.link.dual import Link
from firmware.metering import quantities, register_meter
from firmware.metering.register_ways import RegisterWays
from firmware.metering.tally import Tally
from firmware.store import event_codes

_FLAGS = (("flags", "", 0),)  # core.flags: why a reading is not what it should be


class RegisterMetrology:
    def __init__(self, t, settings):
        """Of the terminal `t`; `settings(name)` gives the settings below a name as attributes."""
        self.t = t
        self.clock = t.clock
        cfg, link_cfg = settings("metering"), settings("link")
        wires = t.board.metrology()
        ic = chip.make(link_cfg.chip, wires, t.clock, cfg, link_cfg, 0)
        self.meter = register_meter.RegisterMeter(self._window, cfg.nominal_v, cfg.nominal_hz)
        points = quantities.POINTS[: register_meter.READINGS]
        self.block = t.points.add("meter", points + _FLAGS + register_meter.ENERGY_POINTS)
        self.ways = RegisterWays(t.clock, ic.pulse_ratio, self._mismatch)
        self.link = Link(ic, wires, t.clock, self, link_cfg, asyncio.ThreadSafeFlag())
        self.tally = Tally()
        self.window_ms = 0  # when the last reading came, 0: none yet
        self.waveforms = None  # there are no samples
        self.calibrator = None  # it takes its gains from the settings
        wires.attach(self.link.pulses)

    # the link's sink

    def restart(self, is_resumed):
        self.meter.restart(self.clock.ms() - self.window_ms if self.window_ms else 0)
        self.ways.restart(is_resumed)

    def readings(self, values, energy, bits):
        self.ways.take(energy, values[quantities.WATTS + 3])
        self.meter.readings(values, energy, bits)

    def pulses(self, count, is_only):
        self.ways.pulses(count, is_only)

    def configuration(self, _crc, is_same, text):
        if is_same is False:
            self.t.events.emit(event_codes.METROLOGY_CONFIG, "meter", text)

    def mode(self, new, old):
        self.ways.mode(new)
        self.t.events.emit(event_codes.LINK_MODE, "meter", "%s, was %s" % (new, old))
        if not self.link.is_fresh():
            self.t.points.mark(self.block, quality.IV | quality.NT)

    def trouble(self, text):
        self.t.log.warn("link", text)

    def beat(self):
        self.t.supervisor.beat("link")

    # what comes of it

    def _window(self, values, meter):
        points, base = self.t.points, self.block.base
        stamp = self.clock.utc_ms()
        points.put_all(base, values, quality.GOOD, stamp)
        points.put(base + len(values), meter.flags, quality.GOOD, stamp)
        if meter.is_settled:
            bits = quality.SB if meter.flags & flags.GAP else quality.GOOD
            energy = meter.energy
            bits |= quality.IV if self.t.billing.is_doubtful() else 0
            stamp = energy.told_ms or stamp
            points.put_all(base + len(values) + 1, energy.told, bits, stamp)
        self.tally.take(meter.flags)
        self.t.vitals.window()
        self.window_ms = self.clock.ms()

    def _mismatch(self, text):
        self.t.events.emit(event_codes.ENERGY_MISMATCH, "meter", text)
