"""Harmonics of a window of 10 or 12 cycles (IEC 61000-4-7), seven channels, in small steps.

`begin` with where the window lies in the waveform ring, then `step` until it says True: three
steps a channel, each of them a few hundred thousand instructions at most, so that one a
burst of the link leaves time for everything else. Nothing is allocated after the start as long as
sample numbers are small ints. Memory: 12 KB to transform in, 11 KB of tables, two spectra of 6 KB.
"""

from array import array

from micropython import const

from firmware.metering import fft_kernels, group_kernels, resample_kernels, spectrum_tables
from firmware.metering.phasor_kernels import multiply, share
from firmware.metering.spectrum import GROUP, ORDERS, Spectrum

STEPS = const(21)
SHORTEST, LONGEST = const(1380), const(1900)  # samples: 12 cycles at 69 Hz, 10 at 42.5 Hz

_SET = const(14)  # bytes of a set in the ring
_EARLIER = const(2)  # taps before the place
_ROOM = const(5)  # and all of them
_BINS = const(611)  # up to the last one between orders 50 and 51 of twelve cycles
_MOST_RAISED = const(13)  # bits; the first sums of a larger offset would leave 31 bits
_SUMS = const(1022)  # the largest sum of three currents, shifted; its half unit not counted
_FOUR_THIRDS = const(357913941)  # in 2**-28
_LEFT = const(12)  # words before bin 0
_ROW = const(816)  # bytes of a channel in a spectrum


class Harmonics:
    def __init__(self, response=None, turn=None):
        """`response(knot)`: amplitude response of the front end in Q16 at knot / 256 of the sample
        rate, 0 .. 117, compared with the fundamental; None: flat. `turn`: a Turn that sees the
        lines of the phases, or None."""
        self._cosine = spectrum_tables.cosine()
        self._taps = spectrum_tables.taps()
        self._droop = spectrum_tables.droop(response)
        self._roots = spectrum_tables.roots()
        self._a = array("i", bytes(6144))
        self._b = array("i", bytes(6144))
        self._gains = array("I", bytes(4 * _BINS))
        self._cells = array("i", bytes(16 * (ORDERS + 2)))
        self._shifts = bytearray(2 * (ORDERS + 2))
        self._room = array("i", bytes(4 * group_kernels.ROOM))
        self._pair = array("i", bytes(8))
        self.result = Spectrum()  # the last complete one
        self._next = Spectrum()  # what is worked on
        self.lost = 0  # windows given up: out of range, or gone from the ring
        self._turn = turn
        self._ring = None  # None: nothing to do
        self._left = 0  # steps
        self._amps = 0  # at most |ia + ib + ic|
        self._length = 0  # the gains are for this and
        self._cycles = 0  # this

    def begin(self, ring, n0, frac, length, cycles):
        """The window begins `frac` / 65536 of a sample after number `n0` and is `length` / 65536
        long. A window that is not through yet is given up. False if this one cannot be."""
        if self._ring:
            self.lost += 1
        self._ring = None
        if not SHORTEST << 16 <= length <= LONGEST << 16 or cycles not in (10, 12):
            self.lost += 1
            return False
        self._first = n0 - _EARLIER - (n0 - _EARLIER & 3)
        self._at = self._first & ring.mask
        # places in 2**-20 of a sample, half a sample on: see resample_kernels
        early = n0 - _EARLIER - self._first
        self._place = (early << 20) + (frac << 4) + (1 << 19)
        self._pace = (length + 48) // 96
        last = (self._place >> 8) + 1535 * (self._pace >> 8) >> 12  # or one less than that
        self._sets = (last + 1 + _ROOM + 3) & ~3
        if self._turn:
            self._turn.begin(length, cycles)
        self._next.start = n0
        self._next.cycles = cycles
        if length != self._length or cycles != self._cycles:
            self._tune(length, cycles)
        self._ring = ring
        self._left = STEPS
        return True

    def _tune(self, length, cycles):
        """Gains of all bins for this length."""
        step = (1 << 44) // length  # knots between bins, 2**-20
        resample_kernels.gains(self._droop, self._gains, step, _BINS)
        # of the fundamental to a millionth, and four thirds: see _scaled
        f = (cycles << 26) // (length >> 8)  # 2**-18 of the sample rate
        self._one = _FOUR_THIRDS + (f * f * 11 >> 6) // 3
        self._length, self._cycles = length, cycles

    def step(self):
        """One step; True when the window is through and `result` is its spectrum. False when
        there is more, when its last samples are yet to come, or when there is nothing to do."""
        if not self._ring:
            return False
        done = STEPS - self._left
        channel, part = done // 3, done % 3
        if part == 0:
            if not self._is_there():
                return False
            self._take(channel)
        elif part == 1:
            self._transform()
        else:
            self._group(channel)
        self._left -= 1
        if self._left:
            return False
        self._ring = None
        self.result, self._next = self._next, self.result
        return True

    def _is_there(self):
        """Are the samples in the ring? A window whose samples are gone is given up."""
        ring = self._ring
        age = resample_kernels.behind(ring.newest, self._first)
        if ring.oldest <= self._first and age < ring.capacity:
            return age >= self._sets - 1
        if ring.newest >= self._first or ring.oldest > self._first:
            self.lost += 1
            self._ring = None
        return False

    def _take(self, channel):
        """A channel from the ring to 1536 values in buffer a, as large as they may be."""
        ring, at, sets = self._ring, self._at, self._sets
        n = min(sets, ring.mask + 1 - at)
        top = resample_kernels.gather(ring.buf, at * _SET + 2 * channel, self._b, 0, n, 0)
        top = resample_kernels.gather(ring.buf, 2 * channel, self._b, 2 * n, sets - n, top)
        raised = resample_kernels.room(top, fft_kernels.LIMIT, _MOST_RAISED)
        self._peak, self._raised = top, raised
        if channel < 6 and channel & 1 == 0:
            self._amps = top + 1 + (self._amps if channel else 0)
        if channel == 6:
            self._next.neutral = self._sum()
        resample_kernels.resample(
            self._b, self._taps, self._a, self._place, self._pace, 14 - raised
        )

    def _sum(self):
        """Rms of ia + ib + ic over the whole samples of the window, every second of them: right
        to 0.05 % for what has no orders h and 80 - h at once. In sample words >> 4."""
        shift = 0
        while self._amps >> shift > _SUMS:
            shift += 1
        ring, at = self._ring, self._next.start & self._ring.mask
        pairs = self._length >> 17
        n = min(pairs, (ring.mask + 2 - at) >> 1)
        total = resample_kernels.sum_square(ring.buf, at * _SET, n, shift)
        at = (at + 2 * n) & ring.mask
        total += resample_kernels.sum_square(ring.buf, at * _SET, pairs - n, shift)
        rms = share(self._root(total), self._root(pairs), 256)
        return rms << shift

    def _root(self, n):
        return group_kernels.root(n, self._roots)

    def _transform(self):
        """From buffer a to buffer b, through both."""
        a, b, cosine = self._a, self._b, self._cosine
        fft_kernels.radix4_first(a, a, b, cosine)
        fft_kernels.radix4(b, b, a, cosine, 4, 48)
        fft_kernels.radix4(a, a, b, cosine, 16, 12)
        fft_kernels.radix4(b, b, a, cosine, 64, 3)
        fft_kernels.radix3(a, a, b)

    def _group(self, channel):
        """From buffer b to the spectrum."""
        a, b, cosine = self._a, self._b, self._cosine
        cycles, raised, out = self._cycles, self._raised, self._next
        most = ORDERS * cycles - 2  # bin
        fft_kernels.clear(a, 0, _LEFT + 2)
        fft_kernels.bins(b, b, a, cosine, self._gains, 1, most)
        fft_kernels.clear(a, _LEFT + 2 * (most + 1), cycles + 4)
        group_kernels.powers(
            a, _LEFT - cycles, self._room, self._cells, self._shifts, cycles, ORDERS + 1
        )
        group_kernels.amplitudes(
            self._cells, raised, self._shifts, out.cells, channel * _ROW, self._roots, ORDERS
        )
        self._direct(out.cells, channel)
        out.rate(channel, self._peak, self._roots)
        fft_kernels.phasor(b, b, self._pair, cosine, cycles)
        out.re[channel] = self._scaled(self._pair[0])
        out.im[channel] = self._scaled(self._pair[1])
        if self._turn and channel < 6:
            self._lines(channel)

    def _lines(self, channel):
        """The lower orders with their signs, for what a delay does to them."""
        b, turn = self._b, self._turn
        out = turn.lines(channel)
        fft_kernels.lines(b, b, out, self._cosine, self._gains, self._cycles, turn.ORDERS)
        turn.take(channel)

    def _direct(self, cells, channel):
        """The DC: the line of order 0 with its sign, and its group without."""
        k = channel * ORDERS * 4
        # 1/32 of a unit of the ring was cut off on average
        dc = (fft_kernels.mean(self._b, self._raised) * 128 // 3 >> self._raised) + 8
        cells[k] = dc
        cells[k + GROUP] = abs(dc)

    def _scaled(self, x):
        """A part of a phasor in sample words / 4."""
        raised = self._raised
        return multiply(x << 11 - raised if raised < 12 else x >> raised - 11, self._one)
