"""An RS-485 module and the bus behind it, for a virtual bench."""

import random

from tools.station.devices.dispatch import Bus

_DELAY_S = (0.02, 0.2)


class Rs485:
    """options: devices (of tools.station.devices), seed."""

    def __init__(self, port, slot, options):
        self.chips = {}
        self._port = port
        self._bus = Bus(options["devices"])
        self._rng = random.Random(f"{options['seed']}/bus/{slot}")

    def power(self, on):
        """A transceiver keeps nothing."""

    def feed(self, data):
        for _, reply in self._bus.hear(data, self._port.baud()):
            delay = self._rng.uniform(*_DELAY_S)
            self._port.later(delay, lambda reply=reply: self._port.send(reply))

    def status(self):
        return {}

    def close(self):
        """Nothing to let go of."""
