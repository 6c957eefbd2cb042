"""The side of `tools.accuracy` that runs under MicroPython: the firmware's meter, fed by a pipe.

stdin carries records: op (1 byte), length (4, big endian), payload.
  M  JSON {u_fs_mv, i_fs_ma, fs_word, nominal_v, nominal_hz}: a new meter; samples from 0 on
  F  a burst of at most 64 raw sets, as the link reads it
  E  the end of a signal: answered by a line "end"
A closed window is a line of JSON, [end, length, cycles, flags, value of each point ...]; positions
are in 1/1024 of a sample.
"""

import json
import sys

from firmware.metering import meter, quantities
from firmware.metering.harmonics import Harmonics
from firmware.metering.ring import WaveRing
from firmware.metering.turn import Turn

BURST = 64  # sets
SET_BYTES = 28
# rows that have more digits than their points
EXACT = range(19)


class Fed:
    """A meter and the buffer that the link would keep for it."""

    def __init__(self, facts):
        self.meter = meter.Meter(
            facts["u_fs_mv"],
            facts["i_fs_ma"],
            facts["fs_word"],
            facts["nominal_v"],
            facts["nominal_hz"],
            self.publish,
            self.half_cycle,
        )
        self.ring = WaveRing()
        self.harmonics = Harmonics(
            None, Turn(self.meter.window.memory, self.meter.quantities.correct)
        )
        self.at = meter.HISTORY * SET_BYTES
        self.view = memoryview(bytearray(self.at + BURST * SET_BYTES))
        self.sample = 0

    def feed(self, size):
        """Take a burst of `size` bytes from the pipe."""
        self.view[: self.at] = self.view[BURST * SET_BYTES :]
        take(self.view[self.at : self.at + size])
        sets = size // SET_BYTES
        self.ring.pack(self.view, self.at, sets, self.sample)
        self.meter.feed(self.view, self.at, sets, self.sample)
        self.harmonics.step()
        self.sample += sets

    def publish(self, values, window):
        end = window.end * 1024 - window.part
        window.energy.settle()
        self.transform(window)
        row = [end, window.length, window.cycles, window.flags]
        values = list(values)
        for k in EXACT:
            values[k] = window.quantities.exact(k)
            if k >= quantities.WATTS:  # to mW and so on
                values[k] *= 10 ** (window.quantities.exponent + 3)
        print(json.dumps(row + values + list(window.energy.cells)))

    def transform(self, window):
        """As the terminal does: the harmonics of a window correct the Q of those that follow."""
        start, frac = window.start, 0
        if window.start_part:
            start, frac = start - 1, (1024 - window.start_part) << 6
        if window.cycles:
            self.harmonics.begin(self.ring, start, frac, window.length << 6, window.cycles)

    def half_cycle(self, phase, u2, i2, sample):
        """Half cycles are there, as in a terminal; nothing is done with them."""


def take(view):
    """Fill `view` from the pipe; EOFError when it ends first."""
    while view:
        n = sys.stdin.buffer.readinto(view)
        if not n:
            raise EOFError
        view = view[n:]


def serve():
    """Records until the pipe is closed between two of them."""
    head = bytearray(5)
    fed = None
    while sys.stdin.buffer.readinto(memoryview(head)[:1]):
        take(memoryview(head)[1:])
        size = int.from_bytes(head[1:], "big")
        if head[0] == ord("F"):
            fed.feed(size)
        elif head[0] == ord("M"):
            facts = bytearray(size)
            take(memoryview(facts))
            fed = Fed(json.loads(bytes(facts)))
        else:
            print("end")


serve()
