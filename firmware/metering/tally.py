"""How many windows carried which flag since boot. Counting allocates nothing."""

from micropython import const

from firmware.core import flags

_KINDS = const(10)  # of core.flags


class Tally:
    def __init__(self):
        self.windows = 0  # with any flag at all
        self.counts = [0] * _KINDS  # by the number of the flag's bit

    def take(self, bits):
        """A window with the flags `bits` was published."""
        if bits:
            self.windows += 1
            for k in range(_KINDS):
                self.counts[k] += bits >> k & 1

    def text(self):
        """'3: overrun 1, gap 3'."""
        named = ["%s %d" % (flags.text(1 << k), n) for k, n in enumerate(self.counts) if n]
        return "%d: %s" % (self.windows, ", ".join(named)) if named else "0"
