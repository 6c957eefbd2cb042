"""Packed BCD, least significant byte first, as DL/T 645 sends every number."""


def bcd_to_int(buf, start, n):
    """Value of `n` bytes from `start`, or -1 when a nibble is not a digit."""
    value = 0
    for i in range(start + n - 1, start - 1, -1):
        high = buf[i] >> 4
        low = buf[i] & 15
        if high > 9 or low > 9:
            return -1
        value = value * 100 + high * 10 + low
    return value


def int_to_bcd(value, n):
    """`n` bytes of packed BCD; ValueError when the number does not fit."""
    if value < 0 or value >= 100**n:
        raise ValueError("%d does not fit %d BCD bytes" % (value, n))
    out = bytearray(n)
    for i in range(n):
        pair = value % 100
        out[i] = pair // 10 << 4 | pair % 10
        value //= 100
    return bytes(out)
