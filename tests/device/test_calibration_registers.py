"""Calibration: register arithmetic against the definitions, and what may be stated of a source."""

import math

from firmware.core.errors import ConfigError
from firmware.link.ade9000 import calibration as registers
from firmware.metering.averages import isqrt
from firmware.metering.reference import Reference

U_FS, I_FS = 500000, 400000  # mV, mA peak
FULL = 74532013
AIGAIN, APHCAL0, AVGAIN, AIRMSOS, AWATTOS, AVAROS = 0x000, 0x006, 0x00B, 0x00C, 0x00F, 0x010
NIGAIN = 0x06D
ONE = 1 << 27


def near(value, wanted, bound, what=""):
    assert abs(value - wanted) <= bound, (what, value, wanted)


def refused(part, function, *args, **named):
    """It raises ConfigError with one sentence that holds `part`."""
    try:
        function(*args, **named)
    except ConfigError as error:
        text = str(error)
        assert part in text and "\n" not in text and len(text) < 160, text
        return
    raise AssertionError("not refused: " + part)


def lead(code, hertz=50):
    """Angle by which an all-pass (c + z^-1) / (1 + c z^-1) is ahead of a delay, in radians."""
    w = 2 * math.pi * hertz / 8000
    c = code / ONE
    # arguments of c + z^-1, of 1 + c z^-1 and of z^-1
    num = math.atan2(-math.sin(w), c + math.cos(w))
    den = math.atan2(-c * math.sin(w), 1 + c * math.cos(w))
    return num - den + w


# gain: by the definition of the register, on top of what is there, whatever the unit
cal = registers.Calibration((), U_FS, I_FS)
assert cal.voltage_gain(1, 230000000, 227700000) == 0x20 + AVGAIN
near(227.7 * (1 + cal.value(0x20 + AVGAIN) / ONE), 230, 1e-4)
cal.voltage_gain(1, 1000, 1001)
near((1 + cal.value(0x20 + AVGAIN) / ONE) * 1.001, 230 / 227.7, 1e-6)
assert cal.current_gain(2, 100, 101) == 0x40 + AIGAIN
assert cal.value(0x40 + AIGAIN) == -((ONE * 2 + 101) // 202)
assert cal.current_gain(3, 101, 100) == NIGAIN

# phase: the manual's example, and the angle comes out as it went in, on top of what is there
cal = registers.Calibration((), U_FS, I_FS)
assert cal.phase(0, math.radians(-0.1), 50) == APHCAL0
near(cal.value(APHCAL0), -2918560, 8)
for degrees in (-1.7, -0.2, 0.003, 0.2, 1.9):
    for hertz in (50, 60):
        cal = registers.Calibration((), U_FS, I_FS)
        cal.phase(1, math.radians(degrees), hertz)
        near(math.degrees(lead(cal.value(0x26), hertz)), degrees, 5e-5)
        cal.phase(1, math.radians(-degrees / 2), hertz)
        near(math.degrees(lead(cal.value(0x26), hertz)), degrees / 2, 5e-5)

# offsets: a WATT code is the full scale power over 20694066; the firmware adds the same
cal = registers.Calibration((), U_FS, I_FS)
assert cal.active_offset(0, 48323) == AWATTOS  # uW: 10 codes of 100 kW / 20694066
assert cal.reactive_offset(0, -33826) == AVAROS
assert cal.current_offset(0, 1000000) == AIRMSOS  # (1 mA)**2
assert (cal.value(AWATTOS), cal.value(AVAROS)) == (10, -7)
near(cal.value(AIRMSOS) * 32768, (FULL / 400000) ** 2, 16384)
p, q, ii = cal.offsets(0)
near(p * U_FS * 16384 / FULL * I_FS / FULL, 48323, 1)  # uW
assert q * 10 == -7 * p and ii == cal.value(AIRMSOS) << 15
assert cal.rows() == ((AIRMSOS, cal.value(AIRMSOS)), (AWATTOS, 10), (AVAROS, -7))
names = [registers.name(r) for r in (AIGAIN, 0x26, 0x4B, NIGAIN, 0x2F, 0x123)]
assert names == ["AIGAIN", "BPHCAL0", "CVGAIN", "NIGAIN", "BWATTOS", "0x123"]

# roots, and what may be stated
for n in (0, 1, 2, 3, 4, 99, 100, 10**18 - 1, 10**18, 3 << 90):
    r = isqrt(n)
    assert r * r <= n < (r + 1) * (r + 1), n
ref = Reference(230, 5.000001, "0.5L")
near(ref.u_uv, 230000000, 0)
near(ref.i_ua, 5000001, 1)
near(ref.p_uw(), 575000000, 400)
near(ref.q_uvar(), 995929214, 400)
near(Reference(pf="0.8c").lag, -math.acos(0.8), 1e-6)
near(Reference(angle=-30).lag, -math.pi / 6, 1e-6)
near(math.degrees(Reference(pf=0.5).excess(100000000, 173205080)), 0, 2e-5)
near(math.degrees(Reference(pf=0.5).excess(100000000, 174000000)), 0.1135, 1e-4)
refused("above 0", Reference, u=-1)
refused("above 0", Reference, u="230")
refused("above 0", Reference, i=True)
refused("above 0", Reference, i=float("nan"))
refused("not both", Reference, pf=1, angle=0)
refused("-180", Reference, angle=270)
for pf in (1.2, -0.5, "x", "L", [1]):
    refused("0.5L", Reference, pf=pf)

print("OK")
