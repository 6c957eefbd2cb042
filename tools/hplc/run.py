"""One run of the bench: a terminal with a carrier module whose nodes are foreign meters, and the
judge that knows what every one of them held when it was asked."""

import json
import random

from tools.emulator.hplc import Module, fleet
from tools.virtual.host import Host

_SLOT = 2
_POINTS = 20  # of a node
_OWN = 5  # of the module itself
_PHASE_S = 25
_BUSY_S = 20  # status words of all nodes are wanted before the last ones are there


class Run:
    def __init__(self, plan):
        """`plan`: a namespace with nodes, seed, loss, uart_loss, outage, dead, concurrent, judge,
        archive, join."""
        self.plan = plan
        rows = fleet.rows(_SLOT, plan.nodes, plan.seed)
        self.names = [name for _, _, _, name in rows]
        cfg = {
            "main": "000000000001", "baud": plan.baud, "lanes": plan.lanes, "reply_s": 30,
            "data_s": 900, "alarm_s": _BUSY_S if plan.busy else 300, "quiet_ms": 400,
        }  # fmt: skip
        self.host = Host(
            "tools/hplc/terminal.py",
            {
                "rows": "".join("%d %s %s 0 - %s\n" % row for row in rows),
                "cfg": cfg,
                "points": max(300, _POINTS * plan.nodes + 2 * _OWN),
                "judge": plan.judge,
                "phases": ["outage", "restore", "calm"] if plan.outage else [],
                "phase_s": _PHASE_S,
                "round_most_s": 120 + 30 * plan.nodes,
            },
            self._take,
        )
        options = {
            "nodes": plan.nodes, "seed": plan.seed, "loss": plan.loss,
            "uart_loss": plan.uart_loss, "archive": plan.archive,
            "concurrent": plan.concurrent, "join_s": plan.join_s,
        }  # fmt: skip
        self.module = self.host.plug(_SLOT, "hplc", Module, options)
        self.by_name = {node.device.address: node for node in self.module.network.nodes}
        self.dead = set(random.Random(f"{plan.seed}/dead").sample(self.names, plan.dead))
        self.module.set(dead=sorted(self.dead))
        self.ready_s = None
        self.values = self.wrong = 0
        self.wrong_texts = []
        self.fresh = {}
        self.lost = set()
        self.falsely_lost = 0
        self.failures = []
        self.events = []  # (s, name, members)
        self.out = []  # addresses without power
        self.stats = {}

    def go(self):
        report = self.host.run()
        self.module.close()
        return self._numbers(report)

    def _take(self, text):
        kind, _, rest = text.partition(" ")
        if kind == "v":
            self._judge(*rest.split())
        elif kind == "round":
            self.ready_s = int(rest)
        elif kind == "fresh":
            name, good, _, count = rest.split()
            self.fresh[name] = (int(good), int(count))
        elif kind == "lost":
            self.lost.add(rest)
            self.falsely_lost += rest not in self.dead and rest not in self.out
        elif kind == "back":
            self.lost.discard(rest)
        elif kind == "failed":
            self.failures.append(rest)
        elif kind == "event":
            us, name, _, *members = rest.split()
            self.events.append((int(us) / 1e6, name, members))
        elif kind == "stats":
            self.stats = json.loads(rest)
        elif kind == "phase":
            self._begin(rest)

    def _judge(self, name, item, value):
        node = self.by_name.get(name)
        if node is None:
            return  # the module's own points
        self.values += 1
        if int(value) not in [truth[item] for truth in node.past]:
            self.wrong += 1
            self.wrong_texts.append(f"{name} {item} {value}")

    def _begin(self, phase):
        if phase == "outage":
            self.module.set(outage=self.plan.outage)
            self.out = self.module.status()["out"]
        elif phase == "restore":
            self.module.set(restore=self.plan.outage)

    def _numbers(self, report):
        live = [name for name in self.names if name not in self.dead]
        read = sum(1 for name in live if self._is_whole(name))
        outages = [event for event in self.events if event[1] == "OUTAGE"]
        returns = [event for event in self.events if event[1] == "POWER_BACK"]
        first = self.module.outage_s
        told = max((event[0] for event in outages), default=None)
        return {
            "nodes": self.plan.nodes,
            "seed": self.plan.seed,
            "nodes_read_pct": round(100 * read / len(live), 2),
            "round_s": report.get("round_s", self.stats.get("round_s")),
            "outage_events": len(outages),
            "outage_members": self._members(outages, self.out),
            "outage_to_event_s": None if told is None else round(told - first, 3),
            "back_events": len(returns),
            "back_members": self._members(returns, self.out),
            "wrong_values": self.wrong,
            "values": self.values,
            "falsely_silent": self.falsely_lost,
            "dead_told": len(self.lost & self.dead),
            "requests": report.get("node_requests"),
            "retries": report.get("node_failures"),
            "lost_frames": self.module.network.lost + self.module.link.spoilt,
            "most_at_once": self.module.forwarding.most,
            "late": report.get("late"),
            "alien": report.get("alien"),
            "strange": report.get("strange"),
            "dropped": report.get("dropped"),
            "denied": self.module.denied,
            "archive": len(self.module.archive),
            "ready_s": self.ready_s,
            "elapsed_s": report.get("elapsed_s"),
            "heap_data_bytes": report.get("heap_data_bytes"),
            "heap_code_bytes": report.get("heap_code_bytes"),
            "failures": self.failures,
        }

    def _is_whole(self, name):
        good, count = self.fresh.get(name, (0, 1))
        return good == count

    def _members(self, events, wanted):
        """How many of the wanted are told in the first of the events, each once."""
        if not events:
            return 0
        members = events[0][2]
        return len(set(members) & set(wanted)) if len(set(members)) == len(members) else -1
