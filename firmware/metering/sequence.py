"""Symmetrical components of three phasors (IEC 61000-4-30, 5.7): small ints only, no heap.

1 = positive, 2 = negative, 0 = zero sequence; the phases follow each other as A B C.
"""

from array import array

from micropython import const

from firmware.metering.phasor_kernels import ARCS, multiply, polar, share

_HALF_ROOT_3 = const(232471924)  # sqrt(3) / 2 in 1/2**28
_UNIT = const(100000)  # ratios are in 0.001 %
_MOST = const(999999)

ZERO, POSITIVE, NEGATIVE = 0, 1, 2


class Sequence:
    def __init__(self, dead):
        """Below `dead`, in the unit of the phasors, there is nothing to compare with."""
        self.dead = dead
        self.size = array("i", bytes(12))  # of the components, three quarters of the phasors' unit
        self._pair = array("i", bytes(8))

    def take(self, re, im, first):
        """The phasors are items `first`, first + 2 and first + 4, parts within +-2**29."""
        a_re, b_re, c_re = re[first] >> 2, re[first + 2] >> 2, re[first + 4] >> 2
        a_im, b_im, c_im = im[first] >> 2, im[first + 2] >> 2, im[first + 4] >> 2
        self._set(ZERO, a_re + b_re + c_re, a_im + b_im + c_im)
        # a b + a**2 c = -(b + c) / 2 + j sqrt(3) / 2 (b - c)
        a_re -= b_re + c_re >> 1
        a_im -= b_im + c_im >> 1
        re_turned = multiply(c_im - b_im, _HALF_ROOT_3)
        im_turned = multiply(b_re - c_re, _HALF_ROOT_3)
        self._set(POSITIVE, a_re + re_turned, a_im + im_turned)
        self._set(NEGATIVE, a_re - re_turned, a_im - im_turned)

    def _set(self, which, re, im):
        polar(re, im, self._pair, ARCS)
        self.size[which] = self._pair[0]

    def unbalance(self, which):
        """u2 or u0 (i2 or i0): a component over the positive one in 0.001 %; 0 when dead."""
        one = self.size[POSITIVE]
        if one * 4 < self.dead * 3:
            return 0
        part = self.size[which]
        return _MOST if part >> 3 > one else min(_MOST, share(part, one, _UNIT))

    def order(self):
        """1: A B C, -1: A C B, 0: neither is there."""
        one, two = self.size[POSITIVE], self.size[NEGATIVE]
        if max(one, two) * 4 < self.dead * 3:
            return 0
        return 1 if one > two else -1
