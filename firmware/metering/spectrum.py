"""What a window holds: amplitudes of all orders and phasors of the fundamental, seven channels.

Filled by `harmonics`, which has two of them and swaps: who reads one must be done before the
window after the next is through. Amplitudes are rms in sample words >> 4.
"""

from array import array

from micropython import const

from firmware.metering.group_kernels import ratios

CHANNELS = const(7)  # IA VA IB VB IC VC IN, as in the waveform ring
ORDERS = const(51)  # 0 .. 50
LINE, SUBGROUP, GROUP, INTER = 0, 1, 2, 3  # IEC 61000-4-7, clause 3; INTER is above its order

# of a channel, in 0.01 % of its fundamental: of lines, subgroups and groups (THD, THDS, THDG), of
# odd and of even lines; and the crest factor in 0.001
THD, THDS, THDG, ODD, EVEN, CREST = 0, 1, 2, 3, 4, 5
RATIOS = const(6)

_DEAD = const(192)  # three quarters of a unit of the ring: less is nothing to compare with
_ROW = const(816)  # bytes of a channel: ORDERS cells of four words


class Spectrum:
    def __init__(self):
        self.cells = array("i", bytes(_ROW * CHANNELS))
        self.ratios = array("i", bytes(4 * RATIOS * CHANNELS))
        self.re = array("i", bytes(4 * CHANNELS))  # fundamental, peak, in sample words / 4
        self.im = array("i", bytes(4 * CHANNELS))
        self.neutral = 0  # rms of ia + ib + ic
        self.start = 0  # sample number at which the window began
        self.cycles = 0  # 0: nothing there yet

    def amplitude(self, channel, order, kind=SUBGROUP):
        """Of one order. The line of order 0 is the DC, with its sign, its group without."""
        return self.cells[(channel * ORDERS + order) * 4 + kind]

    def rate(self, channel, peak, roots):
        """Work out the ratios of a channel whose cells are there; `peak` is as `gather` saw it."""
        cells, at = self.cells, _ROW * channel
        ratios(cells, at, self.ratios, 4 * RATIOS * channel, roots, peak, _DEAD)
