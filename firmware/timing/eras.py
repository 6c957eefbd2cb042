"""Which boundaries of a kind were taken: ranges of numbers, one for each era the clock has been
in. A clock that is wrong by years leaves a range there, and comes back to the one it left.

At most _MOST ranges; the one that is farthest from the present is forgotten then. Some 100 bytes
each on 64 bits.
"""

from micropython import const

_MOST = const(16)


class Eras:
    def __init__(self, ranges=()):
        """`ranges`: [[first, last], ..] as `ranges` gave them; ValueError when they are none."""
        self.ranges = []
        for one in ranges:
            first, last = one
            if type(first) is not int or type(last) is not int or first > last:
                raise ValueError("no range of boundaries")
            self.add(first, last)

    def add(self, first, last):
        """`first` to `last` were taken. Ranges that touch become one."""
        apart = []
        for one in self.ranges:
            if one[0] <= last + 1 and first <= one[1] + 1:
                first, last = min(first, one[0]), max(last, one[1])
            else:
                apart.append(one)
        apart.append([first, last])
        if len(apart) > _MOST:
            apart.remove(max(apart, key=lambda one: min(abs(one[0] - last), abs(one[1] - last))))
        self.ranges = apart

    def before(self, number):
        """The newest taken one that is not after `number`; None when there is none."""
        best = None
        for first, last in self.ranges:
            if first <= number and (best is None or min(last, number) > best):
                best = min(last, number)
        return best
