"""The four stamps of a LINK exchange: what the master's time is, how far it may be off, and which
answers say nothing."""

import random
from binascii import unhexlify

from master698_world import Terminal, answer, asked, local
from time_world import HOUR, SECOND, START_US, World

from firmware.codec import dlt698_serve
from firmware.codec.dlt698_server import Server
from firmware.core import civil
from firmware.timing.link_question import Question, Refusal, wire

MS = 1000
w = World()
w.start(-400 * SECOND, 500 * SECOND)  # the terminal is behind
t = Terminal(w, lambda utc_us: 0)


def exchange(out_us=30 * MS, held_us=5 * MS, back_us=30 * MS, change=None, **more):
    """Ask, and hear what the master says: (UTC, doubt)."""
    frame = t.ask()
    w.pass_by(out_us, out_us)
    received = w.true_us()
    w.pass_by(held_us, max(1, held_us))
    sent = w.true_us()
    w.pass_by(back_us, back_us)
    if change:
        received, sent = change(received, sent)
    floor_s = more.pop("floor_s", 0)
    return t.hear(answer(frame, local(received), local(sent), **more), floor_s)


# the frame is the one of a captured login, byte for byte (vectors: LINK request, login, 180 s)
moment = wire(civil.utc_ms((2025, 4, 3, 15, 20, 5)), 0)
assert moment == (2025, 4, 3, 4, 15, 20, 5, 0)
whole = Server("111111111111", None).question(0, dlt698_serve.LOGIN, 180, moment)
text = "681e008105111111111111009e7601000000b407e90403040f14050000e8b016"
assert whole == unhexlify(text), whole
# and the answer of the standard's example (annex D): three times in one second
read = dlt698_serve.read_link_answer(
    unhexlify("81008007e0051304080500008907e0051304080501025f07e005130408050202da")
)
assert read.result == 0x80 and read.answered == (2016, 5, 19, 4, 8, 5, 2, 730), read
assert read.asked[-1] == 137 and read.received[-2:] == (1, 607)
# a Sunday
assert wire(civil.utc_ms((2026, 11, 22, 23, 47, 0)), 0)[3] == 7
assert wire(civil.utc_ms((2026, 11, 22, 23, 47, 0)), 480)[2:5] == (23, 1, 7)

# a good answer, and how good
random.seed(3)
for _ in range(300):
    way = [random.randrange(1, 900 * MS) for _ in range(3)]
    utc_us, doubt_us = exchange(*way)
    assert abs(utc_us - w.true_us()) <= doubt_us - 100 * MS, way  # the last: its own clock
    assert doubt_us <= (way[0] + way[2]) // 2 + 103 * MS, (way, doubt_us)
piid, kind, every_s, _ = asked(t.ask())
assert (piid, kind, every_s) == (t.asked & 63, 1, 300)

# asymmetry is within what it says
utc_us, doubt_us = exchange(out_us=2 * SECOND, back_us=1 * MS)
assert 990 * MS < abs(utc_us - w.true_us()) < doubt_us < 1200 * MS
# whole seconds: the doubt says so
for _ in range(40):
    w.pass_by(random.randrange(SECOND), SECOND)
    whole = exchange(change=lambda *both: [x // SECOND * SECOND for x in both])
    assert abs(whole[0] - w.true_us()) <= SECOND and 2 * SECOND <= whole[1] < 3 * SECOND
# ms that are not told are whole seconds
frame = t.ask()
w.pass_by(300 * MS, 100 * MS)
plain = local(w.true_us())[:8] + b"\xff\xff"
utc_us, doubt_us = t.hear(answer(frame, plain, plain))
assert abs(utc_us - w.true_us()) < SECOND and doubt_us > 2 * SECOND


def refused(words, **more):
    try:
        exchange(**more)
    except ValueError as error:
        assert words in str(error), error
        return
    raise AssertionError(words)


refused("not trust", result=0)
refused("before it was asked", change=lambda a, b: (b + 5 * MS, a))
refused("before it was asked", change=lambda a, b: (a - HOUR, b))
refused("before it was asked", change=lambda a, b: (a, b + 90 * MS))
refused("in the past", floor_s=START_US // SECOND + 86400)
for wrong in ("07ea0d1eff0c00000000", "07ea0b1fff0c00000000", "07ea0b1eff1800000000") + (
    "07ea0b1eff0c3c000000",
    "07ea0b1eff0c003c0000",
    "07ea0b1eff0c000003e8",
    "ffffffffffffffffffff",
):
    try:
        t.hear(answer(t.ask(), unhexlify(wrong), local(w.true_us())))
        raise AssertionError(wrong)
    except ValueError as error:
        assert str(error)
w.pass_by(SECOND - w.true_us() % SECOND + 200 * MS, SECOND)
frame = t.ask()
w.pass_by(40 * MS, 20 * MS)
late = local(w.true_us() - 20 * MS - SECOND)  # the right time, but for how it is written
late = late[:8] + (1000 + 220).to_bytes(2, "big")
try:
    t.hear(answer(frame, late, late))
    raise AssertionError(late)
except ValueError as error:
    assert "1220 ms" in str(error)
for result in (1, 2, 3, 7, 0x82):
    try:
        exchange(result=result)
        raise AssertionError(result)
    except Refusal as refusal:
        assert str(refusal)

# another question's, another terminal's, nobody's
assert exchange(piid=t.asked + 2 & 63) is None
old = t.ask()
new = t.ask()
assert t.hear(answer(old, local(w.true_us()), local(w.true_us()))) is None
t.question = Question(t.asked, w.clock.utc_ms() + 1, 480)  # the number alone is not enough
assert t.hear(answer(new, local(w.true_us()), local(w.true_us()))) is None
strays = t.server.strays
assert exchange(whom="201605190908") is None and t.server.strays == strays + 1
for control in (0x81, 0xC1, 0x41, 0x03, 0x21):
    assert exchange(control=control) is None, control
assert t.server.strays == strays + 6
print("OK")
