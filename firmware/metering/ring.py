"""The last half second of all waveforms: who looks for a spectrum or a fault looks here.

Sets of seven little-endian int16 (IA VA IB VB IC VC IN, in units of 2**12 of the sample word, what
that cuts off is carried into the next sample) in a bytearray that never moves. Sample n stands at
byte (n & mask) * SET; ask `has` before reading. One writer, the meter's feed, which allocates
nothing here; readers in the same thread.
"""

from micropython import const

from firmware.metering import ring_kernels

SET = 14  # bytes of a set
WORD_SHIFT = 12  # an int16 of the ring is in units of 2**12 of the sample word
CHANNELS = ("ia", "va", "ib", "vb", "ic", "vc", "in")
_RAW = const(28)  # bytes of a set as it comes from the chip


class WaveRing:
    def __init__(self, capacity_sets=4096):
        """capacity_sets: a power of two; 4096 sets are 512 ms at 8 kSPS in 56 KB."""
        if capacity_sets & (capacity_sets - 1) or capacity_sets < 2:
            raise ValueError("the capacity of the ring is a power of two")
        self.capacity = capacity_sets
        self.mask = capacity_sets - 1
        self.buf = bytearray(capacity_sets * SET)
        self._rest = bytearray(7)  # what was cut off, in 1/16 of a unit
        self.newest = -1  # number of the sample packed last; -1: none yet
        self.oldest = 0  # nothing before this sample may be used; see `gap`

    def pack(self, buf, at, sets, sample):
        """Take `sets` raw sets from byte `at` of `buf`; the first is number `sample`. A number
        that does not follow the newest is a gap."""
        if sample != self.newest + 1:
            self.gap(sample)
        to = ring_kernels.small(sample) & self.mask
        self.newest = sample + sets - 1
        while sets:
            n = self.capacity - to
            if n > sets:
                n = sets
            ring_kernels.pack(buf, 0, self.buf, at, to, n, self._rest)
            at += n * _RAW
            sets -= n
            to = 0

    def gap(self, sample):
        """The samples before number `sample`, which comes next, are missing or of another count:
        no span may reach over that place."""
        self.oldest = sample
        self.newest = sample - 1

    def has(self, first, sets):
        """Are the samples first .. first + sets - 1 all there?"""
        last = first + sets - 1
        return self.oldest <= first and last <= self.newest < first + self.capacity
