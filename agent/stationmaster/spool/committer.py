"""Group commit: writes that come while a commit runs go into the next transaction together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.spool.change import Batch, Verdict, Work, Write
from stationmaster.spool.engine import Engine, View
from stationmaster.spool.storage import Storage

GROUP = 2000
"""Writes one transaction takes at most."""

MEND_AFTER = 2.0
"""Seconds between attempts to write verdicts that the disk refused."""

Pair = tuple[Write, "asyncio.Future[Any] | None"]


class Committer:
    """Runs batches of writes on the storage thread, one at a time, in the order they came."""

    def __init__(self, engine: Engine, storage: Storage, clock: Clock, show: Callable[[View], None]) -> None:
        """Call `show` with the counts after each commit."""
        self._engine = engine
        self._storage = storage
        self._clock = clock
        self._show = show
        self._pending: list[Pair] = []
        self._running: list[Pair] = []
        self._batch: Batch | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._owed: list[Write] = []
        self._mender: asyncio.Task[None] | None = None
        self._closed = False
        self.commits = 0
        self.failure: SpoolError | None = None

    @property
    def owed(self) -> int:
        """Verdicts that wait for the disk."""
        return len(self._owed)

    def write(self, work: Work | Verdict) -> asyncio.Future[Any]:
        """Queue a write; the future ends after its commit, with its result or a `SpoolError`."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._closed:
            _end(future, error=SpoolError("The spool is closed: its station is stopping."))
            return future
        self._pending.append((Write(work), future))
        if self._batch is None:
            self._start()
        return future

    def _start(self) -> None:
        """Start the next batch: first the verdicts that are owed, then what waits."""
        self._idle.clear()
        self._running = [(write, None) for write in self._owed]
        self._owed = []
        room = max(1, GROUP - len(self._running))
        self._running += self._pending[:room]
        del self._pending[:room]
        self._batch = Batch([write for write, _ in self._running])
        self._step(self._batch)

    def _step(self, batch: Batch) -> None:
        """Give the batch one slice of the storage thread."""
        try:
            job = self._storage.start(self._slice, batch)
        except SpoolError as error:  # the storage went first: nothing more can be written
            self._over(batch, None, error)
            return
        job.add_done_callback(lambda done: self._done(batch, done))

    def _slice(self, batch: Batch) -> View | None:
        """On the storage thread: work on the batch; the counts when it is over."""
        return self._engine.view() if self._engine.advance(batch) else None

    def _done(self, batch: Batch, job: asyncio.Future[View | None]) -> None:
        """A slice is over: go on with the batch, or tell everyone how it ended."""
        error = job.exception()
        if error is not None:
            self._over(batch, None, error)
            return
        view = job.result()
        if view is None:
            self._step(batch)
            return
        self.failure = batch.failure
        self._over(batch, view, batch.failure)

    def _over(self, batch: Batch, view: View | None, error: BaseException | None) -> None:
        """The batch is committed (`error` is None) or nothing of it happened."""
        running, self._running, self._batch = self._running, [], None
        taken = len(running) if error is not None else batch.done
        if view is not None and error is None:
            self.commits += 1
            self._show(view)
        for write, future in running[:taken]:
            self._settle(write, future, error)
        self._put_back(running[taken:])
        if self._pending:
            self._start()
        else:
            self._idle.set()
        if self._owed and self._mender is None and not self._closed:
            self._mender = asyncio.get_running_loop().create_task(self._mend())

    def _settle(self, write: Write, future: asyncio.Future[Any] | None, error: BaseException | None) -> None:
        """Tell one waiter. A verdict that was not written is owed."""
        if error is not None and isinstance(write.work, Verdict):
            self._owed.append(write)
        if future is not None:
            _end(future, result=write.result, error=error or write.error)

    def _put_back(self, rest: list[Pair]) -> None:
        """Writes the batch had no time for come first in the next one."""
        self._owed += [write for write, future in rest if future is None]
        self._pending[:0] = [pair for pair in rest if pair[1] is not None]

    async def _mend(self) -> None:
        """Write the verdicts that are owed, as soon as the disk takes them."""
        try:
            while self._owed:
                await self._clock.sleep(MEND_AFTER)
                if self._batch is None and self._owed:
                    self._start()
                await self._idle.wait()
        finally:  # however it ends, the next failure may start another one
            self._mender = None

    async def aclose(self) -> None:
        """Finish what waits, try once more what is owed, take nothing more."""
        self._closed = True
        await self._idle.wait()
        mender = self._mender
        if mender is not None:
            mender.cancel()
            await asyncio.gather(mender, return_exceptions=True)
        if self._owed:
            self._start()
            await self._idle.wait()


def _end(future: asyncio.Future[Any], *, result: Any = None, error: BaseException | None = None) -> None:
    """End a future that nobody may be waiting for."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
        return
    future.set_exception(error)
    future.exception()  # seen: a verdict's future need not be awaited
