"""The store: one thread that owns the database, and the async face of it.

Writes that wait while a commit runs go into the next transaction together, each behind its own savepoint, so
that one that fails fails alone. A write's caller goes on only after the commit, so a report that was
acknowledged is on the disk.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from stationmaster.embedded_server.error import EmbeddedServerError, RequestError
from stationmaster.embedded_server.schema import connect

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
MAX_BATCH = 256
"""Jobs that share a transaction, at most."""

_NOTHING = object()


@dataclass(slots=True, eq=False)
class _Job:
    """One piece of work and the future its owner waits for."""

    work: Work
    writes: bool
    done: asyncio.Future[Any]
    result: Any = field(default=_NOTHING)
    error: Exception | None = None


class Store:
    """The database of reports.

    Lifecycle: `await open()`, reads and writes, `await aclose()`; or an async context manager.
    Use it from one event loop only.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Start the thread and open the database.

        Raises:
            EmbeddedServerError: the database cannot be opened.
        """
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._ended = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._main, args=(opened, self._ended), name="embedded-server-store", daemon=True
        )
        self._thread.start()
        try:
            await opened
        except (EmbeddedServerError, asyncio.CancelledError):
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Finish what was asked for, close the database, end the thread. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None or self._ended is None:
            return
        self._jobs.put(None)
        await asyncio.shield(self._ended)
        thread.join()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction and return its result after the commit.

        Raises:
            RequestError: the database cannot take it now (status 503 or 507).
        """
        return await self._ask(work, writes=True)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which only reads, and return its result.

        Raises:
            RequestError: the database cannot be read now (status 503).
        """
        return await self._ask(work, writes=False)

    async def run(self, work: Callable[[], T]) -> T:
        """Run something long that needs no database, so that the event loop stays free."""
        return await self._ask(lambda _: work(), writes=False)

    async def _ask(self, work: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        if self._thread is None or self._loop is None:
            raise RequestError("The server is stopping.", status=503)
        job = _Job(work, writes, self._loop.create_future())
        self._jobs.put(job)
        result: T = await job.done
        return result

    # ---------------------------------------------------------------- in the thread
    def _main(self, opened: asyncio.Future[None], ended: asyncio.Future[None]) -> None:
        connection: sqlite3.Connection | None = None
        try:
            connection = connect(self._path)
        except EmbeddedServerError as error:
            self._tell(_fail, opened, error)
        else:
            self._tell(_finish, opened, None)
            self._work(connection)
        finally:
            if connection is not None:
                connection.close()
            self._tell(_finish, ended, None)

    def _work(self, connection: sqlite3.Connection) -> None:
        while (batch := self._batch()) is not None:
            _transact(connection, [job for job in batch if job.writes])
            for job in batch:
                if not job.writes:
                    _attempt(connection, job)
            self._tell(_settle, batch)

    def _batch(self) -> list[_Job] | None:
        """All that waits, at least one; None when it is time to end."""
        first = self._jobs.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                # the end comes after this batch
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    def _tell(self, call: Callable[..., None], *args: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(call, *args)


def _transact(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    if not jobs:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            _write(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for job in jobs:
            job.error = job.error or _trouble(error)


def _write(connection: sqlite3.Connection, job: _Job) -> None:
    connection.execute("SAVEPOINT job")
    _attempt(connection, job)
    if job.error is not None and connection.in_transaction:
        connection.execute("ROLLBACK TO job")
    # fails where SQLite gave the whole transaction up (full disk): then all of the batch fails
    connection.execute("RELEASE job")


def _attempt(connection: sqlite3.Connection, job: _Job) -> None:
    try:
        job.result = job.work(connection)
    except sqlite3.Error as error:
        job.error = _trouble(error)
    except Exception as error:  # noqa: BLE001 - a thread's boundary: whoever asked gets it, the thread lives on
        job.error = error


def _trouble(error: sqlite3.Error) -> RequestError:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return RequestError("The disk of the server is full.", status=507)
    return RequestError(f"The database of the server cannot be used now: {error}.", status=503)


# ---------------------------------------------------------------- in the event loop
def _settle(batch: list[_Job]) -> None:
    for job in batch:
        if job.done.done():
            continue
        if job.error is not None:
            job.done.set_exception(job.error)
        else:
            job.done.set_result(job.result)


def _finish(future: asyncio.Future[None], value: None) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
