"""A supervisor on a clock of the test's own: hours pass in milliseconds. A helper, not a test."""

import asyncio

from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.supervisor.tasks import Supervisor


class World:
    """Virtual time: a sleeper wakes when the test has moved the time on far enough."""

    def __init__(self):
        self.now_ms = 0
        self.lines = []
        self.events = []
        self.fed = 0
        self.clock = Clock(lambda: self.now_ms * 1000, lambda a, b: a - b, lambda: self.now_ms)
        self.log = Log(self.clock, self.lines.append)
        self.supervisor = Supervisor(self.clock, self.log, self.event, self.sleep, self.feed)
        self.main = None

    def event(self, *event):
        self.events.append(event)

    def feed(self):
        self.fed += 1

    async def sleep(self, ms):
        until = self.now_ms + ms
        while self.now_ms < until:
            await asyncio.sleep_ms(0)

    async def advance(self, ms, step=100):
        """Time moves in steps; after each everybody who is due has run."""
        for _ in range(ms // step):
            self.now_ms += step
            for _ in range(6):
                await asyncio.sleep_ms(0)

    async def start(self):
        self.main = asyncio.create_task(self.supervisor.run())
        await self.advance(100)

    async def stop(self):
        async def tick():
            while True:
                self.now_ms += 1
                await asyncio.sleep_ms(0)

        ticking = asyncio.create_task(tick())
        stuck = await self.supervisor.stop()
        await self.main
        ticking.cancel()
        return stuck

    def row(self, name):
        return [row for row in self.supervisor.status() if row[0] == name][0]
