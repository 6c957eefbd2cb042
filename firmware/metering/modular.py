"""Sample numbers modulo 2**30: small ints for ever. Two that are less than 18 hours apart tell
which is the later; a stream of 8000 samples a second would leave 30 bits after 37 hours.
"""

from micropython import const

from firmware.metering import ring_kernels

_MASK = const((1 << 30) - 1)
_HALF = const(1 << 29)


def number(sample):
    """A sample number of any size."""
    return ring_kernels.small(sample) & _MASK


def passed(later, earlier):
    """Samples from one number to a later one, 0 .. 2**30 - 1."""
    return (later - earlier) & _MASK


def signed(a, b):
    """a - b of two numbers in any order."""
    return ((a - b + _HALF) & _MASK) - _HALF


def whole(sample, newest):
    """The full number of a sample around the full number `newest`."""
    return newest + signed(sample, number(newest))
