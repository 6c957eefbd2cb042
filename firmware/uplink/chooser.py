"""Which of two links to use: the first as long as it is well. Sans-I/O.

Over to the other after one failed attempt, within a second or two; back once the first answered
every probe for ten minutes. What counts as a switch is an accepted session on the other link
than the one before: two at once are free, then one in 15 minutes, so never more than six in any
hour however they flap; while none is free the link in use is tried alone.
"""

from micropython import const

HOLD_MS = const(600000)  # the first is well so long before it is used again
_TOKENS = const(2)
_TOKEN_MS = const(900000)  # until a switch used is free again
_PATIENCE_MS = const(5000)  # rather the other link than a longer pause
_HURRY_MS = const(2000)


class Chooser:
    def __init__(self, clock):
        self.at = 0  # the link to try
        self.used = 0  # the one of the last accepted session
        self.switches = 0
        self._clock = clock
        self._is_up = False
        self._failures = 0  # attempts in a row that nobody accepted
        self._well_since = None  # clock.ms() of the first of the probes that succeeded in a row
        self._tokens = _TOKENS
        self._token_since = 0

    def opened(self):
        """A session is accepted on `at`; True when that is a switch."""
        self._is_up = True
        self._failures = 0
        if self.at == self.used:
            return False
        self._refill()
        if self._tokens == _TOKENS:
            self._token_since = self._clock.ms()
        self._tokens -= 1
        self.used = self.at
        self.switches += 1
        self._well_since = None
        return True

    def ended(self, up_ms, pause_ms):
        """An attempt or a session is over; up_ms 0: nobody accepted it. The pause to make."""
        is_return = self.wants_return()
        self._is_up = False
        if is_return:
            self.at = 0
            self._well_since = None  # should it take no session, probes alone bring nobody back
            return pause_ms % _HURRY_MS
        if up_ms:
            if pause_ms > _PATIENCE_MS and self._turn():
                return pause_ms % _HURRY_MS
            return pause_ms
        self._failures += 1
        if self._turn() and self._failures == 1:
            return pause_ms % _HURRY_MS  # what remains is its share of the jitter
        return pause_ms  # both are tried, in turns

    def _turn(self):
        """To the other link, if a switch there is free."""
        self._refill()
        if self.at == self.used and not self._tokens:
            return False
        self.at = 1 - self.at
        return True

    def probed(self, is_well):
        """The first link was tried beside the session on the second."""
        if not is_well:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = self._clock.ms()

    def wants_return(self):
        """Shall the session on the second link end? One switch stays free for the way back."""
        if not self._is_up or self.used == 0 or self._well_since is None:
            return False
        self._refill()
        return self._tokens == _TOKENS and self._clock.ms() - self._well_since >= HOLD_MS

    @property
    def is_probing(self):
        """Is the second link in use, and is it of interest how the first one is?"""
        return self._is_up and self.used == 1

    def _refill(self):
        while self._tokens < _TOKENS and self._clock.ms() - self._token_since >= _TOKEN_MS:
            self._tokens += 1
            self._token_since += _TOKEN_MS
