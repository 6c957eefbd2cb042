"""DL/T 698.45 frames and fragments by the fuzzer's own few lines: seeds, the judge of a frame,
and what it says (apdu698 reads what is inside). Written from the layout (68 L L C SA CA HCS HCS
data FCS FCS 16), not from the codec.
"""

import random

from tools.fuzz import apdu698, sums, text
from tools.fuzz.apdus import reading, replies, requests

NAME = "dlt698"
START = 0x68
LIMIT = 4100
CHANCE = 2.0**-16
JOINED = 1024  # bytes of a joined APDU the codec is asked to allow


def frame(control, apdu, flag=0x05, addr=b"\x10\0\0\0\0\0", client=1):
    """`addr`: low byte first, as many bytes as the flag says."""
    inner = bytes([control, flag]) + addr + bytes([client])
    head = (len(inner) + len(apdu) + 6).to_bytes(2, "little") + inner
    head += sums.x25(head).to_bytes(2, "little") + apdu
    return b"\x68" + head + sums.x25(head).to_bytes(2, "little") + b"\x16"


def scrambled(apdu):
    return bytes((byte + 0x33) & 255 for byte in apdu)


def fragments(apdu, room, sequence=0):
    """User data of the frames an APDU is cut into: sequence and kind, low byte first."""
    pieces = [apdu[at : at + room] for at in range(0, len(apdu), room)]
    made = []
    for number, piece in enumerate(pieces):
        kind = 1 if number == len(pieces) - 1 else 3 if number else 0
        word = kind << 14 | (sequence + number) & 0xFFF
        made.append(word.to_bytes(2, "little") + piece)
    return made


def seeds(rng):
    made = [frame(0xC3, apdu) for apdu in replies()] + [frame(0x43, apdu) for apdu in requests()]
    made += [frame(0xCB, scrambled(replies()[i])) for i in (0, 4, 36)]
    made += [frame(0x81, replies()[-14]), frame(0x83, replies()[45], 0x15, b"\x01" * 6)]
    made += [
        frame(0x43, requests()[0], 0x45, b"\xaa" * 6),
        frame(0x43, requests()[0], 0xC0, b"\xaa"),
    ]
    made.append(frame(0xC3, replies()[0], 0x0F, bytes(range(16))))
    made += [
        frame(0xE3, piece) for piece in fragments(reading(b"\x09\x82\x01\x40" + bytes(320)), 120)
    ]
    made.append(frame(0xC3, reading(b"\x09\x82\x07\x00" + bytes(0x700))))
    made.append(
        frame(0xC3, reading(b"\x09\x3c" + frame(0xC3, replies()[0])[:60].ljust(60, b"\x16")))
    )
    return made


def _head(buf, at):
    return 7 + (buf[at + 4] & 15)


def probe(buf, at):
    if at + 5 > len(buf):
        return 0, 0
    span = buf[at + 1] + 256 * buf[at + 2] & 0x7FFF
    span = (span & 0x3FFF) << 10 if span & 0x4000 else span
    head = _head(buf, at)
    if not 10 <= span <= 2048 or head + 3 > span or at + head + 2 > len(buf):
        return 0, 0
    if not _is_right(buf, at + 1, at + head):
        return 0, CHANCE * CHANCE
    end = at + span + 2
    if end > len(buf) or buf[end - 1] != 0x16:
        return 0, 0
    return (span + 2 if _is_right(buf, at + 1, end - 3) else 0), CHANCE


def _is_right(buf, start, end):
    return sums.x25(buf[start:end]) == buf[end] + 256 * buf[end + 1]


def lengths(raw):
    """L, the address length in SA, and every length and count of the APDU."""
    head = _head(raw, 0)
    found = [(1, 2, False), (4, 1, False)]
    if raw[3] & 0x20:
        return [*found, (head + 2, 2, False)]  # sequence and kind
    if raw[3] & 8:
        return found
    apdu = raw[head + 2 : -3]
    if raw[3] & 0x80:
        marks = apdu698.marks(apdu, apdu698.reply)
        return found + [(head + 2 + at, size, True) for at, size, _ in marks]
    return found + [(head + 2 + at, 1, True) for at in range(min(len(apdu), 40))]


def seal(raw):
    raw = bytearray(raw)
    if len(raw) < 12:
        return bytes(raw)
    head = _head(raw, 0)
    if head + 5 <= len(raw):
        raw[head : head + 2] = sums.x25(raw[1:head]).to_bytes(2, "little")
    size = (raw[1] + 256 * raw[2] & 0x3FFF) + 2
    if head + 5 <= size <= len(raw):
        raw[size - 3 : size] = sums.x25(raw[1 : size - 3]).to_bytes(2, "little") + b"\x16"
    return bytes(raw)


def fit(raw):
    raw = bytearray(raw[:2050])
    if len(raw) >= 12:
        raw[0] = 0x68
        raw[1:3] = (len(raw) - 2).to_bytes(2, "little")
    return seal(raw)


def body(raw):
    return _head(raw, 0) + 2, 3


class Joined:
    """Fragments put together, as a receiver must; one for each case."""

    def __init__(self):
        self.held = None
        self.sequence = 0
        self.repeated = 0

    def take(self, said):
        """An APDU, None to wait, or Refused."""
        if len(said) < 2:
            raise apdu698.Refused
        word = int.from_bytes(said[:2], "little")
        kind, sequence = word >> 14, word & 0xFFF
        if kind == 2:
            return None
        if kind == 0:
            held = b""
        elif self.held is None:
            raise apdu698.Refused
        elif kind == 3 and sequence == self.sequence:
            self.repeated += 1
            return None
        else:
            held, self.held = self.held, None
            if sequence != (self.sequence + 1) % 4096:
                raise apdu698.Refused
        held += said[2:]
        if len(held) > JOINED:
            self.held = None
            raise apdu698.Refused
        self.sequence = sequence
        self.held = None if kind == 1 else held
        return held if kind == 1 else None


class Reading:
    """Expected texts of the frames of one case, in the order they come."""

    def __init__(self):
        self.joined = Joined()

    def content(self, raw):
        """The frame | the APDU that is whole with it; "~" none is, "!" refused, "?" a request."""
        head = _head(raw, 0)
        addr = raw[4] >> 6, raw[4] >> 4 & 3, raw[5 : head - 1][::-1].hex().upper()
        said = raw[head + 2 : -3]
        if raw[3] & 8:
            said = bytes((byte - 0x33) & 255 for byte in said)
        made = text.write((raw[3], addr, raw[head - 1], said)) + "|"
        try:
            apdu = self.joined.take(said) if raw[3] & 0x20 else said
            if apdu is None:
                return made + "~"
            if not raw[3] & 0x80 or not apdu:
                return made + ("?" if apdu else "!")
            return made + text.write(apdu698.read_reply(apdu))
        except apdu698.Refused:
            return made + "!"


def content(raw):
    return Reading().content(raw)


def foreign(rng):
    """(replies as frames, Data) that the independent package `dlt698` encodes."""
    from dlt698 import _native as peer

    values = [_value(peer, rng, 3) for _ in range(60)]
    raws = [peer.encode_data(value) for value in values]
    frames = [frame(0xC3, reading(raw)) for raw in raws if len(raw) < 1900]
    for number in range(12):
        oads = [peer.Oad(oi=rng.randrange(65536), attribute=2, index=0) for _ in range(number + 1)]
        request = peer.GetRequest(piid=number, attributes=oads, list=number > 0, time_tag=None)
        frames.append(frame(0x43, peer.encode_apdu(request)))
    return frames, raws


def _value(peer, rng: random.Random, depth):
    kind = rng.randrange(12 if depth else 8)
    if kind == 0:
        return peer.Data.octet_string(rng.randbytes(rng.choice((0, 3, 130, 300))))
    if kind == 1:
        return peer.Data.visible_string("abc" * rng.randrange(4))
    if kind == 2:
        return peer.Data.int32(rng.randrange(-(2**31), 2**31))
    if kind == 3:
        return peer.Data.uint64(rng.randrange(2**64))
    if kind == 4:
        return peer.Data.float64(rng.uniform(-1e9, 1e9))
    if kind == 5:
        return peer.Data.bit_string(12, bytes([rng.randrange(256), 0xF0]))
    if kind == 6:
        return peer.Data.scaler_unit(peer.ScalerUnit(scaler=-2, unit=33))
    if kind == 7:
        return peer.Data.mac(rng.randbytes(4))
    items = [_value(peer, rng, depth - 1) for _ in range(rng.randrange(4))]
    return peer.Data.array(items) if kind % 2 else peer.Data.structure(items)
