"""Faults of the wiring that can be switched by name: pulled lines, flipped MISO bits, bursts that
end early."""

import random

PULLABLE = ("spi", "miso", "pins", "irq0", "irq1", "all")
_BURST = 256  # bytes: no other transfer is that long
_PIN_OF = {"irq0": 0, "irq1": 1}


class FaultError(Exception):
    """One sentence: why the fault cannot be set."""


class Faults:
    def __init__(self, seed=1):
        self.pulled = set()
        self._random = random.Random(seed)
        self._flip_after = 0  # MISO bytes that pass before the first flip
        self._flips_left = 0
        self._cut_at = 0  # byte of a burst from which on nothing drives MISO
        self._cuts_left = 0

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
        _check("bits and after_bytes", bits, after_bytes)
        self._flips_left, self._flip_after = bits, after_bytes

    def cut(self, bursts, after_bytes):
        """Each of the next `bursts` ends after so many bytes: the rest is ones."""
        _check("bursts and after_bytes", bursts, after_bytes)
        self._cuts_left, self._cut_at = bursts, after_bytes

    @property
    def is_spi_pulled(self):
        """The host hears nothing of the chip, nor the chip of the host."""
        return "spi" in self.pulled or "miso" in self.pulled

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
        if "miso" in self.pulled:  # to ground, with what drives it
            return bytes(len(data))
        if self.is_spi_pulled:
            return b"\xff" * len(data)
        if self._cuts_left and len(data) >= _BURST:
            self._cuts_left -= 1
            data = data[: self._cut_at] + b"\xff" * (len(data) - self._cut_at)
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
            "cuts_left": self._cuts_left,
            "known": list(PULLABLE) + ["flip", "cut"],
        }


def _check(names, *values):
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000000:
            raise FaultError("%s must be whole numbers from 0 to 1000000" % names)
