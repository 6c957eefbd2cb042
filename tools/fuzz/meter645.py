"""DL/T 645-2007 by the fuzzer's own few lines: seeds, the judge of a frame, and what it says.

Written from the layout (68 A0..A5 68 C L data CS 16, data + 33H), not from the codec.
"""

from tools.fuzz import text

NAME = "dlt645"
START = 0x68
LIMIT = 544  # of the buffer under test
CHANCE = 2.0**-8  # of the 8-bit sum
REQUEST_NEEDED = True  # some cases are exchanges

# identifier: repeats, ((bytes, signed) or (bytes, None) for a time ...)
ITEMS = {
    "00010000": (False, ((4, False),)),
    "00020000": (False, ((4, False),)),
    "0001FF00": (True, ((4, False),)),
    "00000000": (False, ((4, True),)),
    "01010000": (False, ((3, False), (5, None))),
    "0101FF00": (True, ((3, False), (5, None))),
    "02010100": (False, ((2, False),)),
    "0201FF00": (True, ((2, False),)),
    "0202FF00": (True, ((3, True),)),
    "02030000": (False, ((3, True),)),
    "02060000": (False, ((2, True),)),
    "02800002": (False, ((2, False),)),
    "04000101": (False, ((4, None),)),
    "9010": (False, ((4, False),)),
    "901F": (True, ((4, False),)),
}


def frame(addr, control, data):
    """`addr` and `data` as sent, without the 33H."""
    out = bytearray(b"\x68" + addr + b"\x68" + bytes([control, len(data)]))
    out += bytes((byte + 0x33) & 255 for byte in data)
    return bytes(out + bytes([sum(out) & 255, 0x16]))


def seeds(rng):
    """Valid frames of both directions."""
    made = []
    addrs = [bytes.fromhex(a) for a in ("010000000000", "120503325500", "686868161668", "aa" * 6)]
    for di, (repeats, fields) in ITEMS.items():
        one = sum(size for size, _ in fields)
        for count in (1, 4, 26) if repeats else (1,):
            raw = bytes(16 * rng.randrange(8) + rng.randrange(10) for _ in range(count * one))
            ident = bytes.fromhex(di)[::-1]
            control = 0x91 if len(di) == 8 else 0x81
            made.append(frame(rng.choice(addrs), control, ident + raw))
    ident = bytes.fromhex("0001ff00")[::-1]
    made.append(frame(addrs[0], 0xB1, ident + bytes(200)))
    made += [frame(addrs[0], 0xB2, ident + bytes(40) + b"\x01"), frame(addrs[0], 0xD1, b"\x02")]
    made += [frame(addrs[0], 0x92, ident + bytes(40) + b"\x02"), frame(addrs[1], 0xD1, b"")]
    made += [
        frame(addrs[1], 0x93, addrs[1]),
        frame(addrs[1], 0x94, b""),
        frame(addrs[0], 0x9B, b""),
    ]
    made += [frame(addrs[0], control, ident) for control in (0x11, 0x12, 0x13, 0x08, 0x16)]
    made.append(frame(addrs[1], 0x14, ident + bytes(12)))
    made.append(frame(addrs[1], 0x1B, bytes(8) + b"\xff" * 4))
    inner = frame(addrs[1], 0x91, ident + bytes(20))
    made.append(frame(addrs[0], 0x91, ident + inner))
    # the payload looks like a frame on the wire too
    made.append(frame(addrs[0], 0x91, bytes((byte - 0x33) & 255 for byte in inner)))
    return made


def probe(buf, at):
    if at + 12 > len(buf) or buf[at + 7] != 0x68:
        return 0, 0
    size = 12 + buf[at + 9]
    if at + size > len(buf) or buf[at + size - 1] != 0x16:
        return 0, 0
    return (size if sum(buf[at : at + size - 2]) % 256 == buf[at + size - 2] else 0), CHANCE


def lengths(raw):
    """(offset, bytes, big endian) of each length field."""
    return [(9, 1, False)]


def seal(raw):
    """The frame with its checksum made right, at the place its length names."""
    raw = bytearray(raw)
    if len(raw) >= 12 and 12 + raw[9] <= len(raw):
        size = 12 + raw[9]
        raw[size - 2 : size] = bytes([sum(raw[: size - 2]) & 255, 0x16])
    return bytes(raw)


def fit(raw):
    """The frame with its outer length and checksum made right for the bytes it has."""
    raw = bytearray(raw[:267])
    if len(raw) < 12:
        return bytes(raw)
    raw[0] = raw[7] = 0x68
    raw[9] = len(raw) - 12
    return seal(raw)


def body(raw):
    """Where the payload starts, and how many bytes follow it."""
    return 10, 2


class Said:
    """What a frame says."""

    def __init__(self, raw):
        self.addr = raw[1:7][::-1].hex().upper()
        self.control = raw[8]
        data = bytes((byte - 0x33) & 255 for byte in raw[10:-2])
        self.error = -1
        if self.control & 0x40:
            self.error = data[0] if data else 0
        at, size = where_identifier(self.control)
        self.di = ""
        if size and at + size <= len(data):
            self.di = data[at : at + size][::-1].hex().upper()
            data = data[:at] + data[at + size :]
        self.data = data
        self.more = bool(self.control & 0x20)

    def text(self):
        return text.write((self.addr, self.control, self.di, self.data, self.error, self.more))


def where_identifier(control):
    """(offset, size) of the identifier in the data; (0, 0) when there is none."""
    if control & 0x40:
        return 0, 0
    function = control & 0x1F
    if function in (0x11, 0x12):
        return 0, 4
    if function in (0x01, 0x02):
        return 0, 2
    if control & 0x80:
        return 0, 0
    return {0x14: (0, 4), 0x18: (0, 4), 0x04: (0, 2), 0x1B: (8, 4)}.get(function, (0, 0))


def content(raw):
    """Expected text: the frame | its numbers ("?" where this file does not know the item)."""
    said = Said(raw)
    if not said.di or not said.control & 0x80:
        return said.text() + "|-"
    return said.text() + "|" + _numbers(said.di, said.data)


def _numbers(di, data):
    if di not in ITEMS:
        return "?"
    repeats, fields = ITEMS[di]
    one = sum(size for size, _ in fields)
    if len(data) % one or not data or (len(data) != one and not repeats):
        return "!"
    values = []
    for start in range(0, len(data), one):
        at = start
        for size, signed in fields:
            if signed is not None:
                raw = data[at : at + size]
                if raw == b"\xff" * size:
                    values.append(None)
                else:
                    digits = raw[::-1].hex()
                    minus = signed and raw[-1] & 0x80
                    if minus:
                        digits = "%x" % (raw[-1] >> 4 & 7) + digits[1:]
                    if not digits.isdigit():
                        return "!"
                    values.append(-int(digits) if minus else int(digits))
            at += size
    return text.write(values)


class Exchange:
    """One question and what the frames on the line make of it, as a master must judge them."""

    def __init__(self, request):
        asked = Said(request)
        self.addr = "" if asked.addr == "99" * 6 else asked.addr
        self.function = asked.control & 0x1F
        self.di = asked.di if where_identifier(asked.control | 0x80)[1] else ""
        self.count = 0  # of the follow-up asked last
        self.data = b""
        self.alien = self.late = self.stale = 0

    def take(self, raw):
        """Text of what a frame leads to, or "" for nothing."""
        said = Said(raw)
        if not self.addr:
            self.stale += 1
            return ""
        pairs = zip(range(0, 12, 2), range(2, 13, 2))
        same = all(self.addr[a:b] in ("AA", said.addr[a:b]) for a, b in pairs)
        if not said.control & 0x80 or not same:
            self.alien += 1
            return ""
        good = said.control & 0x1F == self.function
        if good and said.error < 0:
            good = said.di == self.di
            if good and self.count:
                good = said.data[-1:] == bytes([self.count])
        if not good:
            self.late += 1
            return ""
        return self._accept(said)

    def _accept(self, said):
        data = said.data
        if self.count and said.error < 0:
            data = data[:-1]
        self.data += data
        more = said.more and said.error < 0 and len(self.di) == 8
        if len(self.data) > 1024 or (more and self.count == 255):
            self.addr = ""
            return "!"
        if more:
            self.count += 1
            self.addr = said.addr
            self.function = 0x12
            ident = bytes.fromhex(self.di)[::-1] + bytes([self.count])
            request = frame(bytes.fromhex(self.addr)[::-1], 0x12, ident)
            return "S" + (b"\xfe" * 4 + request).hex()
        self.addr = ""
        reply = (said.addr, said.control, said.di, self.data, said.error, said.more)
        return "D" + text.write(reply)


def exchanges(rng):
    """(request, replies that answer it or nearly so)"""
    addr = bytes.fromhex("010000000000")
    block = bytes.fromhex("0001ff00")[::-1]
    frames = [frame(addr, 0xB1, block + bytes(200))]
    frames += [frame(addr, 0xB2, block + bytes(190) + bytes([n])) for n in range(1, 7)]
    frames.append(frame(addr, 0x92, block + bytes(8) + b"\x07"))
    two = bytes.fromhex("02010100")[::-1]
    other = bytes.fromhex("020000000000")
    answer = frame(addr, 0x91, two + b"\x19\x22")
    return [
        (frame(addr, 0x11, block), frames),
        (frame(addr, 0x11, block), [frames[0], frame(addr, 0x92, block + bytes(8) + b"\x01")]),
        (frame(addr, 0x11, two), [answer]),
        (frame(b"\xaa" * 6, 0x11, two), [frame(other, 0x91, two + b"\x01\x02"), answer]),
        (frame(addr, 0x11, two), [frame(other, 0x91, two + b"\x01\x02"), answer, answer]),
        (frame(addr, 0x11, two), [frame(addr, 0xD1, b"\x02"), answer]),
        (frame(b"\xaa" * 6, 0x13, b""), [frame(other, 0x93, other)]),
        (frame(addr, 0x14, two + bytes(9)), [frames[0], frame(addr, 0x94, b"")]),
        (frame(addr, 0x01, b"\x10\x90"), [frame(addr, 0x81, b"\x10\x90" + bytes(4))]),
        (frame(b"\x99" * 6, 0x08, bytes(6)), [answer]),
    ]
