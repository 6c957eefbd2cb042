"""Runs the RS-485 driver under MicroPython for test_rs485: one round for each line on stdin,
one JSON object a round on stdout. RS485_JOB: {"path": PTY, "cfg": driver settings}."""

import asyncio
import io
import json
import os
import select
import sys
import termios
import time

from firmware.core.clock import Clock
from firmware.core.errors import SlotError
from firmware.core.log import Log
from modules.rs485.driver import Driver

_POLL = 3  # stream ioctl requests
_FILENO = 10


class Port(io.IOBase):
    """A raw PTY with the calls of machine.UART."""

    def __init__(self, path):
        self._file = open(path, "r+b")
        fd = self._file.fileno()
        termios.setraw(fd)
        attrs = termios.tcgetattr(fd)
        attrs[6][6] = attrs[6][5] = 0  # VMIN, VTIME: read returns what is there
        termios.tcsetattr(fd, termios.TCSANOW, attrs)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def any(self):
        return len(self._poll.poll(0))

    def read(self, nbytes):
        return self._file.read(nbytes) or None

    def write(self, buf):
        return self._file.write(buf)

    def ioctl(self, request, arg):
        if request == _POLL:
            return (arg & select.POLLIN if self.any() else 0) | arg & select.POLLOUT
        return self._file.fileno() if request == _FILENO else -1


async def play_round(driver):
    points = {}

    def out(device, point, value, quality):
        points.setdefault(driver.devices()[device], {})[driver.POINTS[point][0]] = (value, quality)

    try:
        await driver.poll(out)
    except SlotError as error:
        return {"error": str(error)}
    return {"points": points, "stats": driver.stats()}


async def main():
    job = json.loads(os.getenv("RS485_JOB"))
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: 0)
    driver = Driver(Port(job["path"]), job["cfg"], clock, Log(clock, sink=lambda line: None))
    await driver.open()
    while sys.stdin.readline():
        print(json.dumps(await play_round(driver)))
    await driver.close()


asyncio.run(main())
