"""What the ADE9000 is told at start-up: one table, walked in order, then read back.

Rows are (register, value). The order matters where the manual says so: capture is off
while its source is chosen, and masks come before RUN.
"""

from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import scale

STREAM_OFF = 0x13E0  # x_PCF at 8 kSPS, all channels and IN, free running; capture off
STREAM_ON = 0x13F0  # the same with WF_CAP_EN
PAGES = 0x8888  # an interrupt when pages 3, 7, 11, 15 are full: each quarter of the buffer
EVERY_8_MS = 63  # EGY_TIME: energy registers move after this many + 1 samples
# EP_CFG: accumulate for ever and add, no reset on read (a lost read loses no energy), and no
# no-load detection: the samples know none either
ENERGY_ON = 0xE001


def table(cfg, calibration=()):
    """Rows for `cfg`, an object with the names of the `metering` settings; `calibration` are
    more of them, written before metering begins."""
    den = scale.cf_denominator(cfg.u_full_scale_mv, cfg.i_full_scale_ma, cfg.pulse_constant)
    rows = (
        (reg.PGA_GAIN, 0),
        (reg.CHNL_DIS, 0),
        (reg.CONFIG0, 0),
        (reg.CONFIG1, 2),  # CF3 pin = zero crossing; register reads carry a CRC (BURST_EN 0)
        (reg.ACCMODE, 0x100 if cfg.nominal_hz == 60 else 0),  # SELFREQ
        (reg.ZX_LP_SEL, 0),  # zero crossing and line period from phase A
        (reg.VLEVEL, scale.vlevel(cfg.u_full_scale_mv, cfg.nominal_v)),
        (reg.WTHR, scale.THRESHOLD),
        (reg.VARTHR, scale.THRESHOLD),
        (reg.VATHR, scale.THRESHOLD),
        (reg.COMPMODE, 7),  # CF1 takes all three phases
        (reg.CF1DEN, den),
        (reg.CFMODE, 0xE000),  # CF1 = total active energy; CF2..CF4 off
        (reg.DIP_LVL, scale.half_cycle_level(cfg.u_full_scale_mv, cfg.nominal_v, 90)),
        (reg.SWELL_LVL, scale.half_cycle_level(cfg.u_full_scale_mv, cfg.nominal_v, 110)),
        (reg.DIP_CYC, 2),
        (reg.SWELL_CYC, 2),
        (reg.EGY_TIME, EVERY_8_MS),
        (reg.WFB_CFG, STREAM_OFF),
        (reg.WFB_TRG_CFG, 0),
        (reg.WFB_PG_IRQEN, PAGES),
        (reg.MASK0, reg.PAGE_FULL),
        (reg.MASK1, 0),  # RSTDONE cannot be masked: an unexpected reset shows on /IRQ1
    )
    # signed values as they read back
    more = tuple([(register, value & 0xFFFFFFFF) for register, value in calibration])
    return rows + more + ((reg.RUN, 1), (reg.EP_CFG, ENERGY_ON))


def untold(rows):
    """Calibration registers that no row names: zero after a reset, and to stay so."""
    told = [register for register, _ in rows]
    found = []
    for first, count in reg.CALIBRATION:
        found += [r for r in range(first, first + count) if r not in told]
    return found
