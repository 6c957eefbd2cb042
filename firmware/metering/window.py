"""The sums of one measuring window, and the block floating point that keeps them exact.

Blocks are quantised and summed by the kernels and folded into totals of several limbs. A current
that leaves 13 bits has its shift raised and the block is done again; a shift is lowered between
windows. A window may begin and end at a crossing between two samples: `sliver` adds what whole
samples miss there, and takes it off the window before.
"""

from array import array

from micropython import const

from firmware.metering import kernels, layout, sum_kernels

_SUM_U = const(40)  # layout.TOTALS: sum y of each voltage
_UU = const(43)  # y*y, two limbs each
_CURRENT = const(49)  # first word of a current, and how many it has
_STEP = const(9)
_X, _XX, _P, _LATE = const(0), const(2), const(5), const(7)  # words of a current
_FIRST_SHIFT = const(8)
_HIGH = const(15)
_ROOM = const(4095)  # a peak above this, shifted, leaves 13 bits once the carried error is added
_CREST = const(3)  # peak over rms that a shift leaves room for ...
_SHARP_CREST = const(6)  # ... and for so many windows after that was too little
_HOLD = const(64)
_SOON = const(8)  # windows: a shift raised so soon after it was lowered was lowered too far


class Window:
    def __init__(self, fast=None):
        """`fast` has the board's own `volts` and `amps`, when it has some."""
        self.volts = (fast or kernels).volts
        self.amps = (fast or kernels).amps
        self.memory = array("i", bytes(4 * layout.WORDS))
        self.redone = 0  # blocks summed again for a shift that was too small, since start
        self.peak = 0  # greatest current word, if one came near the end of the range; else 0
        self.raise_shifts = self._raise  # bound once: `block` calls it
        self.is_high = False  # a current has a shift that only 0.9 of the full scale needs
        self._hold = bytearray(4)  # windows for which the current counts as a sharp one
        self._age = bytearray(4)  # windows since the shift was lowered
        for channel in range(4):
            self.memory[layout.SHIFTS + channel] = _FIRST_SHIFT

    def clear(self):
        """Empty it."""
        sum_kernels.clear(self.memory, layout.TOTALS, layout.TOTAL_WORDS)
        self.peak = 0

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
                if self._age[channel] < _SOON:
                    self._hold[channel] = _HOLD
            self.is_high = self.is_high or shift >= _HIGH

    def watch_peak(self, buf, at, sets):
        """Keep the greatest current word of a block: for while `is_high`."""
        for channel in range(4):
            self.peak = max(self.peak, sum_kernels.peak(buf, 0, at + 8 * channel, sets))

    def relax(self):
        """Lower the shifts of the currents for the next window as far as the last allows."""
        self.is_high = False
        for channel in range(4):
            crest = _CREST
            if self._hold[channel]:
                self._hold[channel] -= 1
                crest = _SHARP_CREST
            self._age[channel] = min(_SOON, self._age[channel] + 1)
            i = layout.SHIFTS + channel
            shift = self.memory[i]
            while shift and self.memory[layout.RMS + channel] * crest >> shift < _ROOM:
                shift -= 1
            if shift != self.memory[i]:
                self._age[channel] = 0
                self.memory[i] = shift
            self.is_high = self.is_high or shift >= _HIGH

    def sliver(self, buf, at, part):
        """Prepare the sums of the crossing `part` / 1024 of a sample before the set at `at`."""
        sum_kernels.edge(buf, 0, at, part, self.memory)

    def fold_sliver(self, sign):
        """Add what `sliver` prepared (1, at the start), or take it off (-1, at the end)."""
        sum_kernels.fold(self.memory, 0, layout.SLIVER, sign)

    def has_dc(self, length):
        """Is there a mean that matters, 1/20000 of a small rms? `length` in samples."""
        return sum_kernels.has_dc(self.memory, length)

    def remove_dc(self, length):
        """Take the product of the means off every sum of products; `length` in samples."""
        m = self.memory
        for phase in range(3):
            u = m[_SUM_U + phase]
            _less(m, _UU + 2 * phase, u * u // length)
            base = _CURRENT + _STEP * phase
            i = _wide(m, base + _X)
            mean = i // length
            _less3(m, base + _XX, mean * i)
            _less(m, base + _P, mean * u)
            _less(m, base + _LATE, mean * u)
        base = _CURRENT + 3 * _STEP
        i = _wide(m, base)
        _less3(m, base + _XX, i // length * i)


def _wide(m, word):
    return (m[word + 1] << layout.LIMB) + m[word]


def _less(m, word, value):
    m[word] -= value & layout.LOW
    m[word + 1] -= value >> layout.LIMB


def _less3(m, word, value):
    m[word] -= value & layout.LOW
    value >>= layout.LIMB
    m[word + 1] -= value & layout.LOW
    m[word + 2] -= value >> layout.LIMB
