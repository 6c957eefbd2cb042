"""The terminal's half of the telemetry tests: a real slot with the driver, on virtual time. Tells
each event as `us kind ..`, and at the end points, tables and counters."""

import asyncio

from firmware.bay.slot import Slot
from firmware.config.archive import Row
from firmware.core.log import Log
from firmware.points.table import Points
from modules.telemetry.driver import Driver
from tools.virtual.device import Link


class Listener:
    def __init__(self, link):
        self._link = link

    def _tell(self, *words):
        self._link.tell("%d|%s" % (self._link.time.us, "|".join([str(word) for word in words])))

    def slot_failed(self, number, text):
        self._tell("failed", number, text)

    def slot_event(self, name, who, text, stamp_ms, members):
        self._tell("event", name, who, text, stamp_ms)

    def device_changed(self, name, is_back):
        self._tell("device", name, is_back)

    def state_changed(self, device, point, before, now, stamp_ms):
        self._tell("state", device.name, device.template[point][0], before, now, stamp_ms)


class SharedPin:
    """One interrupt line for all slots, low while any module pulls it."""

    IRQ_FALLING = 2

    def __init__(self):
        self._levels = {}
        self._handler = None

    def __call__(self):
        return min(self._levels.values()) if self._levels else 1

    def irq(self, handler=None, trigger=2):
        self._handler = handler

    def drive(self, number, level):
        before = self()
        self._levels[number] = level
        if before and not self() and self._handler:
            self._handler(self)


class SharedEnd:
    """What the host drives of it, for one slot."""

    def __init__(self, pin, number):
        self.interrupt = self
        self._pin = pin
        self._number = number

    def drive(self, level):
        self._pin.drive(self._number, level)


class Run:
    def __init__(self, link):
        plan = link.plan
        self._link = link
        self.points = Points(200)
        self.shared = SharedPin()
        self.slots = {}
        self.wires = {}
        clock = link.clock()
        for key, rows in plan["slots"].items():
            number = int(key)
            cfg = dict(plan.get("cfg", {}))
            cfg["devices"] = lambda rows=rows: [Row(*row) for row in rows]
            wires = self.wires[number] = link.wires(number)
            if not plan.get("has_line", True):
                wires.attend = lambda handler: False
            if plan.get("is_shared"):
                wires.interrupt = self.shared
                link._wires[number] = SharedEnd(self.shared, number)
            self._lag(wires, plan.get("lag_ms", 0))
            log = Log(clock, lambda line: None)
            listener = Listener(link)
            self.slots[number] = Slot(
                number, "telemetry", Driver, wires, cfg, self.points, clock, log, listener
            )

    def _lag(self, wires, lag_ms):
        """Others have the processor for so long whenever an interrupt comes."""
        attend, time = wires.attend, self._link.time

        def hit(handler, pin):
            handler(pin)
            time.us += 1000 * lag_ms

        if lag_ms:
            wires.attend = lambda handler: attend(handler and (lambda pin: hit(handler, pin)))

    def snapshot(self):
        """{point: [value, unit, quality, stamp ms]}"""
        return {row[0]: row[1:] for row in self.points.rows(lambda name: True)}

    async def go(self):
        for wires in self.wires.values():
            wires.power(True)
            wires.reset()
        tasks = [asyncio.create_task(slot.run()) for slot in self.slots.values()]
        shots = {}
        for at_ms in self._link.plan.get("shots", ()):
            await asyncio.sleep_ms(at_ms - self._link.time.us // 1000)
            shots[str(at_ms)] = self.snapshot()
        await asyncio.sleep_ms(self._link.plan["ms"] - self._link.time.us // 1000)
        views, stats = {}, {}
        for number, slot in self.slots.items():
            if slot.driver:
                stats[str(number)] = slot.driver.stats()
                for name in Driver.VIEWS:
                    found = slot.view(name)
                    views["%d.%s" % (number, name)] = [found[0], [list(row) for row in found[1]]]
        for task in tasks:
            task.cancel()
        snapshot = self.snapshot()
        await asyncio.sleep_ms(100)
        self._link.report(
            {
                "points": snapshot,
                "shots": shots,
                "views": views,
                "stats": stats,
                "attended": [w.interrupt._handler is not None for w in self.wires.values()],
            }
        )


LINK = Link()
asyncio.run(Run(LINK).go())
