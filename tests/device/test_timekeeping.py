"""The time as the composition root wires it: a floor on real flash, a battery clock that stops,
a step that the file and the battery clock learn of, what is shown."""

import vfs
from flash import formatted
from time_world import SECOND, START_US, Settings, ticks_diff

from firmware.core import civil
from firmware.core.clock import Clock
from firmware.core.errors import ConfigError
from firmware.core.log import Log
from firmware.core.marks import CLOCK, MISSED
from firmware.points.table import Points
from firmware.store import event_codes
from firmware.store.events import EventLog
from firmware.supervisor.tasks import Supervisor
from firmware.timekeeping import Timekeeping

MINUTE = 60 * SECOND


class Board:
    """A battery clock and ticks, by a time that is told."""

    def __init__(self):
        self.us = START_US
        self.rtc_off_us = 0

    def ticks_us(self):
        return self.us & (1 << 30) - 1

    def rtc_us(self):
        return self.us + self.rtc_off_us

    def set_utc(self, us):
        self.rtc_off_us = us - self.us


class Terminal:
    def __init__(self, board):
        self.board = board
        self.clock = Clock(
            board.ticks_us, ticks_diff, lambda: board.rtc_us() // 1000, board.rtc_us
        )
        self.log = Log(self.clock, lambda line: None)
        self.events = EventLog(self.clock, 1)
        self.config = self
        self.points = Points(50)
        self.time = Timekeeping(self, Settings())
        self.rows = []
        self.time.freeze(lambda *row: self.rows.append(row))
        self.time.claim(self.points)
        self.time.begin(Supervisor(self.clock, self.log, lambda *what: None), list)
        self.look()

    def get(self, path):
        assert path == "energy.zone_min"
        return 480

    def look(self):
        """What the tasks do, once."""
        self.time.discipline.tick()
        while self.time.boundaries.look():
            self.time.save()
        self.time._fill()

    def live(self, us):
        for _ in range(us // (5 * SECOND)):
            self.board.us += 5 * SECOND
            self.look()

    def names(self):
        return [event_codes.name(event[1]) for event in self.events.last(50)]

    def value(self, name):
        rows = {row[0]: row[1] for row in self.points.rows(lambda n: n == "clock." + name)}
        return rows["clock." + name]


vfs.mount(formatted()[1], "/")
board = Board()
t = Terminal(board)
assert t.time.discipline.state == "holdover" and t.clock.is_known
assert t.value("state") == "1" and float(t.value("doubt")) == 60, t.value("doubt")
for _ in range(3):
    t.time.modem(board.us + 300000, t.clock.us())
    t.live(MINUTE)
assert t.time.discipline.state == "synchronised" and t.time.is_good() and t.value("state") == "2"
t.live(20 * MINUTE)
curves = len([row for row in t.rows if row[0] == "curve"])
assert curves in (1, 2) and not [row for row in t.rows if row[2]], t.rows
assert t.time.keeper.writes > curves

# a modem that was never told
t.time.modem(civil.utc_ms(civil.parse("2021-01-01 00:00:00")) * 1000, t.clock.us())
assert t.time.discipline.sources["modem"].offers == 3

# a person
for wrong in ("", "noon", "2026-02-30 12:00:00", "12:00"):
    try:
        t.time.set(wrong)
    except ConfigError as error:
        assert str(error)
        continue
    raise AssertionError(wrong)
t.rows.clear()
utc_ms = t.clock.utc_ms() + 3600000
text = t.time.set(civil.text(utc_ms, 480))
t.live(5 * MINUTE)
assert abs(t.clock.utc_ms() - utc_ms - 300000) < 1000, text
assert "CLOCK_SET" in t.names() and t.rows[-1][2] in (CLOCK, MISSED | CLOCK)
text = t.time.set(civil.text(t.clock.utc_ms() + 400) + " UTC")
assert "slewed" in text and "local time" in text, text
assert t.time._must_set_rtc
t.time.keeper.set_rtc(t.clock)
assert abs(board.rtc_us() - t.clock.utc_us()) < 1000

# a master without authority is a source, one with it is obeyed
assert "time.master" in t.time.master(t.clock.utc_us() + 7200 * SECOND)
assert t.time.discipline.steps == 1
t.time.cfg.master = True
t.time.master(t.clock.utc_us() - 3600 * SECOND)
t.live(5 * MINUTE)
assert t.time.discipline.steps == 2, t.names()
rows = dict(t.time.rows())
assert rows["steps"] == 2 and "a master" in rows["last step"] and rows["state"] == "synchronised"

# power off over two freezes: they are marked and told, and nothing is repeated
before = [row[:2] for row in t.rows]
t.time.keeper.set_rtc(t.clock)
board.us += 95 * MINUTE  # an hour of which was there before
t = Terminal(board)
assert t.clock.is_known and t.time.discipline.state == "holdover"
assert [row[2] for row in t.rows] in ([MISSED | CLOCK, MISSED], [MISSED | CLOCK] + 2 * [MISSED])
assert not [row for row in t.rows if row[:2] in before]
assert "FREEZE_MISSED" in t.names(), t.names()

# the battery is empty: the floor is all that is left, and no freeze is taken until somebody knows
floor_ms = t.clock.utc_ms()
board.us += 3600 * SECOND
board.rtc_off_us = civil.utc_ms(civil.parse("2000-01-01 00:00:00")) * 1000 - board.us
t = Terminal(board)
assert not t.clock.is_known and t.value("state") == "0"
assert floor_ms - 2000 <= t.clock.utc_ms() <= floor_ms + 1000
assert "2000-01-01" in [e[4] for e in t.events.last(9)][0]
t.live(20 * MINUTE)
assert t.rows == []
long_ago_us = (floor_ms - 86400000) * 1000
assert [t.time.command(long_ago_us) for _ in range(3)] == [3, 3, 3] and not t.clock.is_known
t.time.set(civil.text(floor_ms + 2 * 3600000) + "Z")
t.look()
assert t.clock.is_known and t.rows and {row[2] for row in t.rows} == {MISSED | CLOCK}


# a master that sets it by DL/T 698.45 gets a DAR: 0 ok, 2 not believed yet, 3 refused
def ordered(away_s):
    found = t.time.command(t.clock.utc_us() + away_s * SECOND)
    t.live(5 * MINUTE)
    return found, t.time.discipline.steps


assert ordered(7200) == (3, 1) and ordered(901)[0] == ordered(-901)[0] == 3
assert ordered(-400 * 86400) == (3, 1)  # before the floor
assert ordered(1) == (0, 1)
utc_us = t.clock.utc_us() + 600 * SECOND
assert [t.time.command(utc_us) for _ in range(3)] == [2, 2, 0]
t.live(5 * MINUTE)
assert t.time.discipline.steps == 2
assert abs(t.clock.utc_us() - utc_us - 300 * SECOND) < 2 * SECOND
t.time.cfg.master = True
assert ordered(7200) == (0, 3) and ordered(-7200) == (0, 4)
print("OK")
