"""The terminal's time under MicroPython, wired as the composition root does it, linked to the
master in its first argument. Arguments: master, UTC less the host's time in us, how far the
terminal's clock is behind in ms, more settings as JSON. Prints what came of it. Run by
test_link698.py."""

import asyncio
import json
import sys
import time

import vfs

from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.points.table import Points
from firmware.store import event_codes
from firmware.store.events import EventLog
from firmware.supervisor.tasks import Supervisor
from firmware.timekeeping import Timekeeping

sys.path.insert(0, "tests/device")
from flash import formatted  # noqa: E402
from time_world import Settings  # noqa: E402

at, away_us, behind_ms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = json.loads(sys.argv[4])


def true_us():
    return time.time_ns() // 1000 + away_us


class Board:
    set_utc = None

    def rtc_us(self):
        return true_us() - behind_ms * 1000

    utc_us = rtc_us


class Terminal:
    def __init__(self):
        self.board = board = Board()
        self.clock = Clock(
            time.ticks_us, time.ticks_diff, lambda: board.rtc_us() // 1000, board.rtc_us
        )
        self.log = Log(self.clock, lambda line: None)
        self.events = EventLog(self.clock, 1)
        self.config = self
        self.points = Points(50)
        changes = {"master_at": at, "master_address": "201605190907"}
        changes.update(options.get("cfg", {}))
        self.time = Timekeeping(self, Settings(changes))
        self.time.claim(self.points)

    def get(self, path):
        return 480


# what Timekeeping imports when it is needed lies under what is mounted
__import__("firmware.codec.dlt698_server")
__import__("firmware.timing.clock_object")
__import__("firmware.timing.link698")
vfs.mount(formatted()[1], "/")
t = Terminal()
link = t.time.link
link._wait_ms = options.get("wait_ms", 2000)
turns = 0
worst_ms = 0


async def others():
    """They have their turn, whatever the master does."""
    global turns, worst_ms
    while True:
        before = time.ticks_ms()
        t.time.discipline.tick()
        await asyncio.sleep_ms(20)
        worst_ms = max(worst_ms, time.ticks_diff(time.ticks_ms(), before))
        turns += 1


async def main():
    task = asyncio.create_task(others())
    pauses, errors = [], []
    if "calls" in options:
        for _ in range(options["calls"]):
            await link.call()
            pauses.append(link._pause_s)
            errors.append(link.error)
    else:
        supervisor = Supervisor(t.clock, t.log, lambda *what: None)
        t.time.begin(supervisor, list)
        running = asyncio.create_task(supervisor.run())
        until = time.ticks_add(time.ticks_ms(), options.get("most_ms", 8000))
        while time.ticks_diff(until, time.ticks_ms()) > 0 and not enough():
            await asyncio.sleep_ms(50)
        await supervisor.stop()
        running.cancel()
    task.cancel()
    source = t.time.discipline.sources.get("master")
    print(
        json.dumps(
            {
                "error_us": t.clock.utc_us() - true_us(),
                "left_us": t.time.discipline.left_us(),
                "doubt_us": t.time.discipline.doubt_us(),
                "state": t.time.discipline.state,
                "steps": t.time.discipline.steps,
                "offers": source.offers if source else 0,
                "within_us": source.uncertainty_us if source else None,
                "asked": link.asked,
                "answers": link.answers,
                "strays": link.strays + link._server.strays,
                "served": link._server.served,
                "beat_s": link._beat_s,
                "pauses": pauses,
                "errors": errors,
                "events": [event_codes.name(event[1]) for event in t.events.last(50)],
                "row": dict(t.time.rows())["master"],
                "turns": turns,
                "worst_ms": worst_ms,
            }
        )
    )


def enough():
    return (
        link.answers >= options.get("answers", 1)
        and link._server.served >= options.get("served", 0)
        and link.answers + link.strays + link._server.strays >= options.get("heard", 0)
    )


asyncio.run(main())
