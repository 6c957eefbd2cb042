"""DL/T 698.45 APDUs: data types and their bounds, requests as published, answers, and the
liberties that must not cost an answer. tests/host/test_dlt698_peer holds both against another
implementation."""

from binascii import unhexlify

from refusals import complaint, refused

from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec import dlt698_select as select
from firmware.codec.dlt698_address import meter
from firmware.codec.dlt698_data import Tagged

ENERGY = unhexlify("85010000100200010105060000a4ef06000000010600000002060000000306000000040000")
BLOCK = unhexlify("850500" + "00" + "0007" + "01" + "01" + "40010200" + "01" + "1105" + "0000")


# answer to GET record with two columns, up to the rows
ROWS = "85030050040200020000100200" + "0000100200"


def both(value, text):
    """`value` and the bytes are the same Data."""
    assert data.encode(value) == unhexlify(text), value
    assert data.decode(unhexlify(text), True) == value, text


def test_plain_values():
    both(None, "00")
    both(True, "0301")
    both(b"\x01\x02", "09020102")
    both("", "0a00")
    both("220V", "0a0432323056")
    both([None, False], "0102000300")
    both((None, [], ()), "02030001000200")
    for text, value in (
        ("05fffffffb", -5),
        ("06ffffffff", 4294967295),
        ("0f80", -128),
        ("10ff38", -200),
        ("11ff", 255),
        ("12096d", 2413),
        ("14ffffffffffffffff", -1),
        ("15ffffffffffffffff", 18446744073709551615),
        ("1604", 4),
        ("173fc00000", 1.5),
        ("183ff8000000000000", 1.5),
    ):
        raw = unhexlify(text)
        assert data.decode(raw) == value
        both(Tagged(raw[0], value), text)


def test_tagged_values():
    both(Tagged(data.BITS, (16, b"\x80\x01")), "04108001")
    both(Tagged(data.BITS, (3, b"\xe0")), "0403e0")
    both(Tagged(data.UTF8, "A"), "0c0141")
    both(Tagged(data.DATE_TIME, (2016, 5, 19, 4, 8, 5, 0, 164)), "1907e005130408050000a4")
    both(Tagged(data.DATE, (2016, 5, 19, 4)), "1a07e0051304")
    both(Tagged(data.TIME, (8, 5, 0)), "1b080500")
    both(Tagged(data.DATE_TIME_S, (2016, 1, 20, 16, 27, 11)), "1c07e00114101b0b")
    both(Tagged(data.DATE_TIME_S, (0xFFFF, 255, 255, 255, 255, 255)), "1cffffffffffffff")
    both(Tagged(data.OI, "2000"), "502000")
    both(Tagged(data.OAD, "20000201"), "5120000201")
    both(Tagged(data.OMD, "40007F00"), "5340007f00")
    both(Tagged(data.ROAD, ("50040200", ("20210200",))), "52500402000120210200")
    both(Tagged(data.TI, (1, 15)), "5401000f")
    both(Tagged(data.TSA, meter("000000000001")), "550705000000000001")
    both(Tagged(data.TSA, None), "5500")
    both(Tagged(data.MAC, b"1234"), "560431323334")
    both(Tagged(data.REGION, (1, Tagged(data.UINT8, 1), None)), "5801110100")
    both(Tagged(data.SCALER_UNIT, (-2, 33)), "59fe21")
    both(Tagged(data.CSD, "20000200"), "5b0020000200")
    both(Tagged(data.CSD, ("50040200", ("00100200",))), "5b01500402000100100200")
    both(Tagged(data.SID, (1, b"a")), "5d000000010161")
    both(Tagged(data.SID_MAC, (1, b"a", b"bc")), "5e000000010161026263")
    both(Tagged(data.COMDCB, (6, 2, 8, 1, 0)), "5f0602080100")
    both(Tagged(data.RCSD, ("20210200", "00100200")), "600200202102000000100200")


def test_rows_and_meters():
    one = Tagged(data.UINT8, 1)
    stamp = (2026, 10, 5, 0, 0, 0)
    raw = "07ea0a05000000"
    for rows, text in (
        ((0,), "00"),
        ((1, "20210200", Tagged(data.DATE_TIME_S, stamp)), "01202102001c" + raw),
        ((2, "20220200", one, one, None), "02202202001101110100"),
        ((3, (("20220200", one, one, None),)), "0301202202001101110100"),
        ((4, stamp, select.ALL_METERS), "04" + raw + "01"),
        ((5, stamp, (2, (1, 2))), "05" + raw + "02020102"),
        ((6, stamp, stamp, (1, 15), (3, (meter("01"),))), "06" + raw + raw + "01000f0301020001"),
        ((9, 1), "0901"),
        ((10, 2, (4, (258,))), "0a0204010102"),
        ((10, 2, (7, ((0, one, one),))), "0a0207010011011101"),
    ):
        both(Tagged(data.RSD, rows), "5a" + text)
    for rows in ((11,), (256,), (-1,), (10, 1, (8,)), (4, stamp[1:], (0,))):
        assert refused(data.encode, Tagged(data.RSD, rows))


def test_text_that_is_none():
    raw = b"\x0a\x02\xff\xfe"
    value = data.decode(raw)
    assert value == Tagged(data.VISIBLE, b"\xff\xfe") and data.encode(value) == raw


def test_encoding_judges():
    for value in (
        5,
        1.5,
        Tagged(data.UINT8, 256),
        Tagged(data.INT8, -129),
        Tagged(data.UINT16, -1),
        Tagged(data.INT32, "5"),
        Tagged(data.INT32, 1 << 31),
        Tagged(0x07, 1),
        Tagged(0x61, 1),
        Tagged(data.OAD, "2000"),
        Tagged(data.OAD, "2000020G"),
        Tagged(data.DATE, (2016, 5, 19)),
        Tagged(data.BITS, (9, b"\x80")),
        Tagged(data.COMDCB, (1, 2, 3)),
        bytes(65536),
    ):
        assert refused(data.encode, value), value


def test_more_than_127_elements():
    """A-XDR says a number of elements as it says a length."""
    both([None] * 127, "017f" + "00" * 127)
    both([None] * 200, "0181c8" + "00" * 200)
    both((None,) * 300, "0282012c" + "00" * 300)
    assert refused(data.decode, unhexlify("01c8" + "00" * 200))
    assert requests.get_list(1, ["40010200"] * 130)[:8] == unhexlify("0502018182400102")


def test_depth():
    assert data.decode(b"\x01\x01" * 8 + b"\x00")
    assert refused(data.decode, b"\x01\x01" * 9 + b"\x00")
    assert refused(data.decode, b"\x02\x01" * 400 + b"\x00")
    assert refused(data.decode, b"\x58\x00" * 400)
    assert refused(data.decode, b"\x5a\x01\x20\x21\x02\x00" * 300)
    assert refused(data.decode, b"\x01\x01" * 8 + b"\x58\x00\x00\x00")
    assert refused(data.decode, b"\x01\x01" * 7 + b"\x5c\x05\x01\x00\x00\x00")
    nested = None
    for _ in range(9):
        nested = [nested]
    assert refused(data.encode, nested)


def test_lengths_are_distrusted():
    assert data.decode(b"\x09\x82\x00\x02ab") == b"ab"  # longer than it need be
    assert data.decode(b"\x09\x84\x00\x00\x00\x02ab") == b"ab"
    for raw in (
        b"",
        b"\x09",
        b"\x09\x03ab",
        b"\x09\x80",
        b"\x09\x85\0\0\0\0\x02ab",
        b"\x09\x84\xff\xff\xff\xffab",
        b"\x04\x84\xff\xff\xff\xff",
        b"\x04\x09\x00",
        b"\x01\xff\0\0",
        b"\x02\x02\x00",
        b"\x52\x20\x00\x02\x00\xff\x20\x00\x02\x00",
        b"\x60\x03\0\0\0\0\0\0",
        b"\x55\x06\x05\0",
        b"\x55\x01\x05",
        b"\x55\x12" + bytes(18),
        b"\x5c\x04\x02\0\0\0",
        b"\x5b\x02\0\0\0\0",
        b"\x12\x09",
        b"\x00\x00",
        b"\x07\x00",
        b"\xff",
    ):
        assert refused(data.decode, raw), raw


def test_published_requests():
    assert requests.get(1, "40010200") == unhexlify("0501014001020000")
    stamp = Tagged(data.DATE_TIME_S, (2016, 1, 20, 16, 27, 11))
    assert requests.set_one(2, "40000200", stamp) == unhexlify("060102400002001c07e00114101b0b00")
    zero = Tagged(data.INT8, 0)
    assert requests.action(5, "00100100", zero) == unhexlify("070105001001000f0000")
    day = Tagged(data.DATE_TIME_S, (2016, 1, 20, 0, 0, 0))
    columns = ("20210200", "00100200")
    assert requests.get_record(3, "50040200", (1, "20210200", day), columns) == unhexlify(
        "0503035004020001202102001c07e00114000000020020210200000010020000"
    )
    assert requests.release(9) == unhexlify("030900")
    assert requests.connect(0) == unhexlify(
        "02000010ffffffffffffffffffffffffffffffffffffffffffffffff0400040001040000000064" + "0000"
    )
    times = ((2016, 5, 19, 4, 8, 5, 0, 137), (2016, 5, 19, 4, 8, 5, 1, 607))
    times += ((2016, 5, 19, 4, 8, 5, 2, 730),)
    assert requests.link_response(0, requests.CLOCK_TRUSTED, *times) == unhexlify(
        "81008007e0051304080500008907e0051304080501025f07e005130408050202da"
    )
    frame = unhexlify("68100043000000258001058009017816")
    assert requests.proxy_transparent(9, "F2090201", (6, 2, 8, 1, 0), 3, 100, frame) == unhexlify(
        "090709f20902010602080100000300641068100043000000258001058009017816" + "00"
    )


def test_time_tag():
    tag = ((2026, 1, 2, 3, 4, 5), (0, 30))
    raw = requests.get(1, "40010200", tag)
    assert raw == unhexlify("05010140010200" + "01" + "07ea0102030405" + "00001e")
    reply = replies.parse(ENERGY[:-1] + raw[7:])
    assert reply.tag == tag and reply.follow == ()


def test_requests_are_judged():
    assert refused(requests.get, 1, "4001")
    assert refused(requests.get, 256, "40010200")
    assert refused(requests.set_one, 1, "40010200", 5)  # an int of no type
    assert refused(requests.set_then_get, 1, [("40010200", None, "40010200", 256)])
    assert refused(requests.secured, b"", 0, (1, b"a"))
    assert refused(requests.secured, b"", 4, (b"a",))
    assert refused(requests.connect, 1, requests.Terms(16, b"", b"", 1, 1, 1, 1, 1))
    assert requests.report_received(0x45, 1, ["40010200"])[2] == 5  # ACD is not echoed
    assert requests.link_response(0x45, 0, *[(0,) * 8] * 3)[1] == 5


def test_answers():
    reply = replies.parse(ENERGY)
    assert (reply.service, reply.choice, reply.piid, reply.acd) == (replies.GET, 1, 0, False)
    assert reply.results == (("00100200", replies.OK, [42223, 1, 2, 3, 4]),)
    refusal = replies.parse(unhexlify("85014640000200" + "00040000"))
    assert refusal.results == (("40000200", 4, None),) and refusal.acd and refusal.piid == 6
    done = replies.parse(unhexlify("87010e43004c00000000" + "00"))
    assert done.results == (("43004C00", 0, None),)
    with_data = replies.parse(unhexlify("87010e43004c0000011105" + "0000"))
    assert with_data.results == (("43004C00", 0, 5),)
    block = replies.parse(BLOCK)
    assert block.results == (False, 7, 0, (("40010200", 0, 5),))
    error = replies.parse(b"\xee\x03\x02")  # the tail is not documented: with or without
    assert error.results == (2,) and replies.parse(b"\xee\x03\x02\0\0").results == (2,)
    secured = replies.parse(b"\x90\x00\x02ab\x01\x00\x04mac!")
    assert secured.results == (replies.PLAIN, b"ab", b"\x01\x00\x04mac!")
    assert replies.parse(b"\x90\x02\x16\x00").results == (replies.REFUSED, 22, b"\0")
    assert replies.parse(b"\x84\x01anything").results == b"anything"


def test_no_part_of_an_answer_is_an_answer():
    for raw in (ENERGY, BLOCK):
        for size in range(len(raw)):
            assert refused(replies.parse, raw[:size]), size
        assert refused(replies.parse, raw + b"\0")


def test_follow_report():
    follow = unhexlify("01" + "01" + "01" + "20150200" + "01" + "0403e0" + "00")
    reply = replies.parse(ENERGY[:-2] + follow)
    assert reply.follow == (("20150200", 0, Tagged(data.BITS, (3, b"\xe0"))),)
    # one public source tells its layout: what is not like it must not cost the answer
    for odd in (b"\x01", b"\x01\x07\x01\x02", follow[:-1], follow + b"\0", b"\x01\x01\xff"):
        odd_reply = replies.parse(ENERGY[:-2] + odd)
        assert odd_reply.results == reply.results
        assert odd_reply.follow == odd[1:] and odd_reply.tag is None


def test_counts_of_answers():
    for text in (
        "",
        "85",
        "8501",
        "0501014001020000",  # a request
        "420100",
        "85020081ff200002000000",
        "850100200002000200",  # neither DAR nor data
        "85050000000703" + "00" * 8,
        "8503005004020002" + "0000100200" * 2 + "0181ff" + "00" * 100,  # rows beyond the bytes
        "880300f2010201ff0161",
        "89010002" + "00",
    ):
        assert refused(replies.parse, unhexlify(text)), text
    # a count is judged before anything is made of it
    for count in (
        (data.decode, "0181ff" + "00" * 254),
        (replies.parse, ROWS + "0181ff" + "00" * 509),
    ):
        assert "elements" in complaint(count[0], unhexlify(count[1]))
    wide = unhexlify("8503005004020002" + "0000100200" * 2 + "0102" + "1101" * 4 + "0000")
    assert replies.parse(wide).results[0].rows == ((1, 1), (1, 1))


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
