"""What the ADE9000 is told at start-up: one table, walked in order, then read back.

Rows are (register, value). The order matters where the manual says so: capture is off
while its source is chosen, and masks come before RUN.
"""

from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import scale

STREAM_OFF = 0x13E0  # x_PCF at 8 kSPS, all channels and IN, free running; capture off
STREAM_ON = 0x13F0  # the same with WF_CAP_EN
PAGES = 0x8888  # an interrupt when pages 3, 7, 11, 15 are full: each quarter of the buffer
EVERY_SECOND = 7999  # EGY_TIME: energy registers move after this many + 1 samples


def table(cfg):
    """Rows for `cfg`, an object with the names of the `metering` settings."""
    den = scale.cf_denominator(cfg.u_full_scale_mv, cfg.i_full_scale_ma, cfg.pulse_constant)
    return (
        (reg.PGA_GAIN, 0),
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
        (reg.EGY_TIME, EVERY_SECOND),
        (reg.WFB_CFG, STREAM_OFF),
        (reg.WFB_TRG_CFG, 0),
        (reg.WFB_PG_IRQEN, PAGES),
        (reg.MASK0, reg.PAGE_FULL),
        (reg.MASK1, 0),  # RSTDONE cannot be masked: an unexpected reset shows on /IRQ1
        (reg.RUN, 1),
        (reg.EP_CFG, 1),  # accumulate for ever, no reset on read: a lost read loses no energy
    )
