"""The limits of power-quality events, converted once from settings to what is compared.

Half-cycle limits are mean squares as the meter gives them: (word >> 14)**2 * 4, small ints.
Window limits are mV and mA. Percents of voltage are of the nominal one (Udin of IEC 61000-4-30,
3.6), percents of current of `pq.rated_a`.
"""

import math

from micropython import const

_UNIT = const(8192)  # a mean square of 1 is an rms of 2**13 sample words
_MOST = const((1 << 30) - 1)  # largest small int: a limit no mean square reaches


class Thresholds:
    def __init__(self, cfg, nominal_v, u_fs_mv, i_fs_ma, fs_word, sample_hz=8000):
        """cfg: the settings pq.* as attributes. The full scales are primary peaks at `fs_word`."""
        self._u_fs_mv, self._i_fs_ma, self._fs_word = u_fs_mv, i_fs_ma, fs_word
        self._u_mv = nominal_v * 10  # one percent
        self._i_ma = cfg.rated_a * 10
        back = cfg.hysteresis
        # enter and leave: beyond the first a state begins, up to the second it lasts (5.4)
        self.dip = self._u2(cfg.dip), self._u2(cfg.dip + back)
        self.swell = self._u2(cfg.swell), self._u2(cfg.swell - back)
        self.interruption = self._u2(cfg.interruption), self._u2(cfg.interruption + back)
        self.over = self._i2(cfg.overcurrent), self._i2(cfg.overcurrent - back)
        self.voltage_loss = cfg.voltage_loss * self._u_mv, (cfg.voltage_loss + back) * self._u_mv
        self.phase_loss = cfg.phase_loss * self._u_mv, (cfg.phase_loss + back) * self._u_mv
        self.load = cfg.loss_current * self._i_ma  # mA; less is no load
        self.imbalance = cfg.imbalance * 100, (cfg.imbalance - back) * 100  # 1e-4
        self.loss_delay = cfg.loss_s * sample_hz  # samples a state must last to be an event
        self.imbalance_delay = cfg.imbalance_s * sample_hz

    def _u2(self, percent):
        return self._square(percent * self._u_mv, self._u_fs_mv)

    def _i2(self, percent):
        return self._square(percent * self._i_ma, self._i_fs_ma)

    def _square(self, rms, full_scale):
        return min(_MOST, (rms * self._fs_word) ** 2 // (full_scale * _UNIT) ** 2)

    def mv(self, u2):
        """A mean square of a voltage as mV."""
        return _root(u2, self._u_fs_mv, self._fs_word)

    def ma(self, i2):
        """A mean square of a current as mA."""
        return _root(i2, self._i_fs_ma, self._fs_word)


def _root(square, full_scale, fs_word):
    # the root with 8 more bits, in single precision good to 24
    return int(math.sqrt(square) * 256 + 0.5) * full_scale * (_UNIT // 256) // fs_word
