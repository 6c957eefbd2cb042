"""Registers of the ATM90E36A and the ATM90E32AS: what they share and where they differ.

atm90e36a.md; bits of the status registers, ZXConfig and reset values that it does not state are
marked [U]. All registers are 16 bit.
"""

PHASES = "ABC"
# energy: forward and reverse active, forward and reverse reactive; T A B C from these addresses
ENERGIES = (("APenergy", 0x80), ("ANenergy", 0x84), ("RPenergy", 0x88), ("RNenergy", 0x8C))

_COMMON = {
    "SagTh": 0x08,
    "PhaseLossTh": 0x09,
    "PLconstH": 0x31,
    "PLconstL": 0x32,
    "MMode0": 0x33,
    "MMode1": 0x34,
    "PStartTh": 0x35,
    "QStartTh": 0x36,
    "SStartTh": 0x37,
    "PPhaseTh": 0x38,
    "QPhaseTh": 0x39,
    "SPhaseTh": 0x3A,
    "ZXConfig": 0x07,
    "IrmsN1": 0xD8,
    "Freq": 0xF8,
}
for _k, _p in enumerate(PHASES):
    _COMMON.update(
        {
            "Poffset" + _p: 0x41 + 2 * _k,
            "Qoffset" + _p: 0x42 + 2 * _k,
            "Gain" + _p: 0x47 + 2 * _k,
            "Phi" + _p: 0x48 + 2 * _k,
            "PoffsetF" + _p: 0x51 + _k,
            "PGainF" + _p: 0x54 + _k,
            "Ugain" + _p: 0x61 + 4 * _k,
            "Igain" + _p: 0x62 + 4 * _k,
            "Uoffset" + _p: 0x63 + 4 * _k,
            "Ioffset" + _p: 0x64 + 4 * _k,
            "Pmean" + _p: 0xB1 + _k,
            "Qmean" + _p: 0xB5 + _k,
            "Urms" + _p: 0xD9 + _k,
            "Irms" + _p: 0xDD + _k,
        }
    )
    for _name, _first in ENERGIES:
        _COMMON[_name + _p] = _first + 1 + _k
_COMMON.update({"IgainN": 0x6D, "IoffsetN": 0x6E})
_COMMON.update({name + "T": first for name, first in ENERGIES})

_RESET = {
    0x07: 0x0001,
    0x31: 0x0861,
    0x32: 0xC468,
    0x33: 0x0087,
    **dict.fromkeys((0x61, 0x65, 0x69), 0xCE40),
    **dict.fromkeys((0x62, 0x66, 0x6A, 0x6D), 0x7530),
}


class E36a:
    names = dict(
        _COMMON,
        SoftReset=0x00,
        SysStatus0=0x01,
        SysStatus1=0x02,
        FuncEn0=0x03,
        FuncEn1=0x04,
        LastSPIData=0x0F,
        ConfigStart=0x30,
        CS0=0x3B,
        CalStart=0x40,
        CS1=0x4D,
        HarmStart=0x50,
        CS2=0x57,
        AdjStart=0x60,
        CS3=0x6F,
    )
    reset = dict(_RESET)
    reset.update(dict.fromkeys((0x30, 0x40, 0x50, 0x60), 0x6886))
    last = 0x0F
    soft_reset = 0x00
    # start register, first and last of its block, checksum register, error bit of SysStatus0
    blocks = (
        (0x30, 0x31, 0x3A, 0x3B, 14),
        (0x40, 0x41, 0x4C, 0x4D, 12),
        (0x50, 0x51, 0x56, 0x57, 10),
        (0x60, 0x61, 0x6E, 0x6F, 8),
    )
    read_clear = frozenset(
        [0x01, 0x02] + [a for _, first in ENERGIES for a in range(first, first + 4)]
    )
    config = ()  # every register is open


class E32as:
    names = dict(
        _COMMON,
        MeterEn=0x00,
        SoftReset=0x70,
        EMMState0=0x71,
        EMMState1=0x72,
        LastSPIData=0x78,
        CRCErrStatus=0x79,
        CRCDigest=0x7A,
        CfgRegAccEn=0x7F,
    )
    reset = dict(_RESET)
    last = 0x78
    soft_reset = 0x70
    blocks = ()
    read_clear = frozenset(a for _, first in ENERGIES for a in range(first, first + 4))
    config = tuple(range(0x70))  # written only while CfgRegAccEn holds its key


VARIANTS = {"atm90e36a": E36a, "atm90e32as": E32as}
