"""Scheduled sources of one instance: each has a task that waits for its time, fetches, and commits.

Nothing is remembered here that must last: each run begins with what `FetchedFiles` has on disk.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

from stationmaster.api import Station
from stationmaster.clock import Clock
from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.option import resolved
from stationmaster.config.problem import not_fetched
from stationmaster.convert.fetching import FetchOrder, FetchReply
from stationmaster.errors import ConfigError, ControlError
from stationmaster.file_name import to_wire
from stationmaster.home.paths import Home
from stationmaster.log import BoundLog, bound
from stationmaster.model import FetchStatus, Problem
from stationmaster.runtime.fetched import FetchedFiles, FetchState
from stationmaster.runtime.timetable import next_run, retry_delay
from stationmaster.sentence import closed

_LOG = logging.getLogger(__name__)
A = TypeVar("A")

LOOK_EVERY = 60.0
"""Seconds after which the time of day is asked again: the PC may have slept, or its clock was set."""

JITTER = 5.0
"""Seconds that a run may come later, at most a tenth of `every`: many stations ask one database."""


class FetchPool(Protocol):
    """What is needed of the converter pool."""

    async def fetch(self, order: FetchOrder) -> FetchReply:
        """Let a converter fetch."""
        ...


class Fetching:
    """All scheduled sources of an instance. `run` lives until cancelled."""

    def __init__(
        self,
        sources: Sequence[FetchSource],
        *,
        home: Home,
        instance: str,
        station: Station,
        pool: FetchPool,
        clock: Clock,
        nudge: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """Nothing runs yet.

        Args:
            nudge: called when files were stored: look at the folders.
            changed: called when something that a snapshot shows is new.
        """
        self._sources = {
            source.name: _Fetcher(
                source,
                files=FetchedFiles(home.fetched(instance), source.name),
                station=station,
                pool=pool,
                clock=clock,
                nudge=nudge,
                changed=changed,
                instance=instance,
                log=bound(_LOG, instance),
            )
            for source in sources
        }

    async def run(self) -> None:
        """Fetch on time until cancelled."""
        async with asyncio.TaskGroup() as group:
            for fetcher in self._sources.values():
                group.create_task(fetcher.run())

    def stop(self) -> None:
        """Begin no further run; one that is under way comes to its end."""
        for fetcher in self._sources.values():
            fetcher.stopping = True

    def run_now(self, name: str) -> None:
        """Fetch at once; where a run is under way that one is it.

        Raises:
            ControlError: there is no such source.
        """
        fetcher = self._sources.get(name)
        if fetcher is None:
            raise ControlError(
                f'There is no scheduled source "{name}".',
                status=404,
                code="not-found",
                next_step=f"There are: {', '.join(sorted(self._sources)) or 'none'}",
            )
        fetcher.wanted.set()

    @property
    def caught_up(self) -> bool:
        """Every run that was due at the start is through, well or not."""
        return all(fetcher.caught_up for fetcher in self._sources.values())

    def status(self) -> tuple[FetchStatus, ...]:
        """Each source as it is now."""
        return tuple(fetcher.status() for fetcher in self._sources.values())

    def problems(self) -> tuple[Problem, ...]:
        """Sources that cannot be fetched now."""
        return tuple(fetcher.problem() for fetcher in self._sources.values() if fetcher.failures)


class _Fetcher:
    """One source: one run at a time, for it is one task."""

    def __init__(
        self,
        source: FetchSource,
        *,
        files: FetchedFiles,
        station: Station,
        pool: FetchPool,
        clock: Clock,
        nudge: Callable[[], None],
        changed: Callable[[], None],
        instance: str,
        log: BoundLog,
    ) -> None:
        self._source = source
        self._files = files
        self._station = station
        self._pool = pool
        self._clock = clock
        self._nudge = nudge
        self._changed = changed
        self._instance = instance
        self._log = log
        self._state = FetchState()
        self._running = False
        self._due = clock.now()
        self.caught_up = False
        """The run that was due at the start is through, well or not."""
        self._failed_at = clock.now()
        self._error = self._step = ""
        self.wanted = asyncio.Event()
        self.failures = 0
        self.stopping = False

    async def run(self) -> None:
        await self._guarded(self._open)
        self.caught_up = self._plan() > self._clock.now()
        while True:
            await self._wait()
            self.wanted.clear()
            if self.stopping:
                continue
            self._running = True
            self._changed()
            await self._guarded(self._fetch)
            self._running = False
            self.caught_up = True
            self._plan()

    async def _wait(self) -> None:
        """Until it is time, or somebody wants it now."""
        while (left := (self._due - self._clock.now()).total_seconds()) > 0:
            if await self._clock.wait(self.wanted, min(left, LOOK_EVERY)):
                return

    def _plan(self) -> datetime:
        """When is the next run? Returns that moment, without what it may come later."""
        source, now = self._source, self._clock.now()
        if self.failures:
            due = self._due = now + timedelta(seconds=retry_delay(self.failures))
        else:
            due = self._due = next_run(self._state.last_run_at, now, every=source.every, at=source.at)
            if self._state.last_run_at is not None:
                late = random.uniform(0, min(JITTER, source.every / 10))  # noqa: S311 - no secret
                self._due += timedelta(seconds=late)
        self._changed()
        return due

    async def _guarded(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do `step`; what goes wrong is a Problem of this source and of nothing else."""
        try:
            await step()
        except ConfigError as error:
            self._fail(error.text, error.next_step)
        except OSError as error:
            self._fail(f"The folder of its files cannot be used: {error.strerror or error}.")
        except Exception as error:  # noqa: BLE001 - a bug at one source must not end the others
            self._log.error("a bug at source %s", self._source.name, exc_info=error)
            self._fail(closed(f"A bug of the program: {type(error).__name__}: {error}"))

    def _fail(self, text: str, step: str = "") -> None:
        if not self.failures:
            self._failed_at = self._clock.now()
        if self._error != text:
            self._log.warning("source %s cannot be fetched: %s", self._source.name, text)
        self.failures += 1
        self._error, self._step = text, step

    async def _open(self) -> None:
        """What is on disk, and what a kill left undone."""
        self._state = await _to_its_end(self._files.open, self._converter)
        self._nudge()

    @property
    def _converter(self) -> str:
        return self._source.convert_with or self._source.converter

    async def _fetch(self) -> None:
        """Batch after batch, until there is nothing new."""
        more = True
        while more and not self.stopping:
            state = await _to_its_end(self._files.open, self._converter)
            order = await self._order(state)
            reply = await self._pool.fetch(order)
            if reply.trouble:
                if reply.detail:
                    self._log.debug("source %s: %s", self._source.name, reply.detail)
                self._fail(reply.trouble)
                return
            self._state = await _to_its_end(self._files.commit, self._after(state, order, reply))
            if reply.files:
                self._log.info("source %s: %d files fetched", self._source.name, len(reply.files))
                self._nudge()
            self._changed()
            more = reply.more
        if self.failures:
            self._log.info("source %s can be fetched again", self._source.name)
        self.failures, self._error = 0, ""

    async def _order(self, state: FetchState) -> FetchOrder:
        batch = state.batch + 1
        return FetchOrder(
            target="",
            name=self._source.converter,
            mark=state.mark,
            batch=batch,
            staging=to_wire(self._files.staging(batch)),
            now=self._clock.now(),
            seconds=self._source.time_limit,
            options=await asyncio.to_thread(resolved, self._source.options),
            station=self._station,
        )

    def _after(self, state: FetchState, order: FetchOrder, reply: FetchReply) -> FetchState:
        return msgspec.structs.replace(
            state,
            mark=reply.mark,
            batch=order.batch,
            converter=self._converter,
            staged=reply.files,
            last_run_at=order.now,
            count=state.count + len(reply.files),
        )

    def status(self) -> FetchStatus:
        return FetchStatus(
            name=self._source.name,
            converter=self._source.converter,
            running=self._running,
            last_run_at=self._state.last_run_at,
            next_run_at=None if self._running else self._due,
            count=self._state.count,
            error=self._error,
        )

    def problem(self) -> Problem:
        return not_fetched(self._instance, self._source.name, self._error, self._step, since=self._failed_at)


async def _to_its_end(call: Callable[[A], FetchState], argument: A) -> FetchState:
    """A call in a thread that is waited for even when we are cancelled.

    An instance that begins anew must not find the files while the one before still moves them.
    """
    work = asyncio.ensure_future(asyncio.to_thread(call, argument))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise
