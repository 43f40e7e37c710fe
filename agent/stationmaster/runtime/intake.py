"""From a claimed file to its committed reports: claim, convert, commit, release. In this order, always."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol
from uuid import UUID

import msgspec

from stationmaster.api import Station
from stationmaster.clock import Clock
from stationmaster.convert.job import Conversion, Failed, Job, NotYet
from stationmaster.convert.job import Outcome as Converted
from stationmaster.errors import SpoolError, TransientError
from stationmaster.ingest.access import look_at
from stationmaster.ingest.claim import Claim, Outcome
from stationmaster.ingest.territory import folder_of
from stationmaster.log import Lasting, bound
from stationmaster.model import SourceState
from stationmaster.runtime.release import Places, Releases, ReleasesFiles
from stationmaster.runtime.tally import Tally
from stationmaster.runtime.task import Task
from stationmaster.runtime.turn import Turns
from stationmaster.sentence import joined
from stationmaster.spool.record import LedgerRow
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


class Claims(ReleasesFiles, Protocol):
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


class Converts(Protocol):
    """What the intake needs of the converter pool."""

    async def convert(self, job: Job) -> Converted:
        """Convert one file."""
        ...


class Keeps(Protocol):
    """What the intake tells of a file before it is released."""

    async def keep(self, task: Task, result: Conversion) -> None:
        """Its reports are committed; returns within seconds, and raises nothing."""
        ...


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance gives its intake.

    Attributes:
        slots: conversions at one time.
        places: where files come from and go to.
    """

    name: str
    instance_id: UUID
    station: Station
    slots: int
    places: Places


class Intake:
    """Takes files as they come to rest. `run` lives until `stop`; nothing durable is kept here."""

    def __init__(
        self,
        setting: Setting,
        *,
        watcher: Claims,
        pool: Converts,
        spool: Spool,
        clock: Clock,
        canary: Keeps | None = None,
    ) -> None:
        """Nothing runs yet; `canary` sees each file before it is released."""
        self._canary = canary
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
        self._turns = Turns()  # at a file: a conversion, or a release that an earlier one left open
        self._releases = Releases(
            setting.places, watcher, spool=spool, turns=self._turns, clock=clock, lasting=self._lasting
        )
        self.trouble: SpoolError | None = None
        """Why nothing could be stored, until something is."""
        self.running = 0
        self.dealt_with = 0
        """Files that came to an end here, whatever end it was."""
        self.converted = 0
        self.unconvertible = 0
        self.converting_seconds = 0.0
        self.tally = Tally()

    # ---------------------------------------------------------------- life
    async def run(self) -> None:
        """Take files until `stop`; conversions that run then are finished."""
        async with asyncio.TaskGroup() as group:
            others = [
                group.create_task(self._releases.run(self._rows, self._hold)),
                group.create_task(self._retry(group)),
            ]
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
            outcome, resume = await self._guarded(Task.of_claim(claim))
        except SpoolError as error:
            await self._hold(error)
        finally:
            self.running -= 1
            self.dealt_with += 1
            self._watcher.done(claim, outcome, resume=resume)
            self._slots.release()

    async def _guarded(self, task: Task) -> tuple[Outcome, bytes | None]:
        """Take a file; what nobody foresaw fails this one alone, and is kept for a person to see."""
        try:
            return await self._take(task)
        except SpoolError as error:
            if not error.refused:
                raise
            return await self._fail(task, Failed(reason=error.text)), None
        except Exception as error:  # noqa: BLE001 - a bug at one file must not keep all others from being taken
            self._log.error("a bug at %s", task.path, exc_info=error)
            reason = joined(
                f"A bug of the program: {type(error).__name__}: {error}", "The log has the details."
            )
            return await self._fail(task, Failed(reason=reason)), None

    async def _hold(self, error: SpoolError) -> None:
        """The spool takes nothing: what was claimed goes back, and nothing is claimed for a while."""
        self.trouble = error
        self._lasting.met("storing", f"files wait: {error}")
        await self._clock.wait(self._stopping, HOLD)

    def _well(self) -> None:
        self.trouble = None
        self._lasting.over("storing", "files are stored again")

    # ---------------------------------------------------------------- one file
    async def _take(self, task: Task) -> tuple[Outcome, bytes | None]:
        async with self._turns.at((task.key, task.state.path)):
            return await self._convert(task)

    async def _convert(self, task: Task) -> tuple[Outcome, bytes | None]:
        began = self._clock.monotonic()
        result = await self._pool.convert(
            Job(
                path=task.path,
                origin=self._setting.places.origin(task.state.path),
                state=msgspec.structs.replace(task.state, path=task.path),
                converters=task.folder.converters,
                options=task.folder.options,
                station=self._setting.station,
                resume=task.resume,
                instance_id=self._setting.instance_id,
                lane=task.lane,
                is_folder=bool(task.folder.marker),
                marker=task.folder.marker,
                overdue=task.overdue,
            )
        )
        if not isinstance(result, NotYet):
            self.converting_seconds += self._clock.monotonic() - began
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

    async def _commit(self, task: Task, result: Conversion) -> Outcome:
        source = task.source(result.digest, result.converter, resume=result.resume, reader=result.reader)
        try:
            taken = await self._spool.take(source, result.reports, result.results)
            if self._canary is not None:
                await self._canary.keep(task, result)
        finally:
            result.discard()
        if self.trouble is not None:  # what a full disk kept need not wait for its next look
            self._well()
            self._watcher.hasten()
        self.converted += 1
        self.tally.converted(task.folder, result.converter)
        self._log.info(
            "took %s with %s: %d new, %d known, %d revised",
            *(task.path, result.converter, taken.new, taken.same, taken.revised),
        )
        await self._releases.converted(task, taken, result.digest, resume=result.resume)
        return Outcome.CONVERTED

    async def _fail(self, task: Task, failed: Failed) -> Outcome:
        source = task.source(_mark(task.state), failed.converter)
        where = f"{failed.place}: " if failed.place and failed.place not in failed.reason else ""
        failure = await self._spool.fail(source, f"{where}{failed.reason}", failed.detail)
        self._well()
        self.unconvertible += 1
        self.tally.failed(task.folder, failed.converter)
        self._log.about(failure.entry_id).warning("cannot convert %s: %s", task.path, failed.reason)
        reason = "\n".join(part for part in (f"{where}{failed.reason}", failed.detail) if part) + "\n"
        await self._releases.failed(task, failure.source_id, reason)
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
        path = row.place or row.path
        folder = folder_of(self._setting.places.folders, row.folder, row.path)
        try:
            found = await look_at(path, clock=self._clock) if folder else None
        except OSError as error:
            await self._spool.refuse_retry(
                row.source_id, f"The file {path} cannot be read: {error.strerror}."
            )
            return
        if folder is None:
            reason = f"{row.folder} is not watched any more; nothing says how to read {path}."
        elif found is None:
            reason = f"The file {path} is not there any more."
        else:
            task = Task.of_row(row, folder, path, found)
            if path != row.path or not row.failed or row.failed == _mark(task.state):
                self.running += 1
                try:
                    await self._guarded(task)
                finally:
                    self.running -= 1
                    self.dealt_with += 1
                return
            reason = (
                f"{path} is another file by now, and is taken by itself. What failed lies in"
                f" {self._setting.places.errors}: mend it there and submit it, or dismiss this."
            )
        await self._spool.refuse_retry(row.source_id, reason)


def _mark(state: SourceState) -> str:
    """What tells a file that failed from another one that takes its name: nobody read it to its end."""
    return f"unread:{state.size}:{state.mtime_ns}"
