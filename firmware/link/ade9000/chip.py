"""The ADE9000 as the link sees it (see link.chip): its parts, put together."""

import asyncio

from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import scale, settings
from firmware.link.ade9000.bus import Bus
from firmware.link.ade9000.startup import StartUp
from firmware.link.ade9000.stream import SETS, Stream
from firmware.link.chip import Restart


class Ade9000:
    name = "ADE9000"
    has_samples = True
    period_us = 8000
    period_sets = SETS
    sample_hz = scale.SAMPLE_HZ
    full_scale = scale.PCF_FULL_SCALE
    register_bits = 32

    def __init__(self, wires, clock, cfg, link_cfg, history):
        full_scales = cfg.u_full_scale_mv, cfg.i_full_scale_ma
        den = scale.cf_denominator(full_scales[0], full_scales[1], cfg.pulse_constant)
        self.register_ratio = scale.register_energy(*full_scales)
        self.pulse_ratio = scale.pulse_energy(full_scales[0], full_scales[1], den)
        self.bus = Bus(wires.spi, wires.select)
        self.stream = Stream(self.bus, clock, history, link_cfg.burst_crc)
        self.startup = StartUp(self.bus, wires.reset, asyncio.sleep_ms)
        self._rows = settings.table(cfg)
        self._sink = None
        self.serve = self.stream.serve

    @property
    def version(self):
        return self.startup.version

    @property
    def state(self):
        return self.startup.step

    @property
    def mark(self):
        return self.stream.mark

    @property
    def mark_us(self):
        return self.stream.mark_us

    @property
    def look_us(self):
        return self.stream.look_us

    def attach(self, sink):
        self._sink = sink
        self.stream.attach(sink)

    async def start(self, has_pulses):
        is_resumed = await self.startup.walk(self._rows, has_pulses)
        self.stream.restart()
        return is_resumed

    def slow(self):
        bus = self.bus
        if bus.read(reg.STATUS1) & reg.RSTDONE:
            raise Restart("the metrology IC was reset")  # it has default settings now
        self._sink.registers(
            bus.read(reg.AWATTHR_HI),
            bus.read(reg.AWATTHR_HI + reg.ENERGY_STEP),
            bus.read(reg.AWATTHR_HI + 2 * reg.ENERGY_STEP),
        )

    def counters(self):
        stream = self.stream
        return (
            ("quarters read", stream.quarters),
            ("overruns", stream.overruns),
            ("bursts repeated", stream.repeats),
            ("bursts given up for CRC", stream.crc_errors),
            ("register CRC errors", self.bus.crc_errors),
            ("hardware resets", self.startup.resets),
        )
