"""Pause before the next attempt: exponential with full jitter, so that a thousand terminals
whose broker restarts do not return in one second.

Starts again only after a session that stayed up for a while: a broker that accepts
and kicks must not be met with a tight loop.
"""


class Backoff:
    def __init__(self, min_ms, max_ms, stable_ms, randrange):
        """Pauses lie in 0..cap, the cap doubles from min_ms to max_ms; randrange(n) -> 0..n-1."""
        self._min_ms = min_ms
        self._max_ms = max_ms
        self._stable_ms = stable_ms
        self._randrange = randrange
        self._cap_ms = min_ms

    def pause_ms(self, up_ms):
        """How long to wait after a session that was up for `up_ms` (0: never connected)."""
        if up_ms >= self._stable_ms:
            self._cap_ms = self._min_ms
        cap = self._cap_ms
        self._cap_ms = min(cap * 2, self._max_ms)
        return self._randrange(cap + 1)
