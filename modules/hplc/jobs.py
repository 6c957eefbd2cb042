"""Work that takes many requests to the module, one after the other, while everything else goes
on. A job is a generator: it yields (AFN, Fn, unit, tries) and is sent the answering Frame or
None; or it yields a number of ms to wait. One job runs at a time, others wait their turn."""

from micropython import const

WAIT_MS = const(3000)  # for the module's answer to what needs no node

_WAITING = const(8)


class Jobs:
    def __init__(self, desk):
        self.running = ""  # name of the one at work
        self.dropped = 0  # jobs that found the queue full
        self._desk = desk
        self._queue = []  # (name, generator)
        self._job = None
        self._until_ms = -1  # when a pause of it is over; -1: it waits for an answer
        self._answer = None  # (frame,) once it is there
        self._wish = None  # of the job, while there was no room to ask

    def add(self, name, job):
        """Do it once those before it are done; False when it is waiting already, or too many
        are."""
        if name in [one[0] for one in self._queue]:
            return False
        if len(self._queue) >= _WAITING:
            self.dropped += 1
            return False
        self._queue.append((name, job))
        return True

    def has(self, name):
        """It is at work, or waits."""
        return self.running == name or name in [one[0] for one in self._queue]

    def is_idle(self):
        return not self.running and not self._queue

    def step(self, now):
        """Go on with what can go on."""
        while True:
            if self._job is None:
                if not self._queue:
                    return
                self.running, self._job = self._queue.pop(0)
                self._answer = (None,)
            if self._wish is not None:
                if not self._ask(self._wish):
                    return
            elif self._until_ms >= 0:
                if now < self._until_ms:
                    return
                self._until_ms = -1
                self._advance(None, now)
            elif self._answer is not None:
                self._advance(self._answer[0], now)
            else:
                return

    def wait_ms(self, now):
        """How long there is nothing to do."""
        if self._job is None:
            return 1000 if not self._queue else 0
        if self._wish is not None:
            return 100
        if self._until_ms >= 0:
            return max(0, self._until_ms - now)
        return 1000 if self._answer is None else 0

    def _advance(self, frame, now):
        self._answer = None
        try:
            wish = self._job.send(frame)
        except StopIteration:
            self._job = None
            self.running = ""
            return
        if isinstance(wish, int):
            self._until_ms = now + wish
        else:
            self._ask(wish)

    def _ask(self, wish):
        afn, fn, unit, tries = wish
        asked = self._desk.ask(afn, fn, unit, "", WAIT_MS, tries, self._take)
        self._wish = wish if asked is None else None
        return asked is not None

    def _take(self, frame):
        self._answer = (frame,)
