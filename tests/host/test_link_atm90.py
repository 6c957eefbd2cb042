"""The link under MicroPython against the emulated ATM90E36A and ATM90E32AS, in register mode."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from link_rig import link_rig

pytestmark = pytest.mark.alone


CHIPS = ("atm90e36a", "atm90e32as")
PHASE, EVENT = 1 << 6, 1 << 7
ENERGIES = ("APenergy", "ANenergy", "RPenergy", "RNenergy")
SETTLED_S = 1.5  # the means of the IC take their time


def of_both_chips(check):
    """Side by side: a link in register mode waits most of the time."""

    def test():
        with ThreadPoolExecutor(len(CHIPS)) as pool:
            for done in [pool.submit(check, chip) for chip in CHIPS]:
                done.result()

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test


def settled(rig):
    truth = rig.ask(cmd="truth")
    while truth["p"] is None:
        rig.until("readings")
        truth = rig.ask(cmd="truth")
    return truth


def taken(rig):
    """Energy counts that were read out of the IC's registers."""
    return rig.ask(cmd="truth")["counts_taken"]


@of_both_chips
def test_readings_agree_with_the_truth(chip):
    with link_rig(chip=chip) as rig:
        rig.until("restart", False)
        rig.ask(cmd="signal", phi_deg=[20, -40, 170], i=[100, 0.5, 60, 12])
        began = time.monotonic()
        while time.monotonic() - began < SETTLED_S:
            rig.until("readings")
        truth = settled(rig)
        values, _, bits = rig.until("readings")
    assert bits == 0
    for k, phase in enumerate("ABC"):
        s = truth["s"][phase] * 1000
        assert values[k] == pytest.approx(truth["rms"]["V" + phase] * 1000, rel=1e-4)
        assert values[3 + k] == pytest.approx(truth["rms"]["I" + phase] * 1000, rel=2e-4, abs=2)
        assert values[7 + k] == pytest.approx(truth["p"][phase] * 1000, abs=2e-4 * s + 30)
        assert values[11 + k] == pytest.approx(truth["q"][phase] * 1000, abs=1e-3 * s + 30)
        assert values[15 + k] == pytest.approx(s, rel=3e-4, abs=500)
        factor = truth["p"][phase] / truth["s"][phase] * 10000
        assert values[19 + k] == pytest.approx(factor, abs=20)
    assert values[6] == pytest.approx(truth["rms"]["IN"] * 1000, rel=2e-4)
    assert values[10] == sum(values[7:10])
    assert values[23] == pytest.approx(500000, abs=100)


@of_both_chips
def test_no_energy_is_lost_by_a_loose_wire_and_noise(chip):
    """What the IC counted and what the link delivered are the same, to the count."""
    chance = random.Random(5)
    with link_rig(chip=chip) as rig:
        rig.until("readings")
        rig.ask(cmd="signal", phi_deg=[20, -40, 170])
        for _ in range(25):
            rig.ask(cmd="flip", bits=chance.randrange(1, 6), after_bytes=chance.randrange(300))
            time.sleep(chance.uniform(0.05, 0.15))
            rig.ask(cmd="pull", what="spi")
            time.sleep(chance.choice([0.001, 0.02, 0.08]))
            rig.ask(cmd="plug", what="spi")
        rig.now()
        for _ in range(5):
            rig.until("readings")
        summary = rig.end()
        made = taken(rig)
    assert rig.told("restart").count([False]) == 1, rig.told("trouble")
    num, den = summary["count_mwh"]
    for row, name in enumerate(ENERGIES):
        for k, phase in enumerate("ABC"):
            assert summary["energy"][3 * row + k] == made[name + phase] * num // den, name + phase
    assert made["APenergyA"] > 50 and made["ANenergyC"] > 30 and made["RNenergyB"] > 30
    assert summary["values without an equal echo"] > 3


@of_both_chips
def test_a_bus_that_was_off_for_long_is_taken_over_again(chip):
    with link_rig(chip=chip) as rig:
        rig.until("readings")
        rig.ask(cmd="pull", what="spi")
        rig.until("mode", "pulse_only")
        time.sleep(1)
        rig.ask(cmd="plug", what="spi")
        rig.until("restart", True)
        rig.until("mode", "both")
        rig.until("readings")
        # 20 kW for more than a second: what it counted meanwhile
        assert max(energy[0] for _, energy, _ in rig.told("readings")) > 5000
        summary = rig.end()
        made = taken(rig)
    num, den = summary["count_mwh"]
    assert summary["energy"][0] == made["APenergyA"] * num // den


@of_both_chips
def test_a_reset_part_is_set_again(chip):
    with link_rig(chip=chip) as rig:
        crc, is_same, _ = rig.until("configuration")
        assert is_same is None
        rig.until("readings")
        rig.ask(cmd="reset")
        again, is_same, _ = rig.until("configuration")
        assert (again, is_same) == (crc, True)
        rig.until("restart", False)
        rig.until("readings")
        rig.end()


@of_both_chips
def test_an_upset_register_is_found_named_and_mended(chip):
    """A gain, a mode and a threshold, one after the other."""
    with link_rig(chip=chip) as rig:
        rig.until("configuration")
        rig.until("readings")
        for register in ("UgainB", "MMode0", "SagTh"):
            was = rig.ask(cmd="peek", reg=register)["value"]
            rig.ask(cmd="poke", reg=register, value=was ^ 0x0010)
            _, is_same, text = rig.until("configuration")
            assert is_same is False
            assert f"held 0x{was ^ 0x10:X}, not 0x{was:X}; written again" in text
            assert rig.ask(cmd="peek", reg=register)["value"] == was
            before = taken(rig)["APenergyA"]
            rig.until("readings")
            rig.until("readings")
            rig.until("readings")
            assert taken(rig)["APenergyA"] > before  # it meters on


@of_both_chips
def test_an_upset_while_the_link_was_away(chip):
    with link_rig(chip=chip) as rig:
        crc, *_ = rig.until("configuration")
        rig.until("readings")
        was = rig.ask(cmd="peek", reg="UgainB")["value"]
        rig.ask(cmd="pull", what="spi")
        rig.until("mode", "pulse_only")
        time.sleep(0.3)
        rig.ask(cmd="poke", reg="UgainB", value=was ^ 0x0010)
        rig.ask(cmd="plug", what="spi")
        again, is_same, text = rig.until("configuration")
        assert (again, is_same) == (crc, False)
        assert f"did not hold 0x{was:X}; set again by a reset" in text
        rig.until("readings")
        assert rig.ask(cmd="peek", reg="UgainB")["value"] == was


@of_both_chips
def test_sags_and_missing_phases_are_flagged(chip):
    with link_rig(chip=chip) as rig:
        rig.until("readings")
        time.sleep(0.5)
        rig.ask(cmd="signal", u=[230, 170, 230])
        while rig.until("readings")[2] != EVENT:
            pass
        rig.ask(cmd="signal", u=[230, 230, 5])
        while rig.until("readings")[2] != EVENT | PHASE:
            pass
        rig.ask(cmd="signal", u=[230, 230, 230])
        while rig.until("readings")[2]:
            pass
        rig.end()


@of_both_chips
def test_pulses_tell_the_same_energy(chip):
    with link_rig(chip=chip) as rig:
        _, (num, den) = rig.until("ratios")
        for _ in range(30):
            rig.until("readings")
        summary = rig.end()
        made = rig.ask(cmd="truth")["cf_pulses"][0]
    # the start-up resets what the chip has made, not what was counted of it
    assert made > 70 and summary["energy pulses"] == pytest.approx(made, abs=5)
    energy = sum(summary["energy"][:3])
    assert summary["energy pulses"] * num / den == pytest.approx(energy, abs=25 * num / den)


def test_calibration_rows_replace_those_of_the_table():
    with link_rig(chip=CHIPS[0]) as rig:
        plain, *_ = rig.until("configuration")
        rig.until("readings")
        rig.order("calibrate", [[0x65, 30000]])
        crc, is_same, text = rig.until("configuration")
        assert crc != plain and is_same is True and "calibration" in text
        assert rig.ask(cmd="peek", reg="UgainB")["value"] == 30000
