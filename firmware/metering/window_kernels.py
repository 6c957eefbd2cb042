"""What is done once a window, at its edges: emptying it, the shifts of the currents, its peaks.

As kernels.py: arithmetic that is the same on 32-bit and 64-bit words, nothing allocated.
"""

import micropython
from micropython import const

_ROOM = const(4095)  # a peak above this, shifted, leaves 13 bits once the carried error is added
_CREST = const(3)  # peak over rms that a shift leaves room for ...
_SHARP_CREST = const(6)  # ... while a current is held to be a sharp one
_SOON = const(8)  # windows: ages beyond do not matter


@micropython.viper
def begin(m: ptr32, is_open: int):
    """Empty the totals, and count sets and cycles from 0; `is_open`: it is a synchronised one."""
    t = ptr32(int(m) + 160)
    n = 41
    while n:
        t[0] = 0
        t = ptr32(int(t) + 4)
        n -= 1
    t = ptr32(int(m) + 704)
    t[3] = 0
    t[5] = is_open
    t[6] = 0


@micropython.viper
def relax(m: ptr32) -> int:
    """Lower the shifts of the currents for the next window as far as the rms of the last allows.
    Returns the largest shift."""
    shifts = ptr32(int(m) + 28)
    words = ptr32(int(m) + 1168)  # layout.RMS, with HOLD and AGE behind
    most = 0
    n = 4
    while n:
        rms = words[0] * _CREST
        if words[4]:
            words[4] = words[4] - 1
            rms = words[0] * _SHARP_CREST
        age = words[8]
        if age < _SOON:
            age += 1
        shift = shifts[0]
        while shift and rms >> shift < _ROOM:
            shift -= 1
            age = 0
        words[8] = age
        shifts[0] = shift
        if shift > most:
            most = shift
        shifts = ptr32(int(shifts) + 4)
        words = ptr32(int(words) + 4)
        n -= 1
    return most


@micropython.viper
def judge(m: ptr32, volts: ptr32, dead: int, most: int) -> int:
    """1 when one of three voltages is below `dead`, plus 2 when the peak of one since this was
    asked last, in units of the top 16 bits of a word, is `most` or more."""
    half = ptr32(int(m) + 416)
    found = 0
    n = 3
    while n:
        if volts[0] < dead:
            found |= 1
        if half[18] >= most:
            found |= 2
        half[18] = 0
        half = ptr32(int(half) + 96)
        volts = ptr32(int(volts) + 4)
        n -= 1
    return found


@micropython.viper
def part(m: ptr32, phase: int) -> int:
    """How long before the set after it the last crossing of a phase was, in 1/1024 of a sample."""
    half = ptr32(int(m) + 416 + 96 * phase)
    after = half[20] - 0x800000
    step = half[20] - half[19]
    if step == 0:
        return 0
    # 10 bits in two times five: words have 24
    high = (after << 5) // step
    return (high << 5) + ((after << 5) - high * step << 5) // step
