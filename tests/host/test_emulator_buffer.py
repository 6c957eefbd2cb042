"""Emulator, waveform buffer: formats, spare words, pages, overwrite, modes (section 5)."""

import numpy as np
import pytest
from emulator_rig import Rig, bitwise_crc16

from tools.emulator import status as st
from tools.emulator.waveform import Loop

FREE_PCF = 0x13F0


def ramp_rig(amplitude=400.0, **registers):
    """Channel k of the loop is (k + 1) / 8 of a slow triangle of full scale: all words differ."""
    n = 1600
    triangle = np.abs(np.arange(n) % 800 - 400) / 200.0 - 1.0
    scale = np.array([400, 500, 400, 500, 400, 500, 400]) / 8.0
    array = triangle * (scale * np.arange(1, 8))[:, None]
    rig = Rig(Loop(array, 10.0))
    rig.source_array = triangle * (np.arange(1, 8) / 8)[:, None]
    return rig.started(CONFIG0=8, **registers)  # HPFDIS: the words are the samples


def words(data, per_set, dtype=">i4"):
    return np.frombuffer(data, dtype).reshape(-1, per_set)


def expected(rig, start, count, code):
    index = (start - 1 + np.arange(count)) % rig.source_array.shape[1]  # one sample of delay
    return np.rint(rig.source_array[:, index] * code).T


def test_pcf_words_in_order_and_exact():
    rig = ramp_rig()
    start = rig.chip.n
    rig.write("WFB_CFG", FREE_PCF)
    rig.pages(16)
    got = words(rig.burst(0x800, 256 * 28), 7)[1:]  # the first sample is the delay's
    assert np.array_equal(got, expected(rig, start, 256, 74532013)[1:])


def test_without_wf_in_en_a_set_has_six_words_and_in_is_spare():
    rig = ramp_rig(WFB_CFG=FREE_PCF & ~0x1000)
    rig.pages(16)
    six = words(rig.burst(0x800, 256 * 24), 6)
    rig.write("WFB_CFG", FREE_PCF & ~0x10)  # stopped: the content survives
    seven = words(rig.burst(0x800, 256 * 28), 7)
    assert np.array_equal(seven[:, :6], six)
    assert not seven[:, 6].any()
    assert len(np.unique(six[5])) == 6


@pytest.mark.parametrize(
    "select, columns",
    [
        (0, range(7)),
        (1, (0, 1)),
        (2, (2, 3)),
        (3, (4, 5)),
        (8, (0,)),
        (9, (1,)),
        (10, (2,)),
        (13, (5,)),
        (14, (6,)),
    ],
)
def test_burst_channel_selection_skips_the_other_words(select, columns):
    rig = ramp_rig(WFB_CFG=FREE_PCF)
    rig.pages(16)
    everything = words(rig.burst(0x800, 256 * 28), 7)
    rig.write("WFB_CFG", FREE_PCF & ~0x10 | select)  # stopped
    columns = list(columns)
    got = words(rig.burst(0x800, 256 * 4 * len(columns)), len(columns))
    assert np.array_equal(got, everything[:, columns])


def test_burst_ignores_the_low_address_bits_and_resumes_at_any_set():
    rig = ramp_rig(WFB_CFG=FREE_PCF)
    rig.pages(16)
    whole = rig.burst(0x800, 256 * 28)
    assert rig.burst(0x807, 28) == whole[:28]
    assert rig.burst(0x800 + 8 * 100, 280) == whole[2800:3080]
    assert rig.burst(0xFF8, 56) == whole[-28:] + whole[:28]  # wrap


def test_single_access_gives_a_word_and_its_crc():
    rig = ramp_rig(WFB_CFG=FREE_PCF)
    rig.pages(16)
    whole = rig.burst(0x800, 256 * 28)
    rig.write("WFB_CFG", FREE_PCF & ~0x10 | 15)
    for k in (0, 3, 6):
        data = rig.burst(0x800 + 8 * 5 + k, 6)
        assert data[:4] == whole[28 * 5 + 4 * k :][:4]
        assert int.from_bytes(data[4:], "big") == bitwise_crc16(data[:4])
    assert rig.burst(0x807, 4) == bytes(4)  # the spare word


def test_crc_spi_after_a_burst_covers_what_was_sent():
    rig = ramp_rig(WFB_CFG=FREE_PCF)
    rig.pages(16)
    data = rig.burst(0x800, 448)
    assert rig.read("CRC_SPI") == bitwise_crc16(data)


def test_lpf_words_are_24_bit_shifted_by_four():
    rig = ramp_rig()
    start = rig.chip.n
    rig.write("WFB_CFG", 0x12F0)
    rig.pages(16)
    got = words(rig.burst(0x800, 256 * 28), 7)
    assert not np.any(got & 15)
    want = expected(rig, start + 1, 256, 74518668 / 16) * 16
    assert np.abs(got - want).max() <= 16


def test_sinc_fills_four_times_as_fast():
    rig = ramp_rig(WFB_CFG=0x10F0, WFB_PG_IRQEN=0x8080, MASK0=1 << 17)
    rig.chip.pins.take()
    began = rig.chip.n
    rig.pages(2)
    assert rig.edges(st.IRQ0) == [(began + 32.0, 0)]  # half a buffer in 4 ms
    assert rig.read("WFB_TRG_STAT") >> 12 == 7
    got = words(rig.burst(0x800, 128 * 28), 7)
    want = expected(rig, began + 1, 32, 67107786)
    assert np.abs(got[::4] - want)[2:-2].max() < 3e-4 * 67107786  # the 8 kSPS instants


def test_page_full_paces_and_last_page():
    rig = ramp_rig(WFB_PG_IRQEN=0x8080, MASK0=1 << 17)
    rig.chip.pins.take()
    rig.write("WFB_CFG", FREE_PCF)
    began = rig.chip.n
    pages = []
    for _ in range(40):
        rig.pages(1)
        pages.append(rig.read("WFB_TRG_STAT") >> 12)
        if rig.read("STATUS0") & 1 << 17:
            rig.write("STATUS0", 1 << 17)
    assert pages == [k % 16 for k in range(40)]
    falls = [at for at, level in rig.edges(st.IRQ0) if level == 0]
    assert falls == [began + 128.0 * k for k in range(1, 6)]  # every 16 ms
    rig.write("WFB_CFG", FREE_PCF & ~0x10)
    assert rig.read("WFB_TRG_STAT") >> 12 == 0  # cleared by the stop


def test_late_reading_sees_new_data_and_is_counted():
    rig = ramp_rig(WFB_CFG=FREE_PCF, WFB_PG_IRQEN=0x8080)
    rig.pages(16)
    old = rig.burst(0x800, 448)
    rig.burst(0x800, 256 * 28)
    assert rig.chip.buffer.overwrites == 0
    rig.pages(16)
    assert rig.chip.buffer.overwrites == 0  # all had been read
    rig.pages(3)
    assert rig.chip.buffer.overwrites == 3
    assert rig.burst(0x800, 448) != old


def test_stop_when_full():
    rig = ramp_rig(WFB_CFG=FREE_PCF & ~0xC0, WFB_PG_IRQEN=0x8000)
    rig.pages(16)
    first = rig.burst(0x800, 256 * 28)
    rig.pages(20)
    assert rig.burst(0x800, 256 * 28) == first


def test_forced_trigger_stops_or_is_noted():
    rig = ramp_rig(WFB_CFG=FREE_PCF)
    rig.pages(5)
    rig.write("WFB_TRG_CFG", 1 << 10)
    rig.pages(1)
    assert rig.read("STATUS0") & 1 << st.WFB_TRIG
    assert rig.read("WFB_TRG_STAT") == 5 << 12 | 5 * 128
    rig.write("WFB_CFG", 0)
    rig.write("WFB_CFG", FREE_PCF & ~0xC0 | 2 << 6)  # centre on trigger
    rig.pages(20)
    rig.write("WFB_TRG_CFG", 1 << 10)
    rig.pages(9)
    assert rig.read("STATUS0") & 1 << st.WFB_TRG_IRQ
    kept = rig.burst(0x800, 256 * 28)
    rig.pages(5)
    assert rig.burst(0x800, 256 * 28) == kept


def test_resampled_capture_has_128_points_a_cycle():
    rig = Rig(freq=51.3, i_harm={}, u_harm={}, u=[230, 0, 0], i=[100, 0, 0], phi_deg=[0, 0, 0])
    rig.started(ZX_LP_SEL=0)
    rig.seconds(0.5)
    rig.write("WFB_CFG", 0x1010)
    rig.seconds(0.1)
    assert rig.read("STATUS0") & 1 << st.COH_WFB_FULL
    rig.write("WFB_CFG", 0x1001)  # IA and VA
    pair = words(rig.burst(0x800, 512 * 4), 2, ">i2").astype(float)
    line = np.abs(np.fft.rfft(pair[:, 1])) / 256
    assert line[4] == pytest.approx(18196 * 230 * 2**0.5 / 500, rel=1e-3)
    assert np.delete(line, 4).max() < 5  # coherent: one line only
