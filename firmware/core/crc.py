"""The two checksums the core needs. Pure functions, no tables in RAM.

crc16_ccitt: polynomial 0x1021, initial 0xFFFF, MSB first (ADE9000 SPI, UG-1098).
crc32: as in zlib; `binascii.crc32` does it in C on every port.
"""

from binascii import crc32 as _crc32


def crc16_ccitt(data, crc=0xFFFF):
    """CRC of a bytes-like object, 0..0xFFFF."""
    for byte in data:
        crc ^= byte << 8
        # eight steps of the bitwise division folded into shifts (no table)
        x = (crc >> 8) ^ (crc >> 12)
        crc = ((crc << 8) ^ x ^ (x << 5) ^ (x << 12)) & 0xFFFF
    return crc


def crc32(data, crc=0):
    """CRC-32 (ISO-HDLC) of a bytes-like object, 0..0xFFFFFFFF."""
    return _crc32(data, crc) & 0xFFFFFFFF
