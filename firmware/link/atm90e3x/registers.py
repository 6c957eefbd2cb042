"""ATM90E36A and ATM90E32AS register addresses the driver uses (data sheet 46004B; Atmel).

All registers are 16 bit. What differs between the two is in `E36A` and `E32AS`. Bits of the
status registers and of ZXConfig are not in our notes of the data sheet: confirm on the bench.
"""

from micropython import const

ZX_CONFIG = const(0x07)
SAG_TH = const(0x08)
PHASE_LOSS_TH = const(0x09)
PL_CONST_H = const(0x31)
PL_CONST_L = const(0x32)
M_MODE0 = const(0x33)
U_GAIN_A = const(0x61)  # then I gain, U and I offset; phase B = +4, C = +8
I_GAIN_N = const(0x6D)
# energies since they were read last, cleared by it; phases follow their total
AP_ENERGY = const(0x80)  # forward active
AN_ENERGY = const(0x84)  # reverse active
RP_ENERGY = const(0x88)  # forward reactive
RN_ENERGY = const(0x8C)  # reverse reactive
# means; the next eight bits (1/256) are in the upper byte of the register LOW above
P_MEAN_A = const(0xB1)  # W, signed; phases follow
Q_MEAN_A = const(0xB5)
I_RMS_N = const(0xD8)  # mA
U_RMS_A = const(0xD9)  # 0.01 V
I_RMS_A = const(0xDD)
FREQUENCY = const(0xF8)  # 0.01 Hz
LOW = const(0x10)

RESET_KEY = const(0x789A)
ACCESS_KEY = const(0x55AA)
POWER_UP = const(0x6886)
CALIBRATE = const(0x5678)
OPERATE = const(0x8765)


class E36A:
    name = "ATM90E36A"
    soft_reset = 0x00
    last = 0x0F  # data of the last access
    # rows by block: (start register, first and last row, checksum register)
    blocks = (
        (0x30, 0x31, 0x3A, 0x3B),
        (0x40, 0x41, 0x4C, 0x4D),
        (0x50, 0x51, 0x56, 0x57),
        (0x60, 0x61, 0x6E, 0x6F),
    )
    checksums = (0x3B, 0x4D, 0x57, 0x6F)
    status = 0x01  # SysStatus0, cleared by reading
    sag_bits = 1 << 3
    loss_bits = 1 << 2
    # reads this while the IC is set and runs, and that after a reset
    sentinel = 0x30
    sentinel_value = OPERATE


class E32AS:
    name = "ATM90E32AS"
    soft_reset = 0x70
    last = 0x78
    blocks = ()
    checksums = (0x7A,)  # CRCDigest
    status = 0x72  # EMMState1
    sag_bits = 7 << 12
    loss_bits = 7 << 8
    sentinel = U_GAIN_A
    sentinel_value = None  # what the settings say
    meter_en = 0x00
    access = 0x7F  # CfgRegAccEn
