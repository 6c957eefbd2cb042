"""Starts the terminal's long-lived tasks and starts them again, later each time, when they end.

The only place of the firmware proper that catches Exception: a task's defect costs that task a
restart, never the terminal. A critical task that stops reporting lets the watchdog bite.
"""

import asyncio

from micropython import const

from firmware.supervisor.watchdog import Watchdog

_CHECK_MS = const(500)  # between two looks at the watchdog; the shortest watchdog is 1000
_STOP_STEP_MS = const(5)
_ERROR_MAX = const(160)  # characters of an error that are kept


class _Job:
    def __init__(self, name, factory, backoff):
        self.name = name
        self.factory = factory
        self.first_ms, self.most_ms = backoff
        self.state = "new"  # new, running, waiting (to be started again), stopped
        self.restarts = 0
        self.last_error = ""
        self.task = None
        self.is_alive = False  # False once its coroutine ended, even by an interrupt
        self.is_leaving = False  # being removed: not started again

    def start(self, coroutine):
        self.task = asyncio.create_task(coroutine)


class Supervisor:
    def __init__(self, clock, log, emit, sleep=None, feed=None):
        """emit(kind, name, text): kind "crashed" (text: why) or "late" (text: the deadline).

        sleep(ms): asyncio.sleep_ms unless given; feed(): the hardware watchdog's, if there is one.
        """
        self.watchdog = Watchdog(clock, feed or _nothing)
        self._clock = clock
        self._log = log
        self._emit = emit
        self._sleep = sleep or asyncio.sleep_ms
        self._jobs = []
        self._is_running = False
        self._is_stopping = False

    def add(self, name, factory, critical=False, deadline_ms=10000, backoff=(1000, 60000)):
        """A task: `factory()` makes its coroutine each time it is started.

        It starts with run(), or now when that runs already. A critical one must beat() at least
        every `deadline_ms`; waiting for a restart does not excuse it. backoff: first and longest
        wait in ms; a run longer than the longest wait starts the doubling anew.
        """
        if name in [job.name for job in self._jobs]:
            raise ValueError("a task named %s is there already" % name)
        job = _Job(name, factory, backoff)
        self._jobs.append(job)
        if critical:
            self.watchdog.watch(name, deadline_ms)
        if self._is_running and not self._is_stopping:
            job.start(self._keep(job))

    async def remove(self, name, bound_ms=300):
        """Cancels a task, waits up to `bound_ms` and forgets it; nothing when there is none.

        False when it did not end: it stays on the books, and another call tries again.
        """
        for job in self._jobs:
            if job.name == name:
                break
        else:
            return True
        job.is_leaving = True
        if not await self._end(job, bound_ms):
            return False
        self._jobs.remove(job)
        self.watchdog.forget(name)
        return True

    def beat(self, name):
        """A critical task reports that it did its work."""
        self.watchdog.beat(name)

    async def run(self):
        """Starts every task and minds the watchdog until stop()."""
        self._is_running = True
        self.watchdog.restart()  # the time before the start does not count
        for job in self._jobs:
            job.start(self._keep(job))
        while not self._is_stopping:
            for name, deadline_ms in self.watchdog.check():
                text = "no report within %d ms" % deadline_ms
                self._log.error(name, text)
                self._emit("late", name, text)
            await self._sleep(_CHECK_MS)

    async def stop(self, bound_ms=300):
        """Cancels the tasks, the last added first, and waits up to `bound_ms` for each.

        Returns the names of those that did not end. The watchdog is fed no more.
        """
        self._is_stopping = True
        stuck = []
        for job in reversed(list(self._jobs)):
            if job.task is asyncio.current_task():
                continue
            if not await self._end(job, bound_ms):
                stuck.append(job.name)
        return stuck

    async def _end(self, job, bound_ms):
        """Cancel; True once it has ended, False when it does not within the bound."""
        if job.task is not None:
            job.task.cancel()
        until = self._clock.ms() + bound_ms
        while job.is_alive and self._clock.ms() < until:
            await self._sleep(_STOP_STEP_MS)
        if job.is_alive:
            self._log.warn(job.name, "did not stop within %d ms" % bound_ms)
        return not job.is_alive

    def status(self):
        """[(name, state, restarts, ms since its last report or None, last error)]."""
        rows = []
        for job in self._jobs:
            age = self.watchdog.age_ms(job.name)
            rows.append((job.name, job.state, job.restarts, age, job.last_error))
        return rows

    async def _keep(self, job):
        job.is_alive = True
        try:
            await self._again_and_again(job)
        finally:
            job.is_alive = False
            job.state = "stopped"

    async def _again_and_again(self, job):
        wait_ms = job.first_ms
        while not self._is_stopping:
            started = self._clock.ms()
            job.state = "running"
            why = await self._once(job)
            if self._is_stopping or job.is_leaving:
                return
            if self._clock.ms() - started >= job.most_ms:
                wait_ms = job.first_ms
            job.state = "waiting"
            job.restarts += 1
            job.last_error = why
            self._log.error(job.name, "%s; started again in %d ms" % (why, wait_ms))
            self._emit("crashed", job.name, why)
            await self._sleep(wait_ms)
            wait_ms = min(2 * wait_ms, job.most_ms)

    async def _once(self, job):
        """Runs the task to its end and returns why it ended."""
        try:
            await job.factory()
        except Exception as error:
            return ("%s: %s" % (type(error).__name__, error))[:_ERROR_MAX]
        except asyncio.CancelledError:
            if self._is_stopping or job.is_leaving:
                raise
            return "cancelled from within"
        return "ended"


def _nothing():
    pass
