"""Loops over a whole waveform burst, in viper. Nothing is allocated.

The ADE9000 leaves the CRC of the words it sent in CRC_SPI (0x4A9) after a fixed-rate burst;
comparing the two finds a bit error on the wire. Two bytes at a time by two tables, a quarter of
the instructions of the bitwise form: 500 a set on a Cortex-M3.

A set is seven 32-bit words. The noise of a converter is hundreds of codes, so a channel that
repeats one word for 16 sets is stuck. Such a run holds two neighbours at a multiple of 15:
`pairs` looks at those only (19 instructions a set), `runs` counts where it found some. Over the
seam of two bursts it holds the last set of one and the first of the next.
"""

from array import array

import micropython

RUN = 16  # sets with one and the same word
REACH = 15  # sets that such a run may have on one side of a seam


def _tables():
    """CRC of one byte, and of one byte with a zero after it."""
    words = array("H", bytes(1024))
    for byte in range(256):
        crc = byte << 8
        for at in (byte, 256 + byte):
            for _ in range(8):
                crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
            words[at] = crc
    return words


TABLES = _tables()


@micropython.viper
def crc16(data: ptr8, crc: int, n: int, tables: ptr16) -> int:
    """CRC-16-CCITT of `n` bytes, an even number, from `crc` (0xFFFF at first)."""
    second = ptr16(int(tables) + 512)
    if n & 2:
        crc = crc ^ (data[0] << 8 | data[1])
        crc = second[crc >> 8] ^ tables[crc & 255]
        data = ptr8(int(data) + 2)
        n -= 2
    while n:
        crc = crc ^ (data[0] << 8 | data[1])
        crc = second[crc >> 8] ^ tables[crc & 255]
        crc = crc ^ (data[2] << 8 | data[3])
        crc = second[crc >> 8] ^ tables[crc & 255]
        data = ptr8(int(data) + 4)
        n -= 4
    return crc


@micropython.viper
def pairs(data: ptr8, at: int, n: int) -> int:
    """Bit c: channel c has the same word in two neighbours, at one of `n` places 15 sets apart
    from byte `at` on."""
    p = ptr32(int(data) + at)
    found = 0
    while n:
        if p[0] == p[7]:
            found |= 1
        if p[1] == p[8]:
            found |= 2
        if p[2] == p[9]:
            found |= 4
        if p[3] == p[10]:
            found |= 8
        if p[4] == p[11]:
            found |= 16
        if p[5] == p[12]:
            found |= 32
        if p[6] == p[13]:
            found |= 64
        p = ptr32(int(p) + 420)
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
