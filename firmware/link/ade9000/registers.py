"""ADE9000 register addresses and bits the driver uses (UG-1098; names of the vendor).

Width: 16 bit for 0x480..0x4FE, 32 bit elsewhere.
"""

from micropython import const

VLEVEL = const(0x40F)
CONFIG0 = const(0x060)
STATUS0 = const(0x402)
STATUS1 = const(0x403)
MASK0 = const(0x405)
MASK1 = const(0x406)
DIP_LVL = const(0x410)
SWELL_LVL = const(0x414)
APERIOD = const(0x418)
WTHR = const(0x420)
VARTHR = const(0x421)
VATHR = const(0x422)
PART_ID = const(0x472)
RUN = const(0x480)
CONFIG1 = const(0x481)
ANGL_VA_VB = const(0x482)
DIP_CYC = const(0x48B)
SWELL_CYC = const(0x48C)
CFMODE = const(0x490)
COMPMODE = const(0x491)
ACCMODE = const(0x492)
CF1DEN = const(0x494)
CF2DEN = const(0x495)
ZX_LP_SEL = const(0x49A)
WFB_CFG = const(0x4A0)
WFB_PG_IRQEN = const(0x4A1)
WFB_TRG_CFG = const(0x4A2)
WFB_TRG_STAT = const(0x4A3)
CRC_RSLT = const(0x4A8)
CRC_SPI = const(0x4A9)
EP_CFG = const(0x4B0)
EGY_TIME = const(0x4B2)
CRC_FORCE = const(0x4B4)
PGA_GAIN = const(0x4B9)
CHNL_DIS = const(0x4BA)
WR_LOCK = const(0x4BF)
VERSION = const(0x4FE)

AIRMS = const(0x20C)  # AVRMS follows; phase B = +0x20, C = +0x40
AWATT = const(0x210)  # AVAR, AVA follow
AWATTHR_HI = const(0x2E7)  # phase B = +0x3C, C = +0x78; the low 13 bits are one address below
AVARHR_HI = const(0x2F1)
PHASE_STEP = const(0x20)
ENERGY_STEP = const(0x3C)

WAVEFORM = const(0x800)  # waveform buffer: 16 pages of 128 addresses

# STATUS0 / MASK0
PAGE_FULL = const(1 << 17)
# STATUS1 / MASK1
RSTDONE = const(1 << 16)
CRC_CHG = const(1 << 26)
CRC_DONE = const(1 << 27)

# PART_ID
IS_ADE9000 = const(1 << 20)

# calibration: (first address, how many) of the phases and of the neutral; zero after a reset
CALIBRATION = ((0x000, 25), (0x020, 25), (0x040, 25), (0x06B, 6))


def width(reg):
    """Bytes of a register: 2 or 4 (UG-1098 register map)."""
    return 2 if 0x480 <= reg <= 0x4FE else 4
