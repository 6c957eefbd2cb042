"""What goes when flash is full, and who is told before: all that is kept on flash, by rank.

A kind of data is anything with `used` and `room` (bytes, and bytes after which its oldest goes)
and `drop_oldest()` (False: nothing can go). When flash is full the oldest of the lowest rank goes
first; the newest of each kind stays. A ring goes on above 90 % by letting the oldest go; the
warning is for those who want to fetch it before.
"""

from micropython import const

NEVER = const(1000)  # rank of what never goes to make room for others
_HIGH = const(90)  # % of its room at which a warning is due
_LOW = const(80)  # and below which the next one can be


class Retention:
    def __init__(self):
        self.on_full = None  # on_full(name of the kind whose oldest went)
        self._kinds = []  # [rank, name, store, was warned], the lowest rank first

    def add(self, name, store, rank):
        """rank: the lowest goes first, NEVER does not go. Add it once it is loaded: a ring that
        is full then is no news."""
        self._kinds.append([rank, name, store, _percent(store) >= _HIGH])
        self._kinds.sort(key=lambda kind: kind[0])

    def usage(self):
        """[(name, bytes used, bytes of its room)], the lowest rank first."""
        return [(name, store.used, store.room) for _, name, store, _ in self._kinds]

    def make_room(self):
        """Let the oldest of the least important kind go; False: there is nothing to go."""
        for rank, name, store, _ in self._kinds:
            if rank < NEVER and store.drop_oldest():
                if self.on_full:
                    self.on_full(name)
                return True
        return False

    def warnings(self):
        """[(name, percent)] of what went above 90 % since it was asked last, once until it has
        been below 80 %."""
        found = []
        for kind in self._kinds:
            percent = _percent(kind[2])
            if percent >= _HIGH and not kind[3]:
                found.append((kind[1], percent))
                kind[3] = True
            elif percent < _LOW:
                kind[3] = False
        return found


def _percent(store):
    return store.used * 100 // max(1, store.room)
