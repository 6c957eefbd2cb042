"""One slot of the expansion bay: owns a driver, runs its rounds, keeps its points honest.

A driver that raises SlotError or OSError marks the slot's points not topical and invalid,
is closed and, after a back-off, opened anew; other exceptions are the supervisor's. One
slot never waits for another.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError
from firmware.core.quality import IV, NT

_FIRST_MS = const(1000)  # pause after the first failure ...
_MOST_MS = const(60000)  # ... doubling up to this
_STEP_MS = const(200)  # a round that is due waits at most this much longer

EMPTY, OPENING, READY, FAILED = "empty", "opening", "ready", "failed"


class Slot:
    def __init__(self, number, kind, driver, wires, cfg, points, clock, log, listener):
        """`kind` is the module's type, `driver` its Driver class; `wires` lead to the slot
        (board/wires.py); `cfg` are the settings of that module, with baud and poll_s.
        `listener` has slot_failed(number, text) and device_changed(name, is_back)."""
        self.number = number
        self.kind = kind
        self.state = EMPTY
        self.error = ""  # why it failed last
        self.rounds = 0  # completed since boot
        self.failures = 0  # sessions that ended in an error
        self.driver = None  # while open
        self.blocks = []  # points.Device, in the order of driver.devices()
        self._listener = listener
        self._driver_class = driver
        self._wires = wires
        self._cfg = cfg
        self._points = points
        self._clock = clock
        self._log = log
        self._is_up = []  # per device: did its last round bring a good value? -1: no round yet
        self._got = []  # per device: has this round?

    async def run(self):
        """For ever: open, poll every cfg["poll_s"], close and back off when it fails."""
        pause = _FIRST_MS
        while True:
            before = self.rounds
            try:
                await self._session()
            except (SlotError, OSError) as error:
                self._failed(error)
            if self.rounds > before:
                pause = _FIRST_MS
            await asyncio.sleep_ms(pause)
            pause = min(_MOST_MS, 2 * pause)

    async def _session(self):
        self.state = OPENING
        port = self._wires.uart(self._cfg["baud"], self._driver_class.PARITY)
        try:
            await self._serve(port)
        finally:
            port.deinit()

    async def _serve(self, port):
        driver = self._driver_class(port, self._cfg, self._clock, self._log)
        try:
            await driver.open()
            self._claim(driver)
            await self._rounds(driver)
        finally:
            self.driver = None
            self._mark_all()
            await driver.close()

    def _claim(self, driver):
        """Blocks for the driver's devices; the points table is the limit."""
        names = driver.devices()
        self.blocks = [self._points.add(name, driver.POINTS) for name in names]
        self._is_up = [-1] * len(names)
        self._got = [False] * len(names)
        self.driver = driver
        self.state = READY
        self.error = ""

    async def _rounds(self, driver):
        period = self._cfg["poll_s"] * 1000
        while True:
            started = self._clock.ms()
            for i in range(len(self._got)):
                self._got[i] = False
            await driver.poll(self._out)
            self.rounds += 1
            self._judge()
            while self._clock.ms() - started < period:
                await asyncio.sleep_ms(_STEP_MS)

    def _out(self, device, point, value, bits):
        """The driver's sink. A failed reading keeps the last value and its stamp, and says so."""
        index = self.blocks[device].base + point
        if bits & (IV | NT):
            self._points.quality[index] |= bits
            return
        self._points.put(index, value, bits, self._clock.utc_ms())
        self._got[device] = True

    def _judge(self):
        for i in range(len(self._got)):
            is_up = int(self._got[i])
            if is_up != self._is_up[i]:
                if not (is_up and self._is_up[i] == -1):  # the first answer is no news
                    self._listener.device_changed(self.blocks[i].name, is_up)
                self._is_up[i] = is_up

    def counts(self):
        """(devices that answered in this or the last round, devices that did not)."""
        up = down = 0
        for i in range(len(self._got)):
            if self._got[i] or self._is_up[i] == 1:
                up += 1
            elif self._is_up[i] == 0:
                down += 1
        return up, down

    def _mark_all(self):
        for block in self.blocks:
            self._points.mark(block, NT | IV)

    def _failed(self, error):
        self.state = FAILED
        self.failures += 1
        text = str(error) or type(error).__name__
        if text != self.error:
            self.error = text
            self._listener.slot_failed(self.number, text)
