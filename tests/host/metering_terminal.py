"""Runs under MicroPython: the terminal without its uplink and slots - link, metering, points,
events, checkpoint - telling what it makes of each window as JSON lines on stdout.

argv: image of the flash, absolute; an empty one (0xFF) is formatted. stdin takes lines:
"stall 150" (ms without service), "save" (all that is kept), "end" (an orderly stop).
"""

import asyncio
import json
import os
import select
import sys
import time

import flash

from board.unix import board
from firmware.config import store
from firmware.core.heap import Heap
from firmware.link.ade9000 import chip  # before the host's files are gone
from firmware.main import Terminal
from firmware.supervisor.vitals import Vitals

assert chip


def tell(what, *values):
    print(json.dumps([terminal.clock.ms(), what] + list(values)))


def mount(path):
    """The image in the place of the host's files, with settings on it."""
    file = open(path, "r+b")
    device = flash.Flash(file, file.seek(0, 2))
    if device.is_blank():
        flash.format(device)
    flash.mount(device)
    os.chdir("/")
    settings = store.on_flash()
    settings.load()
    for name, value in (("uplink.enabled", False), ("log.level", "error")):
        settings.set(name, value)
    settings.commit()


class Told(Vitals):
    """As the terminal's own; each window is told, with what the points say after it."""

    def window(self):
        super().window()
        t = self.t
        block, energy = t.metrology.block, t.meter.energy
        age_us = t.link.timebase.age_us(t.meter.end, t.clock.us())
        values, quality = {}, {}
        for k, (name, _, _) in enumerate(block.template):
            values[name] = t.points.values[block.base + k]
            if t.points.quality[block.base + k]:
                quality[name] = t.points.quality[block.base + k]
        tell(
            "window",
            {
                "at_ms": t.clock.ms() - (age_us or 0) // 1000,
                "flags": values["flags"],
                "values": values,
                "quality": quality,
                "is_settled": t.meter.is_settled,
                "mwh": energy.cells[18] - energy.cells[19],
                "told": None if "ep" in quality else values["ep"] - values["er"],
                "marked": energy.substituted()[18],
                "windows": t.meter.windows,
                "lost": t.meter.lost,
                "flagged": t.metrology.tally.windows,
                "counts": list(t.metrology.tally.counts),
                "unknown_ms": t.metrology.ways.unknown_ms,
                "mode": t.link.mode,
            },
        )


async def obey():
    """Until the order to end."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    while True:
        while poll.poll(0):
            words = sys.stdin.readline().split()
            if not words or words[0] == "end":
                return
            if words[0] == "save":
                terminal.keeper.keep()
                terminal.keeper.copy()
                tell("saved")
            else:
                tell("stall", int(words[1]))
                time.sleep_ms(int(words[1]))
        await asyncio.sleep_ms(20)


async def main():
    factories = list(board.background())
    factories += [("link", terminal.link.run), ("watch", terminal.link.watch)]
    factories += [("checkpoint", terminal.keeper.run)]
    tasks = [asyncio.create_task(factory()) for _, factory in factories]
    bill = terminal.billing.run(terminal.clock, terminal.settled)
    tasks.append(asyncio.create_task(bill))
    await obey()
    for task in tasks:
        task.cancel()
    terminal.keeper.stop()
    tell("end")


mount(sys.argv[1])
heap = Heap()
terminal = Terminal(board, heap)
terminal.vitals = Told(terminal, heap)
terminal.log.sink = lambda line: tell("log", line)
for event in terminal.events.last(9):
    tell("event", terminal.event_name(event[1]), event[2], event[4])
terminal.events.subscribe(lambda e: tell("event", terminal.event_name(e[1]), e[2], e[4]))
asyncio.run(main())
