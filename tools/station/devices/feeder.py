"""Three phases of a low-voltage feeder, as breakers, chargers and the like measure them: floats
that wander plausibly. Whoever shows them rounds them."""


def walk(rng, value, step, low, high):
    """One step of a random walk inside [low, high]."""
    return min(high, max(low, value + rng.uniform(-step, step)))


class Feeder:
    def __init__(self, rng, amps):
        """`amps`: highest current of a phase."""
        self._rng = rng
        self._most = amps
        self.u = [rng.uniform(224.0, 234.0) for _ in range(3)]  # V
        self.i = [rng.uniform(0.1, 0.6) * amps for _ in range(3)]  # A
        self.f = 50.0  # Hz
        self.temperature = rng.uniform(15.0, 40.0)  # degC

    def step(self, seconds):
        rng = self._rng
        self.u = [walk(rng, u, 0.4, 215.0, 240.0) for u in self.u]
        self.i = [walk(rng, i, 0.02 * self._most, 0.0, self._most) for i in self.i]
        self.f = walk(rng, self.f, 0.01, 49.9, 50.1)
        self.temperature = walk(rng, self.temperature, 0.1, -10.0, 70.0)

    def watts(self):
        """Active power of each phase at a power factor of 0.95."""
        return [u * i * 0.95 for u, i in zip(self.u, self.i, strict=True)]
