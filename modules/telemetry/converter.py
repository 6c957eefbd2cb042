"""The module's ADS1115, one conversion after the other. All modules have theirs at one address:
it is on the bus only within a call here, and no call waits.
"""

from micropython import const

from firmware.chips import ads1115
from firmware.core.errors import SlotError
from modules.telemetry import front_end

_CONVERSION_MS = const(140)  # 125 at 8 a second, 10 % slower at worst (data sheet 7.5)
_AGAIN_MS = const(20)
_TRIES = const(10)
_FOR_EVER_MS = const(0x3FFFFFFF)
_RATE = ads1115.SPS_8  # the longest mean of the input


class Converter:
    def __init__(self, i2c, ports, specs, period_ms):
        """`specs`: a profile's Analogs; a round over all of them begins each `period_ms`."""
        self.rounds = 0
        self._chip = ads1115.Ads1115(i2c)
        self._ports = ports
        self._hows = tuple([_how(spec) for spec in specs])
        self._period_ms = period_ms
        self._at = -1  # whose conversion is under way
        self._tries = 0
        self._due_ms = 0
        self._began_ms = 0

    def probe(self):
        """SlotError when it is not there."""
        self._on_bus(self._chip.read, ads1115.CONFIG)

    def start(self, now_ms):
        self._due_ms = now_ms

    def wait_ms(self, now_ms):
        """How long nothing is due."""
        return max(0, self._due_ms - now_ms) if self._hows else _FOR_EVER_MS

    def step(self, now_ms):
        """What is due: (number of the analog input, code), or None. SlotError when the chip is
        gone, was reset or does not come to an end."""
        if now_ms < self._due_ms or not self._hows:
            return None
        if self._at < 0:
            return self._on_bus(self._begin, 0, now_ms)
        return self._on_bus(self._finish, now_ms)

    def _on_bus(self, call, *args):
        """What the call returns, while the chip is on the bus."""
        self._ports.switch(True)
        try:
            return call(*args)
        except OSError:
            raise SlotError("the ADS1115 does not answer")
        finally:
            self._ports.switch(False)

    def _begin(self, at, now_ms):
        if at == 0:
            self._began_ms = now_ms
        self._chip.begin(self._hows[at])
        self._at = at
        self._tries = 0
        self._due_ms = now_ms + _CONVERSION_MS

    def _finish(self, now_ms):
        at = self._at
        if not self._chip.is_set(self._hows[at]):
            raise SlotError("the ADS1115 lost its settings")
        if not self._chip.is_done():
            self._tries += 1
            if self._tries >= _TRIES:
                raise SlotError("the ADS1115 does not finish a conversion")
            self._due_ms = now_ms + _AGAIN_MS
            return None
        code = self._chip.result()
        if at + 1 < len(self._hows):
            self._begin(at + 1, now_ms)
        else:
            self.rounds += 1
            self._at = -1
            self._due_ms = max(now_ms, self._began_ms + self._period_ms)
        return at, code


def _how(spec):
    gain = front_end.TYPES[spec.kind][0]
    return ads1115.AIN0 + spec.at * ads1115.AIN_STEP | gain | _RATE
