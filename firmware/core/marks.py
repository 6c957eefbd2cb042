"""Why a freeze is not what it should be: bits that go with it, 0 = nothing to say. Made by
firmware/timing, kept with the row. Codes are never renumbered."""

from micropython import const

MISSED = const(1)  # nobody was there at its time: power was off, or the time not known
CLOCK = const(2)  # the clock was set in it, or over its end: it is longer or shorter than it says
