"""The agent's one storage thread: all spools of all instances share it.

Work is done in the order it comes. Nobody may hold the thread longer than a slice (see `SLICE`),
so that one instance's backlog delays no other instance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Self, TypeVar

from stationmaster.errors import SpoolError

SLICE = 0.025
"""Seconds of work after which a job gives way; one commit may come on top (50 ms in all)."""

P = ParamSpec("P")
T = TypeVar("T")


class Storage:
    """One thread for blocking storage work, an async context manager.

    The thread starts with the first job and ends with `aclose`, after the jobs handed over by then.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Finish the jobs handed over and end the thread."""
        if self._closed:
            return
        last = self.start(int)
        self._closed = True
        await last
        self._pool.shutdown()  # the thread is idle: joining it takes no time

    def start(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Hand a job over now; the future ends with its result.

        Raises:
            SpoolError: the storage is closed.
        """
        if self._closed:
            raise SpoolError("The agent's storage is closed: the agent is stopping.")
        future = self._pool.submit(job, *args, **kwargs)
        return asyncio.wrap_future(future)

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `job` on the storage thread and return its result.

        Cancelling the wait does not stop a job that has begun.

        Raises:
            SpoolError: the storage is closed.
        """
        return await self.start(job, *args, **kwargs)
