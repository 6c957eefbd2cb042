"""Tells what happens again and again seldom: at once, then after a minute, two, up to an hour."""

from micropython import const

_FIRST_MS = const(60000)
_LONGEST_MS = const(3600000)


class Teller:
    def __init__(self, tell, kinds):
        """tell(kind, text) for kinds 0..kinds-1."""
        self._tell = tell
        self._texts = [""] * kinds  # the newest that was held back
        self._held = [0] * kinds  # how many were
        self._pauses = [0] * kinds  # ms after the last that was told
        self._told_ms = [0] * kinds

    def say(self, kind, text, now):
        """Tell it now or later; `now` is the clock's ms."""
        self._texts[kind] = text
        self._held[kind] += 1
        self._try(kind, now)

    def flush(self, now):
        """Call now and then: tells what was held back long enough."""
        for kind in range(len(self._held)):
            if self._held[kind]:
                self._try(kind, now)

    def _try(self, kind, now):
        pause = self._pauses[kind]
        passed = now - self._told_ms[kind]
        if passed < pause:
            return
        if passed >= 4 * pause:
            pause = 0  # it had stopped: begin anew
        more = self._held[kind] - 1
        text = self._texts[kind]
        self._held[kind] = 0
        self._told_ms[kind] = now
        self._pauses[kind] = min(_LONGEST_MS, max(_FIRST_MS, 2 * pause))
        self._tell(kind, "%s; %d more before" % (text, more) if more else text)
