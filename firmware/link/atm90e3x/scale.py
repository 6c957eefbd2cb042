"""Scaling of the ATM90 registers, all integers and ratios of integers.

A gain of 0x8000 makes the full scale of a converter 655.36 V or 65.536 A peak [unverified: our
reading of the open drivers' SagTh]. Where the primary side has more, a register unit stands for
`steps` of them. The gain is an integer, so what a unit is worth follows from the gain written.
"""

from micropython import const

_UNITY = const(0x8000)
_PEAK_U_MV = const(655360)  # at unity gain
_PEAK_I_MA = const(65536)
_PL_PER_KWH = 450000000000  # PLconst = this / (CF pulses a kWh)


def gain(full_scale, peak):
    """Gain register for a full scale (peak, primary) with `peak` at unity, as large as it may."""
    steps = max(1, -(-full_scale // peak))
    return max(1, (full_scale * _UNITY + steps * peak // 2) // (steps * peak))


class Scale:
    def __init__(self, u_fs_mv, i_fs_ma, imp_per_kwh):
        self.u_gain = gain(u_fs_mv, _PEAK_U_MV)
        self.i_gain = gain(i_fs_ma, _PEAK_I_MA)
        # of one count of a register with its low byte, that is 1/256 of the unit
        self.u_mv = (u_fs_mv, 512 * self.u_gain)
        self.i_ma = (i_fs_ma, 512 * self.i_gain)
        gains = self.u_gain * self.i_gain
        self.p_mw = (25 * u_fs_mv * i_fs_ma, 256 * gains)
        # CF pulses count watt-hours of the registers, 40 * gains / (u_fs_mv * i_fs_ma) of ours
        den = imp_per_kwh * u_fs_mv * i_fs_ma
        wanted = (_PL_PER_KWH * 40 * gains + den // 2) // den
        self.pl_const = min(0xFFFFFFFF, max(1, wanted))
        # mWh of a pulse: 1e6 / (450e9 / pl_const), times what a register unit is worth
        self.pulse_mwh = (self.pl_const * u_fs_mv * i_fs_ma, 450000 * 40 * gains)
        # energy registers count tenths of a pulse
        self.count_mwh = (self.pulse_mwh[0], 10 * self.pulse_mwh[1])

    def threshold(self, nominal_v, percent, u_fs_mv):
        """SagTh or PhaseLossTh: raw peak code at `percent` of a nominal voltage (rms)."""
        return min(0xFFFF, nominal_v * percent * 14142 * _UNITY // (u_fs_mv * 1000))
