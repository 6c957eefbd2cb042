"""Quality bits of a point, in the sense of IEC 60870-5-4 (0 = good)."""

from micropython import const

GOOD = const(0x00)
OV = const(0x01)  # overflow: the value left the range of its instrument
BL = const(0x10)  # blocked
SB = const(0x20)  # substituted: not from its own source
NT = const(0x40)  # not topical: not renewed when it should have been
IV = const(0x80)  # invalid

_NAMES = ((0x80, "IV"), (0x40, "NT"), (0x20, "SB"), (0x10, "BL"), (0x01, "OV"))


def text(bits):
    """'good', or the names of the bits set, such as 'IV NT'."""
    return " ".join(name for bit, name in _NAMES if bits & bit) or "good"
