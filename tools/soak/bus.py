"""An RS-485 module and the bus behind it. An answer comes in two pieces, its first byte and the
rest: what matters is when it begins and when it is whole.
"""

import random

from tools.station.devices.dispatch import Bus

PIECE_S = 30.0  # longer than any frame


class Rs485:
    """options: devices (of tools.station.devices), seed."""

    def __init__(self, port, slot, options):
        self.chips = {}
        self._port = port
        self._bus = Bus(options["devices"])
        self._rng = random.Random(f"{options['seed']}/bus/{slot}")
        self.requests = 0

    def power(self, on):
        """A transceiver keeps nothing."""

    def feed(self, data):
        self.requests += 1
        for device, reply in self._bus.hear(data, self._port.baud()):
            self._port.later(device.delay_s, lambda reply=reply: self._send(reply))

    def _send(self, reply):
        self._port.send(reply[:1])
        self._port.send(reply[1:])

    def status(self):
        return {}

    def close(self):
        """Nothing to let go of."""
