"""One station, and how long its alarms take: from an edge on an input of the telemetry module, or
from an outage that the carrier module reports, to a foreign client of the broker."""

import random
import re
import threading
import time

from tools.station.station import FIVE, Plan, Station

_READY_S = 90  # until every module works and the uplink is there
_LATE_S = 10  # after it an alarm is lost
_INPUTS = 12
_REST_S = 0.25  # between two edges of one input, which would be chatter
_GAP_S = (0.02, 0.25)  # between two edges
_NODES = 12
_CARRIER, _TELEMETRY = 2, 5  # slots
_INPUT = re.compile(r"di(\d+) (\d), was \d")


class AlarmError(Exception):
    """The station did not do its work; one sentence."""


class Alarms:
    """What was raised and when, and when it was heard of."""

    def __init__(self):
        self.edges = []  # ms each
        self.outages = []
        self.back = set()  # names of nodes that have power again, as far as it was told
        self.pending = {}  # (input, level) or address: s of the monotonic clock
        self._lock = threading.Lock()

    def raised(self, key, at):
        with self._lock:
            self.pending[key] = at

    def heard(self, event, at):
        """An event came to the client."""
        if event["event"] == "OUTAGE":
            for name in event.get("members", []):
                self._note(self.outages, name, at)
            return
        if event["event"] == "POWER_BACK":
            self.back.update(event.get("members", []))
            return
        found = _INPUT.match(str(event["text"]))
        if found and event["device"] == f"telemetry-{_TELEMETRY}":
            self._note(self.edges, (int(found[1]), int(found[2])), at)

    def _note(self, times, key, at):
        with self._lock:
            since = self.pending.pop(key, None)
        if since is not None:
            times.append(1000 * (at - since))

    def wait(self, timeout_s):
        """Until nothing is pending; what still is, is lost."""
        until = time.monotonic() + timeout_s
        while self.pending and time.monotonic() < until:
            time.sleep(0.05)
        return len(self.pending)


def percentile(values, share):
    """None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Run:
    def __init__(self, count, outages, seed, via, air, say):
        """`count` edges and `outages`, over `via`; `air`: rate and latency of the modem."""
        self.plan = Plan(meters=4, seed=seed)
        self.plan.modules = FIVE
        self.plan.heap = "2M"
        self.plan.nodes = _NODES
        self.plan.via = via
        self.plan.air = air
        self.alarms = Alarms()
        self._count = count
        self._outages = outages
        self._rng = random.Random(f"{seed}/alarm/{via}")
        self._say = say

    def go(self):
        """Numbers of this run."""
        with Station(self.plan) as self._station:
            self._wait_ready()
            self._station.listener.on_event = self.alarms.heard
            outages = threading.Thread(target=self._raise_outages)
            outages.start()
            try:
                self._raise_edges()
            finally:
                outages.join()
            lost = self.alarms.wait(_LATE_S)
            failures = self._station.failures()
        if failures:
            raise AlarmError(f"{self.plan.via}: {failures[0]}")
        alarms = self.alarms
        return {
            "edge_p50_ms": percentile(alarms.edges, 0.5),
            "edge_p99_ms": percentile(alarms.edges, 0.99),
            "edge_max_ms": percentile(alarms.edges, 1),
            "outage_p50_ms": percentile(alarms.outages, 0.5),
            "outage_p99_ms": percentile(alarms.outages, 0.99),
            "edges": len(alarms.edges),
            "outages": len(alarms.outages),
            "lost": lost,
        }

    def _wait_ready(self):
        values = self._station.listener.values
        wanted = self.plan.meters + _NODES
        until = time.monotonic() + _READY_S
        while time.monotonic() < until:
            if values("terminal").get("meters_read") == wanted and values("telemetry-5"):
                return
            if self._station.failures():
                break
            time.sleep(0.2)
        read = values("terminal").get("meters_read")
        raise AlarmError(f"{self.plan.via}: {read} of {wanted} meters read in {_READY_S} s")

    def _set(self, slot, **values):
        answer = self._station.ask("bay", do="set", slot=slot, **values)
        if not answer["ok"]:
            raise AlarmError(answer["error"])

    def _raise_edges(self):
        levels = [0] * (_INPUTS + 1)
        free = [0.0] * (_INPUTS + 1)  # when the input may change again
        for number in range(self._count):
            time.sleep(self._rng.uniform(*_GAP_S))
            now = time.monotonic()
            at = self._rng.choice([n for n in range(1, _INPUTS + 1) if free[n] <= now])
            levels[at] ^= 1
            free[at] = now + _REST_S
            self.alarms.raised((at, levels[at]), time.monotonic())
            self._set(_TELEMETRY, **{f"di{at}": levels[at]})
            if number % 50 == 49:
                self._say(f"{self.plan.via}: {number + 1} of {self._count} edges")

    def _raise_outages(self):
        """One node after the other."""
        nodes = [address for _, _, address, _ in self.plan.carriers()]
        for _ in range(self._outages):
            address = self._rng.choice(nodes)
            self.alarms.back.discard(address)
            self._set(_CARRIER, outage=[address])
            reported = self._reported()
            if reported is None:
                continue
            self.alarms.raised(address, reported)
            self._wait_told(address)
            self._set(_CARRIER, restore=[address])
            # who is not known to be back is not told to be out a second time
            self._wait(lambda address=address: address in self.alarms.back)
            time.sleep(self._rng.uniform(0, 0.5))

    def _reported(self):
        """When the module sent its first report, s; None when it did not."""
        until = time.monotonic() + _LATE_S
        while time.monotonic() < until:
            answer = self._station.ask("bay", do="module", slot=_CARRIER)
            at = answer["status"]["outage_s"]
            if at is not None:
                return at
            time.sleep(0.02)
        return None

    def _wait_told(self, address):
        self._wait(lambda: address not in self.alarms.pending)

    def _wait(self, is_so):
        until = time.monotonic() + _LATE_S
        while not is_so() and time.monotonic() < until:
            time.sleep(0.02)
