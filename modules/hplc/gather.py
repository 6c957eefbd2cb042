"""Gathers who is concerned by something that is reported in several parts, until the reports
pause. Whoever is told before is not told again: that is for the caller to know."""

from micropython import const

_LONGEST_MS = const(2500)  # from the first report
_BUSY_MS = const(500)  # so much longer while the line is busy, when many are concerned ...
_MANY = const(8)
_STRANGERS = const(16)  # kept by address


class Gather:
    def __init__(self, quiet_ms):
        self.is_open = False
        self.dropped = 0  # addresses that found no place
        self._quiet_ms = quiet_ms
        self._clear()

    def _clear(self):
        self.members = []
        self.strangers = []  # addresses that are not in the archive
        self._first_ms = self._last_ms = 0

    def add(self, node, now):
        self._touch(now)
        self.members.append(node)

    def add_stranger(self, address, now):
        if address in self.strangers:
            return
        self._touch(now)
        if len(self.strangers) >= _STRANGERS:
            self.dropped += 1
        else:
            self.strangers.append(address)

    def due_ms(self, now, is_receiving):
        """ms until it is complete, 0: now; None when nothing is gathered."""
        if not self.is_open:
            return None
        wait = self._quiet_ms
        if is_receiving and len(self.members) >= _MANY:
            wait += _BUSY_MS  # a list is cut into parts, the next may be what is coming
        return max(0, min(self._last_ms + wait, self._first_ms + _LONGEST_MS) - now)

    def take(self):
        """(members, strangers); it begins anew."""
        found = self.members, self.strangers
        self.is_open = False
        self._clear()
        return found

    def _touch(self, now):
        if not self.is_open:
            self.is_open = True
            self._first_ms = now
        self._last_ms = now
