"""From a claimed file to its committed reports: claim, convert, commit, release. In this order, always."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec

from stationmaster.api import Station
from stationmaster.clock import Clock
from stationmaster.config.schema import WatchFolder
from stationmaster.convert.job import Conversion, Failed, Job, NotYet
from stationmaster.convert.job import Outcome as Converted
from stationmaster.errors import NeedsUserError, SpoolError, TransientError
from stationmaster.ingest.access import look_at
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.plan import after_commit, after_failure
from stationmaster.ingest.release import Release, Released, Way
from stationmaster.ingest.watcher import folder_key
from stationmaster.log import Lasting, bound
from stationmaster.model import Lane, SourceState
from stationmaster.spool.record import LedgerRow, LedgerState, TakenSource
from stationmaster.spool.store import Spool

_LOG = logging.getLogger(__name__)
HOLD = 5.0
"""Seconds the intake waits after the spool took nothing (disk full)."""
RELEASE_EVERY = 30.0
"""Seconds between two looks at files whose release failed."""
RETRY_EVERY = 5.0
"""Seconds between two looks for files that were queued again."""

# What the pool answers, in the watcher's words; a file whose converter is on hold is looked at again later.
_NOT_YET = {
    "busy": Outcome.BUSY,
    "incomplete": Outcome.INCOMPLETE,
    "changed": Outcome.CHANGED,
    "vanished": Outcome.VANISHED,
    "held": Outcome.BUSY,
}


class Claims(Protocol):
    """What the intake needs of the watcher."""

    async def claim(self) -> Claim | None:
        """The next file that came to rest; waits for one; None at the end."""
        ...

    def done(self, claim: Claim, outcome: Outcome, *, resume: bytes | None = None) -> None:
        """What became of it."""
        ...

    def stop_claiming(self) -> None:
        """Hand out nothing any more."""
        ...

    def hasten(self) -> None:
        """Offer at once what was not taken before."""
        ...

    async def release(self, key: str, job: Release) -> Released:
        """Do what a folder's `after` asks for, where its files are."""
        ...


class Converts(Protocol):
    """What the intake needs of the converter pool."""

    async def convert(self, job: Job) -> Converted:
        """Convert one file."""
        ...


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance gives its intake.

    Attributes:
        slots: conversions at one time.
        archive: folder for archived files.
        errors: folder for files that cannot be converted.
    """

    name: str
    instance_id: UUID
    station: Station
    slots: int
    archive: Path
    errors: Path
    folders: tuple[WatchFolder, ...]


class Intake:
    """Takes files as they come to rest. `run` lives until `stop`; nothing durable is kept here."""

    def __init__(
        self, setting: Setting, *, watcher: Claims, pool: Converts, spool: Spool, clock: Clock
    ) -> None:
        """Nothing runs yet."""
        self._setting = setting
        self._watcher = watcher
        self._pool = pool
        self._spool = spool
        self._clock = clock
        self._slots = asyncio.Semaphore(setting.slots)
        # Not the same: `run` holds one of those above while it waits for the next file. The pool keeps to
        # the limit of both together.
        self._retries = asyncio.Semaphore(setting.slots)
        self._stopping = asyncio.Event()
        self._log = bound(_LOG, setting.name)
        self._lasting = Lasting(self._log)
        self._nudged = asyncio.Event()
        self._releasing: set[int] = set()
        self.trouble: SpoolError | None = None
        """Why nothing could be stored, until something is."""
        self.running = 0
        self.taken = 0

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Take files until `stop`; conversions that run then are finished."""
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(self._release_rest()), group.create_task(self._retry(group))]
            while True:
                await self._slots.acquire()
                claim = await self._watcher.claim()
                if claim is None:
                    break
                group.create_task(self._one(claim))
            for other in others:
                other.cancel()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what it works on is done."""
        self._stopping.set()
        self._watcher.stop_claiming()

    async def _one(self, claim: Claim) -> None:
        outcome, resume = Outcome.RETURNED, None
        self.running += 1
        try:
            outcome, resume = await self._take(_Task.of(claim))
        except SpoolError as error:
            await self._hold(error)
        finally:
            self.running -= 1
            self._watcher.done(claim, outcome, resume=resume)
            self._slots.release()

    async def _hold(self, error: SpoolError) -> None:
        """The spool takes nothing: what was claimed goes back, and nothing is claimed for a while."""
        self.trouble = error
        self._lasting.met("storing", f"files wait: {error}")
        await self._clock.wait(self._stopping, HOLD)

    def _well(self) -> None:
        self.trouble = None
        self._lasting.over("storing", "files are stored again")

    # ---------------------------------------------------------------- one file
    async def _take(self, task: _Task) -> tuple[Outcome, bytes | None]:
        result = await self._pool.convert(
            Job(
                path=task.path,
                state=msgspec.structs.replace(task.state, path=task.path),
                converters=task.folder.converters,
                options=task.folder.options,
                station=self._setting.station,
                resume=task.resume,
                instance_id=self._setting.instance_id,
                lane=task.lane,
            )
        )
        match result:
            case NotYet(reason="incomplete") if task.overdue:
                reason = f"The file {task.path} has been waiting for its end too long. {result.text}"
                return await self._fail(task, Failed(reason=reason.strip())), None
            case NotYet(reason="full" | "unstored"):
                raise SpoolError(result.text, disk_full=result.reason == "full")
            case NotYet():
                return _NOT_YET[result.reason], None
            case Failed():
                return await self._fail(task, result), None
            case Conversion():
                return await self._commit(task, result), result.resume

    async def _commit(self, task: _Task, result: Conversion) -> Outcome:
        source = task.source(result.digest, result.converter, resume=result.resume)
        try:
            taken = await self._spool.take(source, result.reports, result.results)
        finally:
            result.discard()
        self.taken += 1
        if self.trouble is not None:  # what a full disk kept need not wait for its next look
            self._well()
            self._watcher.hasten()
        self._log.info(
            "took %s with %s: %d new, %d known, %d revised",
            *(task.path, result.converter, taken.new, taken.same, taken.revised),
        )
        job = self._after(task.folder, task.at, taken_at=self._clock.now())
        await self._release(task.key, taken.source_id, job)
        return Outcome.CONVERTED

    async def _fail(self, task: _Task, failed: Failed) -> Outcome:
        source = task.source(_mark(task.state), failed.converter)
        where = f"{failed.place}: " if failed.place and failed.place not in failed.reason else ""
        entry = await self._spool.fail(source, f"{where}{failed.reason}", failed.detail)
        self._well()
        self._log.warning("cannot convert %s: %s (entry %d)", task.path, failed.reason, entry)
        row = await self._spool.source(task.key, task.state.path)
        if row is not None:
            reason = "\n".join(part for part in (f"{where}{failed.reason}", failed.detail) if part) + "\n"
            await self._release(task.key, row.source_id, self._after_failure(task.folder, task.at, reason))
        return Outcome.FAILED

    # ---------------------------------------------------------------- files that a person queued again
    async def _retry(self, group: asyncio.TaskGroup) -> None:
        busy: set[int] = set()

        async def again(row: LedgerRow) -> None:
            try:
                # The list is old by now: somebody may have dismissed it, or it may be through.
                if await self._spool.wants_retry(row.source_id):
                    await self._again(row)
            except SpoolError as error:
                await self._hold(error)
            except TransientError as error:  # its folder hangs: it is found again by the next look
                self._lasting.met(row.folder, f"{row.path} waits: {error}")
            else:
                self._lasting.over(row.folder, f"{row.folder} answers again")
            finally:
                busy.discard(row.source_id)
                self._retries.release()

        while True:
            for row in await self._rows(self._spool.retry_sources()):
                if row.source_id not in busy:
                    busy.add(row.source_id)
                    await self._retries.acquire()
                    group.create_task(again(row))
            await self._clock.wait(self._nudged, RETRY_EVERY)
            self._nudged.clear()

    async def _rows(self, reading: Awaitable[list[LedgerRow]]) -> list[LedgerRow]:
        """Rows of the ledger; none where the spool cannot be read now: the next look finds them."""
        try:
            rows = await reading
        except SpoolError as error:
            self._lasting.met("ledger", f"the ledger cannot be read now: {error}")
            return []
        self._lasting.over("ledger", "the ledger can be read again")
        return rows

    def nudge(self) -> None:
        """Somebody queued failed files again."""
        self._nudged.set()

    async def _again(self, row: LedgerRow) -> None:
        folder = next((one for one in self._setting.folders if folder_key(one) == row.folder), None)
        path = row.place or row.path
        found, gone = None, f"The file {path} is not there any more."
        if folder is None:
            gone = f"{row.folder} is not watched any more; nothing says how to read {path}."
        else:
            try:
                found = await look_at(path, clock=self._clock)
            except OSError as error:
                gone = f"The file {path} cannot be read: {error.strerror}."
        if folder is None or found is None:
            state = SourceState(path=row.path, size=row.size, mtime_ns=row.mtime_ns)
            task = _Task(path, state, folder or WatchFolder(path=row.folder, converters=("-",)), row)
            await self._spool.fail(task.source("", row.converter), gone)
            return
        state = SourceState(path=row.path, size=found.size, mtime_ns=found.mtime_ns)
        self.running += 1
        try:
            await self._take(_Task(path, state, folder, row))
        finally:
            self.running -= 1

    # ---------------------------------------------------------------- release
    def _after(self, folder: WatchFolder, state: SourceState, *, taken_at: datetime) -> Release:
        return after_commit(folder, state, archive=self._setting.archive, taken_at=taken_at)

    def _after_failure(self, folder: WatchFolder, state: SourceState, reason: str) -> Release:
        return after_failure(folder, state, errors=self._setting.errors, reason=reason)

    async def _release(self, key: str, source_id: int, job: Release) -> None:
        place: Path | None = job.path
        self._releasing.add(source_id)
        try:
            if job.way is not Way.KEEP:
                released = await self._watcher.release(key, job)
                place = released.place or released.copy
            await self._spool.released(source_id, place)
        except (NeedsUserError, TransientError) as error:
            # a Problem of the watcher; `_release_rest` tries again
            self._lasting.met((key, "release"), f"{error}")
        else:
            self._lasting.over((key, "release"), f"files of {key} are released again")
        finally:
            self._releasing.discard(source_id)

    async def _release_rest(self) -> None:
        """Finish releases that a crash or an unreachable folder left open: at the start, then again."""
        folders = {folder_key(folder): folder for folder in self._setting.folders}
        while True:
            for row in await self._rows(self._spool.unreleased()):
                folder = folders.get(row.folder)
                if folder is not None and row.source_id not in self._releasing:
                    try:
                        await self._release(row.folder, row.source_id, self._release_of(folder, row))
                    except SpoolError as error:
                        await self._hold(error)
            await self._clock.sleep(RELEASE_EVERY)

    def _release_of(self, folder: WatchFolder, row: LedgerRow) -> Release:
        state = SourceState(path=row.path, size=row.size, mtime_ns=row.mtime_ns)
        if row.state is LedgerState.TAKEN:
            return self._after(folder, state, taken_at=row.taken_at)
        return self._after_failure(folder, state, "See the error list: stationmaster queue list\n")


@dataclass(frozen=True, slots=True)
class _Task:
    """A file to convert: a claim, or a failed one that is tried again.

    Attributes:
        path: where it lies now.
        state: as the ledger knows it, by its first place.
    """

    path: Path
    state: SourceState
    folder: WatchFolder
    row: LedgerRow | None = None
    claim: Claim | None = None

    @classmethod
    def of(cls, claim: Claim) -> _Task:
        return cls(claim.state.path, claim.state, claim.folder, claim=claim)

    @property
    def at(self) -> SourceState:
        """The file where it lies now."""
        return msgspec.structs.replace(self.state, path=self.path)

    @property
    def key(self) -> str:
        return self.claim.key if self.claim else self.row.folder if self.row else self.folder.path

    @property
    def lane(self) -> Lane:
        return self.claim.lane if self.claim else Lane.LIVE

    @property
    def resume(self) -> bytes | None:
        return self.claim.resume if self.claim else None

    @property
    def overdue(self) -> bool:
        return self.claim is None or self.claim.overdue

    def source(self, digest: str, converter: str, *, resume: bytes | None = None) -> TakenSource:
        return TakenSource(
            state=self.state,
            digest=digest,
            converter=converter,
            lane=self.lane,
            folder=self.key,
            after=self.folder.after,
            resume=resume,
            source_id=self.row.source_id if self.row else 0,
        )


def _mark(state: SourceState) -> str:
    """What tells a file that failed from another one that takes its name: nobody read it to its end."""
    return f"unread:{state.size}:{state.mtime_ns}"
