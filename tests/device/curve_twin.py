"""The groups of curves once more, in big integers and by the definition. A helper.

Shares no code with firmware/store/curve_kernels.py.
"""

_IV = 0x80


def signed(value):
    """Modulo 2**64, as a signed number."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _low(value, count):
    """The lowest bits of a number, the lowest first."""
    return [value >> i & 1 for i in range(count)]


def _number(value):
    return 2 * value if value >= 0 else -2 * value - 1


def length(z):
    """Significant bits."""
    count = 0
    while z >> count:
        count += 1
    return count


def _code(z, k):
    size = length(z)
    if size <= k:
        return [1] + _low(z, k)
    if size - k < 12:
        return [0] * (size - k) + [1] + _low(z, size - 1)
    return [0] * 12 + _low(size - 1, 6) + _low(z, size - 1)


def group(now, base, bits, ks):
    """Bits of a group, 0 or 1 each."""
    n = len(now)
    found = [0]
    if max(bits):
        if bits[0] & _IV and min(bits) == max(bits):
            return [1, 1] + _low(bits[0], 8)
        found = [1, 0]
        for q in bits:
            found += [1] + _low(q, 8) if q else [0]
    for i in range(n):
        if not bits[i] & _IV:
            found += _code(_number(signed(now[i] - base[i])), ks[i % len(ks)])
    return found


def learn(medians, now, base, bits):
    """Eight times the medians of the lengths, one for each of `medians`, moved by a group."""
    for i in range(len(now)):
        if not bits[i] & _IV:
            slot = i % len(medians)
            if length(_number(signed(now[i] - base[i]))) > medians[slot] // 8:
                medians[slot] = min(248, medians[slot] + 1)
            else:
                medians[slot] = max(0, medians[slot] - 1)
