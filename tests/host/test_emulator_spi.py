"""Emulator, SPI: header, widths, CRC, burst rules, abort, lock, echo (ade9000.md section 2)."""

import pytest
from emulator_rig import Rig, bitwise_crc16

from tools.emulator.registers import ADDRESS, NAME, width
from tools.emulator.spi import crc16


@pytest.fixture
def rig():
    bench = Rig()
    bench.pages(24)
    return bench


@pytest.mark.parametrize(
    "data, crc",
    [
        ("00000000", 0x84C0),
        ("00000001", 0x94E1),
        ("12345678", 0x30EC),
        ("FFFFFFFF", 0x1D0F),
        ("0000", 0x1D0F),
        ("00FE", 0x13DE),
        ("0011", 0x1F1F),
    ],
)
def test_crc_vectors_of_the_reference(data, crc):
    assert crc16(bytes.fromhex(data)) == crc == bitwise_crc16(bytes.fromhex(data))


@pytest.mark.parametrize(
    "mosi, miso",
    [
        ("4FE8 0000 0000", "0000 00FE 13DE"),  # VERSION: 16 bit, then CRC
        ("4728 00000000 0000", "0000 00100000 %04X"),  # PART_ID: bit 20
        ("4A48 0000 0000", "0000 0063 %04X"),  # CONFIG5 = 0x63 after reset
        ("0008 00000000 0000", "0000 00000000 84C0"),  # AIGAIN
        ("000F 00000000 0000", "0000 00000000 84C0"),  # bits 2..0 of the header do not matter
    ],
)
def test_golden_read_frames(rig, mosi, miso):
    sent = bytes.fromhex(mosi)
    want = miso.replace(" ", "")
    if "%" in want:
        want %= bitwise_crc16(bytes.fromhex(want.split("%")[0][4:]))
    assert rig.frame(sent).hex().upper() == want


@pytest.mark.parametrize(
    "address, size",
    [
        (0x000, 4),
        (0x47F, 4),
        (0x480, 2),
        (0x481, 2),
        (0x4FE, 2),
        (0x4FF, 4),
        (0x500, 4),
        (0x600, 4),
        (0x800, 4),
        (0x423, 4),
        (0x4AE, 2),
    ],
)
def test_width_table(address, size):
    assert width(address) == size


def test_map_has_the_addresses_of_the_reference():
    wanted = {
        "AIGAIN": 0x000,
        "BPHCAL0": 0x026,
        "CVGAIN": 0x04B,
        "NPHCAL": 0x06E,
        "VNOM": 0x071,
        "AI_PCF": 0x20A,
        "BI_PCF": 0x22A,
        "CVRMS1012": 0x25C,
        "NIRMS": 0x266,
        "ISUMRMS": 0x269,
        "AWATT_ACC": 0x2E5,
        "AWATTHR_HI": 0x2E7,
        "BWATTHR_HI": 0x323,
        "CWATT_ACC": 0x35D,
        "AVAR_ACC": 0x2EF,
        "AVAHR_HI": 0x2FB,
        "AFVAHR_HI": 0x319,
        "PWATT_ACC": 0x397,
        "STATUS0": 0x402,
        "MASK1": 0x406,
        "COM_PERIOD": 0x41B,
        "CF_LCFG": 0x425,
        "RUN": 0x480,
        "ANGL_IA_IC": 0x48A,
        "CF1DEN": 0x494,
        "PHSIGN": 0x49D,
        "WFB_TRG_STAT": 0x4A3,
        "CRC_SPI": 0x4A9,
        "LAST_CMD": 0x4AE,
        "CHNL_DIS": 0x4BA,
        "WR_LOCK": 0x4BF,
        "VAR_DIS": 0x4E0,
        "IA_SINC_DAT": 0x500,
        "IN_LPF_DAT": 0x516,
    }
    assert {name: ADDRESS[name] for name in wanted} == wanted
    assert len(NAME) == len(ADDRESS)  # no two names on one address


@pytest.mark.parametrize("name, value", [("AIGAIN", 0xFFD37740), ("EGY_TIME", 0x1F3F)])
def test_write_and_read_back(rig, name, value):
    rig.write(name, value)
    assert rig.read(name) == value


def test_frame_may_come_in_any_pieces(rig):
    rig.spi.select()
    for byte in bytes.fromhex("000012345678"):
        rig.spi.clock(bytes([byte]))
    rig.spi.deselect()
    rig.spi.select()
    miso = b"".join(rig.spi.clock(bytes([byte])) for byte in bytes.fromhex("0008000000000000"))
    assert miso.hex() == "00001234567830ec"


@pytest.mark.parametrize("name, whole", [("AIGAIN", "0000DEADBEEF"), ("EGY_TIME", "4B201234")])
def test_early_deselect_aborts_a_write(rig, name, whole):
    before = rig.read(name)
    frame = bytes.fromhex(whole)
    for length in range(len(frame)):
        rig.frame(frame[:length])
        assert rig.read(name) == before
    rig.frame(frame)
    assert rig.read(name) != before


def test_a_new_select_drops_what_was_under_way(rig):
    rig.spi.select()
    rig.spi.clock(bytes.fromhex("0000DEAD"))
    assert rig.read("AIGAIN") == 0  # selects anew without the deselect


def test_read_only_and_unmapped_registers_ignore_writes(rig):
    for address in (ADDRESS["VERSION"], ADDRESS["PART_ID"], ADDRESS["AWATT"], 0x600, 0x1FF):
        before = rig.read(address)
        rig.write(address, 0x55555555)
        assert rig.read(address) == before
    rig.write("WFB_CFG", 0x100F)  # single access to the buffer
    rig.write(0x800, 0x55555555)
    assert rig.read(0x800) == 0


def test_burst_rules_without_burst_en(rig):
    rig.write("AIGAIN", 0x12345678)
    assert rig.burst(0x000, 8).hex() == "1234567830ec0000"
    data = rig.burst(0x600, 6)
    assert data[4:] == crc16(data[:4]).to_bytes(2, "big")


def test_burst_rules_with_burst_en(rig):
    rig.write("CONFIG1", 0x0800)
    rig.write("AIGAIN", 0x12345678)
    assert rig.burst(0x000, 12).hex() == "12345678" * 3  # same register again
    rig.write("RUN", 1)
    rig.pages(200)
    for area, count in ((0x600, 0x3D), (0x680, 0x3D), (0x500, 7), (0x510, 7)):
        data = rig.burst(area, 4 * count)
        for k in range(count):  # auto-increment
            assert data[4 * k : 4 * k + 4] == rig.read(area + k).to_bytes(4, "big")
    assert len({rig.read(0x607 + k) for k in range(7)}) > 4  # and the values do differ


def test_burst_copies_equal_their_originals(rig):
    rig.write("RUN", 1)
    rig.pages(600)
    for copy, name in (
        (0x600, "AV_PCF"),
        (0x603, "NI_PCF"),
        (0x60D, "NIRMS"),
        (0x617, "AFVAR"),
        (0x632, "AVRMSONE"),
        (0x63C, "NIRMS1012"),
        (0x680, "AV_PCF"),
        (0x693, "BV_PCF"),
        (0x6A6, "CV_PCF"),
        (0x6B8, "CVRMS1012"),
        (0x6BC, "NIRMS1012"),
    ):
        assert rig.read(copy) == rig.read(name) != 0, name


def test_crc_spi_keeps_the_crc_of_the_last_read(rig):
    rig.write("AIGAIN", 0x12345678)
    rig.read("AIGAIN")
    assert rig.read("CRC_SPI") == 0x30EC


def test_echo_registers(rig):
    rig.frame(bytes.fromhex("000F00000000"))  # read AIGAIN with bits 2..0 set
    assert rig.read("LAST_CMD") == 0x0008
    assert rig.read("LAST_CMD") == 0x0008  # reading it does not disturb it
    rig.write("EGY_TIME", 0x1F3F)
    assert rig.read("LAST_CMD") == 0x4B20
    assert rig.read("LAST_DATA_16") == 0x1F3F
    rig.write("AIGAIN", 0xCAFEF00D)
    assert rig.read("LAST_DATA_32") == 0xCAFEF00D
    assert rig.read("LAST_DATA_16") == 0x1F3F
    rig.write("WFB_CFG", 0x13F0)
    rig.burst(0x800, 64)
    assert rig.read("LAST_CMD") == 0x4A00  # bursts leave it alone


def test_lock_blocks_both_ranges_until_released(rig):
    rig.write("AIGAIN", 1)
    assert rig.read("WR_LOCK") == 0
    rig.write("WR_LOCK", 0x3C64)
    assert rig.read("WR_LOCK") == 1
    for name in ("AIGAIN", "MASK0", "EGY_TIME"):
        before = rig.read(name)
        rig.write(name, 0x0123)
        assert rig.read(name) == before
    rig.write("WR_LOCK", 0x1111)  # neither key changes anything
    assert rig.read("WR_LOCK") == 1
    rig.write("WR_LOCK", 0x4AD1)
    assert rig.read("WR_LOCK") == 0
    rig.write("AIGAIN", 0x0123)
    assert rig.read("AIGAIN") == 0x0123


def test_miso_is_idle_without_select(rig):
    assert rig.spi.clock(b"\x4f\xe8\x00\x00") == b"\xff" * 4
