"""An oracle for power-quality events: Urms(1/2) of IEC 61000-4-30, 5.4 in double precision from
whole waveforms, and the polyphase rules on it. Shares nothing with the firmware."""

import numpy as np

HZ = 8000
CYCLE = 160  # samples


def crossings(u, arm):
    """Fractional positions where the wave passes zero, having been beyond `arm` since the last."""
    sign = np.where(np.abs(u) > arm, np.sign(u), 0)
    at = np.flatnonzero(sign)
    flips = np.flatnonzero(np.diff(sign[at]))
    found = []
    for left, right in zip(at[flips], at[flips + 1]):
        step = np.flatnonzero(np.diff(np.sign(u[left : right + 1])))[-1] + left
        found.append(step + u[step] / (u[step] - u[step + 1]))
    return np.array(found)


def half_cycles(u, arm):
    """(position, rms of the whole cycle before it) at each zero crossing; every 10 ms where the
    wave has none for 16 ms."""
    found = []
    for t in crossings(u, arm):
        while found and t - found[-1] > 128:
            found.append(found[-1] + CYCLE / 2)
        found.append(t)
    t = np.array(found)
    energy = np.concatenate([[0], np.cumsum((u[1:] ** 2 + u[1:] * u[:-1] + u[:-1] ** 2) / 3)])
    total = np.interp(t, np.arange(len(u)), energy)
    return t[2:], np.sqrt((total[2:] - total[:-2]) / (t[2:] - t[:-2]))


class Rule:
    """Enter beyond `enter`, back beyond `leave`; of any or of all phases."""

    def __init__(self, enter, leave, least):
        self.enter, self.leave, self.least = enter, leave, least
        self.down = enter < leave
        self.beyond, self.open, self.events = set(), None, []

    def take(self, t, phase, u):
        if u < self.enter if self.down else u > self.enter:
            self.beyond.add(phase)
        elif u >= self.leave if self.down else u <= self.leave:
            self.beyond.discard(phase)
        if self.open is not None:
            pick = min if self.down else max
            self.open[1] = pick(self.open[1], u)
        if len(self.beyond) >= self.least and self.open is None:
            self.open = [t, u]
        elif len(self.beyond) < self.least and self.open is not None:
            start, extreme = self.open
            self.events.append((start, t - start, extreme))
            self.open = None


def events(waves, nominal, hysteresis=0.02):
    """{kind: [(start, duration in samples, extreme in V)]} of three voltages in volts."""
    rules = {
        "dip": Rule(0.90 * nominal, (0.90 + hysteresis) * nominal, 1),
        "swell": Rule(1.10 * nominal, (1.10 - hysteresis) * nominal, 1),
        "interruption": Rule(0.05 * nominal, (0.05 + hysteresis) * nominal, 3),
    }
    steps = []
    for phase, u in enumerate(waves):
        t, rms = half_cycles(u, 0.03 * nominal * np.sqrt(2))
        steps += [(a, phase, b) for a, b in zip(t, rms)]
    for t, phase, u in sorted(steps):
        for rule in rules.values():
            rule.take(t, phase, u)
    return {name: rule.events for name, rule in rules.items()}
