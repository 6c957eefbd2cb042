"""Emulator: energy and power accumulation, latch, CF pulses (ade9000.md sections 3 and 4)."""

import numpy as np
import pytest
from emulator_rig import WATT, Rig

from tools.emulator import status as st
from tools.emulator.pulses import DTOF_HZ

PER_WH = 2**13 / (8000 * 3600) * WATT  # watt hours per count of HI
EGY_ON, LOAD, READ_RESET, NO_LOAD_OFF = 1, 0x10, 0x20, 0xE000


def energy_wh(rig, name):
    high, low = rig.signed(name + "HR_HI"), rig.read(name + "HR_LO")
    return (high + low / 2**13) * PER_WH


def test_energy_is_the_integral_of_the_power():
    rig = Rig(i=[100, 80, 60], phi_deg=[20, 150, -60]).started(
        EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF
    )
    before = rig.chip.plant.truth.energy_wh()
    rig.seconds(3.0)
    after = rig.chip.plant.truth.energy_wh()
    for k, phase in enumerate("ABC"):  # B runs backwards
        want = after[k] - before[k]
        assert energy_wh(rig, phase + "WATT") == pytest.approx(want, rel=2e-4)
    truth = rig.chip.plant.truth.report(50.0)
    assert energy_wh(rig, "AVAR") / 3 * 3600 == pytest.approx(truth["q"]["A"], rel=0.02)
    assert energy_wh(rig, "CVAR") < 0


def test_registers_change_only_at_the_latch():
    rig = Rig().started(EGY_TIME=1599, EP_CFG=EGY_ON | NO_LOAD_OFF)
    ready = []
    for k in range(250):
        rig.pages(1)
        if rig.read("STATUS0") & 1:
            ready.append(k)
            rig.write("STATUS0", 1)
        assert (rig.read("AWATTHR_HI") != 0) == bool(ready)
    assert ready == [99, 199]  # every 1600 samples = 100 pages


def test_add_mode_sums_and_load_mode_overwrites():
    totals = {}
    for name, mode in (("add", 0), ("load", LOAD)):
        rig = Rig().started(EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF | mode)
        rig.seconds(1.0)
        totals[name] = rig.read("AWATTHR_HI")
    assert totals["add"] == pytest.approx(10 * totals["load"], rel=1e-3)


def test_read_with_reset_loses_nothing():
    rig = Rig().started(EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF | READ_RESET)
    plain = Rig().started(EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF)
    total = 0
    for _ in range(7):
        rig.seconds(0.3)
        plain.seconds(0.3)
        total += rig.read("AWATTHR_HI")
        assert rig.read("AWATTHR_HI") == 0
    total = (total << 13) + rig.read("AWATTHR_LO")
    assert rig.read("AWATTHR_LO") == 0
    assert total == (plain.read("AWATTHR_HI") << 13) + plain.read("AWATTHR_LO")
    peeked = rig.chip.access.peek(0x2FB)
    assert peeked == rig.chip.access.peek(0x2FB) > 0  # AVAHR_HI: peek does not reset


def test_the_latch_falls_on_the_exact_sample():
    rig = Rig(u=[0] * 3, i=[0] * 3).started(
        AWATTOS=4000, EGY_TIME=1000, PWR_TIME=2999, EP_CFG=EGY_ON | NO_LOAD_OFF | LOAD
    )
    for _ in range(8):
        rig.pages(63)  # one latch each, somewhere in a page
        codes = (rig.read("AWATTHR_HI") << 13) + rig.read("AWATTHR_LO")
        assert codes == 4000 * 1001
    assert rig.read("AWATT_ACC") == 4000 * 3000 >> 13


def test_half_cycle_mode():
    rig = Rig().started(EGY_TIME=19, EP_CFG=EGY_ON | NO_LOAD_OFF | 2)
    rig.seconds(0.3)
    rig.write("STATUS0", 1)
    ready = []
    for k in range(500):
        rig.pages(1)
        if rig.read("STATUS0") & 1:
            ready.append(k)
            rig.write("STATUS0", 1)
    assert all(abs(b - a - 100) <= 1 for a, b in zip(ready, ready[1:])) and len(ready) >= 4


def test_power_accumulation():
    rig = Rig(phi_deg=[20, 150, 20]).started(PWR_TIME=8191, EP_CFG=EGY_ON | NO_LOAD_OFF)
    rig.seconds(2.2)
    assert rig.read("STATUS0") & 1 << st.PWRRDY
    for phase in "ABC":
        assert rig.signed(phase + "WATT_ACC") == pytest.approx(
            rig.signed(phase + "WATT"), rel=5e-3
        )
    a, b, c = (rig.signed(p + "WATT_ACC") for p in "ABC")
    assert rig.signed("PWATT_ACC") == a + c and rig.signed("NWATT_ACC") == b < 0


def test_sign_change_is_reported():
    rig = Rig().started(EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF)
    rig.seconds(0.5)
    assert rig.read("PHSIGN") == 0
    rig.write("STATUS0", 0xFFFFFFFF)
    rig.source.change(phi_deg=[18, 200, 11])
    rig.seconds(0.5)
    assert rig.read("STATUS0") & 7 << st.REVAP == 2 << st.REVAP
    assert rig.read("PHSIGN") == 0b001100  # B: active and reactive


@pytest.mark.parametrize("mode, factors", [(0, (1, -1)), (1, (1, 1)), (2, (1, 0)), (3, (0, -1))])
def test_accumulation_modes(mode, factors):
    rig = Rig(i=[100] * 3, phi_deg=[0, 180, 0], u_harm={}, i_harm={}).started(
        EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF, ACCMODE=mode
    )
    rig.seconds(1.0)
    first = energy_wh(rig, "AWATT"), energy_wh(rig, "BWATT")
    rig.seconds(1.0)
    for phase, before, factor in zip("AB", first, factors):
        gained = energy_wh(rig, phase + "WATT") - before
        assert gained == pytest.approx(factor * 230 * 100 / 3600, rel=1e-3, abs=1e-4)


def test_no_load():
    rig = Rig(i=[0.01, 100, 0], i_harm={}).started(EGY_TIME=799, EP_CFG=EGY_ON)
    rig.write("ACT_NL_LVL", 0xFFFF)
    rig.seconds(1.0)
    before = energy_wh(rig, "AWATT"), energy_wh(rig, "BWATT")
    rig.seconds(1.0)
    assert energy_wh(rig, "AWATT") == before[0]
    assert energy_wh(rig, "BWATT") > before[1]
    assert rig.read("PHNOLOAD") & 1 and not rig.read("PHNOLOAD") >> 6 & 1


def test_energy_wraps_as_a_45_bit_register():
    rig = Rig(u=[500 / 2**0.5] * 3, i=[400 / 2**0.5] * 3, phi_deg=[0] * 3).started(
        EGY_TIME=7999, EP_CFG=EGY_ON | NO_LOAD_OFF
    )
    rig.chip.energy.user[0][0] = 2**44 - 10**9  # shortly before the end
    rig.seconds(1.1)
    assert rig.signed("AWATTHR_HI") < 0


CF_SETUP = {
    "WTHR": 0x100000,
    "VARTHR": 0x100000,
    "VATHR": 0x100000,
    "CF1DEN": 4000,
    "CF2DEN": 4000,
    "COMPMODE": 0b111_111,
    "CFMODE": 0b001_000,
}


def falls(rig, pin):
    return np.array([at for at, level in rig.edges(pin) if level == 0])


def test_cf_rate_follows_the_formula():
    rig = Rig().started(**CF_SETUP)
    rig.seconds(0.6)
    rig.chip.pins.take()
    rig.seconds(3.0)
    at = falls(rig, st.CF1)
    code = sum(rig.read(p + "WATT") for p in "ABC")
    hertz = DTOF_HZ * code / (0x100000 * 512 * 4000)
    assert 5 < hertz < 100
    assert np.diff(at).mean() == pytest.approx(8000 / hertz, rel=1e-3)
    assert np.diff(at).std() < 0.06 * np.diff(at).mean()
    assert rig.read("STATUS0") & 3 << st.CF_BITS == 3 << st.CF_BITS


def test_cf_pulses_count_the_energy():
    rig = Rig(phi_deg=[0, 30, 60]).started(EGY_TIME=799, EP_CFG=EGY_ON | NO_LOAD_OFF, **CF_SETUP)
    rig.seconds(4.0)
    codes = sum((rig.signed(p + "WATTHR_HI") << 13) + rig.read(p + "WATTHR_LO") for p in "ABC")
    wanted = codes * (DTOF_HZ / 8000) / (0x100000 * 512 * 4000)
    assert abs(rig.chip.pulses[0].count - wanted) <= 1
    assert len(falls(rig, st.CF1)) == rig.chip.pulses[0].count > 50


def test_termsel_picks_the_phases():
    counts = []
    for terms in (0b111, 0b001, 0b110):
        rig = Rig().started(**dict(CF_SETUP, COMPMODE=terms))
        rig.seconds(2.0)
        counts.append(rig.chip.pulses[0].count)
    assert counts[0] == pytest.approx(counts[1] + counts[2], abs=2)
    assert counts[1] > 10


def test_pulse_width_is_80_ms_or_half_the_period():
    for den, width in ((60000, 640.0), (4000, None)):
        rig = Rig().started(**dict(CF_SETUP, CF1DEN=den))
        rig.seconds(3.0)
        edges = rig.edges(st.CF1)
        widths = [b[0] - a[0] for a, b in zip(edges, edges[1:]) if a[1] == 0]
        falling = [at for at, level in edges if level == 0]
        assert widths
        if width:
            assert widths == [pytest.approx(width)] * len(widths)
        else:
            period = np.diff(falling).mean()
            assert np.mean(widths) == pytest.approx(period / 2, rel=0.1)


@pytest.mark.parametrize("setting", [{"CFMODE": 1 << 12}, {"CF1DEN": 0}, {"WTHR": 0}])
def test_disabled_output_is_silent(setting):
    rig = Rig().started(**dict(CF_SETUP, **setting))
    rig.seconds(1.0)
    assert falls(rig, st.CF1).size == 0


def test_stopping_in_a_pulse_releases_the_pin():
    rig = Rig().started(**dict(CF_SETUP, CF1DEN=60000))
    while rig.chip.pins.levels[st.CF1]:
        rig.pages(1)
    rig.write("CONFIG1", 1 << 5)  # CF_ACC_CLR
    assert rig.chip.pins.levels[st.CF1] == 1
