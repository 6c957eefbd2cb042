"""Scaling of ADE9000 codes (UG-1098 table 8), all integers and ratios of integers.

Full scale is what the primary side reads when the ADC is at its peak: `u_fs_mv` millivolt
and `i_fs_ma` milliampere, both peak. Power at full scale is their product over two.
"""

from micropython import const

PCF_FULL_SCALE = 74532013  # x_PCF code at peak full scale
WATT_FULL_SCALE = 20694066  # xWATT code for full-scale sine on both
SAMPLE_HZ = 8000
_VRMS_FULL_SCALE = const(52702092)
_PULSE_CLOCK = 8192000  # fDTOF, Hz [unverified on the ADE9000, see docs]
_THRESHOLD = const(0x00100000)  # xTHR as the manual recommends
THRESHOLD = _THRESHOLD
_VLEVEL_UNIT = const(1144084)  # VLEVEL of a nominal voltage at full scale


def cf_denominator(u_fs_mv, i_fs_ma, imp_per_kwh):
    """CF1DEN for about `imp_per_kwh`; clamped to its 16 bits. The true constant follows from
    `pulse_energy`, because the register is an integer."""
    # CF = fDTOF * WATT / (THR * 512 * DEN); wanted = W * imp / 3.6e6 per second at full scale
    num = _PULSE_CLOCK * WATT_FULL_SCALE * 3600000 * 2 * 1000000
    den = _THRESHOLD * 512 * u_fs_mv * i_fs_ma * imp_per_kwh
    return min(65535, max(1, (num + den // 2) // den))


def pulse_energy(u_fs_mv, i_fs_ma, cf_den):
    """Energy of one CF1 pulse as a ratio (num, den) in mWh."""
    num = u_fs_mv * i_fs_ma * cf_den * _THRESHOLD * 512
    return num, 2 * _PULSE_CLOCK * WATT_FULL_SCALE * 3600 * 1000


def register_energy(u_fs_mv, i_fs_ma):
    """Energy of one count of the 45-bit register xWATTHR, a power code for one sample, as
    (num, den) in mWh."""
    num = u_fs_mv * i_fs_ma
    return num, 2 * WATT_FULL_SCALE * SAMPLE_HZ * 3600 * 1000


def vlevel(u_fs_mv, nominal_v):
    """VLEVEL for the reactive power filter (UG-1098: full scale over nominal)."""
    return u_fs_mv * _VLEVEL_UNIT * 10 // (14142 * nominal_v)


def half_cycle_level(u_fs_mv, nominal_v, percent):
    """DIP_LVL / SWELL_LVL: RMSONE code over 32 at `percent` of nominal."""
    return _VRMS_FULL_SCALE * nominal_v * percent * 14142 // (u_fs_mv * 1000 * 32)
