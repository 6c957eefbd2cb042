"""Emulator, result registers: full-scale codes, calibration, period, angle (section 4)."""

import math

import pytest
from emulator_rig import AMP, VOLT, WATT, Rig

FULL = {
    "u": [500 / 2**0.5] * 3,
    "i": [400 / 2**0.5] * 3,
    "phi_deg": [0.0] * 3,
    "u_harm": {},
    "i_harm": {},
}
RMS_CODE, POWER_CODE = 52702092, 20694066


@pytest.fixture(scope="module")
def full():
    rig = Rig(**FULL).started()
    rig.seconds(1.1)
    return rig


@pytest.mark.parametrize(
    "name",
    [
        "AIRMS",
        "AVRMS",
        "BIRMS",
        "BVRMS",
        "CIRMS",
        "CVRMS",
        "AIFRMS",
        "CVFRMS",
        "AIRMSONE",
        "BVRMSONE",
        "CIRMS1012",
        "AVRMS1012",
    ],
)
def test_rms_codes_at_full_scale(full, name):
    assert full.read(name) == pytest.approx(RMS_CODE, rel=2e-5)


@pytest.mark.parametrize("name", ["AWATT", "BWATT", "CVA", "AFWATT", "BFVA"])
def test_power_codes_at_full_scale(full, name):
    assert full.read(name) == pytest.approx(POWER_CODE, rel=2e-5)


@pytest.mark.parametrize("name", ["AVAR", "BFVAR"])
def test_reactive_codes_at_full_scale(name):
    rig = Rig(**dict(FULL, phi_deg=[90.0] * 3)).started()
    rig.seconds(0.4)
    assert rig.signed(name) == pytest.approx(POWER_CODE, rel=1e-4)  # inductive is positive
    assert abs(rig.signed("AWATT")) < 100


def test_instant_codes_at_full_scale():
    rig = Rig(**dict(FULL, freq=47.3)).started(CONFIG0=8)
    peaks = {"AV_PCF": 74532013, "VB_LPF_DAT": 74518668, "IC_SINC_DAT": 67107786}
    seen = dict.fromkeys(peaks, 0)
    for _ in range(300):  # page ends come at every angle
        rig.pages(1)
        for name in peaks:
            seen[name] = max(seen[name], rig.signed(name))
    for name, code in peaks.items():
        assert seen[name] == pytest.approx(code, rel=1e-3)
        assert seen[name] <= code


@pytest.mark.parametrize("freq, code", [(50.0, 10485759), (60.0, 0x00855554), (47.5, None)])
def test_period(freq, code):
    rig = Rig(freq=freq).started(ACCMODE=0x100 if freq == 60 else 0)
    rig.seconds(0.5)
    for name in ("APERIOD", "BPERIOD", "CPERIOD", "COM_PERIOD"):
        measured = rig.read(name)
        assert abs(measured - (8000 * 65536 / freq - 1)) <= 3  # 0.02 mHz
        if code:
            assert abs(measured - code) <= 3


@pytest.mark.parametrize("selfreq, default", [(0, 0x00A00000), (0x100, 0x00855554)])
def test_period_without_voltage_is_the_default(selfreq, default):
    rig = Rig(freq=55.0).started(ACCMODE=selfreq)
    rig.seconds(0.3)
    assert rig.read("APERIOD") == pytest.approx(8000 * 65536 / 55, rel=1e-5)
    rig.source.change(u=[0, 230, 230])
    rig.seconds(0.6)
    assert rig.read("APERIOD") == default
    assert rig.read("BPERIOD") == pytest.approx(8000 * 65536 / 55, rel=1e-5)


def test_period_follows_a_frequency_change():
    rig = Rig().started()
    rig.seconds(0.3)
    rig.source.change(freq=51.0)
    rig.seconds(0.4)
    assert 8000 * 65536 / (rig.read("APERIOD") + 1) == pytest.approx(51.0, abs=1e-4)


def phcal(phi_deg, freq=50.0, rate=8000.0):
    phi, w = math.radians(phi_deg), 2 * math.pi * freq / rate
    return round((math.sin(phi - w) + math.sin(w)) / math.sin(2 * w - phi) * 2**27)


def test_phcal_formula_gives_the_examples_of_the_reference():
    assert phcal(-0.1, rate=4000.0) == -1476471
    assert phcal(-0.1) == -2918560


@pytest.mark.parametrize(
    "freq, error_deg", [(50.0, -0.1), (50.0, -10.0), (50.0, 2.0), (60.0, 1.0)]
)
def test_phcal_turns_the_current_by_what_the_formula_says(freq, error_deg):
    """A current that leads by -phi is turned back by xPHCAL(phi)."""
    rig = Rig(freq=freq, u_harm={}, i_harm={}, phi_deg=[60.0] * 3)
    rig.chip.plant.adc.lead_deg[2] = -error_deg  # IB
    rig.chip.plant.adc.update()
    rig.started(BPHCAL0=phcal(error_deg, freq))
    rig.seconds(0.4)
    turned = math.degrees(math.atan2(rig.signed("BFVAR"), rig.signed("BFWATT")))
    plain = math.degrees(math.atan2(rig.signed("AFVAR"), rig.signed("AFWATT")))
    assert plain == pytest.approx(60.0, abs=0.001)
    assert turned == pytest.approx(60.0, abs=0.001)
    rig.write("BPHCAL0", 0)
    rig.seconds(0.4)
    turned = math.degrees(math.atan2(rig.signed("BFVAR"), rig.signed("BFWATT")))
    assert turned == pytest.approx(60.0 + error_deg, abs=0.001)


@pytest.mark.parametrize("gain", [0.1, -0.25])
def test_gain_registers(gain):
    code = round(gain * 2**27)
    rig = Rig(u=[100] * 3, i=[100] * 3, u_harm={}, i_harm={}).started(
        AIGAIN=code, BVGAIN=code, CPGAIN=code, NIGAIN=code
    )
    rig.seconds(0.4)
    for name, factor, unit, base in (
        ("AIRMS", 1 + gain, AMP, 100),
        ("BIRMS", 1, AMP, 100),
        ("BVRMS", 1 + gain, VOLT, 100),
        ("AVRMS", 1, VOLT, 100),
        ("AVA", 1 + gain, WATT, 1e4),
        ("BVA", 1 + gain, WATT, 1e4),
        ("CVA", 1 + gain, WATT, 1e4),
        ("CIRMS", 1, AMP, 100),
    ):
        assert rig.read(name) * unit == pytest.approx(base * factor, rel=3e-5), name


def test_offset_registers():
    rig = Rig(u=[0] * 3, i=[0] * 3).started(
        AIRMSOS=1000, BVRMSONEOS=2000, CIRMS1012OS=3000, AWATTOS=-500, BVAROS=700, CFWATTOS=900
    )
    rig.seconds(0.5)
    assert rig.read("AIRMS") == round(math.sqrt(1000 * 32768))
    assert rig.read("BVRMSONE") == round(math.sqrt(2000 * 32768))
    assert rig.read("CIRMS1012") == round(math.sqrt(3000 * 32768))
    assert rig.signed("AWATT") == -500
    assert rig.signed("BVAR") == 700
    assert rig.signed("CFWATT") == 900
    assert rig.read("AVRMS") == 0


def test_rms_offset_adds_to_the_square():
    rig = Rig(u=[50] * 3).started(AVRMSOS=10**6)
    rig.seconds(0.6)
    want = math.sqrt(rig.read("BVRMS") ** 2 + 2**15 * 10**6)
    assert rig.read("AVRMS") == pytest.approx(want, rel=1e-6)


def test_sensor_errors_are_seen_by_the_chip_and_not_by_the_truth():
    rig = Rig(u_harm={}, i_harm={})
    adc = rig.chip.plant.adc
    adc.gain_error[0], adc.lead_deg[0], adc.offset[0] = 0.01, 1.0, 5.0
    adc.update()
    rig.started()
    rig.seconds(1.0)
    truth = rig.chip.plant.truth.report(50.0)
    assert truth["rms"]["IA"] == pytest.approx(100.0, rel=1e-6)
    assert rig.read("AIRMS") * AMP == pytest.approx(101.0, rel=3e-5)  # DC is filtered out
    angle = math.degrees(math.atan2(rig.signed("AFVAR"), rig.signed("AFWATT")))
    assert angle == pytest.approx(18.19 - 1.0, abs=0.002)
    mean = sum(rig.signed("IA_LPF_DAT") for _ in range(500) if rig.pages(1) is None) / 500
    assert mean * 400 / 74518668 == pytest.approx(5.0, abs=0.2)


def test_a_voltage_leaks_into_its_current():
    rig = Rig(i=[0] * 3, u_harm={}, i_harm={})
    adc = rig.chip.plant.adc
    adc.leak[1], adc.leak_deg[1] = 0.01, 60.0  # 2.3 A that lead UB
    adc.update()
    rig.started()
    rig.seconds(1.0)
    s = 230 * 2.3
    assert rig.signed("BWATT") * WATT == pytest.approx(s * 0.5, rel=1e-4)
    assert rig.signed("BVAR") * WATT == pytest.approx(-s * 0.75**0.5, rel=1e-4)
    assert rig.read("AIRMS") == rig.read("CIRMS") == 0
    assert rig.chip.plant.truth.report(50.0)["rms"]["IB"] == 0


def test_the_voltages_stand_where_they_are_told():
    rig = Rig(lag_deg=[0, 240, 121.5], phi_deg=[0, 0, 30])
    rig.seconds(1.0)
    angles = rig.chip.plant.truth.report(50.0)["phase_deg"]
    assert angles["VB"] == pytest.approx(120, abs=1e-6)
    assert angles["VC"] == pytest.approx(-121.5, abs=1e-6)
    assert angles["IC"] == pytest.approx(-151.5, abs=1e-6)


def test_dc_removal_can_be_disabled():
    rig = Rig(u=[100] * 3, u_harm={}, dc=[0, 20, 0, 0, 0, 0, 0]).started(CONFIG0=8)
    rig.seconds(0.4)
    assert rig.read("AVRMS") * VOLT == pytest.approx(math.hypot(100, 20), rel=1e-4)


@pytest.mark.parametrize("freq", [49.3, 50.0, 60.4])
def test_results_agree_with_the_truth(freq):
    rig = Rig(
        noise=1e-5,
        freq=freq,
        phi_deg=[18.19, 60.0, -37.0],
        u_harm={"5": 0.05, "7": [0.03, 40]},
        i_harm={"3": [0.2, 70], "5": 0.3},
    ).started(ACCMODE=0x100 if freq > 55 else 0)
    rig.seconds(2.2)
    truth = rig.chip.plant.truth.report(freq)
    for phase in "ABC":
        u, i, s = truth["rms"]["V" + phase], truth["rms"]["I" + phase], truth["s"][phase]
        assert rig.read(phase + "VRMS") * VOLT == pytest.approx(u, rel=5e-5)
        assert rig.read(phase + "IRMS") * AMP == pytest.approx(i, rel=5e-5)
        assert rig.signed(phase + "WATT") * WATT == pytest.approx(truth["p"][phase], abs=5e-5 * s)
        assert rig.signed(phase + "VAR") * WATT == pytest.approx(truth["q"][phase], abs=2e-4 * s)
        assert rig.signed(phase + "VA") * WATT == pytest.approx(s, rel=5e-5)
        assert rig.read(phase + "VRMSONE") * VOLT == pytest.approx(u, rel=5e-4)
        assert rig.read(phase + "IRMS1012") * AMP == pytest.approx(i, rel=2e-4)
        for name, ratio in (
            ("PF", truth["p"][phase] / s),
            ("VTHD", math.hypot(0.05, 0.03)),
            ("ITHD", math.hypot(0.2, 0.3)),
        ):
            assert rig.signed(phase + name) / 2**27 == pytest.approx(ratio, abs=2e-4)
    assert rig.read("NIRMS") * AMP == pytest.approx(truth["rms"]["IN"], rel=1e-4)
    assert rig.read("ISUMRMS") * AMP == pytest.approx(truth["rms"]["IN"], rel=1e-4)


def test_fundamental_quantities_leave_the_harmonics_out():
    """U5 = 10 %, I5 = 40 %: total active power is 1.04 of the fundamental (IEC 62053-22)."""
    rig = Rig(phi_deg=[0, 0, 0], u_harm={"5": 0.1}, i_harm={"5": 0.4}).started()
    rig.seconds(0.5)
    assert rig.read("AWATT") / rig.read("AFWATT") == pytest.approx(1.04, rel=1e-4)
    assert rig.read("AVFRMS") * VOLT == pytest.approx(230, rel=1e-4)


def test_harmonics_keep_their_share_of_reactive_power():
    rig = Rig(phi_deg=[30, 30, 30], u_harm={"3": 0.1}, i_harm={"3": 0.2}).started()
    rig.seconds(0.5)
    want = 230 * 100 * (math.sin(math.radians(30)) + 0.02 * math.sin(math.radians(90)))
    assert rig.signed("AVAR") * WATT == pytest.approx(want, rel=2e-4)


def test_angles():
    rig = Rig(freq=50.0, phi_deg=[30.0, -45.0, 10.0]).started()
    rig.seconds(0.5)
    for name, degrees in (
        ("ANGL_VA_VB", 120),
        ("ANGL_VB_VC", 120),
        ("ANGL_VA_VC", 240),
        ("ANGL_VA_IA", 30),
        ("ANGL_VB_IB", 315),
        ("ANGL_VC_IC", 10),
        ("ANGL_IA_IB", 45),
        ("ANGL_IB_IC", 175),
    ):
        assert rig.read(name) * 0.017578125 == pytest.approx(degrees, abs=0.02), name


def test_thd_and_pf_come_once_in_1024_ms():
    rig = Rig().started()
    rig.pages(511)
    assert rig.read("APF") == 0 and not rig.read("STATUS0") & 1 << 21
    rig.pages(1)
    assert rig.read("APF") > 0 and rig.read("STATUS0") & 1 << 21


def test_rms_one_is_renewed_each_half_cycle_and_1012_each_ten():
    rig = Rig().started()
    rig.seconds(0.4)
    for name, bit, pages in (("RMSONERDY", 19, 5), ("RMS1012RDY", 20, 100)):
        ready = []
        for k in range(5 * pages):
            rig.write("STATUS0", 0xFFFFFFFF)
            rig.pages(1)
            if rig.read("STATUS0") >> bit & 1:
                ready.append(k)
        steps = [b - a for a, b in zip(ready, ready[1:])]
        assert steps and all(abs(step - pages) <= 1 for step in steps), name


def test_zero_crossings_on_cf3_have_exact_stamps():
    rig = Rig(u_harm={}).started(CONFIG1=2, ZX_LP_SEL=0b010)  # ZX of phase B
    rig.seconds(0.3)
    rig.chip.pins.take()
    began = rig.chip.n
    rig.seconds(0.2)
    edges = rig.edges(4)
    assert len(edges) == 20
    for at, level in edges:
        # B crosses upwards at 1/3 + k cycles of 160 samples; the data path adds one sample
        phase = (at - 1) / 160 - 1 / 3
        nearest = round(phase * 2) / 2
        assert (phase - nearest) * 160 == pytest.approx(0, abs=0.002)
        assert level == (1 if nearest % 1 == 0 else 0)
        assert began <= at <= rig.chip.n
    assert rig.read("STATUS1") & 0x7 << 9 == 0x7 << 9


def test_zero_crossing_timeout():
    rig = Rig().started(ZXTOUT=1600)
    rig.seconds(0.3)
    rig.write("STATUS1", 0xFFFFFFFF)
    rig.source.change(u=[230, 230, 0])
    rig.seconds(0.5)
    assert rig.read("STATUS1") >> 6 & 7 == 0b100


@pytest.mark.parametrize("pga, factor", [(0, 1), (0b01 << 2, 2), (0b10 << 2, 4)])
def test_pga_gain(pga, factor):
    rig = Rig(i=[50] * 3, i_harm={}).started(PGA_GAIN=pga)  # bits 2-3: IB
    rig.seconds(0.6)
    assert rig.read("BIRMS") * AMP == pytest.approx(50 * factor, rel=1e-4)
    assert rig.read("AIRMS") * AMP == pytest.approx(50, rel=1e-4)


def test_clipping_at_full_scale():
    rig = Rig(u=[400, 230, 230], u_harm={}).started(CONFIG0=8)  # 566 V peak on 500
    rig.seconds(0.3)
    top = 0
    for _ in range(30):
        rig.pages(1)
        top = max(top, abs(rig.chip.dsp.x[1]).max())
    assert round(top) == 74532013


def test_same_seed_same_samples():
    streams = []
    for seed in (5, 5, 6):
        rig = Rig(noise=1e-5, seed=seed).started(WFB_CFG=0x13F0)
        rig.pages(16)
        streams.append(rig.burst(0x800, 7168))
    assert streams[0] == streams[1] != streams[2]


def test_signal_change_makes_no_phase_jump():
    rig = Rig(u_harm={})
    rig.pages(37)
    before = rig.source.render()[1, -1]
    rig.source.change(freq=55.0)
    rig.pages(1)
    after = rig.source.render()[1, 0]
    assert abs(after - before) <= 325.3 * 2 * math.pi * 55 / 8000
