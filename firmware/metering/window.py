"""The sums of one measuring window, and the block floating point that keeps them exact.

Blocks are quantised and summed by the kernels and folded into totals of several limbs. A current
that leaves 13 bits has its shift raised and the block is done again; a shift is lowered between
windows. A window may begin and end at a crossing between two samples: `sliver` adds what whole
samples miss there, and takes it off the window before.
"""

from array import array

from micropython import const

from firmware.metering import kernels

_SUM_U, _UU, _CURRENT = const(0), const(3), const(9)  # words of the totals, see kernels.fold
_STEP = const(9)  # words a current
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
        self._volts = (fast or kernels).volts
        self._amps = (fast or kernels).amps
        self.state = array("i", bytes(4 * kernels.STATE_WORDS))
        self.block = array("i", bytes(4 * kernels.BLOCK_WORDS))
        self.totals = array("i", bytes(4 * kernels.TOTAL_WORDS))
        self.exponent = array("i", bytes(4))
        self.sets = 0  # whole samples summed
        self.redone = 0  # blocks summed again for a shift that was too small, since start
        self.peak = 0  # greatest current word, if one came near the end of the range; else 0
        self._is_high = False  # a current has a shift that only 0.9 of the full scale needs
        self._sliver = array("i", bytes(4 * kernels.BLOCK_WORDS))
        self._hold = bytearray(4)  # windows for which the current counts as a sharp one
        self._age = bytearray(4)  # windows since the shift was lowered
        for channel in range(4):
            self.state[kernels.SHIFTS + channel] = _FIRST_SHIFT

    def clear(self):
        """Empty it."""
        for i in range(kernels.TOTAL_WORDS):
            self.totals[i] = 0
        self.sets = 0
        self.peak = 0

    def skip(self, buf, at, sets):
        """Only quantise the voltages: they are the history of what follows."""
        self._volts(buf, 0, at, sets, self.state, self.block)

    def add(self, buf, at, sets):
        """Take at most BLOCK sets from byte `at`; DELAY sets before them went through here."""
        self._volts(buf, 0, at, sets, self.state, self.block)
        while self._amps(buf, 0, at, sets, self.state, self.block):
            self._raise(buf, at, sets)
        kernels.fold(self.block, self.totals, self.state, 1)
        self.sets += sets
        if self._is_high:
            for channel in range(4):
                self.peak = max(self.peak, kernels.peak(buf, 0, at + 8 * channel, sets))

    def _raise(self, buf, at, sets):
        self.redone += 1
        for channel in range(4):
            most = kernels.peak(buf, 0, at + 8 * channel, sets)
            i = kernels.SHIFTS + channel
            shift = self.state[i]
            while most >> shift >= _ROOM and shift < kernels.SHIFT_MAX:
                shift += 1
            if shift != self.state[i]:
                self.state[i] = shift
                if self._age[channel] < _SOON:
                    self._hold[channel] = _HOLD
            self._is_high = self._is_high or shift >= _HIGH

    def relax(self, rms_words):
        """Lower the shifts of the currents for the next window; `rms_words` are the rms of the
        last, in units of the word."""
        self._is_high = False
        for channel in range(4):
            crest = _CREST
            if self._hold[channel]:
                self._hold[channel] -= 1
                crest = _SHARP_CREST
            self._age[channel] = min(_SOON, self._age[channel] + 1)
            i = kernels.SHIFTS + channel
            shift = self.state[i]
            while shift and rms_words[channel] * crest >> shift < _ROOM:
                shift -= 1
            if shift != self.state[i]:
                self._age[channel] = 0
                self.state[i] = shift
            self._is_high = self._is_high or shift >= _HIGH

    def sliver(self, buf, at, part):
        """Prepare the sums of the crossing `part` / 1024 of a sample before the set at `at`."""
        kernels.edge(buf, 0, at, part, self.state, self._sliver)

    def fold_sliver(self, sign):
        """Add what `sliver` prepared (1, at the start), or take it off (-1, at the end)."""
        kernels.fold(self._sliver, self.totals, self.state, sign)

    def remove_dc(self, length):
        """Take the product of the means off every sum of products; `length` in samples."""
        t = self.totals
        for phase in range(3):
            u = t[_SUM_U + phase]
            _less(t, _UU + 2 * phase, u * u // length)
            base = _CURRENT + _STEP * phase
            i = _wide(t, base + _X)
            mean = i // length
            self._less3(base + _XX, mean * i)
            _less(t, base + _P, mean * u)
            _less(t, base + _LATE, mean * u)
        base = _CURRENT + 3 * _STEP
        i = _wide(t, base)
        self._less3(base + _XX, i // length * i)

    def _less3(self, word, value):
        t = self.totals
        t[word] -= value & kernels.LOW
        value >>= kernels.LIMB
        t[word + 1] -= value & kernels.LOW
        t[word + 2] -= value >> kernels.LIMB

    def uu(self, phase):
        """Sum of y**2 as a mantissa; the exponent is left in `exponent[0]`, as below."""
        return kernels.normal(self.totals, _UU + 2 * phase, 2, self.exponent)

    def ii(self, channel):
        """Sum of word**2 of a current, 3 being the neutral."""
        return kernels.normal(self.totals, _CURRENT + _STEP * channel + _XX, 3, self.exponent)

    def product(self, phase, is_late):
        """Sum of y * word, with the voltage of a quarter cycle ago if `is_late`."""
        word = _CURRENT + _STEP * phase + (_LATE if is_late else _P)
        return kernels.normal(self.totals, word, 2, self.exponent)

    def exact(self, phase, is_late, out, at):
        """That sum as two limbs, out[at] * 2**22 + out[at + 1], once `product` has settled it."""
        word = _CURRENT + _STEP * phase + (_LATE if is_late else _P)
        out[at] = self.totals[word + 1]
        out[at + 1] = self.totals[word]


def _wide(t, word):
    return (t[word + 1] << kernels.LIMB) + t[word]


def _less(t, word, value):
    t[word] -= value & kernels.LOW
    t[word + 1] -= value >> kernels.LIMB
