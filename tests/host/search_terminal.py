"""Searches a PTY under MicroPython for test_search, through the driver's own commands; prints one
JSON object. SEARCH_JOB: {"path": PTY, "wish": arguments of a Search, "reply_ms": n}."""

import asyncio
import json
import os
import time

from rs485_port import Port

from firmware.core.clock import Clock
from firmware.core.log import Log
from modules.rs485.driver import Driver


class Wires:
    def __init__(self, path):
        self._path = path

    def uart(self, baud, parity):
        return Port(self._path)


async def main():
    job = json.loads(os.getenv("SEARCH_JOB"))
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: 0)
    cfg = {"devices": lambda: ()}
    driver = Driver(Wires(job["path"]), cfg, clock, Log(clock, sink=lambda line: None))
    await driver.open()
    search = await driver.command("search", *job["wish"])
    # short waits for a short test: this bus answers within a few ms
    search.reply_ms = search.gap_ms = job["reply_ms"]
    while await driver.command("probe", search):
        pass
    await driver.close()
    print(json.dumps([search.found, search.problems, search.probes]))


asyncio.run(main())
