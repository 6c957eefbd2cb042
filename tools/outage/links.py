"""Two links that die and come back, and how the terminal takes it: over in time, back late, and
not too often. A dead link is silent: what is sent over it vanishes.
"""

_DEAD_S = (300, 900)
_REST_S = (2000, 2600)  # until it is used again, and a while
_FLAP_S = (20, 240)
_HOUR_S = 3600


class Links:
    def __init__(self, world, rng, say):
        """`world`: a Run."""
        self.dead = set()
        self._world = world
        self._rng = rng
        self._say = say
        self._link = {}  # number of a connection: its link
        self._used = 0  # link of the last session
        self._died_at = None  # when the link in use died, with the other one well
        self._well_at = 0.0  # when the first one came back last
        self._switches = []  # s
        self._over = []  # s from a death to the session on the other link
        self._held = []  # s that the first one was well before it was used again
        self._is_planned = False

    def plan(self, hours):
        """Half of the time single deaths of the first, then both flap."""
        self._is_planned = True
        whole, rng, at = 3600 * hours, self._rng, 120.0
        while at < whole * 0.5:
            last = rng.uniform(*_DEAD_S)
            self._later(at, 0, False)
            self._later(at + last, 0, True)
            at += last + rng.uniform(*_REST_S)
        while at < whole:
            link = 0 if rng.random() < 0.7 else 1
            last = rng.uniform(*_FLAP_S)
            self._later(at, link, False)
            self._later(at + last, link, True)
            at += last + rng.uniform(*_FLAP_S)

    def _later(self, at, link, is_well):
        self._world.time.later(at, lambda: (self._revive if is_well else self._kill)(link))

    def _kill(self, link):
        now = self._world.time.now()
        self._say(f"{now:9.1f} s  link {link + 1} dies")
        self.dead.add(link)
        # a switch that comes from here counts as one in time only when it is free
        if link == self._used and len(self._recent(now)) < 2:
            self._died_at = now
        for number, wire in self._world.wires.items():
            if self._link[number] == link:
                wire.is_silent = True

    def _revive(self, link):
        now = self._world.time.now()
        self._say(f"{now:9.1f} s  link {link + 1} is back")
        self.dead.discard(link)
        self._died_at = None
        if link == 0:
            self._well_at = now

    def _recent(self, now):
        return [at for at in self._switches if now - at < 1800]

    def tried(self, number, link):
        self._link[number] = link

    def accepted(self, number):
        link = self._link[number]
        if link == self._used:
            return
        now = self._world.time.now()
        self._say(f"{now:9.1f} s  a session over link {link + 1}")
        if self._died_at is not None:
            self._over.append(now - self._died_at)
        elif link == 0 and 1 not in self.dead:
            self._held.append(now - self._well_at)
        self._died_at = None
        self._used = link
        self._switches.append(now)

    def numbers(self):
        """{} where there was one link; None for what did not happen."""
        if not self._is_planned:
            return {}
        hours = [
            sum(at <= other <= at + _HOUR_S for other in self._switches) for at in self._switches
        ]
        return {
            "failover_s": round(max(self._over), 1) if self._over else None,
            "return_s": round(min(self._held)) if self._held else None,
            "switches_per_h": max(hours, default=0),
            "switches": len(self._switches),
        }
