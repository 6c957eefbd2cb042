"""Q/GDW 1376.2: data units against bytes laid by hand, in both directions; what lies about its
length is refused."""

from gdw1376_2_cases import ASK, CASES, METER, OTHER, M, X, hexed
from refusals import refused

from firmware.codec import gdw1376_2
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_events as events
from firmware.codec import gdw1376_2_info as info
from firmware.codec import gdw1376_2_up as up
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

READ_METER = "6878563412000068110433333433c616"


def directions(mark):
    return [units for name, units in (("d", down), ("u", up)) if mark in (name, "*")]


def test_units():
    for mark, afn, fn, form, text, values in CASES:
        for units in directions(mark):
            unit = hexed(text)
            got = units.decode(afn, fn, unit)
            assert got == values, (mark, afn, fn, got)
            assert units.encode(afn, fn, values, form) == unit, (mark, afn, fn)


def test_no_row_is_without_a_case():
    for mark, units in (("d", down), ("u", up)):
        cased = [(case[1], case[2]) for case in CASES if case[0] == mark]
        for row in units._ROWS:
            assert row[:2] in cased, row
            forms = [case[3] for case in CASES if case[:3] == (mark, row[0], row[1])]
            assert len(set(forms)) == len(row[3]), row


def test_a_unit_cut_short_is_never_taken_for_whole():
    for mark, afn, fn, _, text, values in CASES:
        for units in directions(mark):
            unit = hexed(text)
            for cut in range(len(unit)):
                try:
                    got = units.decode(afn, fn, unit[:cut])
                except CodecError:
                    continue
                assert got != values, (mark, afn, fn, cut)


def test_lying_lengths():
    # confirmed layouts refuse, others hand out what is left, unverified ones say nothing
    assert refused(up.decode, 0x02, 1, hexed("02 04" + ASK))
    assert refused(up.decode, 0x02, 1, hexed("02 02" + ASK))
    assert refused(up.decode, 0x10, 2, hexed("0200 02" + M + "0000"))
    assert refused(up.decode, 0x10, 2, hexed("0200 00" + M + "0000"))
    assert refused(up.decode, 0x10, 2, hexed("0200 ff"))
    assert refused(up.decode, 0x13, 1, hexed("0100 02 ff" + ASK))
    assert refused(up.decode, 0x00, 1, b"\0")
    assert refused(down.decode, 0x12, 2, b"\0")
    assert refused(up.decode, 0x06, 1, hexed("ff" + M + "020100"))
    got = up.decode(0x06, 1, hexed("00" + M))
    assert got == {"nodes": [], "rest": hexed(M)}
    assert up.decode(0x03, 7, b"\x5a\1") == {"timeout": 90, "rest": b"\1"}
    assert refused(up.decode, 0x03, 7, b"")
    assert up.decode(0x03, 5, b"\1\1\2\3\4") == {
        "status": 1, "channels": 1, "rates": [0x0302], "rest": b"\4"
    }  # fmt: skip
    assert up.decode(0xF1, 1, hexed("03 ffff" + ASK)) is None
    assert up.decode(0x10, 4, bytes(15)) is None
    assert down.decode(0x05, 80, b"\1") is None  # a maker's own
    assert up.decode(0x06, 230, b"") is None


def test_older_forms_of_meters_whose_address_looks_like_a_length():
    # address byte 0E (14 bytes are left behind it), so that the newer form takes the units, too
    meter = "680e5634120000681104333334" + "33c816"
    wanted = {"protocol": 2, "data": hexed(meter)}
    assert up.decode(0x13, 1, hexed("0210" + meter)) == wanted
    wanted["index"] = 3
    assert up.decode(0x06, 2, hexed("0300 02 10" + meter)) == wanted
    # and no frame in either: the newer form
    assert up.decode(0x13, 1, b"\2\3\0\1\5")["seconds"] == 0x302


def test_values_are_judged():
    encode = down.encode
    assert refused(encode, 0x05, 80, {})
    assert refused(encode, 0x10, 2, {"start": 1})
    assert refused(encode, 0x10, 2, {"start": 65536, "count": 1})
    assert refused(encode, 0x10, 2, {"start": -1, "count": 1})
    assert refused(encode, 0x10, 2, {"start": "1", "count": 1})
    assert refused(encode, 0x10, 2, {"start": 1, "count": 1}, 1)
    assert refused(encode, 0x05, 1, {"addr": "1234"})
    assert refused(encode, 0x05, 1, {"addr": 1234})
    assert refused(encode, 0x02, 1, {"protocol": 2, "data": bytes(256)})
    assert refused(encode, 0x02, 1, {"protocol": 2, "data": "68"})
    assert up.decode(0x03, 12, hexed("207f 00 03"))["vendor"] == "? "
    assert refused(encode, 0x11, 1, {"nodes": [(METER,)]})
    assert refused(encode, 0x11, 1, {"nodes": [METER]})
    assert refused(encode, 0x11, 1, {"nodes": [(METER, 2)] * 256})
    assert refused(up.encode, 0x03, 12, {"vendor": "E", "id": (1, b"")})
    assert refused(up.encode, 0x03, 12, {"vendor": "ES", "id": b""})
    node = (METER, 2, 1, 0, (3,))
    assert refused(up.encode, 0x06, 4, {"nodes": [node]})


def test_events():
    read, write = events.read, events.write
    both = (events.OUTAGE, [METER, OTHER], b"")
    assert read(2, 4, hexed("01" + M + X)) == both
    assert read(2, 0, hexed("01" + M + X)) == both  # firmware that ignores the protocol byte
    assert read(5, 2, hexed("01" + M + X)) == both
    assert write(events.Event(*both)) == hexed("01" + M + X)
    assert read(0, 4, hexed("02" + M)) == (events.RESTORED, [METER], b"")
    meters = (events.COLLECTED, [(METER, 0), (OTHER, 1)], b"")
    assert read(0, 1, hexed(M + "00" + X + "01")) == meters
    assert write(events.Event(*meters)) == hexed(M + "00" + X + "01")
    rejected = (events.REJECTED, [(METER, 1), (OTHER, 0)], b"")
    assert read(2, 5, hexed("02" + M + "01" + X + "00")) == rejected
    assert write(events.Event(*rejected)) == hexed("02" + M + "01" + X + "00")
    for text in ("", "01" + M, "02" + M + "01", "00" + M + "01"):
        assert refused(read, 2, 5, hexed(text)), text
    inner = hexed(READ_METER)
    assert read(1, 2, inner) == (events.FRAME, [], inner)
    assert read(1, 3, b"\xfe\xfe" + inner) == (events.FRAME, [], b"\xfe\xfe" + inner)
    assert write(events.Event(events.FRAME, [], inner)) == inner
    longest = b"\x68" + bytes(253) + b"\x16"
    assert write(events.read(1, 3, longest)) == longest
    shortest = hexed("68785634120000680800" + "f016")  # 645 without data: 12 bytes
    assert read(1, 2, shortest) == (events.FRAME, [], shortest)
    for content in (b"", b"\1", hexed("03" + M), hexed("01" + M + "00"), b"\xfe" * 20):
        assert read(2, 2, content) == (events.UNKNOWN, [], content), content
    assert refused(write, events.Event(events.OUTAGE, [METER] * 43, b""))
    assert refused(write, events.Event(events.OUTAGE, ["1"], b""))


def test_node_information():
    # bits 3..0 level, 7..4 quality, 11..8 phase, 14..12 protocol
    assert up.route(0x2A53) == (3, 5, 10, 2)


def noise(seed):
    while True:
        seed = (seed * 1103 + 12345) & 0xFFFFF
        yield seed >> 4


def test_mutated_frames_raise_nothing_else():
    f = Framer(gdw1376_2.measure, 2 * gdw1376_2.MAX_FRAME)
    random = noise(1376)
    taken = refused_units = 0
    for _ in range(12):
        for mark, afn, fn, _, text, _ in CASES:
            way = (METER, OTHER) if next(random) & 1 else ()
            control = 0x43 if mark == "d" else 0x83
            written = info.down(1) if mark == "d" else info.up(1)
            raw = bytearray(gdw1376_2.build(control, written, afn, fn, hexed(text), way))
            for _ in range(1 + next(random) % 3):
                raw[next(random) % len(raw)] = next(random) & 255
            if next(random) & 3:
                # most of them are made to pass the sum, so that what is behind it is reached
                raw[0], raw[-1] = 0x68, 0x16
                raw[1], raw[2] = len(raw), 0
                raw[-2] = sum(raw[3:-2]) & 255
            f.feed(raw[next(random) % 8 :] if next(random) & 15 == 0 else raw)
            f.expire()
            found = f.next()
            while found is not None:
                taken += 1
                refused_units += not judged(found)
                found = f.next()
    assert taken > 900 and refused_units > 90, (taken, refused_units)


def judged(raw):
    try:
        frame = gdw1376_2.parse(raw)
        units = up if frame.control & gdw1376_2.UP else down
        values = units.decode(frame.afn, frame.fn, frame.unit)
        if values and "content" in values:
            events.read(values["device"], values["protocol"], values["content"])
    except CodecError:
        return False
    return True


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
