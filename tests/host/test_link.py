"""The link under MicroPython against the emulated ADE9000: gaps, notes, configuration, clock."""

import contextlib
import itertools
import time

import pytest
from link_rig import link_rig

OVERRUN, SHORT, BUS, STUCK, SATURATED = 1, 2, 4, 8, 16
LOCKSTEP = ("--pace", "lockstep")


def signed(count, bits=45):
    return (count + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def test_registers_fit_the_samples():
    """Once a second, six counters: as much energy as the truth holds between the same samples."""
    with link_rig(options=LOCKSTEP) as rig:
        (num, den), _ = rig.until("ratios")
        rig.until("restart")
        truth = None
        while truth is None or truth["p"] is None:
            time.sleep(0.2)
            truth = rig.ask(cmd="truth")
        for _ in range(4):
            rig.until("registers")
        summary = rig.end()
    assert not rig.told("broken")
    assert summary["missing"] == 0
    readings = rig.told("registers")
    assert len(readings) >= 4
    first, last = readings[1], readings[-1]
    seconds = (last[2] - first[2]) / 8000
    for k, phase in enumerate("ABC"):
        for row, quantity in ((0, "p"), (1, "q")):
            mwh = (last[row][k] - first[row][k]) * num / den
            expected = truth[quantity][phase] * seconds / 3.6
            # at most 8 ms of skew at either end
            assert mwh == pytest.approx(expected, rel=0.016 / seconds + 5e-4)


@pytest.mark.alone
def test_a_stall_within_the_slack_loses_nothing():
    """22 ms without service in real pace: caught up quarter by quarter."""
    with link_rig() as rig:
        for _ in range(3):
            rig.until("registers")
            rig.order("stall", 15)
        rig.until("registers")
        summary = rig.end()
    assert len(rig.told("stall")) == 3
    assert not rig.told("broken")
    assert sum(bits & OVERRUN for _, bits in rig.told("gap")) <= 1  # a busy machine may add one
    assert summary["sets"] > 12000


@pytest.mark.alone
def test_a_long_stall_is_a_gap_of_known_length():
    with link_rig() as rig:
        rig.until("registers")
        rig.order("stall", 150)
        sets, bits = rig.until("gap")
        assert bits == OVERRUN
        # 150 ms are 18.75 quarters, of which the newest three are still there
        assert 15 * 64 <= sets <= 19 * 64
        rig.until("registers")
        rig.end()
    assert not rig.told("broken")


def test_noise_on_the_wire_is_repaired_or_named():
    with link_rig(options=LOCKSTEP) as rig:
        rig.until("registers")
        for after in (100, 1500, 3000, 7000):
            rig.ask(cmd="flip", bits=2, after_bytes=after)
            time.sleep(0.2)
        assert rig.ask(cmd="faults")["flips_left"] == 0
        # one bit in every byte of a while: no burst of these two tries can be right
        rig.ask(cmd="flip", bits=5000, after_bytes=0)
        rig.now()
        rig.until("registers")
        rig.until("registers")
        summary = rig.end()
    assert not rig.told("broken")
    assert summary["bursts repeated"] >= 1
    assert summary["bursts repeated"] + summary["register CRC errors"] >= 3
    assert summary["missing"] == sum(sets for sets, _ in rig.told("gap"))
    assert all(bits & (SHORT | OVERRUN) for _, bits in rig.told("gap"))


@pytest.mark.alone
def test_a_short_interruption_of_the_bus_is_named():
    """Off for less than it takes to be lost: what is missing is told, with the reason."""
    with link_rig() as rig:
        rig.until("registers")
        rig.ask(cmd="pull", what="spi")
        time.sleep(0.08)
        rig.ask(cmd="plug", what="spi")
        sets, bits = rig.until("gap")
        assert bits & BUS and bits & OVERRUN
        assert sets >= 4 * 64
        rig.until("registers")
        rig.end()
    assert any("0xFF only" in text for (text,) in rig.told("trouble"))
    assert len(rig.told("restart")) == 1


def test_a_stuck_converter_is_noted():
    with link_rig(options=LOCKSTEP) as rig:
        rig.until("registers")
        assert not rig.told("note")
        rig.ask(cmd="stick", channel="VB")
        rig.until("note", STUCK)
        rig.until("note", STUCK)
        rig.ask(cmd="stick", channel="VB", on=False)
        rig.until("registers")
        rig.until("registers")
        count = len(rig.told("note"))
        summary = rig.end()
    assert len(rig.told("note")) == count  # over
    assert summary["bursts with a stuck channel"] == count


def test_a_clipped_channel_is_noted_as_that():
    with link_rig(options=LOCKSTEP) as rig:
        rig.until("registers")
        rig.ask(cmd="signal", u=[230, 800, 230])  # the range ends at 354
        rig.until("note", SATURATED)
        rig.end()
    assert {bits for (bits,) in rig.told("note")} == {SATURATED}


UPSETS = {"CF1DEN": 77, "AVGAIN": 1 << 20, "EGY_TIME": 0x1000, "CPHCAL0": 0xFFFFFFFF}


def test_an_upset_register_is_found_named_and_mended():
    """In the table, or a calibration register that no row names; one after the other."""
    with link_rig(options=LOCKSTEP) as rig:
        crc, is_same, text = rig.until("configuration")
        assert (is_same, text) == (None, "")
        assert rig.ask(cmd="peek", reg="WR_LOCK")["value"] == 1
        rig.until("registers")
        for register, value in UPSETS.items():
            was = rig.ask(cmd="peek", reg=register)["value"]
            rig.ask(cmd="poke", reg=register, value=value)
            told, is_same, text = rig.until("configuration")
            assert (told, is_same) == (crc, False)  # what it is again, not what it was meanwhile
            assert f"held 0x{value:X}, not 0x{was:X}; written again" in text
            rig.until("registers")
            assert rig.ask(cmd="peek", reg=register)["value"] == was
            assert rig.ask(cmd="peek", reg="WR_LOCK")["value"] == 1
            assert rig.ask(cmd="peek", reg="CRC_RSLT")["value"] == crc
        rig.until("registers")
    assert rig.told("restart").count([False]) == 1


def test_a_mask_that_no_checksum_covers_is_read_back():
    with link_rig(options=LOCKSTEP) as rig:
        rig.until("configuration")
        rig.until("registers")
        rig.ask(cmd="poke", reg="MASK1", value=0x10)
        _, is_same, text = rig.until("configuration")
        assert is_same is False
        assert "register 0x406 held 0x10, not 0x0" in text


def test_an_upset_outside_of_the_table_is_reset():
    """ZXTOUT is written by nobody: only a reset brings it back."""
    with link_rig(options=LOCKSTEP) as rig:
        crc, *_ = rig.until("configuration")
        rig.until("registers")
        rig.ask(cmd="poke", reg="ZXTOUT", value=5)
        _, is_same, text = rig.until("configuration")
        assert is_same is False and "checksum" in text
        rig.until("restart", False)
        assert rig.ask(cmd="peek", reg="ZXTOUT")["value"] == 0xFFFF
        again, is_same, _ = rig.told("configuration")[-1]
        assert (again, is_same) == (crc, True)


def test_the_checksum_is_compared_with_the_one_that_was_kept():
    with link_rig(options=LOCKSTEP) as rig:
        crc, is_same, _ = rig.until("configuration")
        assert is_same is None
    for expected in (crc, crc ^ 1):
        with link_rig(options=LOCKSTEP, crc=expected) as rig:
            assert rig.until("configuration")[:2] == [crc, expected == crc]


def test_an_upset_while_the_link_was_away():
    """In a register of the table or beside it: it is set again, and told."""
    with link_rig(options=LOCKSTEP) as rig:
        crc, *_ = rig.until("configuration")
        rig.until("registers")
        for register, value, why in (
            ("ZXTOUT", 5, f"not 0x{crc:04X}; after a reset it is 0x{crc:04X}"),
            ("BIGAIN", 77, "register 0x020 held 0x4D, not 0x0; set again by a reset"),
        ):
            was = rig.ask(cmd="peek", reg=register)["value"]
            rig.ask(cmd="pull", what="spi")
            rig.until("mode", "pulse_only")
            time.sleep(0.3)  # it has given up its stream, however busy the machine
            rig.ask(cmd="poke", reg=register, value=value)
            rig.ask(cmd="plug", what="spi")
            again, is_same, text = rig.until("configuration")
            assert (again, is_same) == (crc, False)
            assert why in text
            rig.until("registers")
            assert rig.ask(cmd="peek", reg=register)["value"] == was


def test_calibration_rows_come_into_force_and_go():
    rows = [[0x00B, -500000], [0x021, 123456]]
    with link_rig(options=LOCKSTEP) as rig:
        plain, *_ = rig.until("configuration")
        rig.until("registers")
        rig.order("calibrate", rows)
        crc, is_same, text = rig.until("configuration")
        assert crc != plain and is_same is True and "calibration" in text
        assert rig.ask(cmd="peek", reg="AVGAIN")["value"] == (1 << 32) - 500000
        assert rig.ask(cmd="peek", reg="BIGAIN0")["value"] == 123456
        assert rig.ask(cmd="peek", reg="WR_LOCK")["value"] == 1
        # an upset of a row is mended to the row, not to zero
        rig.ask(cmd="poke", reg="AVGAIN", value=1)
        _, is_same, text = rig.until("configuration")
        assert is_same is False and "register 0x00B held 0x1" in text
        rig.order("calibrate", [])
        crc, *_ = rig.until("configuration", plain, True)
        assert rig.ask(cmd="peek", reg="AVGAIN")["value"] == 0
    assert rig.told("restart").count([False]) == 1


def test_a_reset_of_the_ic_is_started_again_and_counters_do_not_jump():
    with link_rig(options=LOCKSTEP) as rig:
        (num, den), _ = rig.until("ratios")
        crc, *_ = rig.until("configuration")
        before = rig.until("registers")
        before = rig.until("registers")
        rig.ask(cmd="reset")
        again, is_same, _ = rig.until("configuration")
        assert (again, is_same) == (crc, True)
        rig.until("restart", False)
        after = rig.until("registers")
        after = rig.until("registers")
    for then, now in zip(itertools.chain(*before[:2]), itertools.chain(*after[:2]), strict=True):
        assert 0 <= (now - then) * num / den < 40000  # 23 kW for some seconds


@pytest.mark.alone
def test_the_crystal_is_measured():
    """Two at a time: they wait most of it."""
    with contextlib.ExitStack() as stack:
        rigs = {
            ppm: stack.enter_context(link_rig(options=("--ppm", str(ppm)))) for ppm in (-100, 100)
        }
        for _ in range(12):
            for rig in rigs.values():
                rig.until("registers")
        for ppm, rig in rigs.items():
            summary = rig.end()
            # a fast crystal has positive ppm there, a slow one here
            assert summary["rate_ppm"] == pytest.approx(-ppm, abs=30)
            assert summary["uncertainty_us"] < 5000
