"""Twelve digital inputs: what is a change, and what is chatter. Knows no chip and no clock.

A change has the stamp of its first edge and counts once the input has been steady; edges that
lead back to where they began are none. An input chatters when it changes too often, or is never
steady: from then on its edges are counted, and it is told again when it has been calm.
"""

from array import array

from micropython import const

from modules.telemetry.ports import COUNT

_SECOND_MS = const(1000)
_RESTLESS_MS = const(500)  # an input that is not steady for so long chatters
_FOR_EVER_MS = const(0x3FFFFFFF)


class Inputs:
    def __init__(self, debounce_ms, chatter, calm_s):
        """Settings as in firmware/config/schema.py."""
        self.levels = 0  # as they were seen last
        self.states = 0  # as they were told last
        self.noisy = 0  # those that chatter
        self.edges = array("L", [0] * COUNT)
        self.changes = array("L", [0] * COUNT)  # that were told
        self._unsteady = 0  # edges were seen that are not judged yet
        self._debounce_ms = debounce_ms
        self._calm_ms = 1000 * calm_s
        self._limit = chatter
        self._stamps = array("q", [0] * COUNT)  # UTC ms: first edge; of noisy ones, the last
        self._began = array("q", [0] * COUNT)  # ms: when it became unsteady
        self._last = array("q", [0] * COUNT)  # ms: edge that was seen last
        self._edges_then = array("L", [0] * COUNT)  # edges when it began to chatter
        # the last `chatter` changes of each, ms
        self._history = array("q", [-_SECOND_MS] * (COUNT * chatter))
        self._oldest = bytearray(COUNT)

    def start(self, levels):
        """What the inputs are before the first change."""
        self.levels = self.states = levels

    def see(self, levels, stamp_ms, now_ms):
        """Levels at a moment, UTC and the clock's; returns those that differ from before."""
        other = levels ^ self.levels
        self.levels = levels
        for i in range(COUNT):
            bit = 1 << i
            if not other & bit:
                continue
            self.edges[i] += 1
            self._last[i] = now_ms
            if self.noisy & bit:
                self._stamps[i] = stamp_ms
            elif not self._unsteady & bit:
                self._unsteady |= bit
                self._stamps[i] = stamp_ms
                self._began[i] = now_ms
        return other

    def judge(self, now_ms, teller):
        """Tell what is due: teller.changed(i, state, stamp_ms), teller.chatters(i, stamp_ms) and
        teller.calm(i, state, stamp_ms, edges)."""
        for i in range(COUNT):
            bit = 1 << i
            if self.noisy & bit:
                if now_ms - self._last[i] >= self._calm_ms:
                    self._calm(i, bit, teller)
            elif self._unsteady & bit:
                if now_ms - self._last[i] >= self._debounce_ms:
                    self._steady(i, bit, now_ms, teller)
                elif now_ms - self._began[i] >= _RESTLESS_MS:
                    self._chatter(i, bit, teller)

    def wait_ms(self, now_ms):
        """How long nothing is due."""
        wait = _FOR_EVER_MS
        for i in range(COUNT):
            bit = 1 << i
            if self.noisy & bit:
                wait = min(wait, self._last[i] + self._calm_ms - now_ms)
            elif self._unsteady & bit:
                wait = min(wait, self._last[i] + self._debounce_ms - now_ms)
                wait = min(wait, self._began[i] + _RESTLESS_MS - now_ms)
        return max(0, wait)

    def _steady(self, i, bit, now_ms, teller):
        self._unsteady &= ~bit
        if not (self.levels ^ self.states) & bit:
            return  # a glitch
        if self._is_often(i, now_ms):
            self._chatter(i, bit, teller)
            return
        self.states ^= bit
        self.changes[i] += 1
        teller.changed(i, self.states >> i & 1, self._stamps[i])

    def _is_often(self, i, now_ms):
        """Is this one change too many within a second?"""
        at = i * self._limit + self._oldest[i]
        oldest, self._history[at] = self._history[at], now_ms
        self._oldest[i] = (self._oldest[i] + 1) % self._limit
        return now_ms - oldest < _SECOND_MS

    def _chatter(self, i, bit, teller):
        self._unsteady &= ~bit
        self.noisy |= bit
        self._edges_then[i] = self.edges[i]
        teller.chatters(i, self._stamps[i])

    def _calm(self, i, bit, teller):
        self.noisy &= ~bit
        self.states = self.states & ~bit | self.levels & bit
        self.changes[i] += 1
        edges = self.edges[i] - self._edges_then[i]
        teller.calm(i, self.states >> i & 1, self._stamps[i], edges)
