"""What end-to-end tests share: a running station, and waiting for what it reports."""

import contextlib
import time

from tools.station.console import Console
from tools.station.station import Plan, Station


class Rig:
    """A station with a foreign MQTT client and a person at the console."""

    def __init__(self, station):
        self.station = station
        self.listener = station.listener
        self.console = Console(station.board.pty)

    def close(self):
        self.console.__exit__()

    def emulator(self, **request):
        answer = self.station.ask("emulator", **request)
        assert answer["ok"], answer
        return answer

    def verb(self, line):
        """Type a line at the terminal's prompt; what it answers."""
        self.console.type(line + "\r")
        self.console.until(line + "\r\n", 10)
        return self.console.until("ttu> ", 20).removesuffix("ttu> ").strip()

    def now_ms(self):
        """UTC of the terminal: in lockstep its clock stands still with the emulated crystal."""
        return int(self.verb("ttu._verbs.terminal.clock.utc_ms()"))

    def terminal(self, key):
        return self.listener.values("terminal").get(key)

    def wait(self, what, condition, timeout_s=30):
        """Until condition() is true; what it returned."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {timeout_s} s; {self.listener.events[-8:]}")

    def wait_mode(self, index):
        self.wait(f"link mode {index}", lambda: self.terminal("link_mode") == index)

    def event(self, name, text=""):
        """The newest such event that was received."""
        found = [e for e in self.listener.events if e["event"] == name and text in str(e["text"])]
        return found[-1] if found else None


@contextlib.contextmanager
def rig(**plan):
    """A Rig, up to its first report."""
    plan = {"pace": "lockstep", "broker": "amqtt", "meters": 2, **plan}
    names = ("settings", "rows", "devices", "modules")
    more = {name: plan.pop(name) for name in names if name in plan}
    the_plan = Plan(**plan)
    vars(the_plan).update(more)
    with Station(the_plan) as station:
        bench = Rig(station)
        try:
            bench.wait("first report", lambda: bench.listener.values("meter"))
            yield bench
        finally:
            bench.close()
