"""machine.Timer of the virtual board: a task of the running asyncio loop.

A thread would touch the heap without a lock (this port has none). So callbacks come between
tasks, never inside one, and only while the loop runs. Periods do not drift.
"""

import asyncio
import sys
import time


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **kw):
        self._task = None
        if kw:
            self.init(**kw)

    def init(self, *, mode=PERIODIC, freq=-1, period=-1, callback=None):
        """Call `callback(timer)` every `period` ms (or `freq` times a second), or once."""
        self.deinit()
        period_ms = period if freq <= 0 else max(1, round(1000 / freq))
        if period_ms <= 0:
            raise ValueError("period must be at least 1 ms")
        self._task = asyncio.create_task(self._run(mode, period_ms, callback))

    def deinit(self):
        """Stop; may be called from the callback."""
        task = self._task
        self._task = None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _run(self, mode, period_ms, callback):
        me = self._task
        due = time.ticks_add(time.ticks_ms(), period_ms)
        while True:
            await asyncio.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))
            if mode == Timer.ONE_SHOT:
                self._task = None
            if callback is not None:
                _call(callback, self)
            if self._task is not me:  # one shot, stopped or started anew by its callback
                return
            due = time.ticks_add(due, period_ms)
            if time.ticks_diff(due, time.ticks_ms()) < 0:
                due = time.ticks_ms()  # late: the missed calls are lost, as on silicon


def _call(callback, timer):
    try:
        callback(timer)
    except Exception as error:  # what the interrupt dispatcher of a port does
        sys.print_exception(error)
