"""Emulator: status latch, masks, pins, resets, RUN gate, configuration CRC (sections 3, 6, 7)."""

import pytest
from emulator_rig import Rig

from tools.emulator import status as st


def test_rstdone_comes_46_ms_after_power_and_cannot_be_masked():
    rig = Rig()
    rig.pages(22)
    assert rig.frame(bytes.fromhex("4FE80000")) == b"\xff" * 4  # not there yet
    assert rig.edges(st.IRQ1) == []
    rig.pages(1)
    assert rig.edges(st.IRQ1) == [(368.0, 0)]  # 46 ms at 8 kSPS
    assert rig.read("STATUS1") == 1 << 16
    rig.write("STATUS1", 1 << 16)
    assert rig.chip.pins.levels[st.IRQ1] == 1
    assert rig.read("STATUS1") == 0


def test_software_reset_is_short_and_restores_reset_values():
    rig = Rig().started(AIGAIN=123, EGY_TIME=7999, MASK0=1)
    rig.write("CONFIG1", 1)
    assert rig.read("RUN") == 0 and rig.read("AIGAIN") == 0 and rig.read("CONFIG5") == 0x63
    assert rig.read("EGY_TIME") == 0x00FF
    rig.pages(1)
    assert rig.read("STATUS1") == 1 << 16


def test_reset_pin_holds_the_chip_and_starts_it_again():
    rig = Rig().started(AIGAIN=123)
    rig.chip.set_reset_pin(0)
    rig.pages(50)
    assert rig.frame(bytes.fromhex("4FE80000")) == b"\xff" * 4
    rig.chip.set_reset_pin(1)
    rig.pages(22)
    assert not rig.chip.is_alive
    rig.pages(1)
    assert rig.read("STATUS1") == 1 << 16
    assert rig.read("AIGAIN") == 0


def test_power_mode_pins_switch_the_chip_off():
    rig = Rig().started()
    rig.chip.set_power_mode(0, 1)
    rig.pages(30)
    assert not rig.chip.is_alive
    rig.chip.set_power_mode(0, 0)
    rig.pages(24)
    assert rig.read("STATUS1") == 1 << 16


def test_brown_out_in_the_middle_of_streaming():
    rig = Rig().started(MASK0=1 << 17, WFB_PG_IRQEN=0x8080, WFB_CFG=0x13F0)
    rig.pages(8)
    rig.chip.pins.take()
    samples = rig.chip.plant.truth.samples
    rig.chip.reset()
    assert rig.edges(st.IRQ0) == [(float(rig.chip.n), 1)]  # line released
    rig.pages(23)
    assert rig.read("STATUS1") == 1 << 16 and rig.read("WFB_CFG") == 0 and rig.read("RUN") == 0
    rig.pages(40)
    assert rig.read("STATUS0") == 0  # nothing runs by itself
    assert rig.chip.plant.truth.samples == samples + 63 * 16  # the mains went on


def test_status_latches_without_mask_and_write_one_clears():
    rig = Rig().started()
    rig.pages(20)
    first = rig.read("STATUS0")
    assert first & 1 << st.DREADY and first & 1 << st.RMSONERDY
    assert rig.read("STATUS0") == first  # reading clears nothing
    rig.write("STATUS0", 1 << st.RMSONERDY)
    assert rig.read("STATUS0") == first & ~(1 << st.RMSONERDY)
    rig.write("STATUS0", 0)
    assert rig.read("STATUS0") == first & ~(1 << st.RMSONERDY)


def test_pin_is_low_while_an_enabled_bit_is_set():
    rig = Rig().started()
    rig.pages(20)
    assert rig.chip.pins.levels[st.IRQ0] == 1
    rig.write("MASK0", 1 << st.DREADY | 1 << st.RMSONERDY)  # both are set already
    assert rig.chip.pins.levels[st.IRQ0] == 0
    rig.write("STATUS0", 1 << st.DREADY)
    assert rig.chip.pins.levels[st.IRQ0] == 0
    rig.write("STATUS0", 1 << st.RMSONERDY)
    assert rig.chip.pins.levels[st.IRQ0] == 1


def test_irq0_on_irq1():
    rig = Rig().started(MASK0=1 << st.DREADY)
    rig.pages(1)
    assert rig.chip.pins.levels[st.IRQ1] == 1
    rig.write("CONFIG1", 1 << 12)
    assert rig.chip.pins.levels[st.IRQ1] == 0


def test_nothing_is_measured_before_run():
    rig = Rig()
    rig.pages(324)
    for name in ("AVRMS", "AIRMS", "AWATT", "AVRMSONE", "AV_PCF", "AVTHD"):
        assert rig.read(name) == 0
    assert rig.read("STATUS0") == 0
    assert rig.read("VA_LPF_DAT") != 0  # the converters do run
    rig.write("RUN", 1)
    rig.pages(300)
    assert rig.read("AVRMS") > 0
    rig.write("RUN", 0)
    rig.write("RUN", 1)
    assert rig.read("AVRMS") == 0  # results are cleared


def test_dready_pulses_only_when_watched():
    rig = Rig().started(CONFIG1=3 << 2)
    rig.pages(2)
    assert rig.edges(st.CF4) == []
    rig.chip.is_watching_dready = True
    rig.pages(2)
    falls = [at for at, level in rig.edges(st.CF4) if level == 0]
    assert len(falls) == 32
    assert {b - a for a, b in zip(falls, falls[1:])} == {1.0}


def test_configuration_crc():
    rig = Rig().started()
    rig.write("CRC_FORCE", 1)
    rig.pages(5)
    assert not rig.read("STATUS1") & 1 << st.CRC_DONE  # 10.8 ms
    rig.pages(1)
    assert rig.read("STATUS1") & 1 << st.CRC_DONE
    assert rig.read("CRC_FORCE") == 0
    known = rig.read("CRC_RSLT")
    rig.write("CRC_FORCE", 1)
    rig.pages(6)
    assert rig.read("CRC_RSLT") == known
    assert not rig.read("STATUS1") & 1 << st.CRC_CHG
    rig.chip.access.poke(0x000, 0x40)  # an upset of AIGAIN
    rig.pages(6)
    assert rig.read("STATUS1") & 1 << st.CRC_CHG
    assert rig.read("CRC_RSLT") != known


def test_configuration_crc_differs_from_part_to_part():
    results = set()
    for seed in (1, 2, 3):
        rig = Rig(seed=seed).started(CRC_FORCE=1)
        rig.pages(6)
        results.add(rig.read("CRC_RSLT"))
    assert len(results) == 3


@pytest.mark.parametrize(
    "depth, level_name, level, bit",
    [(0.5, "DIP_LVL", 0.9, st.DIP), (-0.3, "SWELL_LVL", 1.1, st.SWELL)],
)
def test_dip_and_swell(depth, level_name, level, bit):
    rig = Rig(u_harm={}).started(DIP_CYC=2, SWELL_CYC=2)
    rig.seconds(0.5)
    nominal = rig.read("BVRMSONE")
    rig.write(level_name, int(nominal * level) >> 5)
    rig.write("STATUS1", 0xFFFFFFFF)
    rig.chip.plant.dip(1, depth, 5)
    extreme, seen = [], []
    for _ in range(75):
        rig.pages(1)
        extreme.append(rig.read("BVRMSONE"))
        seen.append(rig.read("EVENT_STATUS"))
    assert rig.read("STATUS1") & 0x3F << st.SWELL == 1 << bit + 1  # phase B only
    event_bit = 1 if bit == st.DIP else 4
    assert 40 <= sum(v == 1 << event_bit for v in seen) <= 60  # 80 to 120 ms
    assert seen[-1] == 0
    kept = rig.read("DIPB" if bit == st.DIP else "SWELLB")
    worst = min(extreme) if bit == st.DIP else max(extreme)
    assert kept == worst >> 5
    assert kept * 32 / nominal == pytest.approx(1 - depth, rel=1e-3)
    assert rig.read("DIPA") == 0x007FFFFF  # untouched phase


def test_a_dip_shorter_than_dip_cyc_is_no_event():
    rig = Rig(u_harm={}).started(DIP_CYC=20)
    rig.seconds(0.5)
    rig.write("DIP_LVL", int(rig.read("AVRMSONE") * 0.9) >> 5)
    rig.write("STATUS1", 0xFFFFFFFF)
    rig.chip.plant.dip(0, 0.5, 3)
    rig.seconds(0.2)
    assert not rig.read("STATUS1") & 7 << st.DIP
    rig.chip.plant.dip(0, 0.5, 15)
    rig.seconds(0.4)
    assert rig.read("STATUS1") & 7 << st.DIP == 1 << st.DIP
