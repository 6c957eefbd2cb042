"""A master's time becomes the terminal's, by the discipline as it is: within the doubt at once,
beyond it when said three times in a row, beyond 15 minutes not at all."""

import random

from master698_world import Terminal, answer, local
from time_world import HOUR, SECOND, World

from firmware.timing.link_question import Refusal

MS = 1000
MINUTE = 60 * SECOND


def beat(w, t, away_us=0, every_us=5 * MINUTE, **more):
    """A heart-beat, answered by a clock that is `away_us` off the truth; True: it was believed."""
    frame = t.ask()
    w.pass_by(random.randrange(1, 300) * MS, SECOND)
    received = w.true_us() + away_us
    w.pass_by(random.randrange(1, 20) * MS, SECOND)
    sent = w.true_us() + away_us
    w.pass_by(random.randrange(1, 300) * MS, SECOND)
    try:
        times = t.hear(answer(frame, local(received), local(sent), **more))
    except (ValueError, Refusal):
        times = None
    is_believed = times is not None and w.discipline.offer("master", *times, w.clock.us())
    w.pass_by(every_us)
    return is_believed


def world(error_us=0, doubt_us=SECOND, is_known=True, ppb=0):
    random.seed(5)
    w = World(ppb)
    w.pass_by(5 * MINUTE)
    w.start(error_us, doubt_us, is_known)
    w.untrue_us = w.worst_us = w.back_us = 0
    return w, Terminal(w, None)


# two days of heart-beats with a poor crystal
w, t = world(-40 * SECOND, MINUTE, ppb=90000)
assert beat(w, t)
w.worst_us = 0
for _ in range(2 * 24 * 12):
    assert beat(w, t)
assert w.untrue_us <= 0 and w.back_us == 0 and w.worst_us < 400 * MS, w.worst_us
assert abs(w.error_us()) < 100 * MS and w.discipline.followed.name == "master"
assert w.discipline.state == "synchronised"

# beyond the doubt: three times in a row, and beyond 15 minutes never
w, t = world(-5 * MINUTE)
assert [beat(w, t, every_us=MINUTE) for _ in range(3)] == [False, False, True]
w.pass_by(5 * MINUTE)
assert abs(w.error_us()) < 400 * MS and w.discipline.steps == 1
w, t = world()
assert not any([beat(w, t, HOUR) for _ in range(9)])
assert abs(w.error_us()) < SECOND and w.discipline.steps == 0 and "CLOCK_REFUSED" in w.names()

# a time that was not known: two that agree
w, t = world(-400 * 24 * HOUR, 0, False)
assert [beat(w, t, every_us=MINUTE) for _ in range(2)] == [False, True]
assert w.clock.is_known and abs(w.error_us()) < 400 * MS

# not trusted, refused: the clock stays where it is
for result in (0, 1, 0x82):
    w, t = world(-40 * SECOND, MINUTE)
    assert not any([beat(w, t, result=result) for _ in range(5)])
    assert abs(w.error_us() + 40 * SECOND) < MS and w.discipline.sources == {}
print("OK")
