"""The terminal's half of `make soak`, run by the MicroPython interpreter: firmware.main.Terminal,
whole, on the board of device/board.py and virtual time. What happens to it comes from the host:
lines typed at its console, counts to be taken, and the end.

To the host: `= census {..}`, `= said text` lines of the console, the terminal's log among them.
"""

import gc
import sys

import vfs

gc.threshold(
    32768
)  # what is imported as source leaves holes: less of them, as frozen code has none

# before any package is imported, for it remembers where it was found: `/` will be the flash
_HOST = "/host"
vfs.mount(vfs.VfsPosix("/"), _HOST)
vfs.umount("/")
sys.path[:] = [_HOST + path if path[0] == "/" else path for path in sys.path if path]

import asyncio  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
from binascii import unhexlify  # noqa: E402

from firmware import loading  # noqa: E402
from firmware import main as root  # noqa: E402
from firmware.config import archive, store  # noqa: E402
from firmware.console import shell, ttu  # noqa: E402
from firmware.core.clock import Clock  # noqa: E402
from firmware.core.heap import Heap  # noqa: E402
from tools.soak.device import board as boards  # noqa: E402
from tools.soak.device import plants  # noqa: E402
from tools.soak.device.census import Census, texts  # noqa: E402
from tools.virtual.device import Link  # noqa: E402
from tools.virtual.network import Network  # noqa: E402

_ANSWER_MAX = 200
_HOUR_MS = 3600000
_ENDS = 32  # a line
_FROZEN = ("curve", "daily", "monthly")
_KINDS = ("rs485", "hplc", "cellular", "control", "telemetry")


class Console:
    """What the shell reads and writes: typed lines come from the host."""

    def __init__(self, link):
        self._link = link
        self._typed = b""
        self._said = b""
        self._news = asyncio.Event()

    def type(self, data):
        self._typed += data
        self._news.set()

    async def read(self, size):
        while not self._typed:
            self._news.clear()
            await self._news.wait()
        data, self._typed = self._typed[:size], self._typed[size:]
        return data

    def write(self, data):
        """Answers, line by line."""
        self._said = (self._said + data)[-_ANSWER_MAX:]
        while b"\n" in self._said:
            line, _, self._said = self._said.partition(b"\n")
            line = line.strip().split(b"\x1b[K")[-1].replace(b"\r", b" ")
            if line and line != b"ttu> ":
                self._link.tell("said " + line.decode())
        return len(data)


def prepare(plan):
    """What a person has set before the start: settings and the archive."""
    config = store.on_flash()
    config.load()
    for path, value in plan["settings"].items():
        config.set(path, value)
    config.commit()
    archive.on_flash().add_all([archive.parse(row) for row in plan["archive"]])


class Old(Clock):
    """A clock that has been running for twelve days: an hour later its ms need 31 bits."""

    def __init__(self, *words):
        super().__init__(*words)
        self._ms = (1 << 30) - _HOUR_MS


class Soak:
    def __init__(self, link, heap, raw):
        self.link = link
        self.census = Census(link)
        self.console = Console(link)
        root.Clock = Old
        root.Network = lambda: Network(link)
        shell.on_stdin = lambda: shell.Shell(self.console, self.console.write)
        self.board = boards.Board(link, raw)
        self.terminal = root.Terminal(self.board, heap)
        ttu.bind(self.terminal.views)
        plants.put(link.plan["plant"], self.terminal)
        self._orders = []
        self._called = asyncio.Event()
        link.listen = self._hear

    def _hear(self, kind, _number, what):
        """`y` a line typed, `q` a count, `l` the metrology IC's wire, `z` the end."""
        if kind == "y":
            self.console.type(unhexlify(what))
        elif kind == "l":
            self.board.silicon.is_away = what == "0"
        else:
            self._orders.append(kind)
            self._called.set()

    async def run(self):
        terminal = self.terminal
        main = asyncio.create_task(terminal.run())
        while True:
            await self._called.wait()
            self._called.clear()
            kind = self._orders.pop(0)
            counts = await self.census.take()
            self.link.tell("census " + json.dumps(self._numbers(*counts)))
            if kind == "z":
                break
        self._tell_freezes()
        report = await terminal.stop()
        await asyncio.sleep_ms(600)
        report["ended"] = main.done()
        report["tasks_left"] = self.census.tasks.alive()
        report["restarts"] = sum([row[2] for row in terminal.supervisor.status()])
        self.link.report(report)

    def _tell_freezes(self):
        """Boundaries in the store, as often as they are there: `= freeze kind ms ms ..`."""
        for kind in _FROZEN:
            store = self.terminal.keeping.freezes.store(kind)
            ends = [str(row[0]) for row in store.values("meter", "ep")]
            for at in range(0, len(ends), _ENDS):
                self.link.tell("freeze %s %s" % (kind, " ".join(ends[at : at + _ENDS])))

    def _ringed(self):
        """Texts in rings, which are full after the warm-up and hold others each hour."""
        terminal = self.terminal
        for event in terminal.events.last(terminal.events.size):
            yield event[2]
            yield event[4]
        yield from terminal.log.lines + terminal.shell._line._history

    def _numbers(self, used, tasks, ports):
        terminal = self.terminal
        dog = self.board.dog
        return {
            "us": self.link.time.us,
            "used": used,
            "texts": texts(self._ringed()),
            "tasks": tasks,
            "ports": ports,
            "utc_ms": terminal.clock.utc_ms(),
            "events": terminal.events.sequence,
            "boot": terminal.events.boot,
            "outbox": terminal.outbox.stats(),
            "uplink": terminal.session.stats(),
            "counters": terminal.vitals.counters(),
            "bites": dog.bites,
            "restarts": [row[0] for row in terminal.supervisor.status() if row[2]],
        }


def main():
    link = Link()
    plan = link.plan
    random.seed(plan["seed"])
    raw = boards.mount(_HOST + plan["flash"])
    for kind in _KINDS:  # frozen code is there from the start, too
        loading.find("modules." + kind)
    gc.collect()
    gc.threshold(-1)
    heap = Heap()
    prepare(plan)
    soak = Soak(link, heap, raw)
    try:
        asyncio.run(soak.run())
    except BaseException:
        link.pipe.flush()
        raise


main()
sys.exit()
