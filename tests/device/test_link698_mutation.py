"""Answers of a master with bytes that are wrong, all of one byte and many of several: nothing but
what is declared is raised, no broken frame counts, and what is believed is never farther off than
it says. The discipline's clock stays true all along."""

import random

from master698_world import OWN, Terminal, answer, asked, local, local_s, request
from time_world import SECOND, World

from firmware.codec import dlt698
from firmware.codec.dlt698_address import meter
from firmware.timing.link_question import Refusal

MS = 1000
ROUNDS = 3000
BYTES = (0x00, 0x01, 0x10, 0x7F, 0x80, 0x81, 0x8F, 0xFF)
commands = []
w = World()
w.start(0, SECOND)
t = Terminal(w, lambda utc_us: commands.append(utc_us) or 0)
random.seed(698)


def good():
    """(frame of a good answer, when it is heard the world is 25 ms on)."""
    frame = t.ask()
    w.pass_by(20 * MS, 20 * MS)
    received = w.true_us()
    w.pass_by(6 * MS, 6 * MS)
    frame = answer(frame, local(received), local(w.true_us()))
    w.pass_by(25 * MS, 25 * MS)
    return frame


def hear(frame):
    """True when it was believed: it must be true then."""
    try:
        times = t.hear(frame)
    except (ValueError, Refusal) as refusal:
        assert str(refusal)
        return False
    finally:
        t.server.expire()
        while t.server.next() is not None:
            pass
        assert t.server.pending() == 0
    if times is None:
        return False
    # what a wrong time of receipt does, within the exchange, is the master's own error
    assert abs(times[0] - w.true_us()) <= times[1], (times, w.true_us())
    w.discipline.offer("master", times[0], times[1], w.clock.us())
    return True


def true():
    """The clock is what it says of itself, and never was far away."""
    assert w.untrue_us <= 0 and w.worst_us < 200 * MS, (w.untrue_us, w.worst_us)
    assert w.discipline.steps == 0 and commands == []


assert hear(good())
# one byte of the frame: no check sum fits any more, or it says what it said
size = len(good())
for at in range(size):
    for value in BYTES:
        frame = bytearray(good())
        is_same = frame[at] == value
        frame[at] = value
        assert hear(bytes(frame)) == is_same, (at, value)
true()

# one byte of the APDU, in a frame whose check sums fit
believed = 0
size = len(dlt698.parse(good()).data)
for at in range(size):
    for value in BYTES + tuple(range(11, 61, 7)):
        apdu = bytearray(dlt698.parse(good()).data)
        apdu[at] = value
        believed += hear(dlt698.build(0x01, meter(OWN), 0, bytes(apdu)))
true()
assert 16 <= believed <= 16 * 13, believed  # bytes that were so already, and weekdays

# several bytes, missing and added ones, of frame and APDU
believed = 0
for i in range(ROUNDS):
    frame = good()
    raw = bytearray(dlt698.parse(frame).data if i & 1 else frame)
    for _ in range(random.randrange(1, 4)):
        at, kind = random.randrange(len(raw)), random.randrange(5)
        if kind == 0:
            raw[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            raw[at] = random.randrange(256)
        elif kind == 2 and len(raw) > 9:
            raw = raw[:at] + raw[at + 1 :]
        elif kind == 3:
            raw = raw[:at] + bytes([random.randrange(256)]) + raw[at:]
        else:
            raw[at] = raw[at] + random.choice((1, 255)) & 255
    believed += hear(dlt698.build(0x01, meter(OWN), 0, bytes(raw)) if i & 1 else bytes(raw))
true()
assert believed < ROUNDS // 4, believed

# half frames in front of good ones: the good one is found when the line was silent
for cut in range(1, 30, 3):
    frame = good()
    t.server.feed(frame[:cut])
    assert t.server.next() is None
    t.server.expire()
    assert hear(frame), cut

# requests with wrong bytes: an answer, an error, or nothing; a SET that was believed is a SET
for i in range(ROUNDS):
    text = ("060107 40000200", "070108 40007f00", "0602070140000200", "050105 40000200")[i & 3]
    raw = bytearray(
        dlt698.parse(request(text, more=local_s(w.true_us()) if i & 3 < 3 else b"")).data
    )
    for _ in range(random.randrange(1, 4)):
        raw[random.randrange(len(raw))] = random.choice(BYTES)
    if i & 16:
        raw = raw[: random.randrange(len(raw))]
    before = len(commands)
    t.server.feed(dlt698.build(0x43, meter(OWN), 0, bytes(raw)))
    back = t.server.next()
    assert back is not None and t.server.next() is None
    if len(commands) > before:
        taken = dlt698.parse(back).data
        assert taken[0] in (0x86, 0x87) and taken[0] & 15 == raw[0], (bytes(raw), taken)
assert asked(t.ask())[1] == 1
print("OK")
