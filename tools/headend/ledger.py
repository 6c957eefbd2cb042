"""What a head-end has of one station: it decides what is taken, and what is said of it.

Order: a message that names the one it comes `after` is taken when that one is there. If not it is
held back, which is to say forgotten and not acknowledged: it will come again behind the other.
See docs/delivery.md.
"""

import json


class Ledger:
    def __init__(self):
        self.events = {}  # boot: set of sequences
        self.curves = {}  # device: set of end_ms
        self.taken = 0
        self.repeated = 0  # had it already, and it said `again`
        self.undeclared = 0  # had it already, and it did not say so
        self.held = 0  # came before the one it comes after
        self.gaps = 0  # events that never came before a younger one of the same boot
        self.late = 0  # taken behind a younger one of its stream
        self.early = 0  # copies out of their turn
        self.live = 0  # messages of live values
        self.last_event = None  # (boot, sequence)
        self.last_curves = {}  # device: end_ms
        self._answers = []  # ("event", boot, seq) or ("curve", end_ms, device)

    def take(self, topic, body):
        """One message; its key when it is new and taken, else None. KeyError and the like when it
        is not what the terminal's documentation says."""
        kind = topic.rsplit("/", 1)[-1]
        if kind == "data":
            self.live += 1
        elif kind == "event":
            return self._event(body)
        elif kind == "curve":
            return self._curve(body)
        return None

    def _event(self, body):
        boot, sequence = body["boot"], body["seq"]
        if body.get("early"):
            self.early += 1
            return None
        after = tuple(body["after"]) if "after" in body else None
        had = self.events.setdefault(boot, set())
        key = (boot, sequence)
        is_new = self._judge(body, key, sequence in had, after, self.last_event)
        if is_new is None:
            return None
        self._answers.append(("event", boot, sequence))
        if not is_new:
            return None
        had.add(sequence)
        if self.last_event is None or key > self.last_event:
            if self.last_event and self.last_event[0] == boot:
                self.gaps += sequence - self.last_event[1] - 1
            self.last_event = key
        return ("event", *key)

    def _curve(self, body):
        device, end_ms = body["device"], body["end_ms"]
        had = self.curves.setdefault(device, set())
        last = self.last_curves.get(device)
        is_new = self._judge(body, end_ms, end_ms in had, body.get("after"), last)
        if is_new is None:
            return None
        self._answers.append(("curve", end_ms, device))
        if not is_new:
            return None
        had.add(end_ms)
        self.last_curves[device] = max(end_ms, last or 0)
        return ("curve", end_ms, device)

    def _judge(self, body, key, is_had, after, last):
        """None: held back. False: it is there already. True: it is new."""
        if is_had:
            if body.get("again"):
                self.repeated += 1
            else:
                self.undeclared += 1
            return False
        if after is not None and (last is None or after > last):
            self.held += 1
            return None
        self.late += last is not None and key < last
        self.taken += 1
        return True

    def answer(self):
        """The acknowledgement of all that was taken since the last one, as JSON; None: nothing."""
        if not self._answers:
            return None
        events, curve = {}, {}
        for kind, number, what in self._answers:
            (events if kind == "event" else curve).setdefault(number, []).append(what)
        self._answers.clear()
        body = {}
        if events:
            body["upto"] = list(self.last_event or (0, 0))
            body["events"] = [[boot, *sequences] for boot, sequences in events.items()]
        if curve:
            body["curve"] = [[end_ms, *devices] for end_ms, devices in curve.items()]
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False)

    def numbers(self):
        """Counters as a dict."""
        names = ["taken", "repeated", "undeclared", "held", "gaps", "late", "early", "live"]
        return {name: getattr(self, name) for name in names}
