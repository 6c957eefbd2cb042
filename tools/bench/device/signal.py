"""Raw waveform bursts that repeat without a seam: three phases of 50 Hz with a 5th harmonic, IN
their sum."""

import math
import struct

SETS = 320  # two cycles at 8 kSPS, five bursts
WINDOW_SETS = 1600
SET_BYTES = 28
_FULL = 74532013
_CYCLE = 160
# volts and amps rms, degrees of lag; full scale is 500 V and 400 A peak
_PHASES = ((230, 100, 18), (231, 80, 26), (229, 60, 11))


def make():
    """SETS sets."""
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
    half = len(raw) // 2
    raw[half:] = memoryview(raw)[:half]
    return raw


def _wave(peak, angle, fifth):
    return int(_FULL * peak * (math.sin(angle) + fifth * math.sin(5 * angle)))
