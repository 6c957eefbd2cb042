"""What is done to the terminal, step by step: random sequences of requests, good ones and all
kinds of bad ones, while the power is cut, the module is pulled, and flags and contacts change."""

import json

from tools.control.judge import SELECT_S

_SLOT = 4
_QS = ("q1", "q2")
_LOCAL = "console"
_WHO = (_LOCAL, "uplink-a", "uplink-b")
_FRAMES = 60  # requests that may be sent again
_CUT_MOST = 70  # operations of I2C and flash until the power goes
_HOWS = ("before", "after", "torn")
_OPPOSITE = {"closed": "open", "open": "close"}
_CALM_MS = 700  # the driver has looked, and has noticed what is wrong


class Cut(Exception):
    """The power went within a step: the terminal has started anew."""


class Script:
    def __init__(self, host, judge, plug, rng, sequences):
        """plug(options): a module into the slot, after `unplug`."""
        self.done = 0
        self.kinds = {}
        self._host = host
        self._judge = judge
        self._plug = plug
        self._rng = rng
        self._numbers = dict.fromkeys(_WHO, 0)
        self._frames = []
        self._sequences = sequences
        self._cuts_seen = 0
        self._is_armed = False
        self._turns = 0  # that a cut ended: a pull which still was to come does not
        self._steps = self._play()

    def next(self):
        """What the terminal reads, as bytes."""
        if self._judge.is_off:
            step = self._off()
        else:
            self._judge.booted()
            step = next(self._steps, ["end"])
        return json.dumps(step).encode()

    def _off(self):
        """How long it is dark, whether the module is too, and whether the next start is cut."""
        rng = self._rng
        takes_module = rng.random() < 0.5
        again = rng.randrange(12) if rng.random() < 0.15 else -1
        self._judge.going_dark(takes_module)
        return [rng.choice((1, 30, 300, 2000)), takes_module, again, rng.choice(_HOWS)]

    def _play(self):
        yield ["ready"]
        self._judge.in_service = True
        while self.done < self._sequences:
            name = self._draw()
            self.kinds[name] = self.kinds.get(name, 0) + 1
            try:
                yield from getattr(self, name)()
                yield from self._tidy()
            except Cut:
                yield from self._recover()
            self.done += 1

    def _draw(self):
        return self._rng.choices(_KINDS, [weight for _, weight in _KINDS])[0][0]

    def _do(self, *step):
        """One step; Cut when the power went in it, or before it."""
        yield list(step)
        if self._judge.counts["cuts"] != self._cuts_seen:
            raise Cut

    def _recover(self):
        """A new boot, which may be cut as well; a module whose turn the cut ended is in again."""
        self._turns += 1
        judge = self._judge
        if not judge.module_is_in:
            judge.plugged(self._plug(_rest(judge.module)))
        while True:
            self._cuts_seen = self._judge.counts["cuts"]
            self._is_armed = False
            try:
                if self._rng.random() < 0.3:
                    yield from self.replay()
                yield from self._serve()
                yield from self.replay()
                yield from self._tidy()
                return
            except Cut:
                pass

    def _serve(self):
        """Until the module is in service again."""
        yield from self._do("wait", _CALM_MS)
        yield from self._do("ready")
        self._judge.in_service = True

    def _tidy(self):
        """As it was before, for the next sequence."""
        judge = self._judge
        if self._is_armed:
            yield from self._do("off")
        yield from self._do("settle")
        for name, value in (("remote", True), ("guarantee", False)):
            if judge.settings[name] != value:
                yield from self._set(name, value)
        if judge.rules:
            yield from self._do("unlock")
            judge.rules = []
        status = judge.module.status()
        if status["plate"] or not status["key"] or not status["supply"]:
            yield from self._change(plate=False, key=True, supply=True)
        if judge.selection:
            holder = judge.selection[0][3]
            yield from self._request("cancel", holder, self._number(holder))

    # requests

    def _number(self, who):
        self._numbers[who] += self._rng.choice((1, 1, 1, 7))
        return self._numbers[who]

    def _request(self, *words):
        request = list(words)
        self._judge.send(request)
        self._frames.append(request)
        del self._frames[:-_FRAMES]
        yield from self._do(*request)
        return self._judge.answer == "ok"

    def _who(self):
        return self._rng.choice(_WHO)

    def _action(self, q):
        """Mostly the one that moves it."""
        position = self._judge.module.status()[q]
        if self._rng.random() < 0.06 or position not in _OPPOSITE:
            return self._rng.choice(("close", "open"))
        return _OPPOSITE[position]

    def _select(self, q=None, action=None, who=None):
        """The request, whatever came of it."""
        q = q or self._rng.choice(_QS)
        who = who or self._who()
        output = f"control-{_SLOT}.{q}"
        if self._rng.random() < 0.01:
            output = self._rng.choice(("control-4.q3", "control-5.qx", "1-17.breaker"))
        request = ["select", output, action or self._action(q), who, self._number(who)]
        yield from self._request(*request)
        return request

    def _execute(self, chosen, **changes):
        """True when it is under way."""
        words = {"output": chosen[1], "action": chosen[2], "who": chosen[3]}
        words.update(changes)
        number = self._number(words["who"])
        number_of = words.get("selected", chosen[4])
        ok = yield from self._request(
            "execute", words["output"], words["action"], words["who"], number, number_of
        )
        return ok

    def _pause(self, most_ms=SELECT_S * 900):
        yield from self._do("wait", self._rng.choice((0, 20, 200, self._rng.randrange(most_ms))))

    def _set(self, name, value):
        self._judge.settings[name] = value
        yield from self._do("set", name, value)

    def _change(self, **values):
        """At the module; and the terminal has seen it."""
        self._judge.excuse()
        self._judge.module.set(**values)
        yield from self._do("wait", 50)

    # sequences

    def normal(self):
        selected = yield from self._select()
        yield from self._pause()
        yield from self._execute(selected)
        yield from self._do("settle")

    def unselected(self):
        q, who = self._rng.choice(_QS), self._who()
        fake = ["select", f"control-{_SLOT}.{q}", self._action(q), who, self._numbers[who]]
        yield from self._execute(fake)

    def late(self):
        selected = yield from self._select()
        yield from self._do("wait", SELECT_S * 1000 + self._rng.choice((100, 2000)))
        yield from self._execute(selected)

    def stranger(self):
        selected = yield from self._select()
        others = [who for who in _WHO if who != selected[3]]
        yield from self._execute(selected, who=self._rng.choice(others))
        yield from self._execute(selected)
        yield from self._do("settle")

    def other(self):
        selected = yield from self._select()
        q = "q2" if selected[1].endswith("q1") else "q1"
        change = self._rng.choice(
            (
                {"output": f"control-{_SLOT}.{q}"},
                {"action": "open" if selected[2] == "close" else "close"},
                {"selected": max(0, selected[4] - 1)},
            )
        )
        yield from self._execute(selected, **change)
        yield from self._execute(selected)
        yield from self._do("settle")

    def repeated(self):
        selected = yield from self._select()
        yield from self._execute(selected)
        frame = self._frames[-1]
        if self._rng.random() < 0.5:
            yield from self._do("settle")
        yield from self._request(*frame)
        yield from self._execute(selected)
        yield from self._do("settle")

    def twice(self):
        selected = yield from self._select()
        yield from self._select(who=self._rng.choice((selected[3], self._who())))
        yield from self._pause(1000)
        yield from self._execute(selected)
        yield from self._do("settle")

    def cancelled(self):
        selected = yield from self._select()
        who = self._rng.choice((selected[3], self._who()))
        yield from self._request("cancel", who, self._number(who))
        yield from self._execute(selected)
        yield from self._do("settle")
        yield from self._request("cancel", who, self._number(who))

    def replay(self):
        """What was sent before, again and in its order."""
        if not self._frames:
            return
        first = self._rng.randrange(len(self._frames))
        for frame in self._frames[first : first + self._rng.choice((1, 2, 3))]:
            yield from self._request(*frame)
            if self._rng.random() < 0.3:
                yield from self._do("settle")

    def set_back(self):
        """The clock is set, the selection does not mind."""
        ms = self._rng.choice((-3600000, 3600000, -86400000, -315360000000, 10000))
        if self._rng.random() < 0.5:
            yield from self._do("utc", ms)
            yield from self.replay()
        else:
            selected = yield from self._select()
            yield from self._do("utc", ms)
            yield from self._execute(selected)
            yield from self._do("settle")
        yield from self._do("utc", -ms)

    def flagged(self):
        """Something forbids it, before the selection or after it."""
        name = self._rng.choice(("remote", "guarantee", "plate", "key", "supply"))
        values = {"remote": False, "guarantee": True, "plate": True, "key": False, "supply": False}
        setter = self._set if name in self._judge.settings else self._flip
        is_early = self._rng.random() < 0.4
        if is_early:
            yield from setter(name, values[name])
        selected = yield from self._select()
        if not is_early:
            yield from setter(name, values[name])
        yield from self._execute(selected)
        yield from self._do("settle")

    def _flip(self, name, value):
        yield from self._change(**{name: value})

    def interlocked(self):
        q = self._rng.choice(_QS)
        other = "q2" if q == "q1" else "q1"
        action = self._action(q)
        relation = self._rng.choice(("=", "!=", "<", ">", "<=", ">="))
        value = self._rng.choice(("1", "2"))
        rule = (f"control-{_SLOT}.{q}", action, f"control-{_SLOT}.{other}", relation, value)
        is_early = self._rng.random() < 0.5
        if is_early:
            yield from self._lock(rule)
        selected = yield from self._select(q, action)
        if not is_early:
            yield from self._lock(rule)
        yield from self._execute(selected)
        yield from self._do("settle")

    def _lock(self, rule):
        yield from self._do("lock", *rule)
        self._judge.rules.append(rule)

    def busy(self):
        selected = yield from self._select()
        yield from self._execute(selected)
        yield from self._do("wait", self._rng.choice((1, 30, 120, 200)))
        second = yield from self._select()
        yield from self._execute(second)
        who = self._who()
        yield from self._request("cancel", who, self._number(who))
        yield from self._do("settle")

    def cut(self):
        """The power goes at some operation of I2C or flash."""
        self._is_armed = True
        yield from self._do("arm", self._rng.randrange(_CUT_MOST), self._rng.choice(_HOWS))
        yield from self._rng.choice((self.normal, self.normal, self.normal, self.busy))()

    def dark(self):
        """The power goes at some time."""
        selected = yield from self._select()
        yield from self._execute(selected)
        yield from self._do("wait", self._rng.randrange(400))
        yield from self._do("off")

    def pulled(self):
        """Out while something is under way, and in again."""
        judge = self._judge
        selected = yield from self._select()
        if (yield from self._execute(selected)):
            turns = self._turns
            delay_s = self._rng.random() * 0.4
            self._host.time.later(delay_s, lambda: turns == self._turns and self._pull())
        else:
            self._pull()
        yield from self._do("settle")
        yield from self._do("wait", self._rng.choice((500, 1000)))
        if judge.module_is_in:
            self._pull()
        yield from self._do("wait", self._rng.choice((10, 200, 1000)))
        if self._rng.random() < 0.5:
            yield from self._execute((yield from self._select()))
        judge.plugged(self._plug(_rest(judge.module)))
        yield from self._serve()

    def _pull(self):
        judge = self._judge
        judge.counts["pulls"] += 1
        judge.excuse()
        judge.in_service = False
        judge.module_is_in = False
        self._host.unplug(_SLOT)

    def faulty(self):
        """A relay, a switch or the chip fails; all is repaired afterwards."""
        judge, module = self._judge, self._judge.module
        name = self._rng.choice(("dead", "stuck", "welded", "reset", "supply"))
        selected = yield from self._select()
        if selected[1][-2:] not in _QS:
            return
        coil = f"{selected[1][-2:]} {selected[2]}"
        value = {"dead": coil, "stuck": coil[:2], "welded": coil, "reset": True, "supply": False}
        if name in ("reset", "supply"):
            if (yield from self._execute(selected)):
                delay_s = self._rng.random() * 0.3
                self._host.time.later(delay_s, lambda: self._break(module, name, value[name]))
        else:
            self._break(module, name, value[name])
            yield from self._execute(selected)
            judge.excuse()
        yield from self._do("settle")
        yield from self._do("wait", 600)
        module.set(dead="", stuck="", welded="", supply=True)
        yield from self._serve()

    def _break(self, module, name, value):
        self._judge.excuse()
        if name == "reset":
            self._judge.in_service = False
        module.set(**{name: value})

    def by_hand(self):
        """Somebody moves a switch: told as a mismatch."""
        judge = self._judge
        q = self._rng.choice(_QS)
        yield from self._do("wait", _CALM_MS)
        before = judge.mismatches
        position = judge.module.status()[q]
        judge.module.set(**{q: "open" if position == "closed" else "closed"})
        yield from self._do("wait", _CALM_MS)
        if judge.mismatches == before:
            judge.blame("untold", f"{q} was moved by hand and no event says so")


def _rest(module):
    """The positions it is plugged with again: the plant stays as it is."""
    status = module.status()
    return {q: "open" if status[q] == "moving" else status[q] for q in _QS}


_KINDS = (
    ("normal", 20),
    ("unselected", 6),
    ("late", 4),
    ("stranger", 8),
    ("other", 8),
    ("repeated", 8),
    ("twice", 6),
    ("cancelled", 6),
    ("replay", 8),
    ("set_back", 4),
    ("flagged", 8),
    ("interlocked", 8),
    ("busy", 5),
    ("cut", 8),
    ("dark", 2),
    ("pulled", 3),
    ("faulty", 3),
    ("by_hand", 2),
)
