"""A window of one channel to exactly 1536 points. Time critical, allocates nothing.

`gather` takes a channel out of the waveform ring, `resample` interpolates it with the taps of
spectrum_tables at places that are fractions of a sample apart. Samples are raised by
0x8000 and loads are 16 bits wide, so 32-bit and 64-bit builds do the same.
"""

import micropython

OFFSET = 0x8000  # what a gathered sample is raised by


@micropython.viper
def gather(src: ptr16, v: int, dst: ptr16, to: int, sets: int, top: int) -> int:
    """Copy one channel of `sets` sets, a multiple of four, from byte `v` of the ring to byte `to`
    of `dst`. The largest magnitude there, at least `top`: of a negative x it is -x - 1."""
    src = ptr16(int(src) + v)
    dst = ptr16(int(dst) + to)
    low = 0x7FFF - top
    span = uint(top + top + 1)
    while sets:
        v = src[0] ^ 0x8000
        dst[0] = v
        if uint(v - low) <= span:
            v = src[7] ^ 0x8000
            dst[1] = v
            if uint(v - low) <= span:
                v = src[14] ^ 0x8000
                dst[2] = v
                if uint(v - low) <= span:
                    v = src[21] ^ 0x8000
                    dst[3] = v
                    if uint(v - low) <= span:
                        src = ptr16(int(src) + 56)
                        dst = ptr16(int(dst) + 8)
                        sets -= 4
                        continue
        v = v - 0x8000  # beyond all before: take it and do the four again
        top = v >> 31 ^ v
        low = 0x7FFF - top
        span = uint(top + top + 1)
    return top


@micropython.viper
def resample(p: ptr16, w: ptr16, out: ptr32, pos: int, step: int, shift: int):
    """1536 values to `out`, Q14 >> `shift` and raised by OFFSET << 14 >> shift, at the places pos,
    pos + step ... of gathered samples; `w` are the taps. A place is in 2**-20 of a sample: half
    a sample plus what it is behind the third one."""
    samples = int(p)
    taps = int(w)
    n = 768
    while n:
        p = ptr16((pos >> 20 << 1) + samples)
        w = ptr16((pos >> 11 & 511) * 10 + taps)
        out[0] = w[0] * p[0] + w[1] * p[1] + w[2] * p[2] + w[3] * p[3] + w[4] * p[4] >> shift
        pos = pos + step
        p = ptr16((pos >> 20 << 1) + samples)
        w = ptr16((pos >> 11 & 511) * 10 + taps)
        out[1] = w[0] * p[0] + w[1] * p[1] + w[2] * p[2] + w[3] * p[3] + w[4] * p[4] >> shift
        pos = pos + step
        out = ptr32(int(out) + 8)
        n -= 1


@micropython.viper
def sum_square(src: ptr16, at: int, sets: int, shift: int) -> int:
    """Sum of ((ia + ib + ic) >> shift)**2 over every second of 2 * `sets` sets from byte `at` of
    the ring; the shifted sums must be within +-1023."""
    src = ptr16(int(src) + at)
    total = 0
    half = 1 << shift >> 1
    while sets:
        s = (src[0] ^ 0x8000) + (src[2] ^ 0x8000) + (src[4] ^ 0x8000) - 0x18000 + half >> shift
        total = s * s + total
        src = ptr16(int(src) + 28)
        sets -= 1
    return total


@micropython.viper
def gains(knots: ptr32, out: ptr32, step: int, count: int):
    """What to multiply bins 0 .. `count` - 1 with, Q14, from the droop at its knots (Q16); bins
    are `step` / 2**20 of a knot apart."""
    at = 0
    while count:
        p = ptr32(int(knots) + (at >> 20 << 2))
        low = p[0]
        out[0] = ((p[1] - low) * (at >> 8 & 0xFFF) >> 12) + low + 2 >> 2
        at = at + step
        out = ptr32(int(out) + 4)
        count -= 1


@micropython.viper
def behind(newest: int, first: int) -> int:
    """How many samples ago `first` was: no long integer, however large the numbers are."""
    return (newest - first) & 0x3FFFFFFF


@micropython.viper
def room(top: int, limit: int, most: int) -> int:
    """By what power of two, at most `most`, values up to `top` may be raised to stay within."""
    n = 0
    while n < most:
        if top + 1 << n + 1 > limit:
            return n
        n += 1
    return n
