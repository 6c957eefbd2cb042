"""How long a client of a time source waits before it asks again: 16 s after the first failure,
twice as long after each one more.
"""

from micropython import const

FIRST_S = const(16)


def longer(pause_s, times, most_s):
    """Seconds, after so many failures, or doubts, before this one; up to `most_s`."""
    return min(most_s, 2 * pause_s) if times else FIRST_S
