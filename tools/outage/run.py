"""One run: a terminal under MicroPython, a line, a broker and a head-end on virtual time, what
befalls them, and the judge, who knows of every event and row when it is made.
"""

import json
import random

from tools.headend.ledger import Ledger
from tools.headend.lies import GARBAGE
from tools.outage import faults
from tools.outage.broker import Broker
from tools.outage.links import Links
from tools.outage.wire import GOOD, Wire
from tools.virtual.host import UTC_MS, Host

EVENT_MS = 3000  # 20 events a minute
QUARTER_MS = 900000
DEVICES = 8  # with curves
LIVE = 24  # devices with live values
_GATHER_S = 0.05
_SOON = 30  # events: a minute and a half
_DRAIN_S = 900  # the calm behind all faults, and as long again as they took, divided by:
_DRAIN_PART = 5
_QUIET_S = 30  # behind the last item that was made


class Bench(Host):
    """A Host whose terminal has connections too."""

    def __init__(self, run, plan, heap):
        super().__init__("tools/outage/terminal.py", plan, run.heard, heap)
        self._run = run

    def _act(self, mark, words):
        if mark != "k":
            is_known = super()._act(mark, words)
            if not is_known:  # a traceback: a task is gone
                self._run.wrong.append("the terminal said " + " ".join([mark, *words]))
                self._run.say(self._run.wrong[-1])
            return is_known
        number, kind = int(words[0]), words[1]
        if kind == "o":
            self._run.opened(number, int(words[2]))
        elif kind == "w":
            self._run.written(number, bytes.fromhex(words[2]))
        else:
            self._run.closed(number)
        return True


class Run:
    def __init__(
        self, hours, seed, say=lambda text: None, plant=0, only="", ring=None, links=False
    ):
        """`ring`: events that the terminal's store keeps, None: all of them; `links`: there are
        two, and it is they who fail."""
        self.hours = hours
        self.rng = random.Random(f"{seed}/outage")
        self.say = say
        self.plan = {
            "seed": seed,
            "plant": plant,
            "event_ms": 5 * EVENT_MS if links else EVENT_MS,
            "devices": DEVICES,
            "live": 2 if links else LIVE,
            "links": links,
            "ring": ring or round(1.5 * 1200 * hours) + 5000,
        }
        rows = min(self.plan["ring"], round(1.5 * 1200 * hours) + 5000)
        self.host = Bench(self, self.plan, f"{8 + rows // 700}M")
        self.time = self.host.time
        self.ledger = Ledger()
        self.broker = Broker(self.time, self._arrived, self._accepted)
        self.wires = {}
        self.made = {}  # key: s it was made
        self.stamps = {}  # (boot, seq): stamp
        self.wrong = []  # sentences: content that is not as it was made
        self.stall_s = 0.0  # longest wait for the broker, as seen from its side
        self.drained_s = 0.0  # the longest from the end of an absence until all before is here
        self.kinds = {}
        # what goes wrong now
        self.refuses = False
        self.is_dark = False
        self.quality = GOOD
        self.on_wire = faults.nothing
        self.answer_s = _GATHER_S
        self.is_mute = False
        self.lie = ""
        self.overtaken = 0  # what the terminal says that its store had no more
        self._is_small = ring is not None  # only such a store may give up anything
        self._is_answering = False
        self._attempts = 0
        self._missing = set()  # keys that are made and not here
        self._backlog = set()  # those from before the end of an absence that are not here
        self._back_at = 0.0
        self._share = None  # bytes at the beginning of a drain
        self.live_bytes = self.bulk_bytes = 0  # while draining
        self.links = Links(self, self.rng, say)
        if links:
            self.time.later(3600 * hours, self._calm)
            self.links.plan(hours)
        else:
            self._plan_faults(only)

    # the plan

    def _plan_faults(self, only):
        whole = 3600 * self.hours
        for at, last, fault in faults.draw(self.hours, self.rng, only):
            self.time.later(at, lambda last=last, fault=fault: self._begin(last, fault))
        self.time.later(whole, self._calm)

    def _begin(self, last, fault):
        self.kinds[fault.__name__] = self.kinds.get(fault.__name__, 0) + 1
        self.say(f"{self.time.now():9.1f} s  {fault.__name__} for {last:.0f} s")
        end = fault(self, self.rng)

        def over():
            end()
            if fault is faults.away:
                self._back()

        self.time.later(last, over)

    def _calm(self):
        """From now on nothing goes wrong; the end comes when all is through."""
        now = self.time.now()
        self._ends_at = now + _DRAIN_S + now / _DRAIN_PART
        self._look()

    def _look(self):
        now = self.time.now()
        open_ones = [key for key in self._missing if self.made[key] < now - _QUIET_S]
        is_over = len(open_ones) <= self._given_up() and now > 3600 * self.hours + 2 * 90
        if is_over or now > self._ends_at:
            self.host.news.append("k 0 q")
        else:
            self.time.later(10, self._look)

    def _given_up(self):
        return self.overtaken if self._is_small else 0

    # what the terminal tells

    def heard(self, text):
        kind, _, rest = text.partition(" ")
        if kind == "e":
            boot, sequence, stamp = map(int, rest.split())
            key = ("event", boot, sequence)
            self.stamps[key] = stamp
            self._made(key)
        elif kind == "r":
            for number in range(DEVICES):
                self._made(("curve", int(rest), f"meter-{number:02d}"))
        else:
            self.say(f"{self.time.now():9.1f} s  the terminal: {rest}")

    def _made(self, key):
        self.made[key] = self.time.now()
        self._missing.add(key)

    # the line

    def opened(self, number, link):
        self._attempts += 1
        self.links.tried(number, link)
        if self.is_dark or link in self.links.dead:
            return
        if self.refuses:
            self._tell(number, "-", self.quality[1])
            return
        wire = Wire(
            self.time,
            lambda: self.quality,
            lambda word: self._tell(number, word),
            lambda wire: self.broker.session(wire, number),
        )
        self.wires[number] = wire
        self.on_wire(wire)
        self._tell(number, "+", 2 * self.quality[1])

    def _accepted(self, number):
        self.links.accepted(number)

    def _tell(self, number, word, delay_s=0.0):
        if delay_s:
            self.time.later(delay_s, lambda: self._tell(number, word))
        else:
            self.host.news.append(f"k {number} {word}")

    def written(self, number, data):
        if number in self.wires:
            self.wires[number].written(data)

    def closed(self, number):
        wire = self.wires.pop(number, None)
        if wire:
            self.stall_s = max(self.stall_s, wire.hang_up())

    def well(self):
        self.quality = GOOD

    def cut_power(self):
        for wire in self.wires.values():
            wire.is_silent = True
            wire.waiting_since = None
        self.host.news.append("k 0 b")

    # the head-end

    def _arrived(self, topic, payload):
        try:
            body = json.loads(payload)
            if not topic.endswith("/status"):
                key = self.ledger.take(topic, body)
                if key:
                    self._taken(key, body)
        except (ValueError, KeyError, TypeError) as error:
            self.wrong.append(f"{topic}: {payload[:80]!r} ({error})")
        if not self.is_mute and not self._is_answering:
            self._is_answering = True
            self.time.later(self.answer_s, self.answer_all)

    def _taken(self, key, body):
        if key not in self.made:
            self.wrong.append(f"{key} was never made")
            return
        if key[0] == "event" and body["stamp_ms"] != self.stamps[key]:
            self.wrong.append(f"{key} has another stamp")
        if body.get("event") == "DELIVERY_LOST":
            self.overtaken += int(body["text"].split()[-1])
        if key[0] == "curve":
            quarter = key[1] // QUARTER_MS
            value = round((quarter * 7 + int(key[2][-2:])) / 100, 2)
            if body["values"].get("ep") != value:
                self.wrong.append(f"{key} has other values")
        self._missing.discard(key)
        if self._backlog:
            self._backlog.discard(key)
            if not self._backlog:
                self._drained()

    def answer_all(self):
        self._is_answering = False
        if self.is_mute:
            return
        said = self.ledger.answer()
        if self.lie:
            lie = self._unsent() if self.lie == "unsent" else self.rng.choice(GARBAGE)
            self.broker.publish("ttu/st1/ack", lie)
        if said is not None:
            self.broker.publish("ttu/st1/ack", said.encode())

    def _unsent(self):
        """An acknowledgement of what is not made yet, and of what will never be. Not of what comes
        next: that would have been sent when the lie arrives, and nobody could tell."""
        boot, sequence = max(self.stamps)[1:]
        coming = [boot, *range(sequence + _SOON, sequence + _SOON + 60)]
        quarter_ms = (UTC_MS + int(1000 * self.time.now())) // QUARTER_MS * QUARTER_MS
        rows = [[quarter_ms + 2 * QUARTER_MS, "meter-00", "meter-01"], [1, "nobody"]]
        return json.dumps({"events": [coming, [99999, 1, 2]], "curve": rows}).encode()

    def prompt(self):
        self.answer_s = _GATHER_S

    def honest(self):
        self.lie = ""

    # how long it takes to drain

    def _bytes(self):
        return dict(self.broker.bytes)

    def _back(self):
        self._backlog = set(self._missing)
        self._back_at = self.time.now()
        self._share = None
        if len(self._backlog) > 50:
            self._watch()

    def _watch(self):
        """The drain begins with the first item that comes."""
        if self._backlog and self._share is None:
            if self.broker.sessions and self.broker.sessions[0].filters:
                self._share = self._bytes()
            else:
                self.time.later(0.1, self._watch)

    def _drained(self):
        self.drained_s = max(self.drained_s, self.time.now() - self._back_at)
        self.say(f"{self.time.now():9.1f} s  all from before {self._back_at:.0f} s is here")
        if self._share is not None:
            now = self._bytes()
            part = {kind: count - self._share.get(kind, 0) for kind, count in now.items()}
            self.live_bytes += part.get("data", 0)
            self.bulk_bytes += part.get("event", 0) + part.get("curve", 0)
            self._share = None

    # the verdict

    def go(self):
        """Numbers of the run."""
        report = self.host.run()
        # what was made in the last half minute may be on its way
        until = self.time.now() - _QUIET_S
        lost = [key for key in self._missing if self.made[key] < until]
        for key in sorted(lost, key=str)[:5]:
            self.say(f"lost: {key}, made at {self.made[key]:.0f} s")
        for sentence in [*self.wrong[:5], *self.broker.complaints[:5]]:
            self.say(f"wrong: {sentence}")
        ledger = self.ledger
        hours = self.time.now() / 3600
        drained = self.live_bytes + self.bulk_bytes
        return {
            "lost": max(0, len(lost) - self._given_up()),
            "overtaken": self.overtaken,
            "duplicated_undeclared": ledger.undeclared,
            "duplicated_declared": ledger.repeated,
            "out_of_order": ledger.late,
            "altered": len(self.wrong) + len(self.broker.complaints),
            "worst_stall_ms": max(report["worst_stall_ms"], round(1000 * self.stall_s)),
            "stall_bound_ms": report["stall_bound_ms"],
            "drained_s": round(self.drained_s),
            "live_share_pct": round(100 * self.live_bytes / drained) if drained else None,
            "reconnects_per_h": round(self._attempts / hours, 1),
            "items": len(self.made),
            "hours": round(hours, 2),
            "connects": self.broker.connects,
            "held_back": ledger.held,
            "early": ledger.early,
            "live": ledger.live,
            "timeouts": report["timeouts"],
            "bad_acks": report["bad_acks"],
            "strange_acks": report["strange_acks"],
            "cursor_saves": report["cursor_saves"],
            "faults": dict(sorted(self.kinds.items())),
            **self.links.numbers(),
        }
