"""Faults of the wiring that can be switched by name: pulled lines and flipped MISO bits."""

import random

PULLABLE = ("spi", "pins", "irq0", "irq1", "all")
_PIN_OF = {"irq0": 0, "irq1": 1}


class FaultError(Exception):
    """One sentence: why the fault cannot be set."""


class Faults:
    def __init__(self, seed=1):
        self.pulled = set()
        self._random = random.Random(seed)
        self._flip_after = 0  # MISO bytes that pass before the first flip
        self._flips_left = 0

    def _names(self, what):
        if what not in PULLABLE:
            raise FaultError("what must be one of %s" % ", ".join(PULLABLE))
        return ("spi", "pins") if what == "all" else (what,)

    def pull(self, what):
        self.pulled.update(self._names(what))

    def plug(self, what):
        """Undo pull; `all` plugs everything."""
        self.pulled.difference_update(PULLABLE if what == "all" else self._names(what))

    def flip(self, bits, after_bytes):
        """After so many MISO bytes, invert one random bit in each of the next `bits`."""
        for value in (bits, after_bytes):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000000:
                raise FaultError("bits and after_bytes must be whole numbers from 0 to 1000000")
        self._flips_left, self._flip_after = bits, after_bytes

    @property
    def is_spi_pulled(self):
        return "spi" in self.pulled

    def hides(self, pin):
        """An output pin (0..5) that the host cannot see; it reads idle high."""
        return "pins" in self.pulled or any(
            _PIN_OF[name] == pin for name in self.pulled if name in _PIN_OF
        )

    @property
    def hides_inputs(self):
        return "pins" in self.pulled

    def miso(self, data):
        """What arrives of the bytes that the chip has sent."""
        if self.is_spi_pulled:
            return b"\xff" * len(data)
        if not self._flips_left:
            return data
        if self._flip_after >= len(data):
            self._flip_after -= len(data)
            return data
        damaged = bytearray(data)
        for k in range(self._flip_after, min(len(data), self._flip_after + self._flips_left)):
            damaged[k] ^= 1 << self._random.randrange(8)
            self._flips_left -= 1
        self._flip_after = 0
        return bytes(damaged)

    def listing(self):
        return {
            "pulled": sorted(self.pulled),
            "flips_left": self._flips_left,
            "flip_after_bytes": self._flip_after,
            "known": list(PULLABLE) + ["flip"],
        }
