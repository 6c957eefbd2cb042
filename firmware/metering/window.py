"""The sums of one measuring window, and the block floating point that keeps them exact.

Blocks are quantised and summed by the kernels and folded into totals of several limbs. A current
that leaves 13 bits has its shift raised and the block is done again; a shift is lowered between
windows. A window may begin and end at a crossing between two samples: `sliver` finds what whole
samples miss there, `end` takes it off the window before, `begin` adds it to the next.
"""

from array import array

from micropython import const

from firmware.metering import kernels, layout, sum_kernels, window_kernels

_PEAKS = const(189)  # layout.CONTROL + layout.C_PEAKS
_FIRST_SHIFT = const(8)
_HIGH = const(15)
_ROOM = const(4095)  # a peak above this, shifted, leaves 13 bits once the carried error is added
_HOLD = const(64)  # windows for which a current counts as a sharp one
_SOON = const(8)  # windows: a shift raised so soon after it was lowered was lowered too far


class Window:
    def __init__(self, fast=None):
        """`fast` has the board's own `sums`, when it has some."""
        self.sums = (fast or kernels).sums
        self.memory = array("i", bytes(4 * layout.WORDS))
        self.redone = 0  # blocks summed again for a shift that was too small, since start
        self.peak = 0  # greatest current word, if one came near the end of the range; else 0
        self.raise_shifts = self._raise  # bound once: `block` calls it
        for channel in range(4):
            self.memory[layout.SHIFTS + channel] = _FIRST_SHIFT

    def begin(self, is_open):
        """Empty it, and lower the shifts of the currents for it. `is_open`: it begins at a
        crossing that `sliver` was told of."""
        memory = self.memory
        window_kernels.begin(memory, is_open)
        self.peak = 0
        if is_open:
            sum_kernels.fold(memory, 0, layout.SLIVER, 1)
        memory[_PEAKS] = window_kernels.relax(memory) >= _HIGH

    def _raise(self, buf, at, sets):
        """A current left 13 bits in these sets: raise the shifts as far as they need."""
        self.redone += 1
        for channel in range(4):
            most = sum_kernels.peak(buf, 0, at + 8 * channel, sets)
            i = layout.SHIFTS + channel
            shift = self.memory[i]
            while most >> shift >= _ROOM and shift < layout.SHIFT_MAX:
                shift += 1
            if shift != self.memory[i]:
                self.memory[i] = shift
                if self.memory[layout.AGE + channel] < _SOON:
                    self.memory[layout.HOLD + channel] = _HOLD
            if shift >= _HIGH:
                self.memory[_PEAKS] = 1

    def watch_peak(self, buf, at, sets):
        """Keep the greatest current word of a block that told layout.TOLD_PEAKS."""
        for channel in range(4):
            self.peak = max(self.peak, sum_kernels.peak(buf, 0, at + 8 * channel, sets))

    def sliver(self, buf, at, part):
        """Prepare the sums of the crossing `part` / 1024 of a sample before the set at `at`."""
        sum_kernels.edge(buf, 0, at, part, self.memory)

    def end(self):
        """Take off what `sliver` prepared."""
        sum_kernels.fold(self.memory, 0, layout.SLIVER, -1)
