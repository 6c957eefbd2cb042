"""Q/GDW 1376.2: frames, their address and information fields, against bytes laid by hand from the
field lists, in both directions; what lies about its length is refused. The published frames:
tools.vectors."""

from gdw1376_2_cases import METER, OTHER, M, X, hexed
from refusals import refused

from firmware.codec import framer, gdw1376_2
from firmware.codec import gdw1376_2_info as info
from firmware.codec.framer import Framer


def laid(text):
    """The bytes between L and CS, given as hex, with what belongs around them."""
    body = hexed(text)
    size = len(body) + 5
    return bytes([0x68, size & 255, size >> 8]) + body + bytes([sum(body) & 255, 0x16])


def test_frames_without_address():
    # 12H F2, 03H F10 asked; C = 41, R of zeros but the answer length and sequence
    for text, asked, afn, fn in (
        ("41 000028000001 120200", info.down(1, answer=0x28), 0x12, 2),
        ("43 000000000003 030201", info.down(3), 0x03, 10),
        ("4a 010000000009 10080c", info.down(9, bypass=1), 0x10, 100),
        ("41 000000000000 058009", info.down(0), 0x05, 80),
        ("41 0000000000ff f001ff", info.down(255), 0xF0, 2041),
    ):
        raw = laid(text)
        assert gdw1376_2.build(raw[3], asked, afn, fn) == raw, text
        frame = gdw1376_2.parse(raw)
        assert frame == (raw[3], asked, (), afn, fn, b""), text
        assert gdw1376_2.node(frame) == ""


def test_frames_with_address():
    # A1 main node, relays, A3 meter; relay level in the high nibble, module flag bit 2
    raw = laid("43 24 00 5f 0000 21" + "010000000000" + M + X + "160000000000" + "130100 02")
    way = ("000000000001", METER, OTHER, "000000000016")
    asked = info.down(0x21, answer=0x5F)
    assert gdw1376_2.build(0x43, asked, 0x13, 1, b"\x02", way) == raw
    frame = gdw1376_2.parse(raw)
    assert frame == (0x43, asked, way, 0x13, 1, b"\x02")
    assert gdw1376_2.node(frame) == "000000000016"
    back = gdw1376_2.answer(frame, 0x13, 1, b"\x03")
    assert back == laid("83 240000000021 160000000000" + X + M + "010000000000 130100 03")
    answer = gdw1376_2.parse(back)
    assert answer.info == info.up(0x21)
    assert gdw1376_2.node(answer) == "000000000016"
    assert gdw1376_2.is_answer(answer, frame)
    assert not gdw1376_2.is_answer(frame, answer)
    assert not gdw1376_2.is_answer(gdw1376_2.parse(laid("03 000000000021 130100")), frame)
    later = gdw1376_2.parse(laid("43 000000000022 130100"))
    assert not gdw1376_2.is_answer(answer, later)
    assert gdw1376_2.is_answer(gdw1376_2.parse(laid("c3 000000000021 130100")), frame)
    report = gdw1376_2.parse(laid("c3 000000000021 061000"))
    assert not gdw1376_2.is_answer(report, frame)
    other = gdw1376_2.parse(laid("83 000000000021 130200"))
    assert not gdw1376_2.is_answer(other, frame)
    deny = gdw1376_2.parse(laid("83 000000000021 000200 09"))
    assert gdw1376_2.is_answer(deny, frame)
    # without relays
    raw = laid("43 040000000021 010000000000" + M + "130100 02")
    way = ("000000000001", METER)
    assert gdw1376_2.build(0x43, info.down(0x21), 0x13, 1, b"\2", way) == raw
    assert gdw1376_2.parse(raw).address == way
    # a report is confirmed with C = 03 and its sequence
    assert gdw1376_2.answer(report, 0, 1, bytes(6)) == laid("03 000000000021 000100 000000000000")


def test_information_field():
    raw = laid("41 2b 95 28 e803 07 030100")
    wanted = info.Down(1, 1, 1, 5, 9, 0x28, 1000, 0, 7)
    frame = gdw1376_2.parse(raw)
    assert frame.info == wanted
    # the relay level means nothing without an address field and is not sent
    assert gdw1376_2.build(0x41, wanted, 3, 1)[4:10] == hexed("0b 95 28 e803 07")
    assert gdw1376_2.parse(laid("41 000000008007 030100")).info == info.down(7, kilo=1)
    assert gdw1376_2.build(0x41, info.down(7, rate=2, kilo=1), 3, 1)[7:9] == hexed("0280")
    raw = laid("83 01 0c 42 f1 07 10 030100")
    wanted = info.Up(1, 12, 2, 4, 1, 15, 1, 1, 1, 16)
    assert gdw1376_2.parse(raw).info == wanted
    assert gdw1376_2.build(0x83, wanted, 3, 1) == raw
    # undefined bits are read over
    assert gdw1376_2.parse(laid("83 0b fc 42 f1 ff 10 030100")).info == wanted
    raw = laid("83 00 0f ff ff 00 ff 030100")
    wanted = info.up(255, channel=15, phase=15, kind=15, heard=15, answered=15)
    assert gdw1376_2.parse(raw).info == wanted
    assert gdw1376_2.build(0x83, wanted, 3, 1) == raw
    raw = laid("41 00 ff ff ffff ff 030100")
    wanted = info.down(255, channel=15, coding=15, answer=255, rate=0x7FFF, kilo=1)
    assert gdw1376_2.parse(raw).info == wanted
    assert gdw1376_2.build(0x41, wanted, 3, 1) == raw


def test_arguments_are_judged():
    build = gdw1376_2.build
    assert refused(build, 0x41, info.down(256), 3, 1)
    assert refused(build, 0x41, info.down(0, channel=16), 3, 1)
    assert refused(build, 0x41, info.down(0, rate=0x8000), 3, 1)
    assert refused(build, 0x81, info.up(-1), 3, 1)
    assert refused(build, 0x141, info.down(0), 3, 1)
    assert refused(build, 0x41, info.down(0), 256, 1)
    assert refused(build, 0x41, info.down(0), 3, 0)
    assert refused(build, 0x41, info.down(0), 3, 2049)
    assert not refused(build, 0x41, info.down(0), 3, 2048)
    assert refused(build, 0x41, info.down(0), 3, 1, b"", (METER,))
    assert refused(build, 0x41, info.down(0), 3, 1, b"", (METER, "12"))
    assert refused(build, 0x41, info.down(0), 3, 1, b"", (METER, "00000000000G"))
    assert refused(build, 0x41, info.down(0), 3, 1, b"", (METER,) * 18)
    assert not refused(build, 0x41, info.down(0), 3, 1, b"", (METER,) * 17)
    assert refused(build, 0x41, info.down(0), 3, 1, bytes(2034))
    assert len(build(0x41, info.down(0), 3, 1, bytes(2033))) == gdw1376_2.MAX_FRAME


def test_framing():
    good = laid("41 000028000001 120200")
    longest = gdw1376_2.build(0xC3, info.up(1), 6, 5, b"\x68\x0f\x00" * 677 + b"\0\0")
    assert len(longest) == gdw1376_2.MAX_FRAME
    for raw in (good, laid("43 040000000021 010000000000" + M + "130100 02")):
        for have in range(1, len(raw)):
            assert gdw1376_2.measure(raw[:have], 0, have) == 0
    assert gdw1376_2.measure(b"\x68\x0e\x00", 0, 3) == framer.HEADER
    assert gdw1376_2.measure(b"\x68\x0f\x00\x41\x04", 0, 5) == framer.HEADER
    f = Framer(gdw1376_2.measure, 2 * gdw1376_2.MAX_FRAME)
    for reason, liar in (
        (framer.CHECKSUM, good[:-3] + b"\1" + good[-2:]),
        (framer.END, good[:-1] + b"\x17"),
        (framer.LENGTH, b"\x68\x01\x08" + good[3:]),
        (framer.HEADER, b"\x68\x0e\x00" + good[3:]),
        (framer.HEADER, b"\x68\x1a\x00\x41\x04" + good[5:]),  # no room for two addresses
    ):
        before = f.count(reason)
        f.feed(b"\x68\x00" + liar + good + longest)
        assert f.next() == good
        assert f.next() == longest
        assert f.next() is None
        assert f.count(reason) > before, framer.REASONS[-1 - reason]
    f.feed(b"\x68\xff\x03" + good)  # a lying length the buffer can hold
    assert f.next() is None
    f.expire()
    assert f.next() == good
    for text in ("41 000000000000 030000", "41 000000000000 030300", "41 000000000000 03ff00"):
        assert refused(gdw1376_2.parse, laid(text))  # DT1 has no bit, or several
    for raw in (b"", b"\x68", good[:-1], good + b"\0", b"\0" + good):
        assert refused(gdw1376_2.parse, raw)


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
