"""Brings the chip up to date with the crystal, and makes the crystal wait where it has to.

Lockstep waits only for a host that could read: connected, link not pulled, PAGE_FULL enabled
(WaveBuffer.would_lose), and at most LONGEST_HOLD_US at a stretch.
"""

from tools.emulator.crystal import LONGEST_HOLD_US
from tools.emulator.filters import PAGE

_CHECK_US = 1000000  # for the check after a burst; a host that makes none goes on slowly
_PAGES_AT_ONCE = 8  # then the sockets are served again


class Pacer:
    def __init__(self, chip, crystal):
        self.chip = chip
        self.crystal = crystal
        self._unchecked_since_us = None  # since when the crystal waits for the check

    def run(self, now_us, is_host_there):
        """Step all due pages (some, when many are due).  Returns us until there is more to do."""
        crystal, chip = self.crystal, self.chip
        for _ in range(_PAGES_AT_ONCE):
            end = chip.n + PAGE
            if crystal.due_us(end) > now_us and not crystal.is_held:
                return crystal.due_us(chip.n + chip.patience) - now_us
            if self._must_hold(is_host_there, now_us):
                crystal.hold(end, now_us)
                left_us = LONGEST_HOLD_US - crystal.held_us(now_us)
                if left_us > 0:
                    return left_us
                crystal.losses += 1
                chip.buffer.is_given_up = True  # until the host reads again
            crystal.release(now_us)
            chip.step()
        return 0

    def limit_us(self, is_host_there):
        """Up to when the crystal runs whatever the host does; None when nothing can hold it."""
        crystal, chip = self.crystal, self.chip
        if crystal.is_held:
            return crystal.due_us(chip.n + PAGE)
        if not is_host_there or not chip.buffer.is_streaming:
            return None
        return crystal.due_us(chip.n + chip.buffer.safe_pages() * PAGE)

    def _must_hold(self, is_host_there, now_us):
        if self.crystal.pace != "lockstep" or not is_host_there:
            return False
        store = self.chip.buffer
        if store.would_lose() or not store.awaits_check():
            self._unchecked_since_us = None
            return store.would_lose()
        if self._unchecked_since_us is None:
            self._unchecked_since_us = now_us
        return now_us - self._unchecked_since_us < _CHECK_US
