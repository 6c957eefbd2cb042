"""The link between modem and network: a rate for each direction, and a latency one way."""


class Direction:
    """One after the other at the rate, then the latency; in order, whatever changes."""

    def __init__(self, port, radio):
        self._port = port
        self._radio = radio
        self._free = 0.0  # when the last byte has left
        self._there = 0.0  # ... and arrived: nothing overtakes when the latency falls
        self.waiting = 0  # bytes that have not arrived yet

    def carry(self, size, arrive):
        """arrive() once `size` bytes have crossed."""
        now = self._port.now()
        self._free = max(now, self._free) + size * 8 / self._radio.rate
        self.waiting += size

        def there():
            self.waiting -= size
            arrive()

        self._there = max(self._there, self._free + self._radio.latency)
        self._port.later(self._there - now, there)


class Radio:
    def __init__(self, port, rate, latency):
        """`rate` in bit/s each way, `latency` in s one way."""
        self.rate = rate
        self.latency = latency
        self.up = Direction(port, self)
        self.down = Direction(port, self)
