"""What the terminal knows of itself: counters as points of the device `terminal`, and the report.

Duck-typed on the parts main wired together.
"""

import asyncio

from micropython import const

_PERIOD_MS = const(1000)
_HEAP_EVERY = const(5)  # periods between two collections that are measured

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
)


class Vitals:
    def __init__(self, terminal, heap):
        self.t = terminal
        self.heap = heap
        self.first_window_ms = 0  # from boot to the first window; 0: none yet
        self.block = terminal.points.add("terminal", POINTS)

    def window(self):
        """A window was published."""
        if not self.first_window_ms:
            self.first_window_ms = self.t.clock.ms()

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
        }

    def report(self):
        """Counters with names instead of indices, for the last line of a run."""
        counters = self.counters()
        counters["link_mode"] = self.t.link.mode
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
            if rounds % _HEAP_EVERY == 0:
                self.heap.sample()
            rounds += 1
            self.refresh()
            await asyncio.sleep_ms(_PERIOD_MS)
