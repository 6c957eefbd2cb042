"""Sequence of events: the last 256 changes of inputs, in the order of their stamps' arrival. It
never grows; what is overwritten is counted by the number of the entries.
"""

from array import array

from micropython import const

SIZE = const(256)
CHATTERS = const(2)  # instead of a state

_MASK = const(0xFF)


class Sequence:
    def __init__(self):
        self.count = 0  # entries since the start; the last SIZE of them are kept
        self.lost = 0  # changes that were noticed too late to say when, or not in full
        self._stamps = array("q", bytes(8 * SIZE))
        self._what = bytearray(SIZE)  # input * 4 + state

    def add(self, stamp_ms, number, state):
        at = self.count & _MASK
        self._stamps[at] = stamp_ms
        self._what[at] = number << 2 | state
        self.count += 1

    def rows(self, since=0):
        """Yield (number, stamp ms, input, state) of the entries that are kept, from number
        `since` on, oldest first."""
        for number in range(max(since, self.count - SIZE), self.count):
            at = number & _MASK
            yield number, self._stamps[at], self._what[at] >> 2, self._what[at] & 3
