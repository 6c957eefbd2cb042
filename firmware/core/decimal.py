"""Integers with a power of ten, as text. No floats: nothing is lost on a 32-bit board."""


def text(value, power):
    """value * 10**power exactly: text(2305, -1) == '230.5', text(7, 2) == '700'."""
    if power >= 0:
        return str(value * 10**power)
    digits = str(abs(value))
    while len(digits) <= -power:
        digits = "0" + digits
    sign = "-" if value < 0 else ""
    return sign + digits[:power] + "." + digits[power:]
