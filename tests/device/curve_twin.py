"""The groups of curves once more, in big integers and by the definition. A helper.

Shares no code with firmware/store/curve_kernels.py.
"""

_IV = 0x80


def _bytes(value):
    """The shortest little-endian two's complement, one byte at least."""
    size = 1
    while not -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1:
        size += 1
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def signed(value):
    """Modulo 2**64, as a signed number."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def group(now, base, bits):
    """Bytes of a group."""
    n = len(now)
    tags = [0] * ((n + 3) // 4)
    if bits[0] & _IV and min(bits) == max(bits):
        tags[0] = 3
        return bytes(tags) + bytes([0xC0, bits[0]])
    body = b""
    for i in range(n):
        data = b"" if bits[i] & _IV else _bytes(signed(now[i] - base[i]))
        if not bits[i] and len(data) <= 3:
            code = len(data) - 1
        else:
            code = 3
            lead = [len(data) | 0x80, bits[i]] if bits[i] else [len(data)]
            data = bytes(lead) + data
        tags[i // 4] |= code << 2 * (i % 4)
        body += data
    return bytes(tags) + body
