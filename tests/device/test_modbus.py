"""Modbus RTU: requests and replies as they were taken between two instances of pymodbus, the
limits of the functions, framing without silence, replies credited only to their question."""

from binascii import unhexlify

from modbus_crc import crc
from refusals import refused

from firmware.codec import framer, modbus
from firmware.codec import modbus_values as values
from firmware.codec.framer import Framer
from firmware.codec.modbus_master import DONE, WAIT, Transaction
from firmware.core.crc import crc16_modbus
from firmware.core.errors import CodecError

ASK = unhexlify("01030000000305cb")
REPLY = unhexlify("010306096d096e096fa818")
ILLEGAL = unhexlify("018302c0f1")
WRITTEN = unhexlify("01060005123494bc")
# printed in a public document, with a CRC that is wrong
WRONG = unhexlify("010308010004ef029a00021e20")


def sealed(text):
    """A frame of hex text and its checksum."""
    body = unhexlify(text.replace(" ", ""))
    return body + crc(body)


def test_crc():
    assert crc16_modbus(b"123456789") == 0x4B37  # the check value of CRC-16/MODBUS
    for byte in range(256):
        data = bytes((byte, 255 - byte, byte * 7 & 255))
        assert crc16_modbus(data) == int.from_bytes(crc(data), "little"), byte
    assert crc16_modbus(REPLY) == 0


def test_requests():
    assert modbus.read_holding(1, 0, 3) == ASK
    assert modbus.read_holding(1, 5000, 1) == unhexlify("01031388000100a4")
    assert modbus.read_holding(1, 0x100, 4) == unhexlify("01030100000445f5")
    assert modbus.write_register(1, 5, 0x1234) == WRITTEN
    assert modbus.read_coils(17, 0x13, 0x25) == sealed("11 01 0013 0025")
    assert modbus.read_discrete(247, 0xFFFF, 1) == sealed("f7 02 ffff 0001")
    assert modbus.read_input(1, 8, 125) == sealed("01 04 0008 007d")
    assert modbus.write_coil(17, 0xAC, True) == sealed("11 05 00ac ff00")
    assert modbus.write_coil(17, 0xAC, False) == sealed("11 05 00ac 0000")
    truths = (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)
    assert modbus.write_coils(17, 0x13, truths) == sealed("11 0f 0013 000a 02 cd01")
    assert modbus.write_registers(17, 1, (10, 0x102)) == sealed("11 10 0001 0002 04 000a 0102")
    assert modbus.write_registers(0, 1, (10,)) == sealed("00 10 0001 0001 02 000a")
    assert modbus.read_write(1, 3, 6, 14, (255, 0x1FF)) == sealed(
        "01 17 0003 0006 000e 0002 04 00ff 01ff"
    )


def test_limits():
    for build, most in (
        (modbus.read_coils, 2000),
        (modbus.read_discrete, 2000),
        (modbus.read_holding, 125),
        (modbus.read_input, 125),
    ):
        assert len(build(1, 0, most)) == 8
        assert modbus.reply_size(build(1, 0, most)) == 255
        assert refused(build, 1, 0, most + 1)
        assert refused(build, 1, 0, 0)
        assert refused(build, 0, 0, 1)  # everybody at once
        assert refused(build, 248, 0, 1)
        assert refused(build, 1, 65535, 2)
        assert refused(build, 1, -1, 1)
    assert len(modbus.write_coils(1, 0, (1,) * 1968)) == 255
    assert refused(modbus.write_coils, 1, 0, (1,) * 1969)
    assert refused(modbus.write_coils, 1, 0, ())
    assert len(modbus.write_registers(1, 0, (1,) * 123)) == 255
    assert refused(modbus.write_registers, 1, 0, (1,) * 124)
    assert len(modbus.read_write(1, 0, 125, 0, (1,) * 121)) == 255
    assert refused(modbus.read_write, 1, 0, 126, 0, (1,))
    assert refused(modbus.read_write, 1, 0, 1, 0, (1,) * 122)
    assert refused(modbus.read_write, 0, 0, 1, 0, (1,))
    assert refused(modbus.write_register, 1, 0, 65536)
    assert refused(modbus.write_register, 1, 65536, 0)
    assert refused(modbus.write_registers, 1, 0, (-1,))


def test_reply_sizes():
    size = modbus.reply_size
    assert size(ASK) == len(REPLY)
    assert size(WRITTEN) == size(modbus.write_coils(1, 0, (1,) * 9)) == 8
    assert [size(modbus.read_coils(1, 0, n)) for n in (1, 8, 9)] == [6, 6, 7]
    assert size(modbus.read_write(1, 0, 2, 0, (1,))) == 9
    assert size(modbus.write_register(0, 0, 1)) == 0


def test_replies():
    assert modbus.parse(REPLY) == (1, 3, -1, b"\x09\x6d\x09\x6e\x09\x6f")
    assert modbus.parse(ILLEGAL) == (1, 3, modbus.NO_SUCH_ADDRESS, b"")
    assert (modbus.NO_SUCH_FUNCTION, modbus.BAD_VALUE, modbus.FAILED) == (1, 3, 4)
    assert (modbus.ACKNOWLEDGED, modbus.BUSY, modbus.PARITY) == (5, 6, 8)
    assert (modbus.GATEWAY_PATH, modbus.GATEWAY_TARGET) == (0x0A, 0x0B)
    assert modbus.parse(WRITTEN) == (1, 6, -1, b"\0\5\x12\x34")
    assert modbus.parse(sealed("11 01 02 cd01")) == (17, 1, -1, b"\xcd\1")
    assert modbus.parse(sealed("11 02 01 ff")) == (17, 2, -1, b"\xff")
    assert modbus.parse(sealed("11 0f 0013 000a")) == (17, 15, -1, b"\0\x13\0\x0a")
    assert modbus.parse(sealed("01 17 02 1234")) == (1, 23, -1, b"\x12\x34")
    for raw in (
        b"",
        b"\1",
        WRONG,
        ASK,
        REPLY[:-1],
        REPLY + b"\0",
        sealed("00 03 02 1234"),  # nobody answers as everybody
        sealed("f8 03 02 1234"),
        sealed("01 07 02"),  # functions no request of ours has
        sealed("01 87 02"),
        sealed("01 03 03 123456"),  # half a register
        sealed("01 03 00"),
        sealed("01 01 fb" + "00" * 251),
    ):
        assert refused(modbus.parse, raw), raw


def frames(*chunks):
    f = Framer(modbus.measure, 512, -1)
    found = []
    for chunk in chunks:
        f.feed(chunk)
        while True:
            frame = f.next()
            if frame is None:
                break
            found.append(frame)
    return f, found


def test_framing_without_silence():
    longest = sealed("f7 04 fa" + "0103" * 125)
    stream = REPLY + ILLEGAL + WRITTEN + longest + REPLY
    wanted = [REPLY, ILLEGAL, WRITTEN, longest, REPLY]
    for cut in range(len(stream)):
        f, found = frames(stream[:cut], stream[cut:])
        assert found == wanted and f.garbage == 0, cut
    assert frames(*[bytes((byte,)) for byte in stream])[1] == wanted
    for raw in wanted:
        for have in range(1, len(raw)):
            assert modbus.measure(raw[:have], 0, have) == 0
    for raw in (b"\0", b"\xf8", b"\1\7", b"\1\x87", b"\1\3\0", b"\1\3\3", b"\1\1\xfb"):
        assert modbus.measure(raw, 0, len(raw)) == framer.HEADER
    # noise before, a damaged frame between
    f, found = frames(b"\0\xff\xfe" + REPLY + sealed("05 03 02 0500")[:-1] + b"\0" + REPLY)
    assert found == [REPLY, REPLY] and f.count(framer.FCS) >= 1
    # a length that lies, or bytes of a damaged frame that look like one, wait for the silence
    f, found = frames(WRONG + REPLY)
    assert not found and f.count(framer.FCS) == 1
    f.expire()
    assert f.next() == REPLY
    f, found = frames(b"\1\3\xfa" + REPLY)
    assert not found
    f.expire()
    assert f.next() == REPLY and f.count(framer.INCOMPLETE) >= 1


def test_answer_is_matched():
    t = Transaction()
    assert t.begin(ASK) == ASK
    assert t.take() == WAIT
    t.feed(sealed("02 03 06 096d 096e 096f"))  # another unit
    t.feed(sealed("01 04 06 096d 096e 096f"))  # another function
    t.feed(sealed("01 03 04 096d 096e"))  # not as many
    t.feed(sealed("01 86 02"))
    assert t.take() == WAIT
    assert (t.alien, t.late, t.stale) == (1, 3, 0)
    t.feed(REPLY)
    t.feed(REPLY)  # said twice
    assert t.take() == DONE and t.reply == modbus.parse(REPLY)
    assert t.take() == WAIT and t.stale == 1
    t.begin(ASK)
    t.feed(ILLEGAL)
    assert t.take() == DONE and t.reply.error == modbus.NO_SUCH_ADDRESS
    t.begin(ASK)
    t.feed(sealed("01 83 00"))  # a code nobody defined
    assert t.take() == DONE and t.reply.error == 0


def test_writes_are_matched_by_their_echo():
    t = Transaction()
    coils = modbus.write_coils(17, 0x13, (1,) * 10)
    for request, other, right in (
        (WRITTEN, sealed("01 06 0005 1235"), WRITTEN),
        (WRITTEN, sealed("01 06 0006 1234"), WRITTEN),
        (coils, sealed("11 0f 0013 0009"), sealed("11 0f 0013 000a")),
        (coils, sealed("11 10 0013 000a"), sealed("11 0f 0013 000a")),
    ):
        late = t.late
        t.begin(request)
        t.feed(other)
        assert t.take() == WAIT and t.late == late + 1
        t.feed(right)
        assert t.take() == DONE


def test_what_came_before_is_no_answer():
    t = Transaction()
    t.feed(REPLY + REPLY[:-1])
    t.begin(ASK)
    assert t.take() == WAIT and t.stale == 1 and t.framer.pending() == 0
    t.close()
    t.feed(REPLY)
    assert t.take() == WAIT and t.stale == 2
    t.begin(modbus.write_register(0, 5, 1))
    t.feed(WRITTEN)
    assert t.take() == WAIT and t.stale == 3
    t.begin(ASK)
    t.feed(b"\1\3\xfa" + REPLY)
    assert t.take() == WAIT
    t.silent()
    assert t.take() == DONE


def test_values():
    data = unhexlify("096dfffe000100028000")
    assert values.registers(data) == [0x096D, 0xFFFE, 1, 2, 0x8000]
    assert values.number(data, 0) == 2413
    assert values.number(data, 1, signed=True) == -2
    assert values.number(data, 0, signed=True) == 2413
    assert values.number(data, 2, 2) == 0x10002
    assert values.number(data, 2, 2, low_first=True) == 0x20001
    assert values.number(data, 3, 2, signed=True, low_first=True) == -0x80000000 + 2
    assert values.number(data, 1, 2, signed=True) == -0x1FFFF
    assert values.number(data, 0, 4) == 0x096DFFFE00010002
    for at, size in ((5, 1), (4, 2), (-1, 1), (0, 0), (0, 6)):
        assert refused(values.number, data, at, size)
    assert values.bits(b"\xcd\x01", 10) == [bool(x) for x in (1, 0, 1, 1, 0, 0, 1, 1, 1, 0)]
    assert values.bit(b"\xcd\x01", 8) and values.bit(b"\x80", 7)
    assert refused(values.bit, b"\xcd", 8)
    assert refused(values.bits, b"", 1)
    assert refused(values.registers, b"\1\2\3")


def noise(seed):
    while True:
        seed = (seed * 1103 + 12345) & 0xFFFFF
        yield seed >> 4


def test_mutated_frames_raise_nothing_else():
    random = noise(0x17)
    t = Transaction()
    samples = (REPLY, ILLEGAL, WRITTEN, sealed("11 01 02 cd01"), sealed("01 17 04 12345678"))
    requests = (
        ASK,
        ASK,
        WRITTEN,
        modbus.read_coils(17, 0, 10),
        modbus.read_write(1, 0, 2, 0, (1,)),
    )
    done = 0
    for _ in range(1500):
        i = next(random) % len(samples)
        raw = bytearray(samples[i])
        for _ in range(next(random) % 3):
            raw[next(random) % len(raw)] = next(random) & 255
        if next(random) & 1:
            raw[-2:] = crc(raw[:-2])
        t.begin(requests[i])
        t.feed(raw[next(random) % 4 :] if next(random) & 7 == 0 else raw)
        t.silent()
        if t.take() == DONE:
            done += 1
            # only bytes that pass the checks of the long division are ever believed
            assert t.reply.error >= 0 or len(t.reply.data) + 5 == len(raw) or len(raw) == 8
            assert judged(t.reply)
        assert refused(modbus.parse, raw) or modbus.measure(raw, 0, len(raw)) == len(raw)
        assert t.framer.pending() == 0
    assert 300 < done < 1400, done


def judged(reply):
    try:
        return values.registers(reply.data) is not None
    except CodecError:
        return True


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
