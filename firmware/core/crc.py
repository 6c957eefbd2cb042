"""The checksums of the terminal. Pure functions, no tables in RAM.

crc16_modbus: polynomial 0x8005, initial 0xFFFF, LSB first (Modbus RTU, sent low byte first).
crc16_ccitt: polynomial 0x1021, initial 0xFFFF, MSB first (ADE9000 SPI, UG-1098).
crc16_x25: the same polynomial LSB first, inverted at the end (HCS and FCS of DL/T 698.45).
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


def crc16_modbus(data, crc=0xFFFF):
    """CRC of a bytes-like object, 0..0xFFFF; 0 when the data end with their own."""
    for byte in data:
        x = (crc ^ byte) & 0xFF
        # eight steps at once: this polynomial folds into two shifts and the parity of the byte
        crc = (crc >> 8) ^ (x << 6) ^ (x << 7)
        x ^= x >> 4
        if 0x6996 >> (x & 15) & 1:
            crc ^= 0xC001
    return crc


def crc16_x25(data):
    """CRC of a bytes-like object, 0..0xFFFF; of b"123456789" it is 0x906E."""
    crc = 0xFFFF
    for byte in data:
        x = (crc ^ byte) & 0xFF
        x ^= x << 4 & 0xFF  # eight steps of the bitwise division folded into shifts (no table)
        crc = crc >> 8 ^ x << 8 ^ x << 3 ^ x >> 4
    return crc ^ 0xFFFF


def crc32(data, crc=0):
    """CRC-32 (ISO-HDLC) of a bytes-like object, 0..0xFFFFFFFF."""
    return _crc32(data, crc) & 0xFFFFFFFF
