"""The worker processes of one instance: leased for one file, kept warm, replaced when they end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from stationmaster.clock import Clock
from stationmaster.worker.process import ChildProcess

WORKER_MODULE = "stationmaster.convert.worker"
IDLE_SECONDS = 60.0
"""After so long without a file a worker leaves, unless it is the last one."""


class Worker:
    """One worker process and what the crew knows of it.

    Attributes:
        worn: it must not be used for another file.
    """

    def __init__(self, child: ChildProcess, generation: int) -> None:
        """Not started yet."""
        self.child = child
        self.generation = generation
        self.idle_since = 0.0
        self.worn = False


class Crew:
    """Hands workers out; idle ones leave after 60 s, but one is kept warm."""

    def __init__(self, make: Callable[[], ChildProcess], *, clock: Clock) -> None:
        """Start nothing yet."""
        self._make = make
        self._clock = clock
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._generation = 0
        self._closed = False

    @property
    def size(self) -> int:
        """Workers, idle or not."""
        return len(self._all)

    async def renew(self, generation: int) -> None:
        """Workers of an older generation have old code: idle ones end now, busy ones after their file."""
        self._generation = generation
        old = [worker for worker in self._idle if worker.generation != generation]
        self._idle = [worker for worker in self._idle if worker.generation == generation]
        for worker in old:
            await self._end(worker)

    @contextlib.asynccontextmanager
    async def lease(self, *, fresh: bool = False) -> AsyncIterator[Worker]:
        """A worker that nobody else uses; `fresh`: one that has imported nothing.

        Raises:
            ChildError: it cannot be started.
        """
        worker = None if fresh else self._take()
        if worker is None:
            worker = Worker(self._make(), self._generation)
            self._all.add(worker)
        try:
            await worker.child.start()
            yield worker
        finally:
            await self._give_back(worker)

    async def tidy(self) -> None:
        """End what is idle for too long or has died; keep one warm."""
        now = self._clock.monotonic()
        # the most recently used are at the end
        for worker in list(self._idle):
            too_many = len(self._idle) > 1 and now - worker.idle_since >= IDLE_SECONDS
            if too_many or not worker.child.alive:
                self._idle.remove(worker)
                await self._end(worker)

    async def aclose(self) -> None:
        """End all workers, busy ones at once. Idempotent."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(self._end(worker) for worker in list(self._all)))

    def _take(self) -> Worker | None:
        for worker in reversed(self._idle):
            if worker.child.alive:
                self._idle.remove(worker)
                return worker
        return None

    async def _give_back(self, worker: Worker) -> None:
        good = worker.child.alive and not worker.worn and worker.generation == self._generation
        if good and not self._closed:
            worker.idle_since = self._clock.monotonic()
            self._idle.append(worker)
        else:
            await self._end(worker)

    async def _end(self, worker: Worker) -> None:
        self._all.discard(worker)
        await worker.child.aclose()


def child_maker(
    folder: Path, *, memory_mb: int, output_mb: float, module: str = WORKER_MODULE
) -> Callable[[], ChildProcess]:
    """Makes worker processes that work in `folder`."""
    return lambda: ChildProcess(module, memory_mb=memory_mb, output_mb=output_mb, folder=folder)
