"""The kernel that keeps waveforms: raw SPI sets to 16-bit ones. Time critical, allocates nothing.

Of each big-endian word the bits 27..12 are kept as a little-endian int16: word >> 12, exact for
words within +-2**27. One set is 28 bytes before and 14 after. Loads are bytes, so that 32-bit and
64-bit builds do the same; the Horner form needs no spilled register (16 instructions a channel).
"""

import micropython


@micropython.viper
def pack(src: ptr8, dst: ptr16, at: int, to: int, sets: int):
    """Copy `sets` sets from byte `at` of `src` to set number `to` of `dst`."""
    src = ptr8(int(src) + at)
    dst = ptr16(int(dst) + to * 14)
    n = sets
    while n:
        dst[0] = ((src[0] << 8 | src[1]) << 8 | src[2]) >> 4
        dst[1] = ((src[4] << 8 | src[5]) << 8 | src[6]) >> 4
        dst[2] = ((src[8] << 8 | src[9]) << 8 | src[10]) >> 4
        dst[3] = ((src[12] << 8 | src[13]) << 8 | src[14]) >> 4
        dst[4] = ((src[16] << 8 | src[17]) << 8 | src[18]) >> 4
        dst[5] = ((src[20] << 8 | src[21]) << 8 | src[22]) >> 4
        dst[6] = ((src[24] << 8 | src[25]) << 8 | src[26]) >> 4
        src = ptr8(int(src) + 28)
        dst = ptr16(int(dst) + 14)
        n -= 1


@micropython.viper
def small(value: int) -> int:
    """The lowest 32 bits of an int as a signed one: what came from long integers is a small int
    again where it fits, and costs no heap in what follows."""
    return value
