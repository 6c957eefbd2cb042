"""One run of the soak: the station around the terminal, and the numbers of what it did."""

import json
import os
import tempfile

from tools.emulator import modules
from tools.emulator.hplc import fleet as carrier
from tools.headend.ledger import Ledger
from tools.outage.broker import Broker
from tools.poll.alarms import has_alarm
from tools.soak import freezes, hands
from tools.soak.bus import PIECE_S, Rs485
from tools.soak.hands import Hands
from tools.station.devices import fleet
from tools.virtual.host import UTC_MS, Host
from tools.virtual.net import Network

DAY_S = 86400
_BUSES = 4
_CARRIER = 5  # slot
_GUEST = 6
_FLASH = 8 << 20
_FIRST_US = (1 << 30) - 10000000  # of the clock's ticks, which wrap 10 s later
_KEYS = 4  # devices with key alarms on a bus
_GATHER_S = 0.05  # of the head-end, before it acknowledges
_PER_POINT = 24  # points kept for a device
SETTINGS = {
    "station.name": "soak",
    "link.chip": "atm90e36a",
    "uplink.period_s": 60,
    "uplink.backoff_max_s": 60,
    "rs485.key_s": 60,
    "rs485.alarm_s": 900,
    "hplc.alarm_s": 3600,
}


class Run(Host):
    def __init__(self, plan, say):
        """`plan`: what __main__ parses; say(text): progress."""
        self.say = say
        self.plan = plan
        self.buses = fleet.fleet(plan.devices - plan.nodes, _BUSES, plan.seed, _KEYS)
        rows = []
        for slot, devices in enumerate(self.buses, 1):
            for device in devices:
                device.name = f"{slot}-{device.address}"
                rows.append(f"{slot} {device.kind} {device.address} {device.baud} - {device.name}")
        rows += ["%d %s %s 0 - %s" % row for row in carrier.rows(_CARRIER, plan.nodes, plan.seed)]
        self.alarming = [d for bus in self.buses for d in bus if has_alarm(d)]
        self.raised = {}
        self.rounds = 2 if plan.days < 3 else round(plan.days)
        hours = 24 if plan.days >= 1 else 8
        self.hours = self.rounds * hours
        self.hour_s = plan.days * DAY_S / self.hours
        self.counts = []  # what was counted each hour
        self.largest = []
        self.crashes = []
        settings_ = {**SETTINGS, "station.points": min(8000, 400 + _PER_POINT * plan.devices)}
        if plan.days < 1:
            settings_["rs485.alarm_s"] = 60  # or few of the alarms of a squeezed day are seen
        self.folder = tempfile.TemporaryDirectory(prefix="soak")
        path = os.path.join(self.folder.name, "flash")
        with open(path, "wb") as file:
            for _ in range(_FLASH >> 16):
                file.write(b"\xff" * (1 << 16))
        super().__init__(
            "tools/soak/terminal.py",
            {
                "settings": settings_,
                "archive": rows,
                "flash": path,
                "seed": plan.seed,
                "plant": plan.plant,
                "first_us": _FIRST_US,
            },
            self._hear,
            plan.heap,
            PIECE_S,
        )
        self.broker = Broker(self.time, self._arrived)
        self.ledger = Ledger()
        self.wrong = []  # sentences
        self.ends = {}  # kind of freeze: UTC ms of its rows in the store
        self._is_answering = False
        self.network = Network(self, self.broker.session)
        for slot in range(1, 6):
            self.put_in(slot)
        self.hands = Hands(self, self, plan.seed, hours, self.hour_s)
        self.hands.plan(self.rounds)
        if plan.meter < 100:
            self.hands.plan_meter(self.rounds, plan.meter / 100)
        for number in range(self.hours):
            last = number == self.hours - 1
            at = (number + 0.9) * self.hour_s
            self.time.later(at, lambda last=last: self._order("z" if last else "q"))

    def go(self):
        with self.folder:
            return self.run()

    def requests(self):
        """To devices, of all modules that were in."""
        return sum(device.requests for devices in self.buses for device in devices)

    def missed_freezes(self):
        """Boundaries of the run that the store has not got, or has more than once."""
        last_ms = self.counts[-1]["utc_ms"]
        missed = 0
        for kind, wanted in freezes.wanted(UTC_MS, last_ms).items():
            ends = self.ends.get(kind, [])
            missed += len(wanted - set(ends)) + len(ends) - len(set(ends))
            missed += len(set(ends) - wanted)
        return missed

    # what the hands do

    def put_in(self, slot):
        """The module that belongs there."""
        seed = self.plan.seed
        if slot <= _BUSES:
            self.plug(slot, "rs485", Rs485, {"devices": self.buses[slot - 1], "seed": seed})
        elif slot == _CARRIER:
            options = {"nodes": self.plan.nodes, "seed": seed}
            self.plug(slot, "hplc", modules.of_class("hplc"), options)

    def visit(self, slot, kind):
        make, options = hands.visitor(kind, self.buses[0][:3], self.plan.seed)
        self.plug(slot, kind, make, options)

    def type(self, line):
        self.news.append(f"y 0 {(line + chr(13)).encode().hex()}")

    def alarm(self, rng):
        if self.alarming:
            device = rng.choice(self.alarming)
            on = self.raised[device.name] = not self.raised.get(device.name)
            device.raise_alarm(on)

    def meter(self, is_on):
        self.news.append(f"l 0 {int(is_on)}")

    def _order(self, kind):
        self.news.append(f"{kind} 0 0")

    # the head-end

    def _arrived(self, topic, payload):
        try:
            if not topic.endswith("/status"):
                self.ledger.take(topic, json.loads(payload))
        except (ValueError, KeyError, TypeError) as error:
            self.wrong.append(f"{topic}: {payload[:80]!r} ({error})")
        if not self._is_answering:
            self._is_answering = True
            self.time.later(_GATHER_S, self._answer_terminal)

    def _answer_terminal(self):
        self._is_answering = False
        said = self.ledger.answer()
        if said is not None:
            self.broker.publish(f"ttu/{SETTINGS['station.name']}/ack", said.encode())

    # what the terminal says

    def _hear(self, text):
        kind, _, rest = text.partition(" ")
        if kind == "census":
            self._count(json.loads(rest))
        elif kind == "freeze":
            name, *ends = rest.split()
            self.ends.setdefault(name, []).extend(map(int, ends))
        elif kind == "said" and self.plan.verbose:
            self.say(f"{self.time.us / 3.6e9:8.3f} h: {rest}")

    def _count(self, row):
        self.counts.append(row)
        up, down = row["counters"]["meters_read"], row["counters"]["meters_failed"]
        there = sum(map(len, self.ledger.events.values()))
        self.say(
            f"hour {len(self.counts)} of {self.hours}: heap {row['used']} less {row['texts']}, "
            f"{row['tasks']} tasks, {row['ports']} ports, {row['events']} events, {there} there, "
            f"devices {up} up {down} down, windows {row['counters']['windows']}"
        )

    def _act(self, mark, words):
        if words[-3:-1] == ["free", "sz:"]:  # of micropython.mem_info
            self.largest.append(int(words[-1]) * 32)
            return True
        return super()._act(mark, words)
