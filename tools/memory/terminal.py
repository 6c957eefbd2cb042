"""The terminal's half of `make memory`, under MicroPython on virtual time: real slots and drivers
of all kinds of modules, and a points table for the whole station. What is counted is told once a
minute: `= minute bytes answering silent`, and at the end.
"""

import asyncio

from firmware.bay.slot import Slot
from firmware.config.archive import Archive
from firmware.core.heap import Heap
from firmware.core.log import Log
from firmware.points.table import Points
from tools.virtual.device import Link
from tools.virtual.parts import Deaf, driver, settings

_MINUTE_MS = 60000


class Flash:
    """What an Archive reads: rows as text."""

    damaged = ()

    def __init__(self, text):
        self._text = text

    def load(self):
        return self._text.encode(), self


class Station(Deaf):
    def __init__(self, link, heap):
        self.link = link
        self.heap = heap
        clock = link.clock()
        log = Log(clock, lambda line: None)
        before = heap.sample()
        self.points = Points(link.plan["points"])
        self.table_bytes = heap.sample() - before
        self.slots = []
        self.shares = []  # (kind, bytes) of each slot when all its devices are known
        for number, kind, rows in link.plan["modules"]:
            cfg = settings(kind)
            cfg["devices"] = Archive(Flash(rows)).rows
            wires = link.wires(number)
            wires.power(True)
            made = heap.load(driver, kind)
            slot = Slot(number, kind, made, wires, cfg, self.points, clock, log, self)
            self.slots.append(slot)

    async def run(self, minutes):
        tasks = []
        for slot in self.slots:
            before = self.heap.sample()
            tasks.append(asyncio.create_task(slot.run()))
            await asyncio.sleep_ms(5000)
            self.shares.append((slot.kind, self.heap.sample() - before))
        for minute in range(1, minutes + 1):
            await asyncio.sleep_ms(_MINUTE_MS)
            counts = [slot.counts() for slot in self.slots]
            up, down = sum([row[0] for row in counts]), sum([row[1] for row in counts])
            self.link.tell("%d %d %d %d" % (minute, self.heap.sample(), up, down))
        report = {
            "table_bytes": self.table_bytes,
            "heap_code_bytes": self.heap.code,
            "heap_data_bytes": self.heap.data,
            "points": self.points.used,
            "devices": len(list(self.points.devices)),
            "shares": self.shares,
            "slots": [[slot.kind, slot.state, slot.error] for slot in self.slots],
            "problems": [text for slot in self.slots for text in slot.problems],
        }
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(200)
        return report

    def slot_failed(self, number, text):
        self.link.tell("# slot %d: %s" % (number, text))


def main():
    link = Link()
    heap = Heap()
    station = Station(link, heap)
    link.report(asyncio.run(station.run(link.plan["minutes"])))


main()
