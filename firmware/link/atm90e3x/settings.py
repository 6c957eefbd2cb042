"""What an ATM90 is told at start-up: rows (register, value), in order, then read back."""

from firmware.link.atm90e3x import registers as reg

_ALL = 0x0007  # the phases that count into the totals
_CF2_REACTIVE = 0x0080
_60_HZ = 0x1000
# ZX0 rings at both crossings of phase A, ZX1 and ZX2 are off
_CROSSINGS = 0x007C
_SAG_PERCENT, _LOSS_PERCENT = 78, 10


def table(chip, cfg, scale, calibration=()):
    """Rows for the variant `chip` and `cfg`, an object with the names of the `metering`
    settings. `calibration` replaces rows of the same register."""
    mode = _ALL | _CF2_REACTIVE | (_60_HZ if cfg.nominal_hz == 60 else 0)
    rows = [
        (reg.ZX_CONFIG, _CROSSINGS),
        (reg.SAG_TH, scale.threshold(cfg.nominal_v, _SAG_PERCENT, cfg.u_full_scale_mv)),
        (reg.PHASE_LOSS_TH, scale.threshold(cfg.nominal_v, _LOSS_PERCENT, cfg.u_full_scale_mv)),
        (reg.PL_CONST_H, scale.pl_const >> 16),
        (reg.PL_CONST_L, scale.pl_const & 0xFFFF),
        (reg.M_MODE0, mode),
    ]
    rows += [(register, 0) for register in range(0x34, 0x3B)]  # gain 1, no start-up thresholds
    rows += [(register, 0) for register in range(0x41, 0x4D)]
    rows += [(register, 0) for register in range(0x51, 0x57)]
    for phase in range(3):
        base = reg.U_GAIN_A + 4 * phase
        rows += [(base, scale.u_gain), (base + 1, scale.i_gain), (base + 2, 0), (base + 3, 0)]
    rows += [(reg.I_GAIN_N, scale.i_gain), (reg.I_GAIN_N + 1, 0)]
    other = {register: value & 0xFFFF for register, value in calibration}
    return [(register, other.get(register, value)) for register, value in rows]


def checksum(rows, first, last):
    """CS0..CS3 over the registers of a block: low byte the sum, high byte the exclusive or."""
    total = mixed = 0
    for register, value in rows:
        if first <= register <= last:
            total += (value >> 8) + (value & 0xFF)
            mixed ^= value >> 8 ^ value & 0xFF
    return mixed << 8 | total & 0xFF
