"""The faults of the bench: what is done to the emulated modem, and what is undone once the
terminal works again (or after its own time). Drawn by the seed."""


class Fault:
    """`steps`: (s after the fault begins, what to set); `undo`: what is set when the terminal has
    recovered; `lasts_s`: the terminal cannot work before."""

    def __init__(self, kind, steps, undo=None, lasts_s=0.0):
        self.kind = kind
        self.steps = steps
        self.undo = undo or {}
        self.lasts_s = lasts_s


def _register_delay(rng):
    return Fault("register_delay", [(0, {"register_s": rng.uniform(10, 100), "crash": True})])


def _dropped_urcs(rng):
    share = rng.uniform(0.2, 1.0)
    steps = [(0, {"drop": share})]
    if rng.random() < 0.5:
        steps.append((rng.uniform(0, 20), {"vanish": True}))
    return Fault("dropped_urcs", steps, {"drop": 0.0}, steps[-1][0])


def _no_carrier(rng):
    return Fault("no_carrier", [(0, {"no_carrier": True})], {"no_carrier": False}, 10)


def _garbage(rng):
    steps = [(0, {"garbage": rng.randrange(1, 40)})]
    if rng.random() < 0.3:  # into another frame too
        steps.append((rng.uniform(0, 3), {"garbage": rng.randrange(1, 400)}))
    return Fault("garbage", steps, {"garbage": 0}, 10)


def _noise(rng):
    times = sorted(rng.uniform(0, 3) for _ in range(rng.randrange(1, 5)))
    return Fault("noise", [(at, {"noise": rng.randrange(1, 60)}) for at in times], {"noise": 0}, 5)


def _mute(rng):
    return Fault("mute", [(0, {"mute": rng.randrange(1, 3)})], {"mute": 0}, 5)


def _dead(rng):
    return Fault("dead", [(0, {"dead": True, "stubborn": rng.choice((0, 0, 0, 1, 2))})])


def _crash(rng):
    share = rng.choice((0.0, 1.0))  # not even RDY is heard
    return Fault("crash", [(0, {"drop": share, "crash": True})], {"drop": 0.0})


def _sim_out(rng):
    back = rng.uniform(2, 90)
    return Fault("sim_out", [(0, {"sim": False}), (back, {"sim": True})], {"sim": True}, back)


def _network_away(rng):
    back = rng.uniform(5, 200)
    steps = [(0, {"registered": False}), (back, {"registered": True})]
    return Fault("network_away", steps, {}, back)


def _denied(rng):
    back = rng.uniform(5, 60)
    return Fault("denied", [(0, {"denied": True}), (back, {"denied": False})], {}, back)


def _slow_link(rng):
    undo = {"rate": 1e6, "latency_ms": 50.0}
    return Fault("slow_link", [(0, {"rate": 50e3, "latency_ms": 600.0})], undo, 20)


def _full(rng):
    lasts = rng.uniform(2, 40)
    return Fault("full", [(0, {"full": lasts})], {}, lasts)


def _refused(rng):
    back = rng.uniform(5, 30)
    steps = [(0, {"refuse": rng.choice((563, 565, 566)), "vanish": True}), (back, {"refuse": 0})]
    return Fault("refused", steps, {"refuse": 0}, back)


def _context_lost(rng):
    return Fault("context_lost", [(0, {"context": False})])


def _vanished(rng):
    return Fault("vanished", [(0, {"vanish": True})])


# those the module is judged by come more often
KINDS = (
    (_register_delay, 3),
    (_dropped_urcs, 3),
    (_no_carrier, 3),
    (_garbage, 4),
    (_dead, 3),
    (_noise, 2),
    (_mute, 2),
    (_crash, 2),
    (_slow_link, 1),
    (_sim_out, 1),
    (_network_away, 1),
    (_denied, 1),
    (_full, 1),
    (_refused, 1),
    (_context_lost, 1),
    (_vanished, 1),
)


NAMES = tuple(make.__name__[1:] for make, _ in KINDS)


def draw(count, rng, only=""):
    """So many faults; every kind is among them when there is room. `only`: one of NAMES."""
    chosen = [(make, weight) for make, weight in KINDS if only in ("", make.__name__[1:])]
    makers = [make for make, _ in chosen]
    drawn = makers[:count]
    drawn += rng.choices(makers, [weight for _, weight in chosen], k=count - len(drawn))
    rng.shuffle(drawn)
    return [make(rng) for make in drawn]
