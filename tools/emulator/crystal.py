"""Sample clock: microseconds of CLOCK_MONOTONIC <-> sample positions of the chip.

`real`: runs for ever at 8 kHz * (1 + ppm).  `lockstep`: the same, but time can be held; after a
hold the origin is moved, so that the signal goes on from where it stood.
"""

PACES = ("real", "lockstep")
LONGEST_HOLD_US = 5000000


class Crystal:
    def __init__(self, now_us, ppm=0.0, pace="real"):
        self.pace = pace
        self.holds = 0  # lockstep waits
        self.losses = 0  # waits that ended by the time limit
        self.stood_us = 0.0  # how long time stood in all
        self._us_per_sample = 125.0 / (1.0 + ppm * 1e-6)
        self._origin_us = float(now_us)
        self._held_at = None  # position at which time stands, None = running
        self._held_since_us = 0.0

    def due_us(self, position):
        """When the position is (or was) reached, by the present origin."""
        return self._origin_us + position * self._us_per_sample

    def position(self, now_us):
        """Where signal time is now; stands while held."""
        running = (now_us - self._origin_us) / self._us_per_sample
        return running if self._held_at is None else min(running, self._held_at)

    @property
    def is_held(self):
        return self._held_at is not None

    def hold(self, position, now_us):
        """Time stands at the position (end of the page that must not be written yet)."""
        if self._held_at is None:
            self._held_at = position
            self._held_since_us = now_us
            self.holds += 1

    def release(self, now_us):
        """Time goes on; the time of the hold never was."""
        if self._held_at is not None:
            stood_us = max(0.0, now_us - self.due_us(self._held_at))
            self._origin_us += stood_us
            self.stood_us += stood_us
            self._held_at = None

    def held_us(self, now_us):
        """How long the present hold has lasted."""
        return 0.0 if self._held_at is None else now_us - self._held_since_us
