"""Kernels that move kept waveform sets of seven halves: from the ring to a frozen copy, and from
there to rows of a COMTRADE file. They allocate nothing; pointers walk, 32-bit and 64-bit alike.
"""

import micropython

ROW = 22  # bytes of a row: number and microseconds as 32-bit words, seven int16


@micropython.viper
def copy(src: ptr16, dst: ptr16, at: int, to: int, sets: int):
    """Copy `sets` sets from set `at` of `src` to set `to` of `dst`."""
    src = ptr16(int(src) + at * 14)
    dst = ptr16(int(dst) + to * 14)
    n = sets
    while n:
        dst[0] = src[0]
        dst[1] = src[1]
        dst[2] = src[2]
        dst[3] = src[3]
        dst[4] = src[4]
        dst[5] = src[5]
        dst[6] = src[6]
        src = ptr16(int(src) + 14)
        dst = ptr16(int(dst) + 14)
        n -= 1


@micropython.viper
def rows(src: ptr16, dst: ptr16, at: int, sets: int):
    """Make `sets` rows of the sets from set `at` of `src`, which is the first of the record where
    `at` is 0: numbers from 1 on, 125 us apart from 0 on."""
    src = ptr16(int(src) + at * 14)
    number = at
    n = sets
    while n:
        us = number * 125
        number += 1
        dst[0] = number
        dst[1] = number >> 16
        dst[2] = us
        dst[3] = us >> 16
        dst[4] = src[0]
        dst[5] = src[1]
        dst[6] = src[2]
        dst[7] = src[3]
        dst[8] = src[4]
        dst[9] = src[5]
        dst[10] = src[6]
        src = ptr16(int(src) + 14)
        dst = ptr16(int(dst) + 22)
        n -= 1
