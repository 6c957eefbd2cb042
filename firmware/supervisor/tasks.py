"""Starts the terminal's long-lived tasks and starts them again, later each time, when they end.

The only place of the firmware proper, beside the boot, that catches Exception: a task's defect
costs that task a restart, never the terminal. What becomes of whom is policies.TABLE's.
"""

import asyncio

from micropython import const

from firmware.supervisor import policies
from firmware.supervisor.quota import Quota
from firmware.supervisor.watchdog import Watchdog

_CHECK_MS = const(500)  # between two looks at the watchdog; the shortest watchdog is 1000
_STOP_STEP_MS = const(5)
_ERROR_MAX = const(160)  # characters of an error that are kept


class _Job:
    def __init__(self, name, factory, policy):
        self.name = name
        self.factory = factory
        self.policy = policy
        # new, running, waiting (to be started again), stuck (cancelled and not yet ended), given
        # up, stopped
        self.state = "new"
        self.restarts = 0
        self.failures = 0  # ends in a row
        self.last_error = ""
        self.task = None
        self.is_alive = False  # False once its coroutine ended, even by an interrupt
        self.is_leaving = False  # being removed: not started again
        self.quota = Quota()

    def start(self, coroutine):
        self.task = asyncio.create_task(coroutine)


class Supervisor:
    def __init__(self, clock, log, emit, sleep=None, feed=None):
        """emit(kind, name, text): kind "crashed" (text: why), "late" (the deadline of one that is
        vital), "stuck" (of another: it is started again) or "gave up".

        sleep(ms): asyncio.sleep_ms unless given; feed(): the hardware watchdog's, if there is one.
        """
        self.watchdog = Watchdog(clock, feed or _nothing)
        self._clock = clock
        self._log = log
        self._emit = emit
        self._sleep = sleep or asyncio.sleep_ms
        self._jobs = []
        self._stray = Quota()  # of tasks that nobody waits for
        self._is_running = False
        self._is_stopping = False

    def add(self, name, factory, policy=None):
        """A task: `factory()` makes its coroutine each time it is started.

        It starts with run(), or now when that runs already. `policy`: of the table unless given.
        One that is watched must beat() in time; waiting for a restart does not excuse it.
        """
        if self._find(name):
            raise ValueError("a task named %s is there already" % name)
        job = _Job(name, factory, policy or policies.of(name))
        self._jobs.append(job)
        if job.policy.late:
            is_vital = job.policy.late == policies.RESET
            self.watchdog.watch(name, job.policy.deadline_ms, is_vital)
        if self._is_running and not self._is_stopping:
            job.start(self._keep(job))

    async def remove(self, name, bound_ms=300):
        """Cancels a task, waits up to `bound_ms` and forgets it; nothing when there is none.

        False when it did not end: it stays on the books, and another call tries again.
        """
        job = self._find(name)
        if job is None:
            return True
        job.is_leaving = True
        if not await self._end(job, bound_ms):
            return False
        self._jobs.remove(job)
        self.watchdog.forget(name)
        return True

    def beat(self, name, rest_ms=0):
        """A watched task reports that it did its work, and has nothing to do for `rest_ms`."""
        self.watchdog.beat(name, rest_ms)

    def pulse(self, name):
        """beat(rest_ms) of that task, as a function for parts that do not know their name; it
        does nothing while nobody of that name is watched."""

        def beat(_rest_ms=0):
            if self.watchdog.age_ms(name) is not None:
                self.watchdog.beat(name, _rest_ms)

        return beat

    async def run(self):
        """Starts every task and minds the watchdog until stop()."""
        asyncio.get_event_loop().set_exception_handler(self._alone)
        self._is_running = True
        self.watchdog.restart()  # the time before the start does not count
        for job in self._jobs:
            job.start(self._keep(job))
        while not self._is_stopping:
            for name in self.watchdog.check():
                self._late(self._find(name))
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

    def policy(self, name):
        """The Policy of a task that is there."""
        return self._find(name).policy

    def restarts(self):
        """Of all tasks, since boot."""
        return sum([job.restarts for job in self._jobs])

    def _find(self, name):
        for job in self._jobs:
            if job.name == name:
                return job
        return None

    def _late(self, job):
        text = "no report within %d ms" % job.policy.deadline_ms
        kind = "late"
        if job.policy.late == policies.RESTART:
            kind = "stuck"
            self.watchdog.beat(job.name)  # as long again for its end and its new beginning
            if job.state not in ("running", "stuck"):
                return
            job.state = "stuck"
            job.task.cancel()
        job.last_error = text
        self._tell(kind, job.name, text, job.quota)

    def _alone(self, _loop, context):
        """A task that is nobody's and that nobody waits for has ended with an exception."""
        error = context["exception"]
        text = ("%s: %s" % (type(error).__name__, error))[:_ERROR_MAX]
        self._tell("crashed", "a task within another", text, self._stray)

    def _tell(self, kind, name, text, quota, then=""):
        if quota.allows(self._clock.ms()):
            text = quota.text(text)
            self._log.error(name, text + then)
            self._emit(kind, name, text)

    async def _keep(self, job):
        job.is_alive = True
        try:
            await self._again_and_again(job)
        finally:
            job.is_alive = False
            if job.state != "given up":
                job.state = "stopped"

    async def _again_and_again(self, job):
        policy = job.policy
        wait_ms = policy.first_ms
        while not self._is_stopping:
            started = self._clock.ms()
            job.state = "running"
            why = await self._once(job)
            if self._is_stopping or job.is_leaving:
                return
            if self._clock.ms() - started >= policy.most_ms:
                wait_ms = policy.first_ms
                job.failures = 0
            job.failures += 1
            job.last_error = why
            if policy.tries and job.failures >= policy.tries:
                self._give_up(job, why)
                return
            job.restarts += 1
            if job.state != "stuck":  # that was told
                then = "; started again in %d ms" % wait_ms
                self._tell("crashed", job.name, why, job.quota, then)
            job.state = "waiting"
            await self._sleep(wait_ms)
            wait_ms = min(2 * wait_ms, policy.most_ms)

    def _give_up(self, job, why):
        job.state = "given up"
        self.watchdog.forget(job.name)
        text = "it ended %d times in a row, last: %s" % (job.failures, why)
        self._log.error(job.name, text)
        self._emit("gave up", job.name, text)

    async def _once(self, job):
        """Runs the task to its end and returns why it ended."""
        try:
            await job.factory()
        except Exception as error:
            return ("%s: %s" % (type(error).__name__, error))[:_ERROR_MAX]
        except asyncio.CancelledError:
            if self._is_stopping or job.is_leaving:
                raise
            return job.last_error if job.state == "stuck" else "cancelled from within"
        return "ended"


def _nothing():
    pass
