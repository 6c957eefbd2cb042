"""Every kind of module plugged and pulled in any slot, often two of a kind, while the others
work; on virtual time. TTU_PLUGS sets the rounds of each kind.
"""

import os
import random

import pytest

from tools.emulator import modules
from tools.emulator.hplc import fleet as carrier
from tools.memory.bus import Rs485
from tools.station.devices import fleet
from tools.virtual.host import Host

SCRIPT = "tests/host/plug_terminal.py"
PLUGS = int(os.environ.get("TTU_PLUGS", "40"))
KINDS = ("rs485", "hplc", "cellular", "control", "telemetry")
NODES = 4
SLOPE = 16  # bytes of heap a round, at most: one object kept in each would be 32 ...
NOISE = 6000  # ... and what a collection takes for a pointer: 500 rounds show a leak of 50 bytes
_STAY_S = (0.5, 14.0)  # some are pulled before they work
_GAP_S = (1.5, 3.0)  # the bay sees a change within 1 s


class Hand:
    """Somebody who plugs and pulls: two modules are in the bay at a time, half of the time of
    one kind."""

    def __init__(self, host, seed):
        self.host = host
        self.rng = random.Random(f"{seed}/plug")
        self.left = dict.fromkeys(KINDS, PLUGS)
        self.plugged = []  # (slot, kind, s)
        self.pulled = []
        self.here = {}
        self.gone = {}  # slot: s when it was left
        (self.devices,) = fleet.fleet(4, 1, seed, 1)
        for _ in range(2):
            host.time.later(self.rng.uniform(*_GAP_S), self._plug)

    def _plug(self):
        kinds = [kind for kind in KINDS if self.left[kind]]
        if not kinds:
            return
        now = self.host.time.now()  # a hand needs a moment, and the bay sees who comes and goes
        free = [slot for slot in range(1, 7) if slot not in self.here]
        free = [slot for slot in free if now - self.gone.get(slot, -_GAP_S[0]) >= _GAP_S[0]]
        slot, kind = self.rng.choice(free), self.rng.choice(kinds)
        if self.here and self.rng.random() < 0.5:
            other = next(iter(self.here.values()))
            kind = other if self.left[other] else kind
        self.left[kind] -= 1
        if kind == "rs485":
            self.host.plug(slot, kind, Rs485, {"devices": self.devices, "seed": slot})
        else:
            options = {"nodes": NODES} if kind == "hplc" else {}
            self.host.plug(slot, kind, modules.of_class(kind), options)
        self.here[slot] = kind
        self.plugged.append((slot, kind, self.host.time.now()))
        self.host.time.later(self.rng.uniform(*_STAY_S), lambda: self._pull(slot))

    def _pull(self, slot):
        self.host.unplug(slot)
        kind = self.here.pop(slot)
        self.gone[slot] = self.host.time.now()
        self.pulled.append((slot, kind, self.gone[slot]))
        self.host.time.later(self.rng.uniform(*_GAP_S), self._plug)


def play(seed):
    """(hand, lines told, report)."""
    lines = []
    (devices,) = fleet.fleet(4, 1, 1, 1)
    rows = {
        "rs485": [(device.kind, device.address) for device in devices],
        "hplc": carrier.plan(NODES),
    }
    seconds = round(PLUGS * len(KINDS) * (sum(_STAY_S) + sum(_GAP_S)) / 4 * 1.15) + 60
    host = Host(SCRIPT, {"points": 3600, "rows": rows, "seconds": seconds}, lines.append, "6M")
    hand = Hand(host, seed)
    return hand, lines, host.run()


@pytest.fixture(scope="module")
def played():
    return play(1)


def told(lines, what):
    return [line.split() for line in lines if line.startswith(what + " ")]


def test_every_module_was_seen_to_come_and_go(played):
    hand, lines, report = played
    assert len(hand.plugged) == len(hand.pulled) == PLUGS * len(KINDS)
    assert not told(lines, "crash")
    assert len(told(lines, "in")) == len(told(lines, "out")) == len(hand.plugged)
    for what, done, bound_ms in (("in", hand.plugged, 3000), ("out", hand.pulled, 1000)):
        for slot, kind, at in done:
            times = [int(row[2]) for row in told(lines, what) if int(row[1]) == slot]
            assert [ms for ms in times if 0 <= ms - 1000 * at <= bound_ms], (what, slot, kind, at)
    assert report["ended"]


def test_nothing_of_them_stays(played):
    _, lines, report = played
    gone = [[int(word) for word in row[1:]] for row in told(lines, "out")]
    assert all(row[4] == 0 for row in gone)  # no point that looks valid
    assert report["most_good"] > 100 and report["good"] == 0
    assert max(row[3] for row in gone) <= 3  # the bay, and who is still there
    if grown(lines) > NOISE + SLOPE * len(gone) / 3:
        # a word that a waiting task left behind may hold a driver's buffer for the rest of a run:
        # a leak is there whoever comes and goes
        _, lines, _ = play(2)
        assert grown(lines) <= NOISE + SLOPE * len(gone) / 3


def grown(lines):
    """Bytes of heap, from the middle third of the rounds to the last, while nobody is there."""
    alone = [int(row[3]) for row in told(lines, "out") if row[4] == "1"]
    third = len(alone) // 3
    assert third > 4
    # the least of each: a stale word on the stack may hold a driver's buffer for a while
    return min(alone[-third:]) - min(alone[third:-third])
