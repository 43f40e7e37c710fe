"""Converts source files in worker processes: detection, completeness, limits, holds, two lanes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from stationmaster.clock import Clock
from stationmaster.convert.attempt import Attempt, ConvertLimits, usable
from stationmaster.convert.crew import WORKER_MODULE, Crew, Worker, child_maker
from stationmaster.convert.fetching import FetchOrder, FetchReply
from stationmaster.convert.job import ConverterInfo, ImportFailure, Job, NotYet, Outcome
from stationmaster.convert.registry import Registry
from stationmaster.convert.slot import Slot, Slots
from stationmaster.convert.trouble import Troubles
from stationmaster.convert.words import blame
from stationmaster.home.paths import make_private
from stationmaster.model import Lane, Problem
from stationmaster.sentence import closed
from stationmaster.worker.error import ChildError

SLOW_SECONDS = 5.0
"""A conversion that takes longer gives its share of the cores to others."""

TIDY_INTERVAL = 15.0
"""Seconds between two looks for idle workers and changed converters."""


class ConverterPool:
    """The converters of one instance and the processes they run in.

    Lifecycle: an async context manager; `run()` beside it keeps a worker warm. `convert` may be called by
    any number of tasks; each call that is cancelled kills its worker, its source stays where it is.
    """

    def __init__(
        self,
        instance: str,
        *,
        folder: Path | None,
        temp: Path,
        limits: ConvertLimits,
        slots: Slots,
        clock: Clock,
        wanted: Iterable[str] = (),
        on_change: Callable[[], None] = lambda: None,
        slow_seconds: float = SLOW_SECONDS,
        module: str = WORKER_MODULE,
    ) -> None:
        """Start nothing yet.

        Args:
            folder: the instance's `converters` folder.
            temp: a folder of this pool alone; what is in it is removed at the start.
            slots: shared by all instances: `Slots(cores, lend_slow=True)`.
            wanted: names of the converters that the instance's folders use.
            on_change: called when `converting` or `problems` may have changed.
            slow_seconds: after so long a conversion gives its share of the cores to others.
            module: what its workers run.
        """
        self._instance = instance
        self._limits = limits
        self._slots = slots
        self._own_slots = Slots(limits.max_concurrent)
        self._clock = clock
        self._on_change = on_change
        self._slow_seconds = slow_seconds
        self._temp = temp
        self._results = temp / "results"
        self._work = temp / "work"
        self._make = child_maker(
            self._work, memory_mb=limits.memory_mb, output_mb=limits.output_mb, module=module
        )
        self._crew = Crew(self._make, clock=clock)
        self._registry = Registry(folder, clock=clock)
        self._troubles = Troubles(instance, self._registry, clock=clock, wanted=wanted)
        self._loading = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._converting = 0
        self._attempts: set[Attempt] = set()

    @property
    def converting(self) -> int:
        """Files that are being converted now."""
        return self._converting

    @property
    def may_take(self) -> float:
        """Seconds that the longest of them may take, by the limits and its file's size."""
        return max((attempt.may_take for attempt in self._attempts), default=0.0)

    @property
    def workers(self) -> int:
        """Worker processes, idle or not."""
        return self._crew.size

    @property
    def converters(self) -> Mapping[str, ConverterInfo]:
        """By name, as they were last loaded."""
        return self._registry.converters

    @property
    def failures(self) -> tuple[ImportFailure, ...]:
        """Converters that cannot be loaded."""
        return self._registry.failures

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the converters now."""
        return self._troubles.problems()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(_purge, self._temp, (self._results, self._work))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End all workers. Idempotent."""
        await self._crew.aclose()

    async def run(self) -> None:
        """Load the converters, keep one worker warm, end idle ones; until cancelled."""
        while True:
            await self.refresh()
            await self._crew.tidy()
            await self._clock.sleep(TIDY_INTERVAL)

    async def refresh(self) -> None:
        """Load the converters when they are not, or when they changed."""
        if not self._registry.stale():
            return
        async with self._loading:
            if not self._registry.stale():
                return
            try:
                async with self._crew.lease(fresh=True) as worker:
                    await self._registry.load(worker.child)
                    worker.generation = self._registry.generation
                    await self._crew.renew(self._registry.generation)
            except ChildError as error:
                self._troubles.start_failed(error.text)
            else:
                self._troubles.start_failed("")
                self._troubles.reloaded()
        self._on_change()

    async def convert(self, job: Job) -> Outcome:
        """Convert one file.

        Returns:
            `Conversion`: the caller commits its reports, then calls `discard`. `NotYet`: look again later.
            `Failed`: the file belongs on the error list.
        """
        await self.refresh()
        if not self._registry.generation:
            return NotYet(reason="busy", text="The converters cannot be loaded now.")
        infos = self._known(job)
        if isinstance(infos, NotYet):
            return infos
        async with self._turn(" ".join(job.converters), job.lane):
            try:
                async with self._crew.lease() as worker:
                    self._troubles.start_failed("")
                    with self._attempt(worker) as attempt:
                        return await attempt.run(job, infos)
            except ChildError as error:
                # only the start of a worker gets here
                self._troubles.start_failed(error.text)
                return NotYet(reason="busy", text=error.text)

    async def try_options(self, name: str, options: Mapping[str, Any]) -> None:
        """Make a converter with its options, as for a file; what is wrong is in `problems` then."""
        text = await self.options_trouble(name, options)
        if text:
            self._troubles.unusable(name, text)

    async def options_trouble(self, name: str, options: Mapping[str, Any]) -> str:
        """Why a converter cannot be used with these options; "" where it can, or is not there."""
        info = self.converters.get(name)
        if info is None:
            return ""
        try:
            async with self._crew.lease() as worker:
                return await usable(worker, info, options, self._limits)
        except ChildError as error:
            return closed(f"Converter {name} cannot be made: {error.text}")

    def no_fetcher(self, name: str) -> str:
        """Why no source can be fetched by this converter; "" where one can."""
        info = self.converters.get(name)
        if info is not None and info.fetches:
            return ""
        return f"There is no converter {'that fetches' if info else 'of that name'}: {name}."

    async def fetch(self, order: FetchOrder) -> FetchReply:
        """Let a converter fetch; `order.target` is filled in here. Trouble of any kind is in the answer."""
        await self.refresh()
        if trouble := self.no_fetcher(order.name):
            return FetchReply(trouble=trouble)
        order = msgspec.structs.replace(order, target=self.converters[order.name].target)
        limits = self._limits
        async with self._turn(order.name, Lane.BATCH):
            try:
                # its own process: a library of a database is no guest in one that converts
                async with self._crew.lease(fresh=True) as worker:
                    worker.worn = True
                    message = {"op": "fetch", "order": msgspec.to_builtins(order)}
                    answer = await worker.child.request(message, order.seconds, memory_mb=limits.memory_mb)
            except ChildError as error:
                failed = blame(
                    error,
                    name=order.name,
                    doing="fetching",
                    seconds=order.seconds,
                    memory_mb=limits.memory_mb,
                    output_mb=limits.output_mb,
                )
                return FetchReply(trouble=failed.reason, detail=failed.detail)
        return msgspec.convert(answer["reply"], FetchReply)

    def _known(self, job: Job) -> tuple[ConverterInfo, ...] | NotYet:
        """The converters that may take the file."""
        known = self._registry.converters
        if not job.converters:
            return tuple(info for info in known.values() if info.detects and info.folders >= job.is_folder)
        missing = [name for name in job.converters if name not in known]
        for name in missing:
            self._troubles.missing(name)
        if missing:
            self._on_change()
            return NotYet(reason="held", text=f"There is no converter {' and no converter '.join(missing)}.")
        single = [name for name in job.converters if not known[name].folders] if job.is_folder else []
        for name in single:
            self._troubles.takes_files_only(name)
        if single:
            self._on_change()
            return NotYet(reason="held", text=f"Converter {' and '.join(single)} takes files, no folders.")
        return tuple(known[name] for name in job.converters)

    @contextlib.asynccontextmanager
    async def _turn(self, what: str, lane: Lane) -> AsyncIterator[None]:
        """Wait for a slot of this instance, then for one of all; slow work makes room for others."""
        own = await self._own_slots.acquire(what, lane)
        try:
            shared = await self._slots.acquire(self._instance, lane)
            timer = asyncio.get_running_loop().call_later(self._slow_seconds, self._slow, own, shared)
            self._converting += 1
            self._on_change()
            try:
                yield
            finally:
                timer.cancel()
                self._converting -= 1
                self._slots.release(shared)
                self._on_change()
        finally:
            self._own_slots.release(own)

    def _slow(self, own: Slot, shared: Slot) -> None:
        self._own_slots.mark_slow(own)
        self._slots.mark_slow(shared)

    @contextlib.contextmanager
    def _attempt(self, worker: Worker) -> Iterator[Attempt]:
        attempt = Attempt(
            worker,
            troubles=self._troubles,
            limits=self._limits,
            results=self._results / str(next(self._numbers)),
            clock=self._clock,
            spare=self._make,
        )
        self._attempts.add(attempt)
        try:
            yield attempt
        finally:
            self._attempts.discard(attempt)


def _purge(folder: Path, wanted: Iterable[Path]) -> None:
    """Remove what an earlier run left, make the folders.

    Raises:
        ConfigError: one cannot be made.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for path in wanted:
        make_private(path)
