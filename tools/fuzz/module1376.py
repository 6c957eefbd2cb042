"""Q/GDW 1376.2 by the fuzzer's own few lines: seeds, the judge of a frame, and what it says.

Written from the layout (68 L L C R[6] A* AFN DT1 DT2 unit CS 16), not from the codec. Of the
data units it reads the ones in UNITS; the others are only asked not to break anything.
"""

from tools.fuzz import meter645, text

NAME = "gdw1376_2"
START = 0x68
LIMIT = 4096
CHANCE = 2.0**-8


def frame(control, info, afn, fn, unit=b"", addresses=b""):
    """`info`: R as sent; `addresses`: as sent."""
    dt = bytes([1 << (fn - 1) % 8, (fn - 1) // 8])
    rest = bytes([control]) + info + addresses + bytes([afn]) + dt + unit
    size = len(rest) + 5
    out = b"\x68" + size.to_bytes(2, "little") + rest
    return out + bytes([sum(rest) & 255, 0x16])


NODE = bytes.fromhex("112233445566")
MAIN = bytes.fromhex("010000000000")


def nodes(count, tail):
    return bytes([count]) + b"".join(
        bytes([n & 255, n >> 8, 0, 0, 0, 0x12]) + tail for n in range(count)
    )


def _up(afn, fn, unit, first=0):
    addresses = b"" if not first & 4 else NODE * (1 + (first >> 4)) + MAIN
    return frame(0x83, bytes([first, 0x0F, 0x21, 0x32, 1, 9]), afn, fn, unit, addresses)


def _down(afn, fn, unit, first=0):
    addresses = b"" if not first & 4 else MAIN + NODE * (1 + (first >> 4))
    return frame(0x43, bytes([first, 0, 0x40, 0x80, 0x25, 7]), afn, fn, unit, addresses)


def seeds(rng):
    reply = meter645.frame(NODE, 0x91, b"\x00\xff\x01\x00" + bytes(20))
    said = bytes([len(reply)]) + reply
    said2 = len(reply).to_bytes(2, "little") + reply
    outage = b"\x01" + NODE * 9
    rejected = bytes([3]) + (NODE + b"\x01") * 3
    return [
        _down(3, 4, b""), _down(3, 9, b"\x02" + said),
        _down(4, 3, b"\x01" + NODE + b"\x02" + said),
        _down(5, 1, NODE), _down(0x10, 2, b"\x01\x00\x0a"), _down(0x11, 1, nodes(12, b"\x02")),
        _down(0x11, 2, nodes(12, b"")), _down(0x11, 3, NODE + nodes(3, b"")),
        _down(0x12, 1, b""), _down(0x13, 1, b"\x02\x00" + nodes(2, b"") + said, 4),
        _down(0x13, 1, b"\x02\x00\x00" + said, 0x24), _down(0x13, 2, b"\x02\x00\x00" + said2, 4),
        _down(0x14, 1, b"\x02\x00" + said + b"\x00"), _down(0xF1, 1, b"\x02\x00" + said2, 4),
        _down(0x15, 1, b"\x03\x00\x00\x05\x00\x01\x00\x00\x00\x40\x00" + bytes(64)),
        _down(0, 1, b"\xff\xff\xff\xff\x00\x00"),
        _up(0, 1, b"\xff\xff\xff\xff\x05\x00"), _up(0, 2, b"\x09"), _up(3, 4, MAIN),
        _up(3, 1, b"SETC\x01\x02\x24\x10\x00"), _up(3, 5, b"\x09\x02\x80\x25\x00\x4b"),
        _up(3, 12, b"SE\x08\x02ABCDEFGH"), _up(6, 1, nodes(8, b"\x02\x01\x00")),
        _up(6, 2, b"\x01\x00\x02\x05\x00" + said, 4), _up(6, 3, b"\x02"),
        _up(6, 4, b"\x01" + NODE + b"\x02\x01\x00\x00\x02" + nodes(2, b"\x02")),
        _up(6, 5, b"\x02\x04" + bytes([len(outage)]) + outage),
        _up(6, 5, b"\x02\x05" + bytes([len(rejected)]) + rejected),
        _up(6, 5, b"\x01\x02" + said), _up(6, 5, b"\x00\x02\x0e" + (NODE + b"\x01") * 2),
        _up(0x10, 1, b"\x20\x00\xff\x03"), _up(0x10, 2, b"\x20\x00" + nodes(20, b"\x11\x27")),
        _up(0x10, 7, b"\x01\x00\x01" + NODE + b"\x02SE\x04\x02ABCD"),
        _up(0x10, 21, b"\x20\x00\x01\x00" + nodes(30, b"\x02\x00\x01\x00\x21")),
        _up(0x10, 111, b"\x02\x01\x02\x03" + MAIN + b"\x01\x02\x03\x04\x05\x06"),
        _up(0x10, 112, b"\x02\x00\x01\x00" + nodes(3, b"\x01" + bytes(26))),
        _up(0x13, 1, b"\x05\x00\x02" + said, 4), _up(0x13, 1, b"\x05\x00\x02" + said, 0x34),
        _up(0x13, 2, b"\x05\x00\x02" + said2, 4), _up(0x14, 1, b"\x01" + NODE + b"\x01\x00"),
        _up(0x14, 3, NODE + b"\x01\x00" + said), _up(0xF1, 1, b"\x02" + said2, 4),
    ]  # fmt: skip


def _addresses(first):
    return 6 * (2 + (first >> 4)) if first & 4 else 0


def probe(buf, at):
    if at + 15 > len(buf):
        return 0, 0
    size = buf[at + 1] + 256 * buf[at + 2]
    if not 15 + _addresses(buf[at + 4]) <= size <= min(2048, len(buf) - at):
        return 0, 0
    if buf[at + size - 1] != 0x16:
        return 0, 0
    good = sum(buf[at + 3 : at + size - 2]) % 256 == buf[at + size - 2]
    return (size if good else 0), CHANCE


def lengths(raw):
    """L, R (its relay level is one), and each length or count in the unit."""
    found = [(1, 2, False), (4, 1, False)]
    unit = 13 + _addresses(raw[4])
    row = UNITS.get((raw[3] >> 7, raw[unit - 3], fn_of(raw, unit)))
    if row:
        walk = _Walk(raw[unit:-2])
        walk.form(row)
        found += [(unit + at, size, False) for at, size in walk.marks]
    else:
        found += [(at, 1, False) for at in range(unit, min(len(raw) - 2, unit + 12))]
    return found


def fn_of(raw, unit):
    dt1, dt2 = raw[unit - 2], raw[unit - 1]
    return 8 * dt2 + dt1.bit_length() if dt1.bit_count() == 1 else 0


def seal(raw):
    raw = bytearray(raw)
    size = raw[1] + 256 * raw[2] if len(raw) > 3 else 0
    if 15 <= size <= len(raw):
        raw[size - 2 : size] = bytes([sum(raw[3 : size - 2]) & 255, 0x16])
    return bytes(raw)


def fit(raw):
    raw = bytearray(raw[:2048])
    if len(raw) >= 15:
        raw[0] = 0x68
        raw[1:3] = len(raw).to_bytes(2, "little")
    return seal(raw)


def body(raw):
    return 13 + _addresses(raw[4]), 2


# (up, AFN, Fn): fields (name, kind, argument); kinds: u number, a address, r bytes, b length of
# so many bytes and as many bytes, l counted list. Only functions with one edition.
UNITS = {
    (0, 5, 1): (("addr", "a", 0),),
    (0, 0x10, 2): (("start", "u", 2), ("count", "u", 1)),
    (0, 0x11, 2): (("nodes", "l", (("addr", "a", 0),)),),
    (0, 0x11, 3): (("addr", "a", 0), ("relays", "l", (("addr", "a", 0),))),
    (0, 3, 9): (("protocol", "u", 1), ("data", "b", 1)),
    (0, 4, 3): (("rate", "u", 1), ("addr", "a", 0), ("protocol", "u", 1), ("data", "b", 1)),
    (0, 0x13, 2): (
        ("protocol", "u", 1), ("delay", "u", 1), ("attached", "l", (("addr", "a", 0),)),
        ("data", "b", 2),
    ),
    (0, 0x14, 1): (
        ("flag", "u", 1), ("delay", "u", 1), ("data", "b", 1),
        ("attached", "l", (("addr", "a", 0),)),
    ),
    (1, 0, 2): (("error", "u", 1),),
    (1, 3, 4): (("addr", "a", 0),),
    (1, 6, 1): (("nodes", "l", (("addr", "a", 0), ("protocol", "u", 1), ("index", "u", 2))),),
    (1, 6, 3): (("finished", "u", 1),),
    (1, 6, 5): (("device", "u", 1), ("protocol", "u", 1), ("content", "b", 1)),
    (1, 0x10, 1): (("total", "u", 2), ("max", "u", 2)),
    (1, 0x10, 2): (("total", "u", 2), ("nodes", "l", (("addr", "a", 0), ("info", "u", 2)))),
    (1, 0x10, 21): (
        ("total", "u", 2), ("start", "u", 2),
        ("nodes", "l", (("addr", "a", 0), ("tei", "u", 2), ("proxy", "u", 2), ("info", "u", 1))),
    ),
    (1, 0x10, 112): (
        ("total", "u", 2), ("start", "u", 2),
        ("nodes", "l", (("addr", "a", 0), ("device", "u", 1), ("chip", "r", 24), ("v", "a2", 0))),
    ),
    (1, 0x13, 2): (("seconds", "u", 2), ("protocol", "u", 1), ("data", "b", 2)),
    (1, 0x14, 1): (("phase", "u", 1), ("addr", "a", 0), ("index", "u", 2)),
    (1, 0x14, 3): (("addr", "a", 0), ("delay", "u", 2), ("data", "b", 1)),
}  # fmt: skip
STRICT = {(0, 5, 1), (0, 0x10, 2), (1, 0, 2), (1, 3, 4), (1, 0x10, 1), (1, 0x10, 2)}


class Short(Exception):
    """The bytes end before the field."""


class _Walk:
    def __init__(self, data):
        self.data, self.at, self.marks = data, 0, []

    def take(self, size):
        if self.at + size > len(self.data):
            raise Short
        self.at += size
        return self.data[self.at - size : self.at]

    def counter(self, size):
        self.marks.append((self.at, size))
        return int.from_bytes(self.take(size), "little")

    def field(self, kind, argument):
        if kind == "u":
            return int.from_bytes(self.take(argument), "little")
        if kind[0] == "a":
            return self.take(2 if kind == "a2" else 6)[::-1].hex().upper()
        if kind == "r":
            return self.take(argument)
        if kind == "b":
            return self.take(self.counter(argument))
        items = []
        for _ in range(self.counter(1)):
            item = [self.field(k, a) for _, k, a in argument]
            items.append(tuple(item) if len(item) > 1 else item[0])
        return items

    def form(self, row):
        return {name: self.field(kind, argument) for name, kind, argument in row}


def content(raw):
    """Expected text: the frame | values of its data unit | the event in it."""
    unit_at = 13 + _addresses(raw[4])
    fn = fn_of(raw, unit_at)
    if not fn:
        return "!"
    up = raw[3] >> 7
    r = raw[4:10]
    if up:
        info = (
            r[0] & 1, r[1] & 15, r[2] & 15, r[2] >> 4, r[3] & 15, r[3] >> 4,
            r[4] & 1, r[4] >> 1 & 1, r[4] >> 2 & 1, r[5],
        )  # fmt: skip
    else:
        rate = r[3] + 256 * r[4]
        info = (
            r[0] & 1, r[0] >> 1 & 1, r[0] >> 3 & 1, r[1] & 15, r[1] >> 4, r[2],
            rate % 32768, rate // 32768, r[5],
        )  # fmt: skip
    addresses = [raw[at : at + 6][::-1].hex().upper() for at in range(10, unit_at - 3, 6)]
    afn, unit = raw[unit_at - 3], raw[unit_at:-2]
    head = text.write((raw[3], info, tuple(addresses), afn, fn, unit))
    key = up, afn, fn
    row = UNITS.get(key)
    if row is None:
        return head + "|?|?"
    walk = _Walk(unit)
    try:
        values = walk.form(row)
    except Short:
        return head + "|!|-"
    if walk.at < len(unit):
        if key in STRICT:
            return head + "|!|-"
        values["rest"] = unit[walk.at :]
    event = "-"
    if key == (1, 6, 5):
        event = _event(values["device"], values["protocol"], values["content"])
    return f"{head}|{text.write(values)}|{event}"


def _event(device, protocol, said):
    count = len(said)
    address = [said[at : at + 6][::-1].hex().upper() for at in range(1, count, 6)]
    if protocol == 5:
        if not said or count != 1 + 7 * said[0]:
            return "!"
        return text.write((4, _pairs(said[1:]), b""))
    if protocol in (1, 2, 3):
        bare = said.lstrip(b"\xfe")
        if len(bare) > 11 and bare[0] == 0x68 and bare[-1] == 0x16:
            return text.write((3, [], said))
    if device == 0 and protocol != 4 and said and count % 7 == 0:
        return text.write((5, _pairs(said), b""))
    if count > 6 and count % 6 == 1 and said[0] in (1, 2):
        return text.write((said[0], address, b""))
    return text.write((0, [], said))


def _pairs(said):
    return [(said[at : at + 6][::-1].hex().upper(), said[at + 6]) for at in range(0, len(said), 7)]
