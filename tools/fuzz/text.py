"""One way to write what a codec read, under CPython and under MicroPython, so that two readers of
the same bytes can be compared as text.
Plain Python: knows neither firmware nor oracle.
"""

import struct
from binascii import hexlify


def write(value):
    """Text of None, bool, int, float, str, bytes, lists, tuples and namedtuples."""
    if value is None:
        return "n"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, float):
        return "nan" if value != value else "r" + hexlify(struct.pack(">d", value)).decode()
    if isinstance(value, str):
        return "s" + hexlify(value.encode()).decode()
    if isinstance(value, (bytes, bytearray)):
        return "x" + hexlify(value).decode()
    if isinstance(value, dict):
        return "{" + ",".join([key + ":" + write(value[key]) for key in sorted(value)]) + "}"
    brackets = "[]" if isinstance(value, list) else "()"
    return brackets[0] + ",".join([write(item) for item in value]) + brackets[1]
