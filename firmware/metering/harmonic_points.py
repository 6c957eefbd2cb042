"""Points of a spectrum: a summary of every window, and single orders for who asks for them.

Harmonics are in percent of their own fundamental (IEC 61000-4-7); orders are rms in the unit of
the channel. Fundamental powers and angles: see phasors.
"""

from firmware.metering.phasor_kernels import multiply
from firmware.metering.phasors import Phasors
from firmware.metering.sequence import NEGATIVE, ZERO
from firmware.metering.spectrum import CREST, EVEN, LINE, ODD, RATIOS, SUBGROUP, THD, THDS

# channels of the ring in the order of the points, and how they are called there
_CHANNELS = (1, 3, 5, 0, 2, 4, 6)
_NAMES = ("ua", "ub", "uc", "ia", "ib", "ic", "in")
_PHASES = ("a", "b", "c", "")
_ROOM = 6  # bits: amplitudes have 23, and a product 29


def _rows(prefix, names, unit, power):
    return tuple([(prefix + name, unit, power) for name in names])


def _dc_rows():
    return tuple([("dc_" + name, "A" if name[0] == "i" else "V", -3) for name in _NAMES])


POINTS = (
    _rows("thd_", _NAMES, "%", -2)
    + _rows("thds_", _NAMES, "%", -2)
    + _rows("thdo_", _NAMES, "%", -2)
    + _rows("thde_", _NAMES, "%", -2)
    + _rows("crest_", _NAMES, "", -3)
    + _dc_rows()
    + _rows("angle_", _NAMES, "deg", -2)
    + _rows("p1", _PHASES, "W", -3)
    + _rows("q1", _PHASES, "var", -3)
    + _rows("dpf", _PHASES, "", -4)
    + _rows("", ("u2", "u0", "i2", "i0"), "%", -3)
    + (("in_sum", "A", -3), ("sequence", "", 0))
)


def _scale(full, fs_word):
    """What `scaled` multiplies with, a part of 2**28, and its shifts before and after."""
    shift = 1
    while full << 5 >= fs_word << shift:
        shift += 1
    before = min(shift, _ROOM)
    return (full << 33 - shift) // fs_word, before, shift - before


class HarmonicPoints:
    def __init__(self, u_fs_mv, i_fs_ma, fs_word, nominal_v):
        """Full scales are peaks at the primary side; `fs_word` is the sample word there."""
        self._volts = _scale(u_fs_mv, fs_word)
        self._amps = _scale(i_fs_ma, fs_word)
        self.phasors = Phasors(u_fs_mv, i_fs_ma, fs_word, nominal_v)
        self.values = [0] * len(POINTS)  # one int a row of POINTS

    def scaled(self, channel, amplitude):
        """An amplitude of a spectrum in mV or mA."""
        part, before, after = self._volts if channel & 1 else self._amps
        return (multiply(amplitude << before, part) << after) + 1 >> 1

    def fill(self, spectrum):
        """Write `values` from a complete spectrum."""
        out, phasors = self.values, self.phasors
        phasors.take(spectrum)
        k = 0
        for ratio in (THD, THDS, ODD, EVEN, CREST):
            for channel in _CHANNELS:
                out[k] = spectrum.ratios[RATIOS * channel + ratio]
                k += 1
        for channel in _CHANNELS:
            out[k] = self.scaled(channel, spectrum.amplitude(channel, 0, LINE))
            out[k + 7] = phasors.angles[channel]
            k += 1
        k += 7
        for row in range(4):
            out[k] = phasors.p[row]
            out[k + 4] = phasors.q[row]
            out[k + 8] = phasors.factors[row]
            k += 1
        k += 8
        for sequence in (phasors.volts, phasors.amps):
            out[k] = sequence.unbalance(NEGATIVE)
            out[k + 1] = sequence.unbalance(ZERO)
            k += 2
        out[k] = self.scaled(0, spectrum.neutral)
        out[k + 1] = phasors.volts.order()


def order_points(orders):
    """Template for the subgroups of some orders of all channels, such as ("ua_h5", "V", -3)."""
    return tuple(
        [
            ("%s_h%d" % (name, order), "A" if name[0] == "i" else "V", -3)
            for name in _NAMES
            for order in orders
        ]
    )


def fill_orders(out, points, spectrum, orders, kind=SUBGROUP):
    """Write the values for `order_points(orders)` into the list `out`; `points` scales them."""
    k = 0
    for channel in _CHANNELS:
        for order in orders:
            out[k] = points.scaled(channel, spectrum.amplitude(channel, order, kind))
            k += 1
