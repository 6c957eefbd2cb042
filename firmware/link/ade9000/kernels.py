"""Loops over a whole waveform burst, in viper. Nothing is allocated.

The ADE9000 leaves the CRC of the words it sent in CRC_SPI (0x4A9) after a fixed-rate
burst; comparing the two finds a bit error on the wire. Same polynomial as core.crc.
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
