"""Why a measuring window is not what it should be: bits, 0 = nothing to say.

Made by link and metering, carried with every window, aggregate and event; the IEC 60870-5-4
bits of `core.quality` follow from them. Codes are never renumbered.
"""

from micropython import const

OVERRUN = const(1 << 0)  # samples were overwritten before they were read
SHORT = const(1 << 1)  # a burst ended early, or its CRC was wrong
BUS = const(1 << 2)  # the bus answered with nothing but ones or zeros
STUCK = const(1 << 3)  # a channel repeated one and the same sample
SATURATED = const(1 << 4)  # a channel was at the end of its range
FREQUENCY = const(1 << 5)  # no frequency within 42.5 .. 57.5 (51 .. 69) Hz
PHASE = const(1 << 6)  # a phase voltage is missing
EVENT = const(1 << 7)  # a dip, swell or interruption was going on (IEC 61000-4-30, 4.7)
GAP = const(1 << 8)  # samples are missing, energy came from the IC's registers
CLOCK = const(1 << 9)  # the clock was set: an interval is cut, doubled or left out

_NAMES = (
    "overrun",
    "short",
    "bus",
    "stuck",
    "saturated",
    "frequency",
    "phase",
    "event",
    "gap",
    "clock",
)


def text(bits):
    """'good', or the names of the bits set, such as 'overrun gap'."""
    return " ".join([name for k, name in enumerate(_NAMES) if bits >> k & 1]) or "good"
