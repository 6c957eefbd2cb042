"""What happens to the station. A round is a day of 24 hours, or 8 shorter ones in a short run.

In each round the broker goes away for half an hour (cuts the connection off and refuses new
ones), and once goes silent in mid-connection; modules are pulled and plugged, strangers visit one
slot, settings are changed at the console, alarms come and go at the devices. All of it is over
well before the end of its hour, when everything is counted.
"""

import random

from tools.emulator import modules
from tools.virtual.net import REFUSING, SILENT, UP

AWAY, HALF_OPEN = 4, 6  # hours of the broker
_QUARTER_S = 900
_ALARMS = 144  # a round: the terminal's ring of events is full after the first
_SLOTS = 5  # that have a module
GUEST = 6  # slot of who visits
_QUIET = 0.55  # share of an hour in which things happen
VISITS = ("control", "cellular", "hplc", "rs485", "control", "telemetry")
_TYPED = (
    "ttu.config('uplink.keepalive_s', %d)",
    "ttu.config('pq.rated_a', %d)",
    "ttu.config('telemetry.analog_s', %d)",
)


class Hands:
    """`station` has put_in(slot), unplug(slot), visit(slot, kind), type(line), network, alarm(rng)
    and meter(is_on), see run.py."""

    def __init__(self, host, station, seed, hours, hour_s):
        """`hours` are in a round, of so many s each."""
        self._time = host.time
        self._station = station
        self._rng = random.Random(f"{seed}/hands")
        self._hours = hours
        self._hour_s = hour_s
        self._order = []  # slots whose modules are to be swapped
        self.done = {"outages": 0, "plugs": 0, "settings": 0, "alarms": 0}

    def plan(self, rounds):
        for number in range(rounds * self._hours):
            if number % self._hours == 0:  # in each round every module goes and comes once
                self._order = self._rng.sample(range(1, _SLOTS + 1), _SLOTS)
            self._plan_hour(number % self._hours, number * self._hour_s)

    def plan_meter(self, rounds, share):
        """The metrology IC's SPI wire is on for this share of each quarter of an hour, around its
        boundary."""
        end, on = rounds * self._hours * self._hour_s, _QUARTER_S * share
        at = on / 2
        while at < end:
            self._time.later(at, lambda: self._station.meter(False))
            self._time.later(at + _QUARTER_S - on, lambda: self._station.meter(True))
            at += _QUARTER_S

    def _at(self, start_s, share, call):
        self._time.later(start_s + share * self._hour_s, call)

    def _plan_hour(self, hour, start_s):
        rng = self._rng
        if hour in (AWAY, HALF_OPEN):
            state = REFUSING if hour == AWAY else SILENT
            self._at(start_s, 0.02, lambda: self._lose(state))
            self._at(start_s, _QUIET, lambda: self._station.network.set(UP))
        elif hour % 3 == 1:
            self._swap(start_s, self._order.pop() if self._order else rng.randint(1, _SLOTS))
        elif hour % 3 == 2:
            self._visit(start_s, VISITS[hour // 3 % len(VISITS)])
        else:
            self._at(start_s, rng.uniform(0.05, 0.2), self._configure)
        for _ in range(_ALARMS // self._hours):
            self._at(start_s, rng.uniform(0.05, _QUIET), self._alarm)

    def _lose(self, state):
        self.done["outages"] += 1
        self._station.network.set(state)

    def _swap(self, start_s, slot):
        out = self._rng.uniform(0.02, 0.1)
        self._at(start_s, out, lambda: self._station.unplug(slot))
        self._at(start_s, out + self._rng.uniform(0.02, 0.1), lambda: self._plug(slot))

    def _plug(self, slot):
        self.done["plugs"] += 1
        self._station.put_in(slot)

    def _visit(self, start_s, kind):
        self._at(start_s, 0.05, lambda: self._welcome(GUEST, kind))
        self._at(start_s, 0.05 + self._rng.uniform(0.05, 0.2), lambda: self._station.unplug(GUEST))

    def _welcome(self, slot, kind):
        self.done["plugs"] += 1
        self._station.visit(slot, kind)

    def _configure(self):
        self.done["settings"] += 1
        line = self._rng.choice(_TYPED) % self._rng.randint(20, 60)
        self._station.type(line)
        self._station.type("ttu.commit()")

    def _alarm(self):
        self.done["alarms"] += 1
        self._station.alarm(self._rng)


def visitor(kind, devices, seed):
    """(Module class, options) of a module that visits."""
    if kind == "rs485":
        from tools.soak.bus import Rs485

        return Rs485, {"devices": devices, "seed": seed}
    return modules.of_class(kind), {"nodes": 3} if kind == "hplc" else {}
