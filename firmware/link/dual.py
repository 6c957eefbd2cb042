"""The dual-channel link: starts the metrology IC, streams it, and names its own state.

Modes: `both`, `data_only`, `pulse_only`, `lost`. Each change is announced to the sink.
`run` owns the SPI bus (the only task that touches it); `watch` judges the modes and is the
insurance against an interrupt that never comes. Both are long tasks for the supervisor.
"""

import asyncio

from micropython import const

from firmware.core.errors import LinkError
from firmware.link.chip import Restart
from firmware.link.pulse import PulseChannel
from firmware.link.timebase import TimeBase

_WATCH_MS = const(4)  # of an IC whose samples are overwritten when they are fetched late
_JUDGE_MS = const(20)  # how often the mode is looked at, and any other IC
_DEAD_MS = const(100)  # no page interrupt for this long: poll
_RETRY_MS = const(250)  # first pause before start-up is tried again ...
_RETRY_MAX_MS = const(5000)  # ... doubling up to this
_REGISTERS_MS = const(1000)  # how often registers are read between bursts

MODES = ("lost", "pulse_only", "data_only", "both")


class Link:
    def __init__(self, chip, wires, clock, sink, cfg, flag):
        """`chip` as in link.chip; `wires` has stamp_us(); `cfg` has timeout_ms; `flag` is an
        asyncio.ThreadSafeFlag. `sink` takes what comes, in the link's tasks:
        feed, note, gap         samples (see the chip's stream)
        restart(is_resumed)     they begin anew; the IC metered on, or was reset
        registers(wh, varh, sample)     its energy counters of three phases (lists, reused; one
                                count is chip.register_ratio mWh) when sample number `sample`
                                was the next, to 8 ms
        configuration(crc, is_same, text)   its checksum after a start or a repair; is_same None:
                                nothing to compare with, False: it is not as before, or `text` was
                                repaired
        readings(values, energy, flags)     of an IC without samples, each 200 ms: a list of 24
                                in the order and units of metering.quantities.POINTS; increments
                                in mWh (mvarh), A B C each: active forward, active reverse,
                                reactive forward, reactive reverse; core.flags
        pulses(count, is_only)  energy pulses; is_only: no samples come
        mode(new, old), trouble(text), and beat() while the data channel is served."""
        self.chip = chip
        self.clock = clock
        self.sink = sink
        chip.attach(sink)
        self.timeout_ms = cfg.timeout_ms
        # silence of the data channel: what is served seldom may be silent for longer
        self._data_timeout_ms = max(cfg.timeout_ms, 3 * chip.period_us // 1000)
        self.flag = flag
        self.pulses = PulseChannel(clock, wires.stamp_us, flag.set)
        # of the samples; one that learns nothing when there are none
        self.timebase = TimeBase(clock, chip.period_us, chip.period_sets)
        self._late_ms = chip.period_us // 1000 + 2  # then its interrupt got lost
        self.mode = "lost"
        self.failures = 0  # times the data channel was given up
        self.last_error = ""
        self._data_ms = None  # when something was last served
        self._page_edges = 0
        self._registers_ms = 0

    async def run(self):
        """For ever: start up, stream until the channel is lost, start again."""
        pause = _RETRY_MS
        while True:
            try:
                resumed = await self.chip.start(self._has_pulses)
            except LinkError as error:
                self._note(error)
                self.sink.beat()  # trying is being alive
                await asyncio.sleep_ms(pause)
                pause = min(_RETRY_MAX_MS, 2 * pause)
                continue
            pause = _RETRY_MS
            self.sink.restart(resumed)
            self.timebase.restart()
            await self._serve_until_lost()
            self.failures += 1

    async def _serve_until_lost(self):
        self._data_ms = self.clock.ms()
        while True:
            await self.flag.wait()  # bounded: `watch` sets it when the interrupt does not
            try:
                self._serve()
            except Restart as error:
                self._note(error)
                return
            except LinkError as error:
                self._note(error)
            if self.clock.ms() - self._data_ms >= self._data_timeout_ms:
                return

    def _serve(self):
        edges = self.pulses.page.count
        stamp = self.pulses.page.last_us
        if self.chip.serve():
            self._data_ms = self.clock.ms()
            self.sink.beat()
            if self.chip.has_samples:
                self._keep_time(edges, stamp)
        if self.clock.ms() - self._registers_ms >= _REGISTERS_MS:
            self._registers_ms = self.clock.ms()
            self.chip.slow()

    def _keep_time(self, edges, stamp):
        chip = self.chip
        if edges == self._page_edges:
            # no interrupt told of it: when it was found is a stamp as well, a late one
            stamp = chip.look_us
        self._page_edges = edges
        self.timebase.observe(chip.mark, chip.mark_us, stamp)

    def _note(self, error):
        text = str(error)
        if text != self.last_error:
            self.last_error = text
            self.sink.trouble(text)

    async def watch(self):
        """For ever: wake `run` when the interrupt does not, and judge the mode."""
        edges = edge_ms = judged_ms = 0
        rest_ms = _WATCH_MS if self.chip.has_samples else _JUDGE_MS
        while True:
            await asyncio.sleep_ms(rest_ms)
            now = self.clock.ms()
            if self.pulses.page.count != edges:
                edges = self.pulses.page.count
                edge_ms = now
            patience = self._late_ms if now - edge_ms < _DEAD_MS else 0
            if self._data_ms is None or now - self._data_ms >= patience:
                self.flag.set()
            if now - judged_ms >= _JUDGE_MS:
                judged_ms = now
                self.judge()

    def judge(self):
        """Set `mode` from what both channels did lately."""
        silent_ms = self._data_timeout_ms
        if self._data_ms is not None:
            silent_ms = self.clock.ms() - self._data_ms
        data = silent_ms < self._data_timeout_ms
        pulse = self._has_pulses()
        mode = MODES[2 * data + pulse]
        if mode != self.mode:
            old = self.mode
            self.mode = mode
            self.sink.mode(mode, old)
        fresh = self.pulses.take_pulses()
        if fresh:
            self.sink.pulses(fresh, mode == "pulse_only")

    def set_calibration(self, rows):
        """Calibration rows (register, value) to be in force soon; sink.configuration tells."""
        self.chip.set_calibration(rows)

    def _has_pulses(self):
        return self.pulses.is_alive(self.timeout_ms)

    def rows(self):
        """Rows (text, value) about all of it, for people."""
        base = self.timebase
        spread = "not known yet" if base.uncertainty_us is None else "%d us" % base.uncertainty_us
        rows = [
            ("mode", self.mode),
            ("metrology unit", "%s, %s" % (self.chip.name, self.chip.state)),
        ]
        rows += self.chip.rows()
        rows += [
            ("times lost", self.failures),
            ("page interrupts", self.pulses.page.count),
            ("zero-cross edges", self.pulses.zx.count),
            ("energy pulses", self.pulses.cf1.count),
        ]
        if self.chip.has_samples:
            rows += [
                ("sample clock", "%.1f ppm slow" % base.rate_ppm()),
                ("time stamp uncertainty", spread),
            ]
        return rows + [("last error", self.last_error)]

    def mode_index(self):
        """Place of the mode in MODES."""
        return MODES.index(self.mode)

    def is_fresh(self):
        """Do samples arrive?"""
        return self.mode in ("both", "data_only")
