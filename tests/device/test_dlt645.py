"""DL/T 645-2007 frames and items: layout of the requests, parsing, number formats, replies
credited only to the question they answer. The published frames are replayed by tools.vectors."""

from binascii import unhexlify

from refusals import refused

from firmware.codec import dlt645, dlt645_values
from firmware.codec.dlt645_items import find
from firmware.codec.dlt645_master import DONE, SEND, WAIT, Transaction
from firmware.core import decimal

METER = "000000000001"
OTHER = "000000000002"


def reply(addr, control, di, data=b""):
    return dlt645.build(addr, control, di, data)


def test_requests():
    # clause 7.1 and the captured frames of the same services
    assert dlt645.read(METER, "00010000") == unhexlify("6801000000000068110433333433b316")
    assert dlt645.read_address() == unhexlify("68aaaaaaaaaaaa681300df16")
    assert dlt645.read(dlt645.ANY, "9010") == unhexlify("68aaaaaaaaaaaa68010243c3d516")
    assert dlt645.broadcast_time(17, 6, 5, 10, 22, 51) == unhexlify(
        "6899999999999968080684554338394a4b16"
    )
    assert dlt645.freeze(METER) == unhexlify("68010000000000681604cccccccc1b16")
    rights = dlt645.access(2, b"\x37\x06\x02", b"\x01\0\0\0")
    assert dlt645.relay("151230011061", rights, 0x1B, (99, 12, 30, 0, 0, 0)) == unhexlify(
        "68611001301215681c10356a3935343333334e333333336345cc2d16"
    )
    assert dlt645.set_baud(METER, 8) == unhexlify("680100000000006817013b2416")
    rights = dlt645.access(0, b"\0\0\0")
    assert dlt645.write(METER, "04000101", rights, b"\x07\x22\x11\x26") == unhexlify(
        "680100000000006814103434333733333333333333333a5544598b16"
    )
    assert dlt645.parse(dlt645.clear_events(METER, rights)).di == "FFFFFFFF"


def test_arguments_are_judged():
    assert refused(dlt645.read, "12", "00010000")
    assert refused(dlt645.read, "0000000000AB", "00010000")
    assert not refused(dlt645.read, METER, "9010")  # 1997
    assert refused(dlt645.read, METER, "0001000G")
    assert refused(dlt645.build, METER, 0x14, "", bytes(256))
    assert refused(dlt645.freeze, METER, 100)
    assert refused(dlt645.parse, b"")
    assert refused(dlt645.parse, unhexlify("6801000000000068110433333433b416"))


def test_parse():
    frame = dlt645.parse(unhexlify("68200051050326689107333435354c48b42016"))
    assert frame == ("260305510020", 0x91, "02020100", b"\x19\x15\x81", -1, False)
    frame = dlt645.parse(unhexlify("6812907856341268d101358d16"))
    assert (frame.addr, frame.di, frame.error) == ("123456789012", "", dlt645.NO_SUCH_DATA)
    assert dlt645.parse(reply(METER, 0xB1, "00010000", bytes(4))).more


def test_numbers():
    # annex A: XXXXXX.XX low byte first; bit 7 of the high byte is the sign where there is one
    number = dlt645_values.number
    assert number(b"\x78\x56\x34\x12", 0, 4, False) == 12345678
    assert number(b"\x19\x15\x81", 0, 3, True) == -11519
    assert number(b"\x00\x00\x80", 0, 3, True) == 0
    assert number(b"\x99\x99\x79", 0, 3, True) == 799999
    assert number(b"\x00\x00\x80", 0, 3, False) == 800000
    assert number(b"\xff\xff", 0, 2, False) is None
    assert refused(number, b"\xff\x12", 0, 2, False)
    assert refused(number, b"\x0a\x12", 0, 2, False)
    assert refused(number, b"\x12\xa0", 0, 2, False)


def test_items():
    shapes = (
        ("00010000", 4, -2, "kWh"), ("003D010C", 4, -2, "kWh"), ("00030000", 4, -2, "kvarh"),
        ("000A0000", 4, -2, "kVAh"), ("00150000", 4, -2, "kWh"), ("00463F00", 4, -2, "kVAh"),
        ("02010300", 2, -1, "V"), ("02020100", 3, -3, "A"), ("02030000", 3, -4, "kW"),
        ("02040300", 3, -4, "kvar"), ("02050200", 3, -4, "kVA"), ("02060000", 2, -3, ""),
        ("02070100", 2, -1, "degree"), ("02090300", 2, -2, "%"), ("020A0115", 2, -2, "%"),
        ("02800001", 3, -3, "A"), ("02800002", 2, -2, "Hz"), ("02800007", 2, -1, "deg C"),
        ("0280000B", 4, -4, "yuan/kWh"), ("04000E03", 2, -1, "V"), ("05060101", 4, -2, "kWh"),
        ("9010", 4, -2, "kWh"), ("911F", 4, -2, "kvarh"),
        ("B611", 2, 0, "V"), ("B630", 3, -4, "kW"),
    )  # fmt: skip
    for di, size, power, unit in shapes:
        shape = find(di)
        assert shape is not None, di
        assert shape[1][0][1:4] == (size, power, unit), di
    unknown = ("00140000", "00014000", "0001000D", "02010000", "020A0116", "0280000C",
               "04000C01", "06000001", "9030", "B614", "05070101", "03100000")  # fmt: skip
    for di in unknown:
        assert find(di) is None, di
        assert refused(dlt645_values.numbers, di, bytes(4)), di


def test_blocks():
    numbers = dlt645_values.numbers
    block = unhexlify("1222000001110000ffffffff")
    assert numbers("0001FF00", block) == [2212, 1101, None]
    assert numbers("0201FF00", unhexlify("012302240325")) == [2301, 2402, 2503]
    assert numbers("0203FF00", unhexlify("000080341292")) == [0, -121234]
    assert refused(numbers, "0201FF00", bytes(5))
    assert refused(numbers, "02010100", bytes(4))
    assert refused(numbers, "02010100", b"")
    powers = unhexlify("010000020000030000040000010080020080030080040080")
    assert numbers("05061001", powers) == [1, 2, 3, 4, -1, -2, -3, -4]
    # a whole freeze: time, forward energies, nothing of the third kind, cut at AA
    whole = unhexlify("0010221126aa1100000022000000aa33000000")
    assert dlt645_values.texts("0506FF01", whole) == [
        ("2026-11-22 10:00", ""), ("0.11", "kWh"), ("0.22", "kWh"), ("0.33", "kWh")
    ]  # fmt: skip


def test_texts():
    texts = dlt645_values.texts
    assert texts("01010000", unhexlify("3412000510221126")) == [
        ("0.1234", "kW"), ("2026-11-22 10:05", "")
    ]  # fmt: skip
    assert texts("04000101", unhexlify("00221126")) == [("2026-11-22 00", "")]
    assert texts("04000102", unhexlify("512210")) == [("10:22:51", "")]
    assert texts("04000401", unhexlify("460021300200")) == [("000230210046", "")]
    assert texts("04000404", b"V022\0\0") == [("220V", "")]
    assert texts("040005FF", unhexlify("0100" * 7)) == [("0001", "")] * 7
    assert texts("03110000", unhexlify("120000")) == [("12", "")]
    assert texts("0280000A", unhexlify("ffffffff")) == [("", "min")]
    assert decimal.text(-1500, -3) == "-1.500"
    assert decimal.text(7, -2) == "0.07"


def ask(t, di="02010100", addr=METER):
    return t.begin(addr, dlt645.read(addr, di))


def test_answer_is_matched():
    t = Transaction()
    assert ask(t) == dlt645.PREAMBLE + dlt645.read(METER, "02010100")
    assert t.take() == WAIT
    t.feed(reply(OTHER, 0x91, "02010100", b"\x01\x22"))  # another meter
    t.feed(dlt645.read(METER, "02010100"))  # our own words, or another master's
    t.feed(reply(METER, 0x91, "02010200", b"\x01\x23"))  # another item
    t.feed(reply(METER, 0x94, "", b""))  # another service
    assert t.take() == WAIT
    assert (t.alien, t.late, t.stale) == (2, 2, 0)
    t.feed(reply(METER, 0x91, "02010100", b"\x01\x24"))
    t.feed(reply(METER, 0x91, "02010100", b"\x01\x25"))  # said twice
    assert t.take() == DONE and t.reply.data == b"\x01\x24"
    assert t.take() == WAIT and t.stale == 1


def test_late_answer_after_time_out():
    t = Transaction()
    ask(t)
    t.close()
    ask(t, addr=OTHER)
    t.feed(reply(METER, 0x91, "02010100", b"\x01\x22"))
    assert t.take() == WAIT and t.alien == 1
    t.close()
    t.feed(reply(OTHER, 0x91, "02010100", b"\x01\x22"))
    assert t.take() == WAIT and t.stale == 1


def test_abnormal_and_wildcard():
    t = Transaction()
    ask(t, "0001FF00")
    t.feed(reply(METER, 0xD1, "", b"\x02"))
    assert t.take() == DONE and t.reply.error == dlt645.NO_SUCH_DATA
    t.begin(dlt645.ANY, dlt645.read_address())
    t.feed(reply(METER, 0x93, "", unhexlify("010000000000")))
    assert t.take() == DONE and t.reply.addr == METER
    assert dlt645.address_matches("AAAA00000001", "123400000001")
    assert not dlt645.address_matches("AAAA00000001", "123400000002")


def test_broadcast_opens_nothing():
    t = Transaction()
    t.begin(dlt645.BROADCAST, dlt645.broadcast_time(26, 11, 22, 10, 0, 0))
    t.feed(reply(METER, 0x88, "", b""))
    assert t.take() == WAIT and t.stale == 1


def test_follow_up():
    t = Transaction()
    ask(t, "0001FF00")
    t.feed(reply(METER, 0xB1, "0001FF00", b"\x01\0\0\0"))
    assert t.take() == SEND
    assert t.request == dlt645.PREAMBLE + dlt645.follow_up(METER, "0001FF00", 1)
    t.feed(reply(METER, 0xB2, "0001FF00", b"\x02\0\0\0\x02"))  # not the frame asked for
    assert t.take() == WAIT and t.late == 1
    t.feed(reply(METER, 0xB2, "0001FF00", b"\x02\0\0\0\x01"))
    assert t.take() == SEND
    t.feed(reply(METER, 0x92, "0001FF00", b"\x03\0\0\0\x02"))
    assert t.take() == DONE
    assert dlt645_values.numbers("0001FF00", t.reply.data) == [1, 2, 3]


def test_follow_up_is_bounded():
    t = Transaction()
    ask(t, "0001FF00")
    t.feed(reply(METER, 0xB1, "0001FF00", bytes(200)))
    for seq in range(1, 5):
        assert t.take() == SEND
        t.feed(reply(METER, 0xB2, "0001FF00", bytes(200) + bytes([seq])))
    assert t.take() == SEND
    t.feed(reply(METER, 0xB2, "0001FF00", bytes(200) + b"\x05"))
    assert refused(t.take)
    assert t.take() == WAIT


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
