"""Quantities of the fundamental: powers, displacement factors, angles, unbalance. Made once a
window from the phasors of a spectrum, without the heap while powers stay below 1 MW.

Angles are counted against the voltage of phase A, leading positive, and when that is dead
against where it would stand by the first live voltage. Q1 = U1 I1 sin(phi), positive when the
current lags (IEC 62053-24).
"""

from array import array

from micropython import const

from firmware.metering.phasor_kernels import ARCS, TURN, multiply, polar, share
from firmware.metering.sequence import Sequence
from firmware.metering.spectrum import CHANNELS

_DEAD_AMPS = const(1 << 14)  # one unit of the waveform ring
_HALF = const(18000)  # turn, 0.01 degree

# channels
_AMPS, _VOLTS = 0, 1  # of phase A; the others follow two apart


class Phasors:
    def __init__(self, u_fs_mv, i_fs_ma, fs_word, nominal_v):
        """Full scales are peaks at the primary side; `fs_word` is the sample word there."""
        # mW of a product of phasors over 2**28, as a part of 2**28 and a shift
        num, den = u_fs_mv * i_fs_ma << 28, 32 * fs_word**2 * 1000
        self._shift = 0
        while num >= den << (self._shift + 1):
            self._shift += 1
        self._scale = (num << 28 >> self._shift) // den
        # 5 % of nominal, peak; a voltage below has no angle
        self.dead = nominal_v * 283 * fs_word // u_fs_mv
        self.volts = Sequence(self.dead)
        self.amps = Sequence(_DEAD_AMPS)
        self.angles = array("i", bytes(4 * CHANNELS))  # 0.01 degree
        self.sizes = array("i", bytes(4 * CHANNELS))  # peak, sample words / 4
        self.p = [0] * 4  # mW: a, b, c, total
        self.q = [0] * 4  # mvar
        self.factors = array("i", bytes(16))  # displacement power factor, 0.0001
        self._raw = array("i", bytes(4 * CHANNELS))
        self._pair = array("i", bytes(8))

    def take(self, spectrum):
        """The phasors of a complete spectrum."""
        re, im, pair = spectrum.re, spectrum.im, self._pair
        for channel in range(CHANNELS):
            polar(re[channel], im[channel], pair, ARCS)
            self.sizes[channel] = pair[0]
            self._raw[channel] = pair[1]
        self._turn()
        self._powers(re, im)
        self.volts.take(re, im, _VOLTS)
        self.amps.take(re, im, _AMPS)

    def _turn(self):
        """Angles against the reference."""
        zero = 0
        for phase in (2, 1, 0):
            channel = _VOLTS + 2 * phase
            if self.sizes[channel] >= self.dead:
                zero = self._raw[channel] + phase * (TURN // 3)
        for channel in range(CHANNELS):
            is_dead = self.sizes[channel] < (self.dead if channel & 1 else _DEAD_AMPS)
            angle = 0 if is_dead else (self._raw[channel] - zero + 128 >> 8) % (2 * _HALF)
            self.angles[channel] = angle - 2 * _HALF if angle > _HALF else angle

    def _powers(self, re, im):
        p_all = q_all = 0
        for phase in range(3):
            i, u = _AMPS + 2 * phase, _VOLTS + 2 * phase
            p = multiply(re[u], re[i]) + multiply(im[u], im[i])
            q = multiply(im[u], re[i]) - multiply(re[u], im[i])
            self._put(phase, p, q)
            p_all += p >> 2
            q_all += q >> 2
        self._put(3, p_all, q_all)
        self.p[3] = self.p[0] + self.p[1] + self.p[2]
        self.q[3] = self.q[0] + self.q[1] + self.q[2]

    def _put(self, row, p, q):
        self.p[row] = multiply(p, self._scale) << self._shift
        self.q[row] = multiply(q, self._scale) << self._shift
        polar(p, q, self._pair, ARCS)
        factor = share(abs(p), self._pair[0], 10000)
        self.factors[row] = -factor if p < 0 else factor
