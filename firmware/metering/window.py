"""One measuring window: sums over 10 (50 Hz) or 12 (60 Hz) cycles (IEC 61000-4-30, 4.2).

The window is cut at rising zero crossings found between two samples, so its length is a
fraction of a sample off a whole number. Sums run over whole samples; `means` adds the two
slivers at the edges, taken from the samples around each crossing. Energies use the plain
sums: windows are contiguous, so nothing is counted twice or left out.
"""

import struct
from array import array

from firmware.metering import kernels

PHASES = 3
_SUM_I, _SUM_V = 0, 1
_II, _VV, _P, _Q = 2, 5, 8, 11  # first word of each (hh, hl, ll)


class Edge:
    """A zero crossing: sample `n` is the first after it, `part` (0..1) of a sample ago."""

    def __init__(self, n, part, now, late):
        self.n = n
        self.part = part
        self.sliver = part - 0.5  # sample n covers n - 0.5 .. n + 0.5: what it misses at the edge
        self.now = now  # 7 interpolated codes at the middle of the sliver
        self.late = late  # 3 voltages, `delay` sets earlier


def edge(buf, at, n, channel, delay):
    """The crossing of word `channel` before the set at byte `at`, which is sample `n`."""
    size = kernels.SET_BYTES
    before = struct.unpack_from(">7i", buf, at - size)
    after = struct.unpack_from(">7i", buf, at)
    part = after[channel] / (after[channel] - before[channel])
    weight = 0.75 - part / 2  # middle of the sliver, counted from `before`
    now = [(b + (a - b) * weight) / 16 for b, a in zip(before, after)]
    before = struct.unpack_from(">7i", buf, at - size - delay)
    after = struct.unpack_from(">7i", buf, at - delay)
    late = [(before[c] + (after[c] - before[c]) * weight) / 16 for c in (1, 3, 5)]
    return Edge(n, part, now, late)


class Window:
    def __init__(self):
        self.block = array("i", bytes(4 * kernels.BLOCK_WORDS))
        self.totals = array("i", bytes(8 * kernels.BLOCK_WORDS))
        self.clear(None)

    def clear(self, start):
        """Empty it; `start` is the Edge it begins at, None when it is not synchronised."""
        for i in range(len(self.totals)):
            self.totals[i] = 0
        self.start = start
        self.sets = 0
        self.cycles = 0
        self.overrange = 0

    def add(self, buf, at, sets, delay):
        """Take `sets` sets from byte `at`; `delay` bytes of older ones stand before."""
        while sets:
            n = min(sets, kernels.BLOCK)
            self.overrange |= kernels.block(buf, at, n, delay, self.block)
            kernels.fold(self.block, self.totals, kernels.BLOCK_WORDS)
            self.sets += n
            at += n * kernels.SET_BYTES
            sets -= n

    def _total(self, word):
        return self.totals[2 * word] + (self.totals[2 * word + 1] << 16)

    def _square(self, word):
        hh, hl, ll = self._total(word), self._total(word + 1), self._total(word + 2)
        return (hh << 24) + (hl << 13) + ll

    def _product(self, word):
        hh, hl, ll = self._total(word), self._total(word + 1), self._total(word + 2)
        return (hh << 24) + (hl << 12) + ll

    def powers(self, phase, is_whole):
        """Exact sums over the whole samples: (sum u*i, sum u_delayed*i), code**2. DC is removed
        from whole cycles; the mean of a part of a cycle is not DC."""
        w = phase * kernels.PHASE_WORDS
        dc = 0
        if is_whole:
            dc = self._total(w + _SUM_V) * self._total(w + _SUM_I) // self.sets
        return self._product(w + _P) - dc, self._product(w + _Q) - dc

    def length(self, end):
        """Samples from start to `end`, with fraction."""
        if self.start is None or end is None:
            return self.sets
        return end.n - self.start.n - (end.part - self.start.part)

    def means(self, phase, end):
        """(mean u**2, i**2, u*i, u_delayed*i) of a phase, code**2, DC removed."""
        w = phase * kernels.PHASE_WORDS
        i, v = 2 * phase, 2 * phase + 1
        mean_i = self._mean(self._total(w + _SUM_I), end, lambda e: e.now[i])
        mean_v = self._mean(self._total(w + _SUM_V), end, lambda e: e.now[v])
        return (
            self._mean(self._square(w + _VV), end, lambda e: e.now[v] * e.now[v])
            - mean_v * mean_v,
            self._mean(self._square(w + _II), end, lambda e: e.now[i] * e.now[i])
            - mean_i * mean_i,
            self._mean(self._product(w + _P), end, lambda e: e.now[v] * e.now[i])
            - mean_v * mean_i,
            self._mean(self._product(w + _Q), end, lambda e: e.late[phase] * e.now[i])
            - mean_v * mean_i,
        )

    def neutral_mean(self, end):
        """Mean square of the neutral current, code**2, DC removed."""
        w = PHASES * kernels.PHASE_WORDS
        mean = self._mean(self._total(w), end, lambda e: e.now[6])
        square = self._mean(self._square(w + 1), end, lambda e: e.now[6] * e.now[6])
        return square - mean * mean

    def _mean(self, total, end, at_edge):
        if self.start is None or end is None:
            return total / self.sets
        slivers = self.start.sliver * at_edge(self.start) - end.sliver * at_edge(end)
        return (total + slivers) / self.length(end)
