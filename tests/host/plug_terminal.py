"""The terminal's half of test_plug: the real bay with every driver, on virtual time.

Tells `in slot ms`, `out slot ms heap tasks alien` (alien: points of modules that are not there
and look valid), `failed slot text` and `crash name text`, times of virtual ms.
"""

import asyncio
import gc

from firmware.bay.bay import Bay
from firmware.bay.slot import Slot
from firmware.core.log import Log
from firmware.core.quality import IV
from firmware.points.table import Points
from firmware.supervisor.tasks import Supervisor
from tools.virtual import parts
from tools.virtual.device import Link


class Row:
    """A row of the archive."""

    def __init__(self, profile, address, name):
        self.profile, self.address, self.name = profile, address, name
        self.slot, self.baud, self.parity = 0, 0, "-"


def settings(kind):
    found = parts.settings(kind)
    for name in ("key_s", "alarm_s", "data_s"):
        found[name] = 2
    return found


async def driver(kind):
    return parts.driver(kind)


class Terminal(parts.Deaf):
    def __init__(self, link):
        self.link = link
        self.clock = link.clock()
        self.log = Log(self.clock, lambda line: None)
        self.points = Points(link.plan["points"])
        self.supervisor = Supervisor(self.clock, self.log, self.task_event)
        self.slots = {}  # number: the Slot that was in it last
        self.here = set()
        wires = [link.wires(number) for number in range(1, 7)]
        self.wires = {one.number: one for one in wires}
        self.bay = Bay(wires, driver, self.make_slot, self.supervisor, self)
        self.supervisor.add("bay", self.bay.run)

    def make_slot(self, number, identity, made):
        kind = identity.kind
        cfg = settings(kind)
        rows = self.link.plan["rows"].get(kind, ())
        cfg["devices"] = lambda: [Row(p, a, "%d-%s" % (number, a)) for p, a in rows]
        slot = Slot(
            number,
            kind,
            made,
            self.wires[number],
            cfg,
            self.points,
            self.clock,
            self.log,
            self,
        )
        self.slots[number] = slot
        return slot

    def task_event(self, kind, name, text):
        self.link.tell("crash %s %s" % (name.replace(" ", "-"), text))

    def module_in(self, number, text):
        self.here.add(number)
        self.link.tell("in %d %d" % (number, self.clock.ms()))

    def module_out(self, number, text):
        self.here.discard(number)
        gc.collect()
        words = (number, self.clock.ms(), gc.mem_alloc(), len(self.supervisor.status()))
        self.link.tell("out %d %d %d %d" % words + " %d" % self.alien())

    def module_refused(self, number, text):
        self.link.tell("crash bay slot %d refused: %s" % (number, text))

    def slot_failed(self, number, text):
        self.link.tell("failed %d %s" % (number, text))

    def alien(self):
        """Points of modules that are not there and look valid."""
        count = 0
        mine = [block for number in self.here for block in self.slots[number].blocks]
        for device in self.points.devices:
            if device.number not in mine:
                for i in range(device.base, device.base + len(device.template)):
                    count += not self.points.quality[i] & IV
        return count

    def good(self):
        """Valid points now."""
        return sum([not bits & IV for bits in self.points.quality])

    async def run(self):
        main = asyncio.create_task(self.supervisor.run())
        most = 0
        for _ in range(self.link.plan["seconds"]):
            await asyncio.sleep_ms(1000)
            most = max(most, self.good())
        await self.supervisor.stop()
        await asyncio.sleep_ms(600)
        self.link.report({"most_good": most, "good": self.good(), "ended": main.done()})


LINK = Link()
asyncio.run(Terminal(LINK).run())
