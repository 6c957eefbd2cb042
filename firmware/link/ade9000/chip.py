"""The ADE9000 as the link sees it (see link.chip): its parts, put together."""

import asyncio

from firmware.link.ade9000 import counters, scale, settings
from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000.bus import Bus
from firmware.link.ade9000.guard import Guard
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
    register_bits = counters.BITS

    def __init__(self, wires, clock, cfg, link_cfg, history, calibration=(), expected_crc=None):
        full_scales = cfg.u_full_scale_mv, cfg.i_full_scale_ma
        den = scale.cf_denominator(full_scales[0], full_scales[1], cfg.pulse_constant)
        self.register_ratio = scale.register_energy(*full_scales)
        self.pulse_ratio = scale.pulse_energy(full_scales[0], full_scales[1], den)
        self.bus = Bus(wires.spi, wires.select)
        self.stream = Stream(self.bus, clock, history, link_cfg.burst_crc)
        self.startup = StartUp(self.bus, wires.reset, asyncio.sleep_ms)
        self.counters = counters.Counters(self.bus)
        self.guard = Guard(self.bus)
        self.guard.crc = expected_crc
        self.serve = self.stream.serve
        self._cfg = cfg
        self._sink = None
        self._must_reset = False  # nothing else helps
        self._faults = 0  # core.flags: why the samples stopped
        self.set_calibration(calibration)

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

    def set_calibration(self, rows):
        """Other calibration rows (register, value), in force within a second or with the next
        start."""
        self._rows = settings.table(self._cfg, rows)
        if self.guard.rows:
            self.guard.crc = None  # of the rows before

    async def start(self, has_pulses):
        if self.stream.quarters:
            self._faults |= self.bus.faults
        self.guard.rows = self._rows
        # it was as told when it was left: what is not so now is an upset
        is_known = self.guard.crc is not None and self.startup.is_done
        is_resumed = await self._walk(has_pulses)
        wrong = self.startup.wrong if is_known else None
        crc, is_same = await self.guard.seal(asyncio.sleep_ms)
        text = ""
        if wrong is not None:
            self.guard.upsets += 1
            text = "register 0x%03X held 0x%X, not 0x%X; set again by a reset" % wrong
        if is_same is False:
            text = "the checksum is 0x%04X, not 0x%04X" % (crc, self.guard.crc)
        if is_resumed and is_same is False:
            # set as told, and yet not as before: something that the table does not know
            self.guard.upsets += 1
            self._must_reset = True
            is_resumed = await self._walk(has_pulses)
            crc, _ = await self.guard.seal(asyncio.sleep_ms)
            text += "; after a reset it is 0x%04X" % crc
        self._must_reset = False
        self.guard.crc = crc
        self.counters.restart(is_resumed)
        if self._faults:
            self._sink.note(self._faults)
        # a chip in reset does not answer: no fault of the bus
        self._faults = self.bus.faults = 0
        self._sink.configuration(crc, False if text else is_same, text)
        return is_resumed

    async def _walk(self, has_pulses):
        is_resumed = await self.startup.walk(self.guard.rows, has_pulses, self._must_reset)
        self.stream.restart()
        return is_resumed

    def slow(self):
        status = self.bus.read(reg.STATUS1)
        if status & reg.RSTDONE:
            raise Restart("the metrology IC was reset")  # it has default settings now
        self.counters.read()
        self._sink.registers(self.counters.wh, self.counters.varh, self.stream.sample)
        if self.guard.rows is not self._rows:
            self.guard.change(self._rows)
            return
        try:
            news = self.guard.check(status)
        except Restart as error:
            self._must_reset = True
            self._sink.configuration(self.guard.crc, False, str(error))
            raise
        if news is not None:
            self._sink.configuration(*news)

    def rows(self):
        """Rows (text, value) for people."""
        stream = self.stream
        crc = "none yet" if self.guard.crc is None else "0x%04X" % self.guard.crc
        return [
            ("quarters read", stream.quarters),
            ("overruns", stream.overruns),
            ("bursts repeated", stream.repeats),
            ("bursts given up for CRC", stream.crc_errors),
            ("bursts of ones or zeros", stream.blanks),
            ("bursts with a stuck channel", stream.stuck),
            ("register CRC errors", self.bus.crc_errors),
            ("configuration checksum", crc),
            ("configuration upsets", self.guard.upsets),
            ("hardware resets", self.startup.resets),
        ]
