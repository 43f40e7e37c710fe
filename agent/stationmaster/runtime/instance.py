"""One instance: a watcher, a converter pool, a spool and an uploader under one roof.

Nothing here is durable: what must survive is in the spool, in the folders and in the settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from stationmaster.config.fetch_source import FetchSource
from stationmaster.config.schema import InstanceConfig
from stationmaster.config.store import keep_id
from stationmaster.control.protocol import ServerProcess, ServerProcesses
from stationmaster.errors import ConfigError, ControlError
from stationmaster.home.paths import Home
from stationmaster.ingest.left import Left
from stationmaster.model import (
    Counts,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    Severity,
    UploadStatus,
)
from stationmaster.runtime.canary import CanaryRun
from stationmaster.runtime.event import first_of
from stationmaster.runtime.fetched import make_folders
from stationmaster.runtime.figure import Figures
from stationmaster.runtime.health import DELIVERY, INTAKE, Pulse
from stationmaster.runtime.heartbeat import LEAVE
from stationmaster.runtime.inbox import own_folders
from stationmaster.runtime.part import Parts, Shared, assemble, gate_of
from stationmaster.spool.problem import unwritable
from stationmaster.spool.schema import full_text
from stationmaster.spool.store import Spool

_UNWRITABLE = {ProblemCode.DISK_FULL, ProblemCode.SPOOL_ERROR}
DRAIN_LOOK = 0.1
"""Seconds between two looks at whether a drain is through."""


class Instance:
    """Runs one instance. `run` lives until `request_stop`, or until a drain is through."""

    def __init__(
        self, name: str, config: InstanceConfig, shared: Shared, *, on_up: Callable[[], None]
    ) -> None:
        """Nothing is opened yet; `on_up` is called when everything runs."""
        self.name = name
        self.config = config
        self._shared = shared
        self._on_up = on_up
        self._stop = asyncio.Event()
        self._drain = asyncio.Event()
        self.spool: Spool | None = None
        self._parts: Parts | None = None
        self._last: tuple[Counts, datetime | None] = (Counts(), None)
        """What the spool held when it was closed."""
        self._last_upload_at: datetime | None = None

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Open, work, and close in order.

        Raises:
            ConfigError: a folder of ours cannot be made or read now.
            SpoolError: the spool cannot be opened now.
        """
        shared, home = self._shared, self._shared.home
        home.ensure_instance(self.name)
        await asyncio.to_thread(keep_id, home, self.name, self.config.id)
        await _prepare(home, self.name, self.config.fetch)
        own = own_folders(home, self.name, self.config.watch, self.config.fetch)
        folders = (*self.config.watch, *own)
        async with AsyncExitStack() as stack:
            spool = await Spool.open(
                home.spool(self.name),
                instance=self.name,
                storage=shared.storage,
                clock=shared.clock,
                on_change=self._spool_changed,
            )
            stack.push_async_callback(spool.aclose)
            parts = await assemble(stack, shared, self.config, name=self.name, folders=folders, spool=spool)
            # No await from here to the work: what is set now holds, what comes later goes to the parts.
            _pause(parts, self.config.paused_until)
            self.spool, self._parts = spool, parts
            try:
                await self._work(parts)
            finally:
                self._last = (spool.counts, spool.oldest_queued_at)
                self._last_upload_at = parts.uploader.status().last_upload_at
                self.spool = self._parts = None

    def _spool_changed(self) -> None:
        if self._parts is not None:
            self._parts.uploader.wake()
        self._shared.changed()

    def request_stop(self) -> None:
        """Begin the ordered stop."""
        self._stop.set()

    def request_drain(self) -> None:
        """Claim nothing more, deliver what waits, then end."""
        self._drain.set()

    async def _work(self, parts: Parts) -> None:
        budget = self._shared.budget
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(parts.pool.run()),
                group.create_task(parts.watcher.run()),
                group.create_task(parts.upkeep.run()),
                group.create_task(parts.packing.run()),
                group.create_task(parts.processes.run()),
                group.create_task(parts.fetching.run()),
                group.create_task(parts.canary.run()),
            ]
            intake = group.create_task(parts.intake.run())
            uploading = group.create_task(parts.uploader.run())
            telling = group.create_task(parts.heartbeat.run())
            self._on_up()
            await first_of(self._stop, self._drain)
            parts.fetching.stop()
            parts.intake.stop()
            if not self._stop.is_set():
                await self._drained(parts, intake)
            await _within(budget.claims + budget.conversions, intake)
            parts.uploader.stop(budget.uploads * 0.9)
            await _within(budget.uploads, uploading)
            parts.heartbeat.stop()
            await _within(min(LEAVE, budget.spool * 0.3), telling)
            for task in background:
                task.cancel()

    async def _drained(self, parts: Parts, intake: asyncio.Task[None]) -> None:
        """Until all conversions are through and nothing waits, or a stop is asked for."""
        while not (self._stop.is_set() or (intake.done() and _waiting(parts.spool) == 0)):
            await self._shared.clock.wait(self._stop, DRAIN_LOOK)

    # ---------------------------------------------------------------- orders
    def pause(self, until: datetime | None) -> None:
        """Pause uploads until then; None resumes them."""
        if self._parts is not None:
            _pause(self._parts, until)

    async def credentials_changed(self) -> None:
        """A new token is there."""
        parts = self._parts
        if parts is not None:
            gate = await gate_of(self._shared, self.config, self.name)
            parts.uploader.credentials_changed(gate)
            parts.heartbeat.credentials_changed()

    async def send_now(self) -> None:
        """Look at the folders, and try what waits for its next attempt."""
        if self._parts is not None:
            self._parts.watcher.hasten()
            self._parts.intake.nudge()
            await self._parts.spool.hasten()
            self._parts.uploader.credentials_changed()
            self._parts.uploader.wake()  # no count changed: nothing else tells that they are due

    async def processes(self, *, refresh: bool) -> ServerProcesses:
        """The server's processes; raises as a submit does where it is asked and does not answer."""
        parts = self._parts
        if parts is None:
            return ServerProcesses(server=self.config.server.url)
        check = parts.processes
        await check.load()
        known = await check.refresh() if refresh else check.known
        if known is None:
            return ServerProcesses(server=self.config.server.url)
        return ServerProcesses(
            server=known.server,
            fetched_at=known.fetched_at,
            processes=tuple(
                ServerProcess(code=one.code, name=one.name or "", kinds=one.kinds, active=one.state == 1)
                for one in sorted(known.processes, key=lambda one: one.code)
            ),
        )

    def nudge(self) -> None:
        """Something was put into a folder of ours."""
        if self._parts is not None:
            self._parts.watcher.nudge()
            self._parts.intake.nudge()
            self._parts.uploader.wake()

    def fetch_now(self, source: str) -> None:
        """Fetch a scheduled source at once.

        Raises:
            ControlError: there is no such source, or the instance does not run.
        """
        if self._parts is None:
            raise stopped(self.name)
        self._parts.fetching.run_now(source)

    # ---------------------------------------------------------------- what it sees
    @property
    def idle(self) -> bool:
        """Everything that was in the folders is taken and delivered, or on the error list."""
        parts = self._parts
        if parts is None:
            return False
        return self.taken_all and _waiting(parts.spool) == 0

    @property
    def taken_all(self) -> bool:
        """Everything that was in the folders or due to be fetched is taken, or on the error list.

        What cannot be taken now does not count; it is `left`.
        """
        parts = self._parts
        if parts is None or not parts.fetching.caught_up:
            return False
        return parts.watcher.idle and parts.intake.running == 0

    def left(self) -> tuple[Left, ...]:
        """What lies in the folders and is not taken, with the reason."""
        return self._parts.watcher.left() if self._parts else ()

    def pulses(self) -> dict[str, Pulse]:
        """What the watchdog compares, by part: delivery, intake, and each folder."""
        parts = self._parts
        if parts is None:
            return {}
        uploader, intake, watcher = parts.uploader, parts.intake, parts.watcher
        kept = self.paused or uploader.hindered
        return {
            DELIVERY: Pulse(parts.upkeep.reports_due and not kept, uploader.progress),
            INTAKE: Pulse(
                intake.running > 0 or watcher.claimable,
                intake.dealt_with,
                max(_longest_conversion(self.config), parts.pool.may_take),
            ),
            # A folder is looked at for ever, in trouble too.
            **{root: Pulse(has_work=True, progress=turns) for root, turns in watcher.turns().items()},
        }

    @property
    def canary(self) -> CanaryRun | None:
        """Its canary; None while it does not run."""
        return self._parts.canary if self._parts else None

    @property
    def paused(self) -> bool:
        """A person paused the uploads, and the time is not over."""
        until = self.config.paused_until
        return until is not None and self._shared.clock.now() < until

    @property
    def converters(self) -> Collection[str]:
        """Names of the converters this instance knows now."""
        return self._parts.pool.converters if self._parts else ()

    def status(self, lifecycle: Lifecycle) -> InstanceStatus:
        """This instance in the snapshot."""
        parts, config = self._parts, self.config
        counts, oldest = (parts.spool.counts, parts.spool.oldest_queued_at) if parts else self._last
        idle_upload = UploadStatus(
            mode=config.upload.mode, limit=0, in_flight=0, last_upload_at=self._last_upload_at
        )
        return InstanceStatus(
            name=self.name,
            lifecycle=lifecycle,
            link=parts.uploader.link if parts else Link.OFFLINE,
            link_since=parts.uploader.link_since if parts else None,
            server=config.server.url,
            station=config.station.machine_name,
            paused_until=config.paused_until,
            counts=counts,
            converting=parts.intake.running if parts else 0,
            oldest_queued_at=oldest,
            folders=parts.watcher.status() if parts else (),
            fetches=parts.fetching.status() if parts else (),
            upload=parts.uploader.status() if parts else idle_upload,
            canary=parts.canary.status() if parts else None,
        )

    def figures(self) -> Figures:
        """What it did since it was started."""
        parts = self._parts
        if parts is None:
            return Figures()
        delivered, refused, failed = parts.uploader.totals
        return Figures(
            delivered=delivered,
            refused=refused,
            failed=failed,
            converted=parts.intake.converted,
            unconvertible=parts.intake.unconvertible,
            converting_seconds=parts.intake.converting_seconds,
            workers=parts.pool.workers,
        )

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now, as each part sees it."""
        parts, now = self._parts, self._shared.clock.now()
        if parts is None:
            return ()
        found = [
            *parts.watcher.problems(),
            *parts.pool.problems(),
            *parts.uploader.problems(),
            *parts.upkeep.problems(),
            *parts.packing.problems(),
            *parts.processes.problems(),
            *parts.fetching.problems(),
        ]
        trouble = parts.intake.trouble
        if trouble is not None and not any(one.code in _UNWRITABLE for one in found):
            text = full_text(self._shared.home.spool(self.name)) if trouble.disk_full else trouble.text
            found.append(unwritable(self.name, text, full=trouble.disk_full, now=now))
        errors = parts.spool.counts.error
        if errors:
            found.append(_errors_waiting(self.name, errors, now))
        return tuple(found)


def stopped(name: str) -> ControlError:
    """The refusal of what an instance can do only while it runs."""
    return ControlError(
        f"{name} is stopped.", status=409, code="stopped", next_step=f"stationmaster agent resume {name}"
    )


async def _prepare(home: Home, name: str, sources: Sequence[FetchSource]) -> None:
    try:
        await asyncio.to_thread(make_folders, home, name, sources)
    except OSError as error:
        raise ConfigError(
            f"The folder {home.fetched(name)} cannot be used: {error.strerror}.",
            next_step="Check its rights.",
        ) from error


def _waiting(spool: Spool) -> int:
    """Reports that are not delivered yet."""
    return spool.counts.queued + spool.counts.processing


def _longest_conversion(config: InstanceConfig) -> float:
    """Seconds that any file may take: a folder may allow a converter more than the instance."""
    own = [options.get("timeout") for folder in config.watch for options in folder.options.values()]
    return max(config.convert.timeout, *(float(one) for one in own if isinstance(one, (int, float))), 0.0)


def _pause(parts: Parts, until: datetime | None) -> None:
    if until is None:
        parts.uploader.resume()
    else:
        parts.uploader.pause(until)


async def _within(budget: float, task: asyncio.Task[None]) -> None:
    """Give `task` its time to end by itself, then cancel it. What it held stays where it is."""
    _, pending = await asyncio.wait({task}, timeout=budget)
    for late in pending:
        late.cancel()


def _errors_waiting(name: str, count: int, now: datetime) -> Problem:
    what, text = (
        f"{count} files or reports need",
        "They could not be converted or were refused. They are kept",
    )
    if count == 1:
        what, text = "1 file or report needs", "It could not be converted or was refused. It is kept"
    return Problem(
        code=ProblemCode.ENTRIES_IN_ERROR,
        severity=Severity.WARNING,
        title=f"{what} attention",
        text=f"{text} until somebody decides.",
        next_step=f"See them: stationmaster queue list --instance {name} --state error",
        instance=name,
        since=now,
        time_to_visible=10.0,
    )
