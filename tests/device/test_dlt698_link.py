"""DL/T 698.45 link frames, addresses and fragments: published frames, lying headers, scrambling,
liberties of other equipment. All published frames are replayed by tools.vectors."""

from binascii import unhexlify

from refusals import refused

from firmware.codec import dlt698, framer
from firmware.codec import dlt698_address as address
from firmware.codec import dlt698_segment as segment
from firmware.codec.framer import Framer
from firmware.core.crc import crc16_x25

METER = address.meter("201605190907")
ASK = unhexlify("68170043050709190516200015600501014001020000c60716")
REPLY = unhexlify("682100c30510000000000010557e850141400102000109060000000000100000ddba16")
FE = dlt698.PREAMBLE


def run(raw, limit=1056):
    f = Framer(dlt698.measure, limit)
    f.feed(raw)
    found = []
    while True:
        frame = f.next()
        if frame is None:
            return f, found
        found.append(frame)


def divided(data):
    """CRC-16/X-25 by the long division, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def test_crc():
    assert crc16_x25(b"123456789") == 0x906E
    for data in (b"", b"\0", bytes(range(256)), ASK):
        assert crc16_x25(data) == divided(data)


def test_published():
    assert dlt698.build(0x43, METER, 0, unhexlify("0501014001020000")) == ASK
    assert dlt698.build(0x43, address.ANY, 0x10, unhexlify("0501034001020000")) == unhexlify(
        "6817004345aaaaaaaaaaaa10da5f0501034001020000900f16"
    )
    set_time = unhexlify("681a0043c0aa005ef707010040007f001c07e106050a180c00ec6716")
    assert dlt698.build(0x43, address.EVERYBODY, 0, set_time[9:-3]) == set_time
    frame = dlt698.parse(REPLY)
    assert frame.control == dlt698.REPLY and frame.client == 0x10
    assert frame.address == address.meter("000000000010")
    assert frame.data[0] == 0x85


def test_stream():
    stream = FE + ASK + b"\x68\x11" + FE + REPLY
    for cut in range(len(stream)):
        f = Framer(dlt698.measure, 1056)
        found = []
        for part in (stream[:cut], stream[cut:]):
            f.feed(part)
            frame = f.next()
            while frame is not None:
                found.append(frame)
                frame = f.next()
        assert found == [ASK, REPLY], cut


def test_refusals():
    for at, reason in ((6, framer.HCS), (15, framer.FCS), (len(ASK) - 1, framer.END)):
        bad = bytearray(ASK)
        bad[at] ^= 1
        f, found = run(bytes(bad) + REPLY)
        assert found == [REPLY] and f.count(reason) == 1, reason
    f, found = run(b"\x68\x02\x00\x43" + ASK)  # shorter than a header
    assert found == [ASK] and f.count(framer.LENGTH) == 1
    f, found = run(b"\x68\xff\x3f\x43" + ASK)  # longer than any frame: not waited for
    assert found == [ASK] and f.count(framer.LENGTH) == 1
    f, found = run(b"\x68\x0b\x00\x43\x0f" + ASK)  # the address does not fit L
    assert found == [ASK] and f.count(framer.HEADER) == 1
    for raw in (b"", ASK[:-1], ASK + b"\0", b"\x67" + ASK[1:]):
        assert refused(dlt698.parse, raw)
    assert refused(dlt698.build, 0x43, METER, 0, bytes(2040))


def test_lying_length():
    """A header that is right but for L is refused at its HCS, whatever L says."""
    for span in range(10, 2049, 7):
        if span == ASK[1]:
            continue
        bad = b"\x68" + bytes([span & 255, span >> 8]) + ASK[3:]
        f, found = run(bad + ASK)
        assert found == [ASK], span
        assert f.pending() == 0


def test_unit_of_kilobytes():
    """Bit 14 of L: a frame of 1 KB is waited for, and taken."""
    raw = bytearray(dlt698.build(0x43, METER, 0, bytes(1024 - 15)))
    assert raw[1] | raw[2] << 8 == 1024
    raw[1:3] = b"\x01\x40"
    for at in (12, len(raw) - 3):
        crc = crc16_x25(raw[1:at])
        raw[at : at + 2] = bytes([crc & 255, crc >> 8])
    assert dlt698.parse(bytes(raw)).data == bytes(1009)


def test_scrambled():
    data = bytes(range(256))
    plain = dlt698.build(0x43, METER, 1, data)
    raw = dlt698.build(0x4B, METER, 1, data)
    assert raw[14:-3] == bytes([(byte + 0x33) & 255 for byte in data])
    assert raw[4:12] == plain[4:12]
    assert dlt698.parse(raw) == (0x4B, METER, 1, data)


def test_control():
    for control, answer in ((0xC3, 0x43), (0x81, 0x01), (0x83, 0x03), (0xE3, 0x43), (0xCB, 0x43)):
        assert dlt698.answer_control(control) == answer
    assert dlt698.room(METER, 512) == 495
    assert len(dlt698.build(0x43, METER, 0, bytes(495))) == 512


def test_addresses():
    assert address.flag_and_bytes(address.meter("12345", 1)) == (0x12, b"\x12\x34\x5f")
    assert address.flag_and_bytes(address.EVERYBODY) == (0xC0, b"\xaa")
    for digits in ("", "12x4", "0" * 33):
        assert refused(address.flag_and_bytes, address.meter(digits))
    assert refused(address.flag_and_bytes, address.meter("12", 4))
    assert refused(address.flag_and_bytes, address.Address(4, 0, "12"))
    for logical in range(4):
        whom = address.Address(address.GROUP, logical, "0102")
        assert dlt698.parse(dlt698.build(0x43, whom, 0, b"")).address == whom
    other = address.meter("201605190908")
    assert address.matches(METER, METER) and not address.matches(METER, other)
    assert address.matches(address.ANY, METER) and address.matches(address.EVERYBODY, METER)
    assert address.matches(address.meter("AA" * 6), METER)  # the flag of a single address
    assert address.matches(address.meter("2016AAAAAA07"), METER)
    assert not address.matches(address.meter("2016AAAAAA08"), METER)
    assert not address.matches(address.meter("0907"), METER)
    assert not address.matches(address.meter(METER.digits, 1), METER)
    assert address.matches(address.meter("12345"), address.meter("12345F"))


def test_fragment_header():
    raw = unhexlify("681400a3050200000000001076750501050115d6d116")  # sequence 105H, first
    frame = dlt698.parse(raw)
    assert frame.control & dlt698.SEGMENT
    assert segment.split_header(frame.data) == (segment.FIRST, 0x105)
    joiner = segment.Joiner(100)
    assert joiner.take(frame.data) is None
    assert joiner.acknowledge == b"\x05\x81"
    assert joiner.take(b"\x06\x41tail") == b"\x05\x01\x15tail"
    assert joiner.acknowledge == b""


def carry(apdu, room):
    """Through Splitter and Joiner; how many fragments it took."""
    splitter = segment.Splitter(apdu, room)
    joiner = segment.Joiner(len(apdu))
    count = 1
    while True:
        data = splitter.fragment()
        assert len(data) <= room
        whole = joiner.take(data)
        if whole is not None:
            assert whole == apdu and splitter.is_last()
            return count
        wrong = segment.header(segment.ACKNOWLEDGE, splitter.sequence + 1 & 0xFFF)
        assert not splitter.take(wrong)
        assert splitter.take(joiner.acknowledge)
        assert not splitter.take(joiner.acknowledge)  # it came twice
        count += 1


def test_cut_and_joined():
    assert carry(bytes(range(200)), 102) == 2
    assert carry(bytes(range(201)), 102) == 3
    assert carry(bytes(4099), 3) == 4099  # sequences wrap
    assert refused(segment.Splitter, b"short", 5)
    assert refused(segment.Splitter, b"longer", 2)


def test_bad_fragments():
    joiner = segment.Joiner(10)
    assert refused(joiner.take, b"\0")
    assert refused(joiner.take, segment.header(segment.MIDDLE, 0) + b"a")  # no beginning
    joiner.take(segment.header(segment.FIRST, 0) + b"a")
    assert joiner.take(segment.header(segment.ACKNOWLEDGE, 0)) is None and not joiner.acknowledge
    joiner.take(segment.header(segment.MIDDLE, 1) + b"b")
    joiner.take(segment.header(segment.MIDDLE, 1) + b"b")  # the acknowledgement was lost
    assert joiner.repeated == 1 and joiner.acknowledge == b"\x01\x80"
    assert joiner.take(segment.header(segment.LAST, 2) + b"c") == b"abc"
    joiner.take(segment.header(segment.FIRST, 5) + b"a")
    assert refused(joiner.take, segment.header(segment.MIDDLE, 7) + b"b")  # one is lost
    assert refused(joiner.take, segment.header(segment.LAST, 8))
    joiner.take(segment.header(segment.FIRST, 0) + b"12345")
    assert refused(joiner.take, segment.header(segment.MIDDLE, 1) + b"678901")  # too long
    assert refused(joiner.take, segment.header(segment.LAST, 2))
    joiner.take(segment.header(segment.FIRST, 0) + b"1")
    joiner.reset()
    assert refused(joiner.take, segment.header(segment.LAST, 1))


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
