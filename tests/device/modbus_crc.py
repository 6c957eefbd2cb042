"""The checksum of Modbus RTU by the book, bit by bit (Modbus over serial line 1.02, 6.2.2): what
the tests build their frames with, apart from the code under test. A helper, not a test."""


def crc(data):
    """The two bytes behind `data`, as sent: low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return bytes([value & 255, value >> 8])
