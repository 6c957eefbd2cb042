"""DL/T 698.45 under lies: thousands of frames and APDUs with flipped bits, lengths that say more
or less than there is, pieces missing, doubled or glued. Only CodecError may come out, no frame
may come through that was not sent, and the next good frame is found."""

import gc
from binascii import unhexlify

from firmware.codec import dlt698, dlt698_data, dlt698_replies, dlt698_segment
from firmware.codec.dlt698_address import meter
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

ROUNDS = 2000
METER = meter("000000000010")
APDUS = [
    unhexlify(text)
    for text in (
        "85010000100200010105060000a4ef060000000106000000020600000003060000000400" + "00",
        "850202022000020001010312096d12096d12096d2001020001010305000003e805000003e805000003e80000",
        "85030050040200020020210200015004020001001002000102"
        "1c07e0011400000006000000011c07e0011500000006000000020000",
        "8505000000070101400102000111050101012015020001040310e01c",
        "8506010140010200",
        "8603010140000200004000020001" + "1c07e00114101b0b0000",
        "87010e43004c0000010202" + "0a0432323056" + "0403e0" + "0000",
        "8803" + "05f2010201020361626301640000",
        "890103010705313233343536010001020000030000",
        "89070300010200010378797a0000",
        "88010101201502000104200000000100" + "0107ea010203040500001e",
        "90000361626301000431323334",
        "01000000b407e005130408050000a4",
        "8203"
        + "00" * 32
        + "0010"
        + "ff" * 24
        + "04000400010400000000640001026162026364"
        + "0000",
        "8501006000020001" + "01010202120001550705000000000001"
        "5a0220220200060000000106000000020058001101110259fe215c0301070500000000000" + "10000",
    )
]
LIES = b"\x00\x01\x7f\x80\x81\x82\x84\xff"


class Dice:
    """The same throws on every port."""

    def __init__(self, seed):
        self.state = seed

    def throw(self, sides):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % sides


def mutate(dice, raw):
    out = bytearray(raw)
    for _ in range(1 + dice.throw(3)):
        at = dice.throw(len(out))
        kind = dice.throw(6)
        if kind == 0:
            out[at] ^= 1 << dice.throw(8)
        elif kind < 3:
            out[at] = LIES[dice.throw(len(LIES))]
        elif kind == 3:
            out = out[: at + 1]
        elif kind == 4:
            out = out[:at] + out[at // 2 :]
        else:
            out[at] = (out[at] + dice.throw(5) - 2) & 255
    return bytes(out[:1500])


def judge(apdu, typed):
    """1 when it is refused."""
    try:
        reply = dlt698_replies.parse(apdu, typed)
    except CodecError as error:
        assert str(error)
        return 1
    assert reply.service == apdu[0]
    return 0


def test_apdus():
    dice = Dice(1)
    refused = 0
    for apdu in APDUS:
        assert not judge(apdu, True), apdu
    gc.collect()
    before = gc.mem_alloc()
    for i in range(ROUNDS):
        refused += judge(mutate(dice, APDUS[i % len(APDUS)]), i & 1)
    # both must happen: a flipped bit of a value is another value, a lying length is nonsense
    assert ROUNDS // 4 < refused < ROUNDS
    gc.collect()
    assert gc.mem_alloc() - before < 4096


def test_data():
    dice = Dice(2)
    for _ in range(ROUNDS):
        raw = bytes([dice.throw(97) for _ in range(1 + dice.throw(24))])
        try:
            value = dlt698_data.decode(raw, True)
        except CodecError:
            continue
        assert dlt698_data.decode(dlt698_data.encode(value), True) == value


def test_frames():
    dice = Dice(3)
    sent = [dlt698.build(0xC3, METER, 1, apdu) for apdu in APDUS]
    stream = Framer(dlt698.measure, 2 * dlt698.MAX_FRAME)
    good = 0
    for i in range(ROUNDS):
        frame = sent[i % len(sent)]
        bad = mutate(dice, frame)
        stream.feed(bad + dlt698.PREAMBLE + frame if i & 1 else bad)
        last = None
        for silence in (False, True):
            if silence:
                stream.expire()
            found = stream.next()
            while found is not None:
                assert found in sent, i
                good += 1
                last = found
                dlt698.parse(found)
                found = stream.next()
        assert not i & 1 or last == frame, i
    assert stream.dropped == 0
    assert good >= ROUNDS // 2


def test_fragments():
    dice = Dice(4)
    joiner = dlt698_segment.Joiner(300)
    for _ in range(ROUNDS):
        body = bytes(dice.throw(120))
        sequence = dice.throw(4)
        data = (dlt698_segment.header(dice.throw(4), sequence) + body)[: 1 + dice.throw(150)]
        try:
            whole = joiner.take(data)
        except CodecError:
            continue
        assert whole is None or len(whole) <= 300


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
