"""States that change on their own: which device raises its alarm when, and when it was told."""

_EVERY_S = {True: (15.0, 45.0), False: (150.0, 300.0)}  # key alarms, ordinary ones
_LAST_S = {True: 10.0, False: 70.0}  # none later than so long before the end


class Alarms:
    """Plans the changes of every device that has alarms, and takes the terminal's news."""

    def __init__(self, buses, lines, dead, seconds, rng):
        self.told = {True: [], False: []}  # latencies in s, of key alarms and of ordinary ones
        self.never = 0  # changes the terminal has not told of
        self.surprises = 0  # told without a change
        self._open = {}  # name: [us of each change] not told yet
        self._is_key = {}
        for devices, line in zip(buses, lines, strict=True):
            for device in devices:
                if device.name not in dead and has_alarm(device):
                    self._plan(device, line, seconds, rng)
            line.alarms.sort(key=lambda alarm: -alarm[0])

    def _plan(self, device, line, seconds, rng):
        self._is_key[device.name] = device.is_key
        low, high = _EVERY_S[device.is_key]
        # the first reading of a state is no news: let it be read once
        at, on = rng.uniform(low, high) + 60, True
        while at < seconds - _LAST_S[device.is_key]:
            line.alarms.append((at * 1e6, device, on))
            self._open.setdefault(device.name, []).append(at * 1e6)
            at += rng.uniform(low, high)
            on = not on

    def news(self, us, name):
        """The terminal says at `us` that a state of a device changed."""
        due = self._open.get(name, [])
        if not due or due[0] > us:
            # several states of a device change with one alarm
            self.surprises += name not in self._is_key
            return
        while due and due[0] <= us:
            self.told[self._is_key[name]].append((us - due.pop(0)) / 1e6)

    def close(self):
        self.never = sum(len(due) for due in self._open.values())

    def percentile(self, is_key, share):
        values = sorted(self.told[is_key])
        return round(values[min(len(values) - 1, int(share * len(values)))], 3) if values else None


def has_alarm(device):
    try:
        device.raise_alarm(False)
    except ValueError:
        return False
    return True
