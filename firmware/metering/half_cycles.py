"""Half cycles of the three voltages: one-cycle rms at every zero crossing (IEC 61000-4-30, 5.4.1).

Each phase follows its own crossings; one that has none gets its half cycles from the sample
counter. Runs at every crossing, so small ints only, and nothing is allocated.
"""

from array import array

from micropython import const

from firmware.metering import kernels

NONE = const(0x7FFF)  # no crossing in this block
_SILENT = const(128)  # sets without a crossing: longer than any half cycle
_UNIT = const(64)  # lengths are in 1/64 of a sample
_MIDDLE = const(1 << 23)  # zero of the words that kernels.scan leaves


class HalfCycles:
    def __init__(self, arm, notify):
        """`arm`: level a half cycle must pass, in units of the top 16 bits of a word;
        `notify(phase, u2, i2, sample)` gets the mean squares of the last whole cycle, in units
        of (word >> 14)**2 / 4, at each crossing."""
        self.arm = arm
        self.notify = notify
        self.state = array("i", bytes(3 * 4 * kernels.HALF_WORDS))
        self._made_up = bytearray(3)  # the crossing at hand came from the sample counter ...
        self._was_made_up = bytearray(3)  # ... and so did the one before
        self.crossings = [array("i", bytes(4 * kernels.CROSS_WORDS)) for _ in range(3)]
        self._u = [0, 0, 0]  # sums of the half cycle before the last
        self._i = [0, 0, 0]
        self._n = [-1, -1, -1]  # its length, 1/64 of a sample; 0: none yet, -1: nor a crossing
        self._part = [0, 0, 0]  # of a sample, before the first set of the half that runs

    def restart(self):
        """Samples begin anew: nothing is carried over."""
        for i in range(len(self.state)):
            self.state[i] = 0
        for phase in range(3):
            self.crossings[phase][1] = 0
            self._n[phase] = -1

    def scan(self, phase, buf, at, sets):
        """Look for the crossing of a phase in `sets` sets from byte `at`, raw yet: index of the
        first set after it, `sets` when there is none."""
        cross = self.crossings[phase]
        base = kernels.HALF_WORDS * phase
        k = kernels.scan(buf, 0, at + 8 * phase + 4, sets, self.arm, cross)
        if k < sets:
            self.state[base] = k
            self._made_up[phase] = 0
        elif self.state[base + 3] + sets > _SILENT:
            self.state[base] = sets
            self._made_up[phase] = 1
            cross[4] = cross[5] = _MIDDLE
        else:
            self.state[base] = NONE
        return k

    def is_rising(self, phase):
        """Is the last crossing that was found a rising one?"""
        return not self.crossings[phase][0]

    def part(self, phase, unit):
        """Of a sample, in 1/unit: how long before the first set after it the crossing was."""
        cross = self.crossings[phase]
        after = cross[5] - _MIDDLE
        return after * unit // (after + _MIDDLE - cross[4]) if after != 0 else 0

    def add(self, buf, at, sets, window, sample):
        """Carry on over a block that `window` has taken; the first set is number `sample`."""
        state = self.state
        kernels.halves(buf, 0, at, sets, window.state, window.block, state)
        if state[0] <= sets:
            self._finish(0, sample + state[0])
        if state[kernels.HALF_WORDS] <= sets:
            self._finish(1, sample + state[kernels.HALF_WORDS])
        if state[2 * kernels.HALF_WORDS] <= sets:
            self._finish(2, sample + state[2 * kernels.HALF_WORDS])

    def _finish(self, phase, sample):
        base = kernels.HALF_WORDS * phase
        state = self.state
        part = self.part(phase, _UNIT)
        before = self._n[phase]
        is_first = before < 0 or self._was_made_up[phase] > self._made_up[phase]
        self._was_made_up[phase] = self._made_up[phase]
        if is_first:  # what came before the first true crossing is no half cycle
            self._n[phase] = 0
            self._part[phase] = part
            return
        u, i = state[base + 4], state[base + 5]
        n = _UNIT * state[base + 6] - part + self._part[phase]
        if before:
            whole = before + n
            u2 = _mean(u + self._u[phase], whole)
            self.notify(phase, u2, _mean(i + self._i[phase], whole), sample)
        self._u[phase] = u
        self._i[phase] = i
        self._n[phase] = n
        self._part[phase] = part


def _mean(total, n):
    """total * 1024 / n without leaving 31 bits."""
    return (total // n << 10) + (total % n << 10) // n
