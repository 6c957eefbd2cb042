"""What a fixed delay of the voltage does to the harmonics of Q, from the spectrum of a window.

Q is measured with a voltage of so many samples ago, turned to a quarter cycle of the fundamental
(see Quantities). Off nominal frequency a harmonic h is then not turned by 90 degrees, and brings
P_h (cos hd - cos d) / sin d + Q_h (sin hd / sin d - 1) too much, d being the angle of the delay.
That share of S is taken off the windows that follow; where the load changes it is one window late.
The delay is that of the window that follows, too.
"""

import math
from array import array

from firmware.metering import layout, turn_kernels


class Turn:
    ORDERS = 25  # what is above carries next to no power

    def __init__(self, memory, tell):
        """`memory`: see layout, the delay is there; tell(phase, share): of S, in 1/2**20, what Q
        has too much."""
        self._memory = memory
        self._tell = tell
        self._lines = [array("i", bytes(8 * self.ORDERS)) for _ in range(2)]  # current, voltage
        self._sums = array("i", bytes(12))
        self._c = self._s = self._k = 0

    def begin(self, length, cycles):
        """A window of `length` / 65536 samples and so many cycles is transformed."""
        delay = self._memory[layout.LATE] // layout.SET_BYTES
        d = 2 * math.pi * delay * cycles / (length / 65536)
        s = math.sin(d)
        self._c, self._s = int(math.cos(d) * (1 << 28)), int(s * (1 << 28))
        self._k = int(8192 / s) if s > 0.5 else 0  # 20 .. 83 Hz

    def lines(self, channel):
        """Where fft_kernels.lines puts those of a channel, IA VA IB VB IC VC as in the ring; an
        even one comes first."""
        return self._lines[channel & 1]

    def take(self, channel):
        """All lines of a channel are there."""
        if channel & 1 == 0:
            return
        sums = self._sums
        i, u = self._lines
        turn_kernels.cross(u, i, self.ORDERS, self._c, self._s, self._k, sums)
        # the error is in 8 P, squares in 1/256: S = 256 sqrt(uu ii)
        apparent = math.sqrt(sums[1]) * math.sqrt(sums[2])
        share = int(sums[0] * 512.0 / apparent) if apparent and self._k else 0
        self._tell(channel >> 1, share)
