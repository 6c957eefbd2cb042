"""The metrology IC's own wires, and the board's clock, which follows the emulated crystal.

Pin 5 can be data-ready, 16000 edges a second: its edges come on demand only. Records of pin 15
come from a crystal in lockstep: level 0, how many us it stood in all; level 1, up to when time
may run (0: no limit). In lockstep a look at the clock handles the edges that have arrived.
"""

import time

from micropython import const
from shim_pins import TICKS_MASK, PinBus

_PINS = const(15)
_EVENT = const(5)
_CRYSTAL = const(15)


class ChipPins(PinBus):
    def __init__(self, path):
        super().__init__(path, _PINS, (_EVENT,))
        self._in_lockstep = False  # a crystal in lockstep waits for a late board
        self._stood_base = None  # what it had stood when the chip was reached; None: not told
        self._limit_us = 0  # up to when the board's time may run; 0: no limit
        self._last_us = 0

    def _news(self, pin, level, at):
        if pin == _CRYSTAL:
            self._crystal(level, self._stamp_at(at))

    def _crystal(self, is_limit, us):
        self._in_lockstep = True
        if is_limit:
            self._limit_us = us
            return
        if self._stood_base is None:
            # from before: our clock knows nothing of it, and must not wait to catch up
            self._stood_base = us - self._stood_us
        self._stood_us = us - self._stood_base

    def ticks_us(self):
        """time.ticks_us() less the time the crystal stood, and standing while it stands. Never
        runs backwards."""
        now = time.ticks_us()
        if self._in_lockstep:
            self.drain()
            if self._limit_us and time.ticks_diff(now, self._limit_us & TICKS_MASK) > 0:
                now = self._limit_us
        now = (now - self._stood_us) & TICKS_MASK
        if time.ticks_diff(now, self._last_us) > 0:
            self._last_us = now
        return self._last_us

    def _connect(self):
        if self._socket is None:
            self._stood_base = None
        return super()._connect()

    def _lost(self):
        self._limit_us = 0  # a crystal that is gone holds no time up
        super()._lost()
