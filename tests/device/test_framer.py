"""The stream framer with the DL/T 645 probe: resynchronisation, silence, bounds, counters."""

from binascii import unhexlify

from firmware.codec import framer
from firmware.codec.dlt645 import measure
from firmware.codec.framer import Framer

# read 00010000 from 000000000001, and its reply of 123456.78 kWh (clause 7.1, frame format)
ASK = unhexlify("6801000000000068110433333433b316")
REPLY = unhexlify("6801000000000068910833333433ab8967451716")
FE = b"\xfe\xfe\xfe\xfe"


def drain(f):
    out = []
    while True:
        frame = f.next()
        if frame is None:
            return out
        out.append(frame)


def run(*chunks, limit=544):
    f = Framer(measure, limit)
    out = []
    for chunk in chunks:
        f.feed(chunk)
        out += drain(f)
    return f, out


def test_every_split():
    stream = FE + ASK + FE + REPLY
    for cut in range(len(stream) + 1):
        f, out = run(stream[:cut], stream[cut:])
        assert out == [ASK, REPLY], cut
        assert f.garbage == 0 and f.pending() == 0, cut
        assert f.frame_at == len(FE + ASK + FE), cut


def test_byte_by_byte():
    f, out = run(*[bytes([b]) for b in REPLY + ASK])
    assert out == [REPLY, ASK]


def test_bad_checksum_costs_only_itself():
    bad = bytearray(REPLY)
    bad[12] ^= 1
    f, out = run(bytes(bad) + ASK)
    assert out == [ASK]
    assert f.count(framer.CHECKSUM) == 1
    assert f.garbage == len(REPLY)


def test_bad_end():
    f, out = run(REPLY[:-1] + b"\0" + ASK)
    assert out == [ASK] and f.count(framer.END) == 1


def test_false_header_in_noise():
    # 68 00 11 and the preamble make a plausible header whose second 68 is the real frame's first
    f, out = run(b"\x68\x00\x11" + FE + ASK)
    assert out == [ASK] and f.frame_at == 7
    assert f.garbage == 3


def test_lying_length_swallows_nothing():
    liar = bytearray(REPLY)
    liar[9] = 0xFF
    f, out = run(bytes(liar) + ASK + REPLY)
    assert out == []  # 267 bytes are announced, so nothing can be said yet
    f.expire()
    assert drain(f) == [ASK, REPLY]
    assert f.count(framer.INCOMPLETE) >= 1
    assert f.pending() == 0
    # without silence the bytes that follow settle it as well
    f, out = run(bytes(liar), *[ASK] * 20)
    assert out == [ASK] * 20


def test_silence_ends_a_truncated_frame():
    f, out = run(ASK[:-2])
    assert out == [] and f.garbage == 0
    f.expire()
    assert drain(f) == [] and f.pending() == 0
    assert f.count(framer.INCOMPLETE) == 2  # it and the 68 behind its address
    # what arrives after the silence starts afresh
    f.feed(ASK[-2:] + REPLY)
    assert drain(f) == [REPLY]


def test_new_bytes_after_expire_may_wait():
    f, out = run(ASK[:5])
    f.expire()
    f.feed(REPLY[:12])
    assert drain(f) == []
    f.feed(REPLY[12:])
    assert drain(f) == [REPLY]


def test_never_grows():
    f = Framer(measure, 64)
    f.feed(b"\x68" * 100)
    assert f.dropped == 36
    assert drain(f) == []
    # a frame longer than the buffer is given up instead of filling it for ever
    f = Framer(measure, 64)
    header = unhexlify("680100000000006811c8")
    f.feed(header + b"\x55" * 54)
    assert drain(f) == [] and f.count(framer.LENGTH) == 1 and f.pending() == 0
    f.feed(ASK)
    assert drain(f) == [ASK]


def test_long_stream_in_a_small_buffer():
    f = Framer(measure, 64)
    for i in range(200):
        f.feed(REPLY if i % 3 else b"\x68\x68\x16" + REPLY)
        assert drain(f) == [REPLY], i
    assert f.dropped == 0 and f.garbage == 3 * 67
    assert f.frame_at == 199 * len(REPLY) + 3 * 67 - (3 if 199 % 3 == 0 else 0)


def test_work_is_linear():
    # A flood of start bytes and plausible headers must not be searched from the front again
    # for each byte that arrives: count how often the probe is asked.
    asked = [0]

    def counting(buf, at, end):
        asked[0] += 1
        return measure(buf, at, end)

    f = Framer(counting, 544)
    noise = b"\x68\x16\x68\x01\x02\x68\x68" * 300
    for i in range(len(noise)):
        f.feed(noise[i : i + 1])
        drain(f)
    f.expire()
    drain(f)
    assert asked[0] <= 2 * len(noise), asked[0]
    assert f.pending() == 0 and f.garbage == len(noise)


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
