"""One quarter of an hour, or more, of a station's buses: starts the terminal's half, answers it as
the devices do, and judges what it says against the truth. Returns the numbers as a dict."""

import json
import random
import subprocess

from tools.deploy import tree
from tools.poll.alarms import Alarms
from tools.poll.line import Line
from tools.station.devices import fleet
from tools.station.devices.dispatch import Bus
from tools.vboard import setup

ROUND_S = 900
_UTC_MS = 1790000100000 // 900000 * 900000  # a quarter of an hour begins
_HEAP = "4M"


class PollError(Exception):
    """The terminal's half did not do its work; one sentence."""


class Run:
    def __init__(self, plan):
        """`plan`: an argparse namespace with devices, dead, buses, minutes, seed, babble, late."""
        self.plan = plan
        rng = random.Random(f"{plan.seed}/poll")
        self.buses = fleet.fleet(plan.devices, plan.buses, plan.seed, plan.keys)
        for slot, devices in enumerate(self.buses, 1):
            for device in devices:  # as people name them: the address, which must be unique
                is_unit = device.protocol == "modbus"
                device.name = f"{slot}-{device.address}" if is_unit else device.address
        everyone = [device for devices in self.buses for device in devices]
        names = [device.name for device in everyone]
        self.by_name = {device.name: device for device in everyone}
        order = random.Random(f"{plan.seed}/dead").sample(names, len(names))
        self.dead = set(order[: plan.dead])
        self.lines = []
        for number, devices in enumerate(self.buses):
            babbler = 9600 if plan.babble and number == 0 else None
            line_rng = random.Random(f"{plan.seed}/line/{number}")
            late = plan.late / 100
            self.lines.append(Line(Bus(devices), self.dead, line_rng, babbler, late))
        self.alarms = Alarms(self.buses, self.lines, self.dead, plan.minutes * 60, rng)
        for line in self.lines:
            line.begin()
        self.past = {name: past for line in self.lines for name, past in line.past.items()}
        self.loads = []  # by minute: load % of every bus
        self.lost = set()  # devices the terminal holds for silent
        self.complete = []  # shares of the points of live devices that are fresh, by round
        self.wrong = 0  # values that are not the truth
        self.untrue = 0  # events of states that the device never had
        self.failures = []
        self._fresh = [0, 0]  # points of this round: fresh, wanted
        self._told = set()  # live devices the terminal told of in this round

    def go(self, say=lambda text: None):
        plan = self.plan
        seed = {
            "rows": [
                "".join(f"{slot} {d.kind} {d.address} {d.baud} - {d.name}\n" for d in devices)
                for slot, devices in enumerate(self.buses, 1)
            ],
            "minutes": plan.minutes,
            "round_s": ROUND_S,
            "utc_ms": _UTC_MS,
            "points": plan.points,
        }
        argv = [setup.interpreter(), "-X", f"heapsize={_HEAP}", "tools/poll/terminal.py"]
        process = subprocess.Popen(
            argv,
            cwd=tree.ROOT,
            env=setup.board_env(MICROPYPATH=f"{tree.ROOT}:.frozen"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            process.stdin.write(json.dumps(seed) + "\n")
            process.stdin.flush()
            report = self._serve(process, say)
        finally:
            process.kill()
            process.wait()
        return self._numbers(report)

    def _serve(self, process, say):
        last = []
        for text in process.stdout:
            mark, _, rest = text.rstrip("\n").partition(" ")
            if mark == ">":
                number, us, baud, parity, data = rest.split()
                line = self.lines[int(number)]
                heard = line.carry(int(us), int(baud), parity, bytes.fromhex(data))
                process.stdin.write(" ".join(f"{at} {d.hex()}" for at, d in heard) + "\n")
                process.stdin.flush()
            elif mark == "!":
                us, name, item, _, now = rest.split()
                self.alarms.news(int(us), name)
                self.untrue += int(now) not in [truth[item] for truth in self.past[name]]
            elif mark == "~":
                _, name, what = rest.split()
                (self.lost.add if what == "lost" else self.lost.discard)(name)
            elif mark == "=":
                self._judge_points(rest)
            elif mark == ".":
                minute, _, loads = rest.partition(" ")
                self.loads.append(json.loads(loads))
                if int(minute) * 60 % ROUND_S == 0:
                    self._close_round()
                say(f"minute {minute} of {self.plan.minutes}, load % by bus {loads}")
            elif text.startswith('{"'):
                return json.loads(text)
            elif mark == "#":
                self.failures.append(rest)
            else:
                last.append(text)
        raise PollError("the terminal's half ended: " + "".join(last[-12:]).strip())

    def _judge_points(self, text):
        name, *points = text.split()
        if name in self.dead:
            return
        self._told.add(name)
        past = self.past[name]
        for point in points:
            item, value, fresh = point.split(":")
            self._fresh[0] += fresh == "1"
            self._fresh[1] += 1
            self.wrong += fresh == "1" and int(value) not in [truth[item] for truth in past]

    def _close_round(self):
        fresh, wanted = self._fresh
        share = len(self._told) / (len(self.by_name) - len(self.dead))  # others have no points
        self.complete.append(100 * share * fresh / wanted if wanted else 0.0)
        self._fresh = [0, 0]
        self._told = set()

    def _numbers(self, report):
        self.alarms.close()
        self.report = report
        buses = report["buses"]
        elapsed_us = report["elapsed_us"]
        bound_us = sum(line.bound_us for line in self.lines)
        used_us = sum(elapsed_us - bus["idle_ms"] * 1000 for bus in buses)
        return {
            "complete_pct": round(min(self.complete), 3) if self.complete else None,
            "key_alarm_p99_s": self.alarms.percentile(True, 0.99),
            "alarm_p99_s": self.alarms.percentile(False, 0.99),
            "wire_efficiency": round(bound_us / used_us, 4),
            "heap_data_bytes": report["heap_data_bytes"],
            "heap_code_bytes": report["heap_code_bytes"],
            "bytes_per_point": round(report["table_bytes"] / self.plan.points, 1),
            # everything but the points table: state, names, profiles, codecs, tasks
            "bytes_per_device": round(
                (report["heap_data_bytes"] - report["table_bytes"]) / self.plan.devices
            ),
            "key_alarms": len(self.alarms.told[True]),
            "alarms": len(self.alarms.told[False]),
            "alarms_untold": self.alarms.never,
            "wrong_values": self.wrong,
            "late_credited": self.alarms.surprises + self.untrue,
            "short_silences": sum(line.short_silences for line in self.lines),
            "requests": sum(line.requests for line in self.lines),
            "load_pct": round(100 * used_us / elapsed_us / len(buses), 1),
            "quarantine_pct": round(
                max(100000 * bus["probe_ms"] / elapsed_us for bus in buses), 2
            ),
            "worst_lateness_s": round(max(bus["worst_ms"] for bus in buses) / 1000, 2),
            "falsely_silent": len(self.lost - self.dead),
            "failures": self.failures,
        }

    def intervals(self):
        """{name: mean s between two answers} of every device that answered twice."""
        means = {}
        for line in self.lines:
            for name, (count, first, last) in line.answered.items():
                if count > 1:
                    means[name] = (last - first) / (count - 1) / 1e6
        return means
