"""The terminal's half of `make poll`, run by the MicroPython interpreter: the real slots, drivers
and codecs on virtual time; buses are lines of text on stdin and stdout.

First line in, JSON: rows of every bus, minutes, start. Then, per transmission, out:
`> bus us baud parity hex`, in: `us hex us hex ..` (end of each answer). Out of its own accord:
`! us device point before now` a state changed, `~ us device back|lost`, `= ..` a device's points
at the end of a round, `. ..` a minute is over, and at last one line of JSON.
"""

import asyncio
import gc
import json
import sys
from binascii import hexlify, unhexlify

import firmware.codec.gdw1376_2_down
import firmware.codec.gdw1376_2_events
import firmware.codec.gdw1376_2_up
from firmware.bay.slot import Slot
from firmware.config.archive import Archive
from firmware.core.clock import Clock
from firmware.core.heap import Heap
from firmware.core.log import Log
from firmware.points.table import Points
from modules.rs485.driver import Driver
from tools.virtual import loop as virtual

# not used by RS-485, but a terminal with all its modules has them: they count as code
CODECS = (
    firmware.codec.gdw1376_2_down,
    firmware.codec.gdw1376_2_events,
    firmware.codec.gdw1376_2_up,
)
_MINUTE_MS = 60000
_CALM_MS = 200  # until what was told at the stroke of a minute is on its way


class Wires:
    """What a board gives a slot, as far as RS-485 goes."""

    def __init__(self, number, clock):
        self.number = number
        self._clock = clock

    def uart(self, baud, parity):
        return virtual.Port(self._clock, self._carry, baud, parity)

    def _carry(self, us, baud, parity, data):
        words = "> %d %d %d %s %s" % (
            self.number,
            us,
            baud,
            "N" if parity is None else "EO"[parity],
            hexlify(data).decode(),
        )
        print(words)
        answer = sys.stdin.readline().split()
        return [(int(answer[i]), unhexlify(answer[i + 1])) for i in range(0, len(answer), 2)]


class Flash:
    """What an Archive reads: one bus's rows as text."""

    damaged = ()

    def __init__(self, text):
        self._text = text

    def load(self):
        return self._text.encode(), self


class Station:
    """The slots, and who listens to them."""

    def __init__(self, plan, clock, time, heap):
        self.clock = clock
        self.time = time
        self.heap = heap
        self.plan = plan
        self.log = Log(clock)
        self.log.set_level("error")
        before = heap.sample()
        self.points = Points(plan["points"])
        self.table_bytes = heap.sample() - before
        self.slots = [self._slot(i, rows) for i, rows in enumerate(plan["rows"])]

    def _slot(self, number, rows):
        wires = Wires(number, self.time)
        archive = Archive(Flash(rows))
        cfg = {"devices": archive.rows, "reply_ms": 500}
        return Slot(number, "rs485", Driver, wires, cfg, self.points, self.clock, self.log, self)

    def slot_failed(self, number, text):
        print("# %d %s" % (number, text))

    def device_changed(self, name, is_back):
        print("~ %d %s %s" % (self.time.us, name, "back" if is_back else "lost"))

    def state_changed(self, device, point, before, now, _stamp_ms):
        name = device.template[point][0]
        print("! %d %s %s %d %d" % (self.time.us, device.name, name, before, now))

    async def run(self, minutes):
        tasks = [asyncio.create_task(slot.run()) for slot in self.slots]
        for minute in range(1, minutes + 1):
            at = minute * _MINUTE_MS
            await asyncio.sleep_ms(at - self.clock.ms())
            self.heap.sample()
            if minute * 60 % self.plan["round_s"] == 0:
                self.tell_points()
            for slot in self.slots:
                if not slot.schedule:
                    print("bus %d: %s" % (slot.number, slot.error))
                    sys.exit(1)
            print(". %d %s" % (minute, [slot.schedule.load_pct or 0 for slot in self.slots]))
        report = self.report()
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(_CALM_MS)
        return report

    def tell_points(self):
        points = self.points
        since = self.clock.utc_ms() - self.plan["round_s"] * 1000
        for device in points.devices:
            texts = []
            for i in range(len(device.template)):
                at = device.base + i
                fresh = points.stamps[at] >= since  # a good value came in this round
                texts.append("%s:%d:%d" % (device.template[i][0], points.values[at], fresh))
            print("= %s %s" % (device.name, " ".join(texts)))

    def report(self):
        buses = []
        for slot in self.slots:
            schedule = slot.schedule
            row = slot.driver.stats()
            row["busy_ms"] = schedule.busy_ms
            row["probe_ms"] = schedule.probe_ms
            row["idle_ms"] = slot.idle_ms
            row["silent"] = schedule.silent
            row["worst_ms"] = max(list(schedule.worst) + [0])
            row["turns"] = slot.turns
            buses.append(row)
        return {
            "buses": buses,
            "table_bytes": self.table_bytes,
            "heap_code_bytes": self.heap.code,
            "heap_data_bytes": self.heap.data,
            "elapsed_us": self.time.us,
        }


def main():
    plan = json.loads(sys.stdin.readline())
    gc.collect()
    time = virtual.Time(plan["utc_ms"])
    virtual.install(time)
    heap = Heap()
    clock = Clock(time.ticks_us, virtual.diff, time.utc_ms)
    station = Station(plan, clock, time, heap)
    print(json.dumps(asyncio.run(station.run(plan["minutes"]))))


main()
