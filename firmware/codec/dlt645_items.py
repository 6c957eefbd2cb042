"""What the data of a DL/T 645 identifier means: length, sign, power of ten and unit, by rule.

DL/T 645-2007 annex A (tables A.1 energy to A.6 freezes), and the energies of the 1997 edition.
`find` gives the shape of an item; dlt645_values reads data with it.
Constant tuples only: frozen, the whole table stays in flash.
"""

from micropython import const

# Kinds of a field
NUMBER = const(0)  # packed BCD
SIGNED = const(1)  # packed BCD, bit 7 of the high byte is the sign
TIME = const(2)  # the unit column holds the format, as the standard prints it
DIGITS = const(3)  # BCD that is a name: addresses, meter numbers
ASCII = const(4)  # last character first
BITS = const(5)  # status and mode words, printed as hexadecimal

# A shape: (repeats, fields). `repeats`: the fields come again until the data ends (blocks).
# A field: (kind, bytes, power of ten, unit, how many)
_KWH = (NUMBER, 4, -2, "kWh", 1)
_KWH_S = (SIGNED, 4, -2, "kWh", 1)
_KVARH = (NUMBER, 4, -2, "kvarh", 1)
_KVARH_S = (SIGNED, 4, -2, "kvarh", 1)
_KVAH = (NUMBER, 4, -2, "kVAh", 1)
_KW = (NUMBER, 3, -4, "kW", 1)
_KW_S = (SIGNED, 3, -4, "kW", 1)
_KVAR = (NUMBER, 3, -4, "kvar", 1)
_KVAR_S = (SIGNED, 3, -4, "kvar", 1)
_KVA = (NUMBER, 3, -4, "kVA", 1)
_AMPERE = (SIGNED, 3, -3, "A", 1)
_PERCENT = (NUMBER, 2, -2, "%", 1)
_STAMP5 = (TIME, 5, 0, "YYMMDDhhmm", 1)
_STAMP6 = (TIME, 6, 0, "YYMMDDhhmmss", 1)
_COUNT = (NUMBER, 3, 0, "", 1)
_NN = (NUMBER, 1, 0, "", 1)

# Energy and demand by kind (DI2): combined active, forward, reverse, combined reactive 1 and 2,
# quadrants 1 to 4, forward and reverse apparent
_ENERGIES = (_KWH_S, _KWH, _KWH, _KVARH_S, _KVARH_S) + (_KVARH,) * 4 + (_KVAH,) * 2
_DEMANDS = (_KW_S, _KW, _KW, _KVAR_S, _KVAR_S) + (_KVAR,) * 4 + (_KVA,) * 2

# 02 DI2 phase 00: (field, lowest DI1); 0 is the total
_VARIABLES = (
    ((NUMBER, 2, -1, "V", 1), 1),
    (_AMPERE, 1),
    (_KW_S, 0),
    (_KVAR_S, 0),
    (_KVA, 0),
    ((SIGNED, 2, -3, "", 1), 0),  # power factor
    ((NUMBER, 2, -1, "degree", 1), 1),
    (_PERCENT, 1),  # voltage THD
    (_PERCENT, 1),  # current THD
)

# 02 80 00 DI0, from 01. Neutral current and averaged P and Q carry the sign of their kind.
_SINGLES = (
    _AMPERE,
    (NUMBER, 2, -2, "Hz", 1),
    _KW_S,
    _KW_S,
    _KVAR_S,
    _KVA,
    (SIGNED, 2, -1, "deg C", 1),
    (NUMBER, 2, -2, "V", 1),
    (NUMBER, 2, -2, "V", 1),
    (NUMBER, 4, 0, "min", 1),
    (NUMBER, 4, -4, "yuan/kWh", 1),
)

# 1997 edition, B6 kind phase: coarser than in 2007 and without sign; only 9010 is confirmed by a
# captured frame, these follow public translation tables between the editions
_VARIABLES_1997 = (
    (NUMBER, 2, 0, "V", 1),
    (NUMBER, 2, -2, "A", 1),
    (NUMBER, 3, -4, "kW", 1),
    (NUMBER, 2, -2, "kvar", 1),
    (NUMBER, 2, -3, "", 1),
)

# 05 kk DI1 nn
_FREEZES = (_STAMP5, _KWH, _KWH, _KVARH_S, _KVARH_S) + (_KVARH,) * 4

# Parameters: first identifier, last, repeats, fields
_ROWS = (
    (0x04000101, 0x04000101, False, ((TIME, 4, 0, "YYMMDDWW", 1),)),
    (0x04000102, 0x04000102, False, ((TIME, 3, 0, "hhmmss", 1),)),
    (0x04000103, 0x04000104, False, ((NUMBER, 1, 0, "min", 1),)),
    (0x04000105, 0x04000105, False, ((NUMBER, 2, 0, "ms", 1),)),
    (0x04000106, 0x04000107, False, (_STAMP5,)),
    (0x04000205, 0x04000205, False, ((NUMBER, 2, 0, "", 1),)),  # holidays, up to 254
    (0x04000201, 0x04000207, False, (_NN,)),
    (0x04000301, 0x04000305, False, (_NN,)),
    (0x04000306, 0x04000307, False, (_COUNT,)),  # CT, PT ratio
    (0x04000401, 0x04000402, False, ((DIGITS, 6, 0, "", 1),)),
    (0x04000403, 0x04000403, False, ((ASCII, 32, 0, "", 1),)),
    (0x04000404, 0x04000406, False, ((ASCII, 6, 0, "", 1),)),
    (0x04000407, 0x04000408, False, ((ASCII, 4, 0, "", 1),)),
    (0x04000409, 0x04000409, False, ((NUMBER, 3, 0, "imp/kWh", 1),)),
    (0x0400040A, 0x0400040A, False, ((NUMBER, 3, 0, "imp/kvarh", 1),)),
    (0x0400040B, 0x0400040C, False, ((ASCII, 10, 0, "", 1),)),
    (0x0400040D, 0x0400040D, False, ((ASCII, 16, 0, "", 1),)),
    (0x0400040E, 0x0400040E, False, ((DIGITS, 6, 0, "", 1),)),
    (0x04000501, 0x04000507, False, ((BITS, 2, 0, "", 1),)),
    (0x040005FF, 0x040005FF, True, ((BITS, 2, 0, "", 1),)),
    (0x04000601, 0x04000603, False, ((BITS, 1, 0, "", 1),)),
    (0x04000701, 0x04000705, False, ((BITS, 1, 0, "", 1),)),
    (0x04000801, 0x04000801, False, ((BITS, 1, 0, "", 1),)),
    (0x04000802, 0x04000802, False, (_NN,)),
    (0x04000901, 0x04000902, False, ((BITS, 1, 0, "", 1),)),
    (0x04000A01, 0x04000A01, False, ((TIME, 4, 0, "MMDDhhmm", 1),)),
    (0x04000A02, 0x04000A07, False, ((NUMBER, 2, 0, "min", 1),)),
    (0x04000B01, 0x04000B03, False, ((TIME, 2, 0, "DDhh", 1),)),
    (0x04000D01, 0x04000D0C, False, ((NUMBER, 2, -3, "", 1),)),
    (0x04000E01, 0x04000E02, False, (_KW,)),
    (0x04000E03, 0x04000E04, False, ((NUMBER, 2, -1, "V", 1),)),
    (0x04010000, 0x04010000, True, ((TIME, 3, 0, "MMDDNN", 1),)),
    (0x04010001, 0x04010008, True, ((TIME, 3, 0, "hhmmNN", 1),)),
    (0x04020000, 0x04020000, True, ((TIME, 3, 0, "MMDDNN", 1),)),
    (0x04020001, 0x04020008, True, ((TIME, 3, 0, "hhmmNN", 1),)),
    (0x04800001, 0x04800003, False, ((ASCII, 32, 0, "", 1),)),  # versions, maker's code
    (0x04030001, 0x040300FE, False, ((TIME, 4, 0, "YYMMDDNN", 1),)),
)


def find(di):
    """Shape of an identifier (text), or None where the layout is not known."""
    if len(di) == 4:
        return _find_1997(int(di, 16))
    number = int(di, 16)
    di2 = number >> 16 & 255
    di1 = number >> 8 & 255
    di0 = number & 255
    group = number >> 24
    if group == 0 or group == 1:
        return _find_register(group, di2, di1, di0)
    if group == 2:
        return _find_variable(di2, di1, di0)
    if group == 3:
        return _find_event(di2, di1, di0)
    if group == 5:
        return _find_freeze(di2, di1, di0)
    return _find_parameter(number)


def _find_register(group, di2, di1, di0):
    # phases A, B, C repeat kinds 01..0A at 15, 29 and 3D
    phase, kind = di2 // 0x14, di2 % 0x14
    if group == 0 and di2 >= 0x80 and (di2 - 0x80) % 0x14 <= 6:
        # associated, fundamental, harmonic, losses: active energies, by phase at 94, A8 and BC
        phase, kind = (di2 - 0x80) // 0x14, 1
    if phase > 3 or kind > 10 or (phase and not kind):
        return None
    if (di1 > 0x3F and di1 != 0xFF) or (di0 > 12 and di0 != 0xFF):
        return None
    block = di1 == 0xFF or di0 == 0xFF
    return block, (_ENERGIES[kind],) if group == 0 else (_DEMANDS[kind], _STAMP5)


def _find_variable(di2, di1, di0):
    if di2 == 0x80:
        if di1 or not 1 <= di0 <= len(_SINGLES):
            return None
        return False, (_SINGLES[di0 - 1],)
    if di2 == 0x0A or di2 == 0x0B:  # harmonics 1..21 of a phase
        if not 1 <= di1 <= 3 or not (1 <= di0 <= 21 or di0 == 0xFF):
            return None
        return di0 == 0xFF, (_PERCENT,)
    if not 1 <= di2 <= len(_VARIABLES) or di0:
        return None
    field, lowest = _VARIABLES[di2 - 1]
    if not (lowest <= di1 <= 3 or di1 == 0xFF):
        return None
    return di1 == 0xFF, (field,)


def _find_freeze(di2, di1, di0):
    if di2 > 6 or not di0:
        return None
    if di1 < len(_FREEZES):
        return di1 > 0, (_FREEZES[di1],)  # energies: total, then the tariffs
    if di1 == 0x09 or di1 == 0x0A:
        return True, (_KW, _STAMP5)
    if di1 == 0x10:
        return False, ((SIGNED, 3, -4, "kW", 4), (SIGNED, 3, -4, "kvar", 4))
    return None


def _find_event(di2, di1, di0):
    if di2 == 0x30:  # programming, clearing, covers: only the counts have a known layout
        return None if di0 else (False, (_COUNT,))
    if di1 or not 1 <= di2 <= 0x12 or di2 == 0x10:  # 10: statistics with a layout of their own
        return None
    if not di0:
        return True, (_COUNT,)  # totals: counts and accumulated minutes
    if di0 > 10:
        return None
    if di2 == 0x05:  # all phases lost their voltage
        return False, (_STAMP6, _AMPERE, _STAMP6)
    if di2 == 0x06 or di2 == 0x11:  # auxiliary supply lost, outage: start and end
        return False, (_STAMP6, _STAMP6)
    return None


def _find_parameter(number):
    for first, last, repeats, fields in _ROWS:
        if first <= number <= last:
            return repeats, fields
    return None


def _find_1997(number):
    # 90 active, 91 reactive (+4, +8: last month, the month before); then kind, then tariff
    kind = number >> 4 & 15
    block = number & 15 == 15
    month = number >> 8
    if month in (0x90, 0x94, 0x98) and kind in (1, 2):
        return block, (_KWH,)
    if month in (0x91, 0x95, 0x99) and 1 <= kind <= 6:
        return block, (_KVARH,)
    if month == 0xB6 and 1 <= kind <= 5 and (block or number & 15 <= 3):
        return block, (_VARIABLES_1997[kind - 1],)
    return None
