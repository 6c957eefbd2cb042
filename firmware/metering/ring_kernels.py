"""The kernel that keeps waveforms: raw SPI sets to 16-bit ones. Time critical, allocates nothing.

Of each big-endian word within +-(2**27 - 2**12) a little-endian int16 is kept, in units of 2**12,
and what that cuts off is carried into the next sample (first-order error feedback): the error
moves away from the mains frequency and its lower harmonics, 5 times at the 5th. The lowest byte of
a word is left out, which is 1/32 of a unit on average. One set is 28 bytes before and 14 after.
Loads are bytes, so that 32-bit and 64-bit builds do the same.
"""

import micropython


@micropython.viper
def pack(src: ptr8, y: int, dst: ptr16, at: int, to: int, sets: int, rest: ptr8):
    """Copy `sets` sets from byte `at` of `src` to set number `to` of `dst`. `rest` are seven
    bytes that are kept from call to call; the second argument is scratch."""
    src = ptr8(int(src) + at)
    dst = ptr16(int(dst) + to * 14)
    e0 = int(rest[0])
    e1 = int(rest[1])
    e2 = int(rest[2])
    e3 = int(rest[3])
    e4 = int(rest[4])
    e5 = int(rest[5])
    e6 = int(rest[6])
    n = sets
    while n:
        y = ((src[0] << 8 | src[1]) << 8 | src[2]) + e0
        dst[0] = y >> 4
        e0 = y & 15
        y = ((src[4] << 8 | src[5]) << 8 | src[6]) + e1
        dst[1] = y >> 4
        e1 = y & 15
        y = ((src[8] << 8 | src[9]) << 8 | src[10]) + e2
        dst[2] = y >> 4
        e2 = y & 15
        y = ((src[12] << 8 | src[13]) << 8 | src[14]) + e3
        dst[3] = y >> 4
        e3 = y & 15
        y = ((src[16] << 8 | src[17]) << 8 | src[18]) + e4
        dst[4] = y >> 4
        e4 = y & 15
        y = ((src[20] << 8 | src[21]) << 8 | src[22]) + e5
        dst[5] = y >> 4
        e5 = y & 15
        y = ((src[24] << 8 | src[25]) << 8 | src[26]) + e6
        dst[6] = y >> 4
        e6 = y & 15
        src = ptr8(int(src) + 28)
        dst = ptr16(int(dst) + 14)
        n -= 1
    rest[0] = e0
    rest[1] = e1
    rest[2] = e2
    rest[3] = e3
    rest[4] = e4
    rest[5] = e5
    rest[6] = e6


@micropython.viper
def small(value: int) -> int:
    """The lowest 32 bits of an int as a signed one: what came from long integers is a small int
    again where it fits, and costs no heap in what follows."""
    return value
