"""Runs under MicroPython: windows in, spectra out. A helper of test_harmonics_accuracy.

For each case the first argument's file has six uint32 (start, 1/65536 of a sample, length in the
same, cycles, sets, 0) and the sets of seven int16; the second gets cells, ratios, re and im of
the spectrum, and u2 u0 i2 i0 and seven angles.
"""

import struct
import sys
from array import array

from firmware.metering.harmonics import Harmonics
from firmware.metering.phasors import Phasors
from firmware.metering.ring import SET, WaveRing
from firmware.metering.sequence import NEGATIVE, ZERO

ring = WaveRing(2048)
work = Harmonics()
phasors = Phasors(1000000, 500000, 74532013, 230)
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as sink:
    while True:
        head = source.read(24)
        if not head:
            break
        start, frac, length, cycles, sets, _ = struct.unpack("<6I", head)
        ring.buf[: sets * SET] = source.read(sets * SET)
        ring.oldest, ring.newest = 0, sets - 1
        if not work.begin(ring, start, frac, length, cycles):
            raise ValueError("the window is refused")
        for _ in range(25):
            if work.step():
                break
        else:
            raise ValueError("the window does not end")
        s = work.result
        phasors.take(s)
        for part in (s.cells, s.ratios, s.re, s.im):
            sink.write(part)
        more = [q.unbalance(k) for q in (phasors.volts, phasors.amps) for k in (NEGATIVE, ZERO)]
        sink.write(array("i", more + list(phasors.angles) + [s.neutral]))
