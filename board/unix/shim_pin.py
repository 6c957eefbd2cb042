"""machine.Pin of the virtual board: a plain level, the /SS of an SPI bus, or a wire to a far end.

Which it is stands in the wiring file; the firmware cannot tell. A pin wired to nothing keeps
the level written to it and reads its pull-up.
"""

import shim_chip_pins
import shim_host
import shim_pins
import shim_spi
from micropython import const
from umachine import PinBase

_UNSET = const(-1)
_SLOT_PINS = const(32)  # of the backplane: presence, power, reset, interrupt, eight of each

_far = {}  # machine pin: (bus, pin of the far end)


def _wire(name, make):
    """The bus of that name in the wiring file, its pins noted."""
    entry = shim_host.wiring.get(name, {})
    bus = make(entry.get("path"))
    for pin, far_pin in entry.get("map", {}).items():
        _far[int(pin)] = (bus, far_pin)
    return bus


chip_bus = _wire("pins", shim_chip_pins.ChipPins)
slot_bus = _wire("slot_pins", lambda path: shim_pins.PinBus(path, _SLOT_PINS))
_levels = {}  # machine pin: level last driven


class Pin(PinBase):
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = shim_pins.IRQ_RISING
    IRQ_FALLING = shim_pins.IRQ_FALLING

    def __init__(self, id, mode=_UNSET, pull=_UNSET, *, value=None):
        self.id = id
        self._mode = Pin.IN
        self._pull = None
        self._wire = shim_spi.wire_of_select(id)
        self._bus, self._far_pin = _far.get(id, (None, None))
        self.init(mode, pull, value=value)

    def init(self, mode=_UNSET, pull=_UNSET, *, value=None):
        """Set what is given; the level comes first, so that an output starts without a glitch."""
        if value is not None:
            _levels[self.id] = 1 if value else 0
        if pull != _UNSET:
            self._pull = pull
        if mode != _UNSET:
            self._mode = mode
        if self._mode != Pin.IN:
            self._drive(_levels.get(self.id, 0))

    def value(self, level=None):
        """Read (an input is up to date with every edge that arrived), or drive."""
        if level is not None:
            self._drive(1 if level else 0)
            return None
        if self._mode != Pin.IN:
            return _levels.get(self.id, 0)
        if self._bus is not None:
            return self._bus.level(self._far_pin)
        return 1 if self._pull == Pin.PULL_UP else 0

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self._drive(1)

    def off(self):
        self._drive(0)

    def _drive(self, level):
        _levels[self.id] = level
        if self._mode == Pin.IN:
            return  # shows when the pin becomes an output
        wire = self._wire
        if wire is not None:
            if wire.selected == bool(level):
                wire.deselect() if level else wire.select()
        elif self._bus is not None:
            self._bus.drive(self._far_pin, level)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, hard=False):
        """Call `handler(pin)` at edges; `machine.edge_us()` is the stamp of the one at hand."""
        if self._bus is not None:
            self._bus.listen(self._far_pin, handler, self, trigger)
