"""The terminal's half of `make hplc`, run by the MicroPython interpreter: the real slot, driver
and codecs on virtual time. Every value that is put among the points is told as it is put.

`v device item value` a value; `round s` the first round is over; `event us name who members ..`;
`lost name`, `back name`; `failed text`; `fresh device n of m` after the round; `stats {..}`."""

import asyncio
import gc
import json

from firmware.bay.slot import Slot
from firmware.config.archive import Archive
from firmware.core.heap import Heap
from firmware.core.log import Log
from firmware.points.table import Points
from modules.hplc.driver import Driver
from tools.virtual import device

_SLOT = 2
_STEP_MS = 250


class Told(Points):
    """A table that tells what is put into it."""

    link = None

    def put(self, index, value, quality, stamp_ms):
        super().put(index, value, quality, stamp_ms)
        for block in self.devices:
            if block.base <= index < block.base + len(block.template):
                item = block.template[index - block.base][0]
                self.link.tell("v %s %s %d" % (block.name, item, value))
                return


class Flash:
    """What an Archive reads: rows as text."""

    damaged = ()

    def __init__(self, text):
        self._text = text

    def load(self):
        return self._text.encode(), self


class Station:
    def __init__(self, link):
        self.link = link
        self.plan = link.plan
        self.clock = link.clock()
        self.heap = Heap()
        log = Log(self.clock)
        log.set_level("error")
        table = Told if self.plan["judge"] else Points
        self.points = table(self.plan["points"])
        self.points.link = link
        archive = Archive(Flash(self.plan["rows"]))
        cfg = dict(self.plan["cfg"])
        cfg["devices"] = lambda: archive.rows(_SLOT)
        self.wires = link.wires(_SLOT)
        self.slot = Slot(
            _SLOT, "hplc", Driver, self.wires, cfg, self.points, self.clock, log, self
        )

    # the slot's listener

    def slot_failed(self, number, text):
        self.link.tell("failed %s" % text)

    def slot_event(self, name, who, text, stamp_ms, members):
        us = self.link.time.us
        self.link.tell("event %d %s %s %s" % (us, name, who, " ".join(members)))

    def device_changed(self, name, is_back):
        self.link.tell("%s %s" % ("back" if is_back else "lost", name))

    def state_changed(self, device, point, before, now, stamp_ms):
        pass

    async def run(self):
        self.wires.power(True)
        self.wires.reset()
        task = asyncio.create_task(self.slot.run())
        await self.round()
        self.tell_points()
        self.link.tell("stats " + json.dumps(self.stats()))
        for phase in self.plan["phases"]:
            self.link.tell("phase %s" % phase)
            await self.until(self.clock.ms() + 1000 * self.plan["phase_s"])
        numbers = self.stats()
        numbers["views"] = [len(self.slot.view(name)[1]) for name in Driver.VIEWS]
        task.cancel()
        await asyncio.sleep_ms(10)
        gc.collect()
        numbers["heap_data_bytes"] = self.heap.data
        numbers["heap_code_bytes"] = self.heap.code
        numbers["elapsed_s"] = self.link.time.us // 1000000
        return numbers

    async def until(self, end_ms):
        while self.clock.ms() < end_ms:
            await asyncio.sleep_ms(min(_STEP_MS, end_ms - self.clock.ms()))
            self.heap.sample()

    async def round(self):
        """Until the first round is over, or as long as it may take."""
        end_ms = 1000 * self.plan["round_most_s"]
        while self.clock.ms() < end_ms:
            await self.until(self.clock.ms() + _STEP_MS)
            driver = self.slot.driver
            if driver is not None and driver.reading.due.round_s >= 0:
                break
        self.link.tell("round %d" % (self.clock.ms() // 1000))

    def tell_points(self):
        points = self.points
        for block in points.devices:
            count = len(block.template)
            good = 0
            for i in range(block.base, block.base + count):
                good += points.quality[i] == 0 and points.stamps[i] > 0
            self.link.tell("fresh %s %d of %d" % (block.name, good, count))

    def stats(self):
        driver = self.slot.driver
        if driver is None:
            return {}
        numbers = driver.stats()
        numbers["round_s"] = driver.reading.due.round_s
        return numbers


link = device.Link()
link.report(asyncio.run(Station(link).run()))
