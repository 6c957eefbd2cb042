"""The identity record of a module: a golden one, each wrong one, and a 24C02 to read it from."""

from eeprom import Bus, Eeprom

from firmware.bay import identity
from firmware.core.errors import SlotError

# by hand from the table in firmware/bay/identity.py; CRC-16/CCITT-FALSE by binascii.crc_hqx of
# CPython, start 0xFFFF
GOLDEN = bytes.fromhex(
    "5454554d 01 03"
    "72733438350000000000000000000000"
    "4f70656e545455000000000000000000"
    "53303030303031000000000000000000"
    "0000000000000000 3aca".replace(" ", "")
)


def refused(data):
    """The sentence with which `data` are refused."""
    try:
        identity.parse(data)
    except SlotError as error:
        text = str(error)
        assert text and "\n" not in text and len(text) < 100, text
        return text
    raise AssertionError("%s was taken" % data)


def changed(at, new):
    """The golden record with bytes replaced and its checksum made good again."""
    record = bytearray(GOLDEN)
    record[at : at + len(new)] = new
    crc = identity.crc16_ccitt(record[:62])
    record[62] = crc >> 8
    record[63] = crc & 0xFF
    return bytes(record)


def test_golden():
    found = identity.parse(GOLDEN)
    assert found == ("rs485", "OpenTTU", "S000001", 3), found
    assert identity.build("rs485", "OpenTTU", "S000001", 3) == GOLDEN
    assert identity.parse(GOLDEN + b"\xff" * 192) == found  # a whole EEPROM
    longest = identity.build("a_16_characters_", "v" * 16, "s" * 16, 255)
    assert identity.parse(longest) == ("a_16_characters_", "v" * 16, "s" * 16, 255)


def test_wrong():
    assert "blank" in refused(b"\xff" * 256) and "blank" in refused(bytes(64))
    assert "cut off" in refused(GOLDEN[:63]) and "cut off" in refused(b"")
    assert "something else" in refused(b"TTUN" + GOLDEN[4:])
    assert "layout 2" in refused(changed(4, b"\x02"))
    for bit in range(8 * 5, 8 * 64):  # every bit behind magic and layout
        record = bytearray(GOLDEN)
        record[bit // 8] ^= 1 << bit % 8
        assert "checksum" in refused(record)
    for kind in (b"\0" * 16, b"RS485", b"../core", b"rs-485", b"rs.485", b"r\xc3\xa9seau", b"a b"):
        text = refused(changed(6, kind + bytes(16 - len(kind))))
        assert "type" in text or "printable" in text, text
    assert "printable" in refused(changed(6, b"rs\0485"))  # a second text behind the end
    assert "printable" in refused(changed(38, b"S\x07"))


def test_build_refuses():
    for fields in (
        ("RS485",),
        ("",),
        ("x" * 17,),
        ("hplc", "v" * 17),
        ("hplc", "", "\n"),
        ("hplc", "", "\u00e9"),
        ("hplc", "", "", 256),
        ("hplc", "", "", -1),
    ):
        try:
            identity.build(*fields)
        except SlotError:
            continue
        raise AssertionError("%s was built" % (fields,))


def test_read():
    bus = Bus()
    chip = bus.chips[0x53] = Eeprom()
    for at in range(0, 64, 8):  # a page at a time, as the chip takes it
        bus.writeto_mem(0x53, at, GOLDEN[at : at + 8])
    chip.pointer = 200  # wherever the last reader left it
    assert identity.read(bus, 0x53).serial == "S000001"
    bus.writeto_mem(0x53, 62, b"\x00\x00\x00")  # the third byte wraps to the page's first
    assert chip.data[56] == 0 and chip.data[64] == 0xFF
    chip.is_powered = False
    for address in (0x53, 0x54):
        before = bus.transfers
        try:
            identity.read(bus, address)
            raise AssertionError("nobody was read")
        except SlotError as error:
            assert "0x%02X" % address in str(error), error
        assert bus.transfers == before + 1


test_golden()
test_wrong()
test_build_refuses()
test_read()
print("OK")
