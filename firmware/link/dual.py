"""The dual-channel link: starts the metrology IC, streams it, and names its own state.

Modes: `both`, `data_only`, `pulse_only`, `lost`. Each change is announced to the sink.
`run` owns the SPI bus (the only task that touches it); `watch` judges the modes and is the
insurance against an interrupt that never comes. Both are long tasks for the supervisor.
"""

import asyncio

from micropython import const

from firmware.core.errors import LinkError
from firmware.link import registers as reg
from firmware.link.pulse import PulseChannel
from firmware.link.startup import StartUp
from firmware.link.stream import HALF_SETS, Stream
from firmware.link.timebase import TimeBase

_HALF_US = const(16000)
_WATCH_MS = const(4)
_JUDGE_MS = const(20)  # how often the mode is looked at
_LATE_MS = const(18)  # a half is due every 16 ms: its interrupt got lost
_DEAD_MS = const(100)  # no page interrupt for this long: poll, a half lives 16 ms only
_RETRY_MS = const(250)  # first pause before start-up is tried again ...
_RETRY_MAX_MS = const(5000)  # ... doubling up to this
_HALVES = const(4)  # served at a stretch; a status bit that is stuck must not stop the loop
_REGISTERS_MS = const(1000)  # how often registers are read between bursts

MODES = ("lost", "pulse_only", "data_only", "both")


class Link:
    def __init__(self, bus, wires, clock, rows, sink, history, cfg, flag):
        """`wires` has reset(level) and stamp_us(); `rows` is the settings table; `cfg` has
        timeout_ms and burst_crc; `flag` is an asyncio.ThreadSafeFlag. `sink` takes what comes:
        feed, gap (see Stream), restart(is_resumed), registers(a, b, c), pulses(count, is_only),
        mode(new, old), trouble(text), and beat() while the data channel is served."""
        self.bus = bus
        self.clock = clock
        self.rows = rows
        self.sink = sink
        self.timeout_ms = cfg.timeout_ms
        self.flag = flag
        self.stream = Stream(bus, clock, sink, history, cfg.burst_crc)
        self.pulses = PulseChannel(clock, wires.stamp_us, flag.set)
        self.startup = StartUp(bus, wires.reset, asyncio.sleep_ms, self._has_pulses)
        self.timebase = TimeBase(clock, _HALF_US)
        self.mode = "lost"
        self.failures = 0  # times the data channel was given up
        self.last_error = ""
        self._data_ms = None  # when a half was last taken
        self._page_edges = 0
        self._registers_ms = 0

    async def run(self):
        """For ever: start up, stream until the channel is lost, start again."""
        pause = _RETRY_MS
        while True:
            try:
                resumed = await self.startup.walk(self.rows)
            except LinkError as error:
                self._note(error)
                self.sink.beat()  # trying is being alive
                await asyncio.sleep_ms(pause)
                pause = min(_RETRY_MAX_MS, 2 * pause)
                continue
            pause = _RETRY_MS
            self.sink.restart(resumed)
            self.stream.restart()
            self.timebase.restart()
            await self._serve_until_lost()
            self.failures += 1

    async def _serve_until_lost(self):
        self._data_ms = self.clock.ms()
        while True:
            await self.flag.wait()  # bounded: `watch` sets it when the interrupt does not
            try:
                self._serve()
            except LinkError as error:
                self._note(error)
            if self.clock.ms() - self._data_ms >= self.timeout_ms:
                return

    def _serve(self):
        edges = self.pulses.page.count
        stamp = self.pulses.page.last_us
        for _ in range(_HALVES):
            if not self.stream.serve():
                break
            self._data_ms = self.clock.ms()
            self.sink.beat()
            if edges != self._page_edges and stamp is not None:
                self._page_edges = edges
                self.timebase.observe(self.stream.sample, HALF_SETS, stamp)
        if self.clock.ms() - self._registers_ms >= _REGISTERS_MS:
            self._registers_ms = self.clock.ms()
            self._registers()

    def _registers(self):
        """The slow user of the data channel, between bursts: chip reset? energy registers."""
        if self.bus.read(reg.STATUS1) & reg.RSTDONE:
            self._data_ms -= self.timeout_ms  # it came back with default settings
            raise LinkError("the metrology IC was reset")
        bus = self.bus
        self.sink.registers(
            bus.read(reg.AWATTHR_HI),
            bus.read(reg.AWATTHR_HI + reg.ENERGY_STEP),
            bus.read(reg.AWATTHR_HI + 2 * reg.ENERGY_STEP),
        )

    def _note(self, error):
        text = str(error)
        if text != self.last_error:
            self.last_error = text
            self.sink.trouble(text)

    async def watch(self):
        """For ever: wake `run` when the interrupt does not, and judge the mode."""
        edges = edge_ms = judged_ms = 0
        while True:
            await asyncio.sleep_ms(_WATCH_MS)
            now = self.clock.ms()
            if self.pulses.page.count != edges:
                edges = self.pulses.page.count
                edge_ms = now
            patience = _LATE_MS if now - edge_ms < _DEAD_MS else 0
            if self._data_ms is None or now - self._data_ms >= patience:
                self.flag.set()
            if now - judged_ms >= _JUDGE_MS:
                judged_ms = now
                self.judge()

    def judge(self):
        """Set `mode` from what both channels did lately."""
        data = self._data_ms is not None and self.clock.ms() - self._data_ms < self.timeout_ms
        pulse = self._has_pulses()
        mode = MODES[2 * data + pulse]
        if mode != self.mode:
            old = self.mode
            self.mode = mode
            self.sink.mode(mode, old)
        fresh = self.pulses.take_pulses()
        if fresh:
            self.sink.pulses(fresh, mode == "pulse_only")

    def _has_pulses(self):
        return self.pulses.is_alive(self.timeout_ms)

    def mode_index(self):
        """Place of the mode in MODES."""
        return MODES.index(self.mode)

    def is_fresh(self):
        """Do samples arrive?"""
        return self.mode in ("both", "data_only")
