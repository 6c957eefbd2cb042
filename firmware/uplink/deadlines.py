"""What a session waits for from the far side: since when, and how long at most.

One place knows every bound, so that one look finds whatever is overdue and one
number, `worst_ms`, says how long anything ever waited. No I/O.
"""


class Deadlines:
    def __init__(self, clock, bounds):
        """`bounds`: tuple of (name, longest wait in ms)."""
        self._clock = clock
        self._bounds = bounds
        self._since = {}  # name -> clock.ms() at which the wait began
        self.worst_ms = 0  # longest wait so far, ended or given up

    def begin(self, name):
        """The wait starts now, unless it is already under way."""
        if name not in self._since:
            self._since[name] = self._clock.ms()

    def end(self, name):
        """It came. Nothing happens when nobody waited."""
        since = self._since.pop(name, None)
        if since is not None:
            self._note(self._clock.ms() - since)

    def is_waiting(self, name):
        return name in self._since

    def overdue(self):
        """The name of a wait that is over its bound, or None."""
        now = self._clock.ms()
        for name, bound in self._bounds:
            since = self._since.get(name)
            if since is not None and now - since > bound:
                self._note(now - since)
                return name
        return None

    def left_ms(self, most_ms):
        """How long nothing gets overdue, at most so long."""
        now = self._clock.ms()
        for name, bound in self._bounds:
            since = self._since.get(name)
            if since is not None:
                most_ms = min(most_ms, max(1, since + bound + 1 - now))
        return most_ms

    def clear(self):
        """The connection ended, and with it every wait."""
        now = self._clock.ms()
        for since in self._since.values():
            self._note(now - since)
        self._since = {}

    @property
    def bound_ms(self):
        """The longest of the bounds."""
        return max([bound for _, bound in self._bounds])

    def _note(self, waited_ms):
        if waited_ms > self.worst_ms:
            self.worst_ms = waited_ms
