"""One window of raw waveform bursts: three phases of 50 Hz with a 5th harmonic, IN their sum."""

import math
import struct

SETS = 1600  # ten cycles at 8 kSPS
SET_BYTES = 28
_FULL = 74532013
_CYCLE = 160
# volts and amps rms, degrees of lag; full scale is 500 V and 400 A peak
_PHASES = ((230, 100, 18), (231, 80, 26), (229, 60, 11))


def window():
    """SETS sets, to be repeated without a seam."""
    raw = bytearray(SETS * SET_BYTES)
    for n in range(_CYCLE):
        words = []
        total = 0
        for k, (volts, amps, lag) in enumerate(_PHASES):
            angle = 2 * math.pi * (n / _CYCLE - k / 3)
            i = _wave(amps * math.sqrt(2) / 400, angle - math.radians(lag), 0.1)
            words += [i, _wave(volts * math.sqrt(2) / 500, angle, 0.02)]
            total += i
        struct.pack_into(">7i", raw, n * SET_BYTES, *words, total)
    for at in range(_CYCLE * SET_BYTES, len(raw), _CYCLE * SET_BYTES):
        raw[at : at + _CYCLE * SET_BYTES] = memoryview(raw)[: _CYCLE * SET_BYTES]
    return raw


def _wave(peak, angle, fifth):
    return int(_FULL * peak * (math.sin(angle) + fifth * math.sin(5 * angle)))
