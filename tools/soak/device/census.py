"""Who is there: tasks, heap and ports of a terminal, counted while it works."""

import asyncio
import gc

import micropython

_PRUNE = 64  # tasks that have ended before they are taken from the list
_LOOKS = (
    10  # at a moment: what is under way, such as the bounded wait for an answer, comes and goes
)
_APART_MS = 170


class Tasks:
    """Every task that was made and has not ended: asyncio's own functions make them by its
    create_task, as the firmware does."""

    def __init__(self):
        self._made = asyncio.core.create_task
        self._alive = []
        self._limit = _PRUNE
        asyncio.create_task = asyncio.core.create_task = self._create

    def _create(self, coroutine):
        task = self._made(coroutine)
        self._alive.append(task)
        if len(self._alive) > self._limit:
            self.alive()
        return task

    def alive(self):
        """How many."""
        left = [task for task in self._alive if not task.done()]
        self._alive[:] = left
        self._limit = len(left) + _PRUNE
        return len(left)


class Census:
    def __init__(self, link):
        self.tasks = Tasks()
        self._link = link

    def ports(self):
        """Ports, connections, waits and timers that are open."""
        link = self._link
        ports = [port for port in link.ports.values() if port.is_open]
        return len(ports) + len(link.channels) + len(link.queue.timers)

    async def take(self):
        """[heap in use after a collection, tasks, ports]: the least of some looks, since what is
        under way is not what is kept."""
        best = None
        for _ in range(_LOOKS):
            await asyncio.sleep_ms(_APART_MS)
            gc.collect()
            now = (gc.mem_alloc(), self.tasks.alive(), self.ports())
            best = now if best is None else [min(a, b) for a, b in zip(now, best)]
        gc.collect()
        micropython.mem_info()  # the host reads the largest free block from it
        return best


def texts(found):
    """Bytes of the heap that these texts take, each object once: blocks of 32."""
    size, seen = 0, set()
    for text in found:
        if isinstance(text, (str, bytes)) and id(text) not in seen:
            seen.add(id(text))
            size += 32 + (len(text) + 32) // 32 * 32
    return size
