"""The SNTP client under MicroPython: asks the server in its first argument so often, prints what
came of it. Run by test_sntp.py."""

import asyncio
import json
import sys
import time

from firmware.core.clock import Clock
from firmware.timing.sntp import Sntp

server, count, floor_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
doubted = int(sys.argv[4]) if len(sys.argv) > 4 else 0  # answers that are not believed


class Deaf:
    def warn(self, source, text):
        pass


def utc_ms():
    return time.time_ns() // 1000000


offers = []
turns = 0
worst_ms = 0


async def others():
    """They have their turn while an answer is waited for."""
    global turns, worst_ms
    while True:
        before = time.ticks_ms()
        await asyncio.sleep_ms(5)
        worst_ms = max(worst_ms, time.ticks_diff(time.ticks_ms(), before))
        turns += 1


async def main():
    clock = Clock(time.ticks_us, time.ticks_diff, utc_ms)

    def offer(name, utc_us, doubt_us, at_us):
        age_us = clock.diff_us(clock.us(), at_us)
        away_us = utc_us + age_us - time.time_ns() // 1000
        offers.append((name, away_us, doubt_us))
        return len(offers) > doubted

    client = Sntp(clock, server, 1800, offer, lambda: floor_s, Deaf(), 400)
    task = asyncio.create_task(others())
    began = time.ticks_ms()
    outcomes, pauses = [], []
    for _ in range(count):
        outcomes.append(await client.ask())
        pauses.append(client._pause_s)
    took_ms = time.ticks_diff(time.ticks_ms(), began)
    task.cancel()
    print(
        json.dumps(
            {
                "offers": offers,
                "outcomes": outcomes,
                "pauses": pauses,
                "interval": client._interval_s,
                "strays": client.strays,
                "error": client.error,
                "took_ms": took_ms,
                "turns": turns,
                "text": client.text(),
            }
        )
    )


asyncio.run(main())
