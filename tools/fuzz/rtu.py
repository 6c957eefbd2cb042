"""Modbus RTU replies by the fuzzer's own few lines: seeds, the judge of a frame, what it says.

Written from the layout (unit, function, byte count or echo, CRC low byte first), not from the
codec.
"""

import struct

from tools.fuzz import sums, text

NAME = "modbus"
START = -1
LIMIT = 512
CHANCE = 2.0**-16

READS, WRITES = (1, 2, 3, 4, 0x17), (5, 6, 15, 16)


def frame(data):
    crc = sums.modbus(data)
    return bytes(data) + bytes([crc & 255, crc >> 8])


def seeds(rng):
    made = []
    for function in READS:
        for count in (1, 2, 9, 40, 250):
            if function > 2:
                count += count & 1
            raw = rng.randbytes(count)
            made.append(frame(bytes([rng.randint(1, 247), function, count]) + raw))
    for function in WRITES:
        made.append(frame(bytes([rng.randint(1, 247), function]) + rng.randbytes(4)))
    for function in (*READS, *WRITES):
        made.append(frame(bytes([17, function | 0x80, rng.randint(1, 11)])))
    inner = frame(b"\x11\x03\x04\x01\x02\x03\x04")
    made.append(frame(b"\x11\x04" + bytes([len(inner) + 1]) + inner + b"\0"))
    return made


def probe(buf, at):
    left = len(buf) - at
    if left < 5 or not 0 < buf[at] < 248:
        return 0, 0
    function = buf[at + 1] % 128
    if function in READS:
        count = buf[at + 2]
        odd = function > 2 and count % 2
        size = 5 if buf[at + 1] > 127 else 0 if odd or not 0 < count < 251 else 5 + count
    elif function in WRITES:
        size = 5 if buf[at + 1] > 127 else 8
    else:
        size = 0
    if not size or size > left:
        return 0, 0
    crc = sums.modbus(buf[at : at + size - 2])
    good = buf[at + size - 2] | buf[at + size - 1] << 8 == crc
    return (size if good else 0), CHANCE


def lengths(raw):
    return [(2, 1, False)] if raw[1] in READS else [(1, 1, False)]


def _size(raw):
    if len(raw) < 5:
        return len(raw)
    if raw[1] > 127:
        return 5
    return 5 + raw[2] if raw[1] in READS else 8


def seal(raw):
    size = _size(raw)
    if not 5 <= size <= len(raw):
        return bytes(raw)
    return frame(bytes(raw[: size - 2])) + bytes(raw[size:])


def fit(raw):
    raw = bytearray(raw[:255])
    if len(raw) > 5 and raw[1] in READS:
        raw[2] = len(raw) - 5
    return seal(raw)


def body(raw):
    return 3, 2


def content(raw):
    """Expected text: the reply | registers, or bits | longer numbers."""
    function = raw[1]
    if function > 127:
        return text.write((raw[0], function & 127, raw[2], b"")) + "|-|-"
    data = raw[3:-2] if function in READS else raw[2:-2]
    reply = text.write((raw[0], function, -1, data))
    if function in (1, 2):
        bits = [bool(data[i // 8] >> i % 8 & 1) for i in range(min(8 * len(data), 19))]
        return f"{reply}|{text.write(bits)}|-"
    if len(data) % 2:
        return reply + "|!|!"
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    if len(data) < 4:
        return f"{reply}|{text.write(words)}|!"
    low_first = words[1] << 16 | words[0]
    low_first -= low_first >> 31 << 32
    return f"{reply}|{text.write(words)}|{low_first},{words[0] << 16 | words[1]}"


class Exchange:
    """One question and what the frames on the line make of it, as a master must judge them."""

    def __init__(self, request):
        self.request = request if request[0] else b""
        self.alien = self.late = self.stale = 0

    def take(self, raw):
        asked = self.request
        if not asked:
            self.stale += 1
            return ""
        if raw[0] != asked[0]:
            self.alien += 1
            return ""
        good = raw[1] & 127 == asked[1]
        if good and raw[1] < 128:
            count = int.from_bytes(asked[4:6], "big")
            if asked[1] in (1, 2):
                good = raw[2] == (count + 7) // 8
            elif asked[1] in READS:
                good = raw[2] == 2 * count
            else:
                good = raw[2:6] == asked[2:6]
        if not good:
            self.late += 1
            return ""
        self.request = b""
        return "D" + content(raw).split("|")[0]


def exchanges(rng):
    read = frame(b"\x11\x03\x00\x10\x00\x02")
    answer = frame(b"\x11\x03\x04\x01\x02\x03\x04")
    write = frame(b"\x11\x06\x00\x10\x00\x02")
    many = frame(b"\x11\x10\x00\x10\x00\x02\x04" + bytes(4))
    return [
        (read, [answer]),
        (read, [frame(b"\x12\x03\x04\x01\x02\x03\x04"), answer, answer]),
        (read, [frame(b"\x11\x03\x02\x01\x02"), answer]),
        (read, [frame(b"\x11\x83\x06"), answer]),
        (write, [write]),
        (write, [frame(b"\x11\x06\x00\x11\x00\x02"), write]),
        (many, [frame(b"\x11\x10\x00\x10\x00\x02")]),
        (frame(b"\x11\x01\x00\x10\x00\x13"), [frame(b"\x11\x01\x03\x01\x02\x03")]),
        (frame(b"\0\x06\x00\x10\x00\x02"), [write]),
        (
            frame(b"\x11\x17\x00\x10\x00\x02\x00\x10\x00\x01\x02\0\0"),
            [frame(b"\x11\x17\x04" + bytes(4))],
        ),
    ]
