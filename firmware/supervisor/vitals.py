"""What the terminal knows of itself: counters as points of the device `terminal`, and the report.

Duck-typed on the parts main wired together.
"""

import asyncio
import gc

from micropython import const

from firmware.supervisor import free_block

_PERIOD_MS = const(1000)
_HEAP_EVERY = const(5)  # periods between two collections that are measured
_BLOCK_EVERY = const(600)  # ... and between two tries for the largest free block
_SAFE = ("", "storm", "failed", "forced")

POINTS = (
    ("uptime", "s", 0),
    ("windows", "", 0),
    ("windows_lost", "", 0),
    ("meters_read", "", 0),
    ("meters_failed", "", 0),
    ("published", "", 0),
    ("delivered", "", 0),
    ("waiting", "", 0),  # messages in the outbox
    ("heap_code_bytes", "B", 0),
    ("heap_data_bytes", "B", 0),
    ("link_mode", "", 0),  # 0 lost, 1 pulse_only, 2 data_only, 3 both
    ("first_window", "ms", 0),
    ("boots", "", 0),  # ever
    ("resets", "", 0),  # that nobody meant, in the last hour
    ("safe_mode", "", 0),  # 0 no, 1 too many resets, 2 it could not be built, 3 forced
    ("restarts", "", 0),  # of tasks, since boot
    ("heap_free", "B", 0),  # after a collection
    ("heap_least", "B", 0),  # ... the least since boot
    ("heap_block", "B", 0),  # largest free block, up to 64 kB
    ("unfed", "ms", 0),  # longest time the watchdog was not fed
)


class Vitals:
    def __init__(self, terminal, heap):
        self.t = terminal
        self.heap = heap
        self.first_window_ms = 0  # from boot to the first window; 0: none yet
        self.heap_free = self.heap_least = self.heap_block = 0
        self.look_at_heap()
        self.block = terminal.points.add("terminal", POINTS)

    def window(self):
        """A window was published."""
        if not self.first_window_ms:
            self.first_window_ms = self.t.clock.ms()

    def look_at_heap(self):
        """Takes a few ms, and as long as a collection takes."""
        self._sample()
        self.heap_block = free_block.largest()

    def _sample(self):
        self.heap.sample()
        self.heap_free = gc.mem_free()
        self.heap_least = min(self.heap_least or self.heap_free, self.heap_free)

    def counters(self):
        """{name: int} in the names of POINTS."""
        meters = [slot.counts() for slot in self.t.expansion.bay.slots]
        traffic = self.t.session.stats()
        return {
            "uptime": self.t.clock.ms() // 1000,
            "windows": self.t.meter.windows,
            "windows_lost": self.t.meter.lost,
            "meters_read": sum([up for up, _ in meters]),
            "meters_failed": sum([down for _, down in meters]),
            "published": traffic["published"],
            "delivered": traffic["delivered"],
            "waiting": len(self.t.outbox),
            "heap_code_bytes": self.heap.code,
            "heap_data_bytes": self.heap.data,
            "link_mode": self.t.link.mode_index(),
            "first_window": self.first_window_ms,
            "boots": self.t.boot.boots.number,
            "resets": self.t.boot.boots.resets(),
            "safe_mode": _SAFE.index(self.t.boot.boots.safe),
            "restarts": self.t.supervisor.restarts(),
            "heap_free": self.heap_free,
            "heap_least": self.heap_least,
            "heap_block": self.heap_block,
            "unfed": self.t.supervisor.watchdog.unfed_ms,
        }

    def metered(self):
        """Those of the counters that the metering has, and how the link is."""
        meter = self.t.meter
        return {
            "windows": meter.windows,
            "windows_lost": meter.lost,
            "link_mode": self.t.link.mode,
        }

    def report(self):
        """Counters with names instead of indices, for the last line of a run."""
        counters = self.counters()
        counters.update(self.metered())
        counters["uplink"] = self.t.session.stats()["state"]
        return counters

    def refresh(self):
        """Counters into the points table."""
        counters = self.counters()
        stamp = self.t.clock.utc_ms()
        for i, (name, _, _) in enumerate(POINTS):
            self.t.points.put(self.block.base + i, counters[name], 0, stamp)

    async def run(self):
        """For ever, once a second."""
        rounds = 0
        while True:
            if rounds % _BLOCK_EVERY == 0:
                self.look_at_heap()
            elif rounds % _HEAP_EVERY == 0:
                self._sample()
            rounds += 1
            self.refresh()
            self.t.health.round()
            await asyncio.sleep_ms(_PERIOD_MS)
