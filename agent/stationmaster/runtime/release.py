"""Files that are on record are released: kept, moved, archived or deleted, as soon as it can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from stationmaster.clock import Clock
from stationmaster.config.schema import WatchFolder
from stationmaster.errors import NeedsUserError, SpoolError, TransientError
from stationmaster.ingest.plan import after_commit, after_failure, gentler
from stationmaster.ingest.release import Release, Released, Standing, Way
from stationmaster.ingest.territory import folder_of
from stationmaster.log import Lasting
from stationmaster.model import SourceState
from stationmaster.runtime.task import Task
from stationmaster.runtime.turn import Turns
from stationmaster.spool.record import LedgerRow, LedgerState, Taken
from stationmaster.spool.store import Spool
from stationmaster.submit import submitted_name

RELEASE_EVERY = 30.0
"""Seconds between two looks at files whose release failed, or that somebody was writing to."""


class ReleasesFiles(Protocol):
    """What is needed of the watcher."""

    async def release(self, key: str, job: Release) -> Released:
        """Do what a folder's `after` asks for, where its files are."""
        ...


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where files go to.

    Attributes:
        folders: the watch folders, in their order.
        archive: folder for archived files.
        errors: folder for files that cannot be converted.
        inbox: folder of the folders for submitted raw files.
        fetched: folder of the folders of scheduled sources.
    """

    folders: tuple[WatchFolder, ...]
    archive: Path
    errors: Path
    inbox: Path
    fetched: Path

    def origin(self, path: Path) -> Path:
        """The file as its tester wrote it: a submitted or fetched one has our mark before its name."""
        ours = path.parent.parent == self.inbox or path.parent.parent.parent == self.fetched
        return Path(submitted_name(path.name)) if ours else path


class Releases:
    """Releases files once they are on record."""

    def __init__(
        self,
        places: Places,
        watcher: ReleasesFiles,
        *,
        spool: Spool,
        turns: Turns,
        clock: Clock,
        lasting: Lasting,
    ) -> None:
        """Nothing is released yet."""
        self._places = places
        self._watcher = watcher
        self._spool = spool
        self._turns = turns
        self._clock = clock
        self._lasting = lasting

    async def converted(self, task: Task, taken: Taken, digest: str, *, resume: bytes | None) -> None:
        """Release a file whose reports are committed; one that may grow only if nobody writes to it.

        An archive's folder follows from the ledger's time, never from now: after a kill the file is looked
        for where that time says.
        """
        job = after_commit(
            task.folder,
            task.at,
            archive=self._places.archive,
            taken_at=taken.taken_at,
            digest=digest,
            growing=resume is not None,
        )
        await self._release(task.key, taken.source_id, job)

    async def failed(self, task: Task, source_id: int, reason: str) -> None:
        """Release a file that is on the error list, with the reason beside it."""
        job = after_failure(task.folder, task.at, errors=self._places.errors, reason=reason)
        await self._release(task.key, source_id, job)

    async def _release(self, key: str, source_id: int, job: Release) -> None:
        place: Path | None = job.path
        try:
            if job.way is not Way.KEEP:
                released = await self._watcher.release(key, job)
                if released.standing is Standing.OPEN:
                    return
                place = released.place or released.copy
            await self._spool.released(source_id, place)
        except (NeedsUserError, TransientError) as error:
            # a Problem of the watcher; `run` tries again
            self._lasting.met((key, "release"), f"{error}")
        else:
            self._lasting.over((key, "release"), f"files of {key} are released again")

    # ---------------------------------------------------------------- what is left over
    async def run(
        self,
        rows: Callable[[Awaitable[list[LedgerRow]]], Awaitable[Sequence[LedgerRow]]],
        hold: Callable[[SpoolError], Awaitable[None]],
    ) -> None:
        """Until cancelled, finish what a kill, a writer or an unreachable folder left open.

        Args:
            rows: reads rows of the ledger, none where that cannot be done now.
            hold: waits after the spool took nothing.
        """
        while True:
            for row in await rows(self._spool.unreleased()):
                if not self._turns.busy((row.folder, row.path)):
                    try:
                        async with self._turns.at((row.folder, row.path)):
                            await self._finish(row.source_id)
                    except SpoolError as error:
                        await hold(error)
            await self._clock.sleep(RELEASE_EVERY)

    async def _finish(self, source_id: int) -> None:
        row = await self._spool.still_unreleased(source_id)  # the list may be old by now
        if row is None:
            return
        folder = folder_of(self._places.folders, row.folder, row.path)
        if folder is not None:
            await self._release(row.folder, source_id, self._job(row, gentler(folder, row.after)))

    def _job(self, row: LedgerRow, folder: WatchFolder) -> Release:
        state = SourceState(path=row.place or row.path, size=row.size, mtime_ns=row.mtime_ns)
        if row.state is not LedgerState.TAKEN:
            return after_failure(folder, state, errors=self._places.errors, reason=f"{row.reason}\n")
        rested = (self._clock.now() - row.taken_at).total_seconds() >= folder.incomplete_after
        return after_commit(
            folder,
            state,
            archive=self._places.archive,
            taken_at=row.taken_at,
            digest=row.digest,
            growing=row.resume is not None and not rested,
        )
