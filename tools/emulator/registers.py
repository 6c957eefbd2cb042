"""Register map of the ADE9000: names, addresses, widths, reset values, who may write what.

Addresses: ade9000.md section 3 and 0x600/0x680 copies.  Reset values other than zero are those of
the data sheet as remembered, marked [U] in the README; a driver must not lean on them.
"""

PHASES = "ABC"
CHANNELS = ("IA", "VA", "IB", "VB", "IC", "VC", "IN")      # order of the sample set

# Calibration block of a phase, from 0x000 (A), 0x020 (B), 0x040 (C)
_CALIBRATION = (
    "IGAIN", "IGAIN0", "IGAIN1", "IGAIN2", "IGAIN3", "IGAIN4", "PHCAL0", "PHCAL1", "PHCAL2",
    "PHCAL3", "PHCAL4", "VGAIN", "IRMSOS", "VRMSOS", "PGAIN", "WATTOS", "VAROS", "FWATTOS",
    "FVAROS", "IFRMSOS", "VFRMSOS", "VRMSONEOS", "IRMSONEOS", "VRMS1012OS", "IRMS1012OS",
)
# Result block of a phase, from 0x20A (A), 0x22A (B), 0x24A (C)
RESULTS = (
    "I_PCF", "V_PCF", "IRMS", "VRMS", "IFRMS", "VFRMS", "WATT", "VAR", "VA", "FWATT", "FVAR",
    "FVA", "PF", "VTHD", "ITHD", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012", "MTREGION",
)
NEUTRAL_RESULTS = ("NI_PCF", "NIRMS", "NIRMSONE", "NIRMS1012", "ISUMRMS")      # from 0x265
# Accumulated quantities: triples _ACC, HR_LO, HR_HI, ten addresses apart, 0x3C a phase
ENERGIES = ("WATT", "VAR", "VA", "FWATT", "FVAR", "FVA")

_SYSTEM = (  # runs of consecutive names from an address; None = hole
    (0x060, ("CONFIG0", "MTTHR_L0", "MTTHR_L1", "MTTHR_L2", "MTTHR_L3", "MTTHR_L4", "MTTHR_H0",
             "MTTHR_H1", "MTTHR_H2", "MTTHR_H3", "MTTHR_H4", "NIRMSOS", "ISUMRMSOS", "NIGAIN",
             "NPHCAL", "NIRMSONEOS", "NIRMS1012OS", "VNOM", "DICOEFF", "ISUMLVL")),
    (0x26A, ("VERSION2",)),
    (0x397, ("PWATT_ACC",)), (0x39B, ("NWATT_ACC",)),
    (0x39F, ("PVAR_ACC",)), (0x3A3, ("NVAR_ACC",)),
    (0x400, ("IPEAK", "VPEAK", "STATUS0", "STATUS1", "EVENT_STATUS", "MASK0", "MASK1",
             "EVENT_MASK", None, "OILVL", "OIA", "OIB", "OIC", "OIN", "USER_PERIOD", "VLEVEL",
             "DIP_LVL", "DIPA", "DIPB", "DIPC", "SWELL_LVL", "SWELLA", "SWELLB", "SWELLC",
             "APERIOD", "BPERIOD", "CPERIOD", "COM_PERIOD", "ACT_NL_LVL", "REACT_NL_LVL",
             "APP_NL_LVL", "PHNOLOAD", "WTHR", "VARTHR", "VATHR", "LAST_DATA_32",
             "ADC_REDIRECT", "CF_LCFG")),
    (0x472, ("PART_ID", None, "TEMP_TRIM")),
    (0x480, ("RUN", "CONFIG1", "ANGL_VA_VB", "ANGL_VB_VC", "ANGL_VA_VC", "ANGL_VA_IA",
             "ANGL_VB_IB", "ANGL_VC_IC", "ANGL_IA_IB", "ANGL_IB_IC", "ANGL_IA_IC", "DIP_CYC",
             "SWELL_CYC", None, None, "OISTATUS", "CFMODE", "COMPMODE", "ACCMODE", "CONFIG3",
             "CF1DEN", "CF2DEN", "CF3DEN", "CF4DEN", "ZXTOUT", "ZXTHRSH", "ZX_LP_SEL", None,
             "SEQ_CYC", "PHSIGN")),
    (0x4A0, ("WFB_CFG", "WFB_PG_IRQEN", "WFB_TRG_CFG", "WFB_TRG_STAT", "CONFIG5", None, None,
             None, "CRC_RSLT", "CRC_SPI", None, None, "LAST_DATA_16", None, "LAST_CMD",
             "CONFIG2", "EP_CFG", "PWR_TIME", "EGY_TIME", None, "CRC_FORCE", "CRC_OPTEN",
             "TEMP_CFG", "TEMP_RSLT", "PSM2_CFG", "PGA_GAIN", "CHNL_DIS")),
    (0x4BF, ("WR_LOCK",)), (0x4E0, ("VAR_DIS",)), (0x4FE, ("VERSION",)),
    (0x500, tuple(c + "_SINC_DAT" for c in CHANNELS)),
    (0x510, tuple(c + "_LPF_DAT" for c in CHANNELS)),
)

RESET = {
    "USER_PERIOD": 0x00500000, "VLEVEL": 0x00045D45, "SWELL_LVL": 0x00FFFFFF,
    "OILVL": 0x00FFFFFF, "DIPA": 0x007FFFFF, "DIPB": 0x007FFFFF, "DIPC": 0x007FFFFF,
    "ACT_NL_LVL": 0x0000FFFF, "REACT_NL_LVL": 0x0000FFFF, "APP_NL_LVL": 0x0000FFFF,
    "WTHR": 0x0000FFFF, "VARTHR": 0x0000FFFF, "VATHR": 0x0000FFFF, "ADC_REDIRECT": 0x001FFFFF,
    "PART_ID": 1 << 20,                       # bit 20 set = ADE9000
    "DIP_CYC": 0xFFFF, "SWELL_CYC": 0xFFFF, "COMPMODE": 0x01FF, "CF1DEN": 0xFFFF,
    "CF2DEN": 0xFFFF, "CF3DEN": 0xFFFF, "CF4DEN": 0xFFFF, "ZXTOUT": 0xFFFF, "ZXTHRSH": 0x0009,
    "ZX_LP_SEL": 0x001E, "SEQ_CYC": 0x00FF, "CONFIG5": 0x0063, "CONFIG2": 0x0C00,
    "PWR_TIME": 0x00FF, "EGY_TIME": 0x00FF, "PSM2_CFG": 0x001F,
    "VERSION": 0x00FE,
}
PERIOD_DEFAULT = (0x00A00000, 0x00855554)     # ACCMODE SELFREQ 0 and 1
READ_ONLY_NAMES = (
    "IPEAK", "VPEAK", "EVENT_STATUS", "OIA", "OIB", "OIC", "OIN", "DIPA", "DIPB", "DIPC",
    "SWELLA", "SWELLB", "SWELLC", "APERIOD", "BPERIOD", "CPERIOD", "COM_PERIOD", "PHNOLOAD",
    "LAST_DATA_32", "PART_ID", "ANGL_VA_VB", "ANGL_VB_VC", "ANGL_VA_VC", "ANGL_VA_IA",
    "ANGL_VB_IB", "ANGL_VC_IC", "ANGL_IA_IB", "ANGL_IB_IC", "ANGL_IA_IC", "OISTATUS", "PHSIGN",
    "WFB_TRG_STAT", "CRC_RSLT", "CRC_SPI", "LAST_DATA_16", "LAST_CMD", "TEMP_RSLT", "VERSION",
)
FIELD_MASK = {"RUN": 0x0001, "EGY_TIME": 0x1FFF, "PWR_TIME": 0x1FFF, "WFB_TRG_CFG": 0x07FF}


def _addresses():
    table = {}
    for k, phase in enumerate(PHASES):
        for offset, name in enumerate(_CALIBRATION):
            table[phase + name] = 0x20 * k + offset
        for offset, name in enumerate(RESULTS):
            table[phase + name] = 0x20A + 0x20 * k + offset
        for q, name in enumerate(ENERGIES):
            base = 0x2E5 + 10 * q + 0x3C * k
            table[phase + name + "_ACC"] = base
            table[phase + name + "HR_LO"] = base + 1
            table[phase + name + "HR_HI"] = base + 2
    for offset, name in enumerate(NEUTRAL_RESULTS):
        table[name] = 0x265 + offset
    for base, names in _SYSTEM:
        for offset, name in enumerate(names):
            if name is not None:
                table[name] = base + offset
    return table


def _burst_copies(address):
    """0x600: by quantity, 0x680: by phase -> {copy: original}."""
    by_quantity = ["AV_PCF", "BV_PCF", "CV_PCF", "NI_PCF", "AI_PCF", "BI_PCF", "CI_PCF"]
    groups = ("IRMS", "VRMS", "N:NIRMS", "WATT", "VA", "VAR", "FVAR", "PF", "VTHD", "ITHD",
              "FWATT", "FVA", "IFRMS", "VFRMS", "IRMSONE", "VRMSONE", "N:NIRMSONE", "IRMS1012",
              "VRMS1012", "N:NIRMS1012")
    for group in groups:
        by_quantity += [group[2:]] if group[:2] == "N:" else [p + group for p in PHASES]
    per_phase = ("V_PCF", "I_PCF", "IRMS", "VRMS", "WATT", "VA", "VAR", "FVAR", "PF", "VTHD",
                 "ITHD", "FWATT", "FVA", "IFRMS", "VFRMS", "IRMSONE", "VRMSONE", "IRMS1012",
                 "VRMS1012")
    by_phase = [p + name for p in PHASES for name in per_phase]
    by_phase += ["NI_PCF", "NIRMS", "NIRMSONE", "NIRMS1012"]
    copies = {0x600 + k: address[name] for k, name in enumerate(by_quantity)}
    copies.update({0x680 + k: address[name] for k, name in enumerate(by_phase)})
    return copies


ADDRESS = _addresses()
NAME = {address: name for name, address in ADDRESS.items()}
COPIES = _burst_copies(ADDRESS)
_READ_ONLY = frozenset(ADDRESS[name] for name in READ_ONLY_NAMES)


def width(address):
    """Bytes of the register: 2 for 0x480..0x4FE, else 4."""
    return 2 if 0x480 <= address <= 0x4FE else 4


def is_writable(address):
    if 0x200 <= address < 0x400 or address >= 0x500:
        return False
    return address in NAME and address not in _READ_ONLY


def is_locked_range(address):
    """Blocked by WR_LOCK: 0x000-0x0FF and 0x400-0x4FF, not the lock itself."""
    return (address <= 0x0FF or 0x400 <= address <= 0x4FF) and address != ADDRESS["WR_LOCK"]


def is_incrementing(address):
    """Areas that go on with the next address when BURST_EN = 1."""
    return 0x500 <= address <= 0x516 or 0x600 <= address <= 0x63C or 0x680 <= address <= 0x6BC


class RegisterFile:
    """The plain storage; unsigned values, no side effects, no access rules."""

    def __init__(self):
        self.words = [0] * 0x1000
        self.reset()

    def reset(self):
        self.words[:] = [0] * 0x1000
        for name, value in RESET.items():
            self.words[ADDRESS[name]] = value
        for name in ("APERIOD", "BPERIOD", "CPERIOD", "COM_PERIOD"):
            self.words[ADDRESS[name]] = PERIOD_DEFAULT[0]

    def __getitem__(self, name):
        return self.words[ADDRESS[name]]

    def __setitem__(self, name, value):
        self.words[ADDRESS[name]] = value

    def signed(self, name):
        value = self.words[ADDRESS[name]]
        return value - (1 << 32) if value & 0x80000000 else value

    def field(self, name, shift, bits):
        return self.words[ADDRESS[name]] >> shift & (1 << bits) - 1
