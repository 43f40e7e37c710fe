"""One instance: a watcher, a converter pool, a spool and an uploader under one roof.

Nothing here is durable: what must survive is in the spool, in the folders and in the settings.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stationmaster.api import Station
from stationmaster.clock import Clock
from stationmaster.config.schema import After, InstanceConfig, LaneChoice, WatchFolder
from stationmaster.config.secrets import Secret
from stationmaster.convert.pool import ConverterPool
from stationmaster.convert.slot import Slots
from stationmaster.deliver.gate import Gate, Gates
from stationmaster.deliver.limiter import Limits
from stationmaster.deliver.uploader import Uploader
from stationmaster.errors import NeedsUserError
from stationmaster.home.paths import Home
from stationmaster.ingest.outbox import outbox_folder
from stationmaster.ingest.wakeup import WakeUp
from stationmaster.ingest.watcher import Watcher
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
from stationmaster.runtime.intake import Intake, Setting
from stationmaster.runtime.log import bound
from stationmaster.runtime.shutdown import Budget
from stationmaster.runtime.upkeep import Upkeep
from stationmaster.spool.storage import Storage
from stationmaster.spool.store import Spool
from stationmaster.wats.client import ServerAddress, WatsClient

_LOG = logging.getLogger(__name__)
INBOX = "inbox"
"""Folder of an instance where submitted raw files wait, one sub-folder a converter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all instances of an agent share."""

    home: Home
    clock: Clock
    storage: Storage
    slots: Slots
    gates: Gates
    wakeup: WakeUp
    budget: Budget
    token: Callable[[str], Awaitable[Secret | None]]


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
        self._log = bound(_LOG, name)
        self._stop = asyncio.Event()
        self._drain = asyncio.Event()
        self._folders = (*config.watch, *own_folders(shared.home, name))
        self.spool: Spool | None = None
        self._parts: _Parts | None = None

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Open, work, and close in order.

        Raises:
            SpoolError: the spool cannot be opened now.
        """
        shared, home = self._shared, self._shared.home
        home.ensure_instance(self.name)
        async with AsyncExitStack() as stack:
            spool = await Spool.open(
                home.spool(self.name),
                instance=self.name,
                storage=shared.storage,
                clock=shared.clock,
                on_change=self._spool_changed,
            )
            stack.push_async_callback(spool.aclose)
            self.spool = spool
            self._parts = await self._assemble(stack, spool)
            try:
                await self._work(self._parts)
            finally:
                self._parts = None
                self.spool = None

    def _spool_changed(self) -> None:
        if self._parts is not None:
            self._parts.uploader.wake()

    def request_stop(self) -> None:
        """Begin the ordered stop."""
        self._stop.set()

    def request_drain(self) -> None:
        """Claim nothing more, deliver what waits, then end."""
        self._drain.set()

    async def _assemble(self, stack: AsyncExitStack, spool: Spool) -> _Parts:
        shared, home, config = self._shared, self._shared.home, self.config
        server = config.server
        client = await stack.enter_async_context(
            WatsClient(
                ServerAddress(
                    url=server.url, proxy=server.proxy, ca_file=server.ca_file, timeout=server.timeout
                ),
                self._token,
                shared.clock,
            )
        )
        pool = await stack.enter_async_context(
            ConverterPool(
                self.name,
                folder=home.converters(self.name),
                temp=home.instance_dir(self.name) / "work",
                limits=config.convert,
                slots=shared.slots,
                clock=shared.clock,
                wanted=tuple(one for folder in self._folders for one in folder.converters),
            )
        )
        watcher = Watcher(
            self._folders,
            spool,
            shared.clock,
            instance=self.name,
            wakeup=shared.wakeup,
            skip=(home.errors(self.name), home.archive(self.name)),
        )
        uploader = Uploader(
            spool,
            client,
            await self._gate(),
            shared.clock,
            lambda: None,
            instance=self.name,
            limits=self._limits(),
            ping_interval=server.ping_interval,
        )
        if config.paused_until:
            uploader.pause(config.paused_until)
        intake = Intake(self._setting(), watcher=watcher, pool=pool, spool=spool, clock=shared.clock)
        upkeep = Upkeep(
            spool,
            config.retention,
            outbox=home.outbox(self.name),
            clock=shared.clock,
            instance=self.name,
        )
        return _Parts(spool, client, pool, watcher, uploader, intake, upkeep)

    def _limits(self) -> Limits:
        upload = self.config.upload
        return Limits(
            mode=upload.mode.value,
            max_concurrent=upload.max_concurrent,
            max_adaptive=upload.max_adaptive,
            requests_per_minute=upload.requests_per_minute,
        )

    async def _gate(self) -> Gate:
        try:
            token = await self._token()
        except NeedsUserError:
            token = None  # the uploader meets the same trouble, and tells
        return self._shared.gates.gate(
            self.config.server.url, token.reveal() if token else "", self._limits()
        )

    def _setting(self) -> Setting:
        home, config = self._shared.home, self.config
        station = config.station
        return Setting(
            name=self.name,
            instance_id=config.id,
            station=Station(
                name=station.machine_name,
                location=station.location,
                purpose=station.purpose,
                time_zone=station.time_zone,
            ),
            slots=config.convert.max_concurrent,
            archive=home.archive(self.name),
            errors=home.errors(self.name),
            folders=self._folders,
        )

    async def _token(self) -> Secret | None:
        return await self._shared.token(self.name)

    async def _work(self, parts: _Parts) -> None:
        budget = self._shared.budget
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(parts.pool.run()),
                group.create_task(parts.watcher.run()),
                group.create_task(parts.upkeep.run()),
            ]
            intake = group.create_task(parts.intake.run())
            uploading = group.create_task(parts.uploader.run())
            self._on_up()
            await self._until_asked()
            parts.intake.stop()
            await _within(budget.conversions, intake)
            if self._drain.is_set() and not self._stop.is_set():
                await self._deliver_rest(parts)
            parts.uploader.stop(budget.uploads * 0.9)
            await _within(budget.uploads, uploading)
            for task in background:
                task.cancel()

    async def _until_asked(self) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, self._drain)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _deliver_rest(self, parts: _Parts) -> None:
        """Until nothing waits, or a stop is asked for."""
        while not self._stop.is_set():
            counts = parts.spool.counts
            if counts.queued + counts.processing == 0:
                return
            await self._shared.clock.wait(self._stop, 0.1)

    # ---------------------------------------------------------------- orders
    def pause(self, until: datetime | None) -> None:
        """Pause uploads until then; None resumes them."""
        if self._parts is None:
            return
        if until is None:
            self._parts.uploader.resume()
        else:
            self._parts.uploader.pause(until)

    async def credentials_changed(self) -> None:
        """A new token is there."""
        if self._parts is not None:
            self._parts.uploader.credentials_changed(await self._gate())

    async def send_now(self) -> None:
        """Look at the folders, and try what waits for its next attempt."""
        if self._parts is not None:
            self._parts.watcher.nudge()
            self._parts.intake.nudge()
            await self._parts.spool.hasten()
            self._parts.uploader.credentials_changed()

    def nudge(self) -> None:
        """Something was put into a folder of ours."""
        if self._parts is not None:
            self._parts.watcher.nudge()
            self._parts.intake.nudge()
            self._parts.uploader.wake()

    # ---------------------------------------------------------------- what it sees
    @property
    def idle(self) -> bool:
        """Everything that was in the folders is taken and delivered, or on the error list."""
        parts = self._parts
        if parts is None:
            return False
        counts = parts.spool.counts
        return parts.watcher.idle and parts.intake.running == 0 and counts.queued + counts.processing == 0

    @property
    def progress(self) -> tuple[int, ...]:
        """Numbers of which one changes whenever work goes on; the watchdog compares them."""
        parts = self._parts
        if parts is None:
            return ()
        return (parts.intake.taken, parts.spool.commits)

    @property
    def has_work(self) -> bool:
        """Reports wait and nothing that we know of keeps them: no pause, no trouble with the server."""
        parts = self._parts
        if parts is None or parts.uploader.link is not Link.ONLINE or parts.uploader.problems():
            return False
        oldest = parts.spool.oldest_queued_at
        return self.config.paused_until is None and oldest is not None and parts.spool.counts.queued > 0

    @property
    def converters(self) -> Collection[str]:
        """Names of the converters this instance knows now."""
        return self._parts.pool.converters if self._parts else ()

    def status(self, lifecycle: Lifecycle) -> InstanceStatus:
        """This instance in the snapshot."""
        parts, config = self._parts, self.config
        idle_upload = UploadStatus(mode=config.upload.mode, limit=0, in_flight=0)
        return InstanceStatus(
            name=self.name,
            lifecycle=lifecycle,
            link=parts.uploader.link if parts else Link.OFFLINE,
            server=config.server.url,
            station=config.station.machine_name,
            paused_until=config.paused_until,
            counts=parts.spool.counts if parts else Counts(),
            converting=parts.intake.running if parts else 0,
            oldest_queued_at=parts.spool.oldest_queued_at if parts else None,
            folders=parts.watcher.status() if parts else (),
            upload=parts.uploader.status() if parts else idle_upload,
        )

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now, as each part sees it."""
        parts, now = self._parts, datetime.now(UTC)
        if parts is None:
            return ()
        found = [
            *parts.watcher.problems(),
            *parts.pool.problems(),
            *parts.uploader.problems(),
            *parts.upkeep.problems(),
        ]
        errors = parts.spool.counts.error
        if errors:
            found.append(_errors_waiting(self.name, errors, now))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Parts:
    spool: Spool
    client: WatsClient
    pool: ConverterPool
    watcher: Watcher
    uploader: Uploader
    intake: Intake
    upkeep: Upkeep


async def _within(budget: float, task: asyncio.Task[None]) -> None:
    """Give `task` its time to end by itself, then cancel it. What it held stays where it is."""
    _, pending = await asyncio.wait({task}, timeout=budget)
    for late in pending:
        late.cancel()


def own_folders(home: Home, name: str) -> tuple[WatchFolder, ...]:
    """Watch folders of our own: the outbox, and `inbox/<converter>` for submitted raw files."""
    inbox = home.instance_dir(name) / INBOX
    raw = sorted(inbox.iterdir()) if inbox.is_dir() else []
    return (
        outbox_folder(home.outbox(name)),
        *(
            WatchFolder(
                path=str(folder),
                converters=(folder.name,),
                settle=0.0,
                after=After.ARCHIVE,
                move_to=str(home.archive(name)),
                lane=LaneChoice.LIVE,
            )
            for folder in raw
            if folder.is_dir()
        ),
    )


def inbox_place(home: Home, name: str, converter: str) -> Path:
    """Where a raw file for `converter` is left."""
    return home.instance_dir(name) / INBOX / converter


def _errors_waiting(name: str, count: int, now: datetime) -> Problem:
    what = "1 file or report needs" if count == 1 else f"{count} files or reports need"
    return Problem(
        code=ProblemCode.ENTRIES_IN_ERROR,
        severity=Severity.WARNING,
        title=f"{what} attention",
        text="They could not be converted or were refused. They are kept until somebody decides.",
        next_step=f"See them: stationmaster queue list --instance {name} --state error",
        instance=name,
        since=now,
        time_to_visible=10.0,
    )
