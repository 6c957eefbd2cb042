"""Loops over a whole waveform burst, in viper. Nothing is allocated.

The ADE9000 leaves the CRC of the words it sent in CRC_SPI (0x4A9) after a fixed-rate
burst; comparing the two finds a bit error on the wire. Same polynomial as core.crc.

A set is seven 32-bit words. The noise of a converter is hundreds of codes, so a channel that
repeats one word for 16 sets is stuck. Such a run holds two sets that are 8 apart and 8-aligned:
`pairs` looks at those only (some 5 instructions a set), `runs` counts where it found some.
"""

import micropython


@micropython.viper
def crc16(data: ptr8, n: int) -> int:
    """CRC-16-CCITT of `n` bytes, 0..0xFFFF."""
    crc = 0xFFFF
    p = data
    while n:
        x = (crc >> 8) ^ p[0]
        x = x ^ (x >> 4)
        crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xFFFF
        p = ptr8(int(p) + 1)
        n -= 1
    return crc


@micropython.viper
def pairs(data: ptr8, at: int, n: int) -> int:
    """Bit c: channel c has the same word in two sets 8 apart, among the sets 0, 8, ... 8 * n
    from byte `at`."""
    p = ptr32(int(data) + at)
    found = 0
    while n:
        if p[0] == p[56]:
            found |= 1
        if p[1] == p[57]:
            found |= 2
        if p[2] == p[58]:
            found |= 4
        if p[3] == p[59]:
            found |= 8
        if p[4] == p[60]:
            found |= 16
        if p[5] == p[61]:
            found |= 32
        if p[6] == p[62]:
            found |= 64
        p = ptr32(int(p) + 224)
        n -= 1
    return found


@micropython.viper
def runs(data: ptr8, at: int, sets: int) -> int:
    """Longest run of one and the same word in the channel at byte `at`; those at the ends of
    the range (beyond 0.9 of full scale, where a converter clips) apart, in bits 8 and up."""
    p = ptr32(int(data) + at)
    last = p[0]
    run = 1
    longest = 1
    clipped = 0
    n = sets - 1
    while n:
        p = ptr32(int(p) + 28)
        if p[0] == last:
            run += 1
            head = ptr8(int(p))  # big-endian: the sign and the highest bits
            top = head[0] >> 2
            if top == 1 or top == 62:
                if run > clipped:
                    clipped = run
            elif run > longest:
                longest = run
        else:
            last = p[0]
            run = 1
        n -= 1
    return clipped << 8 | longest
