"""The spool: one instance's durable queue, history and ledger in one SQLite database.

What it promises: a write that has returned survives kill and power loss; a write that raised did not happen;
an entry leaves the queue only by an acknowledgement, a rejection or a person; the same report id and content
is spooled once. All methods belong to the event loop's thread; the work is done on the storage thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.file_name import shown
from stationmaster.model import Counts, Lane, ReportMeta
from stationmaster.sentence import joined
from stationmaster.spool import foreign, ledger, schema, write
from stationmaster.spool.browse import Browse
from stationmaster.spool.change import Verdict, Work
from stationmaster.spool.committer import Committer
from stationmaster.spool.engine import COUNTED, Engine, View
from stationmaster.spool.lease import Lease, VerdictWord
from stationmaster.spool.leasing import Leased
from stationmaster.spool.record import Failure, Health, Taken, TakenSource
from stationmaster.spool.recovery import find_damage, quick_check, rescue
from stationmaster.spool.storage import Storage

T = TypeVar("T")


class Spool(Browse):
    """See the module. Open it with `Spool.open`, close it with `aclose` or `async with`."""

    def __init__(
        self, engine: Engine, *, instance: str, storage: Storage, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        """Take over an opened engine; use `open`."""
        super().__init__(engine, instance=instance, storage=storage)
        self._clock = clock
        self._on_change = on_change
        self._committer = Committer(engine, storage, clock, self._show)
        self._view = View(0, Counts(), None)
        self._told = False
        self._leasing = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        instance: str,
        storage: Storage,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
    ) -> Spool:
        """Open or create the spool at `path`; a damaged one is salvaged first (see `health`).

        Args:
            on_change: called soon after counts changed, once for many changes.

        Raises:
            SpoolError: it cannot be used: the disk, the rights, or a newer program wrote it.
        """
        engine = Engine(path, clock)
        reason = await storage.run(find_damage, path, clock.now()) or await _start(engine, storage)
        if reason:
            await rescue(path, reason, storage=storage, clock=clock)
            reason = await _start(engine, storage)
            if reason:
                raise SpoolError(
                    joined(reason, "It was made anew just now."), next_step="Check the disk.", damaged=True
                )
        spool = cls(engine, instance=instance, storage=storage, clock=clock, on_change=on_change)
        spool._view = await storage.run(engine.view)
        return spool

    async def verify(self) -> str:
        """Check the database after an unclean stop, in a child process beside the running spool.

        Returns:
            What is wrong with it, "" if nothing; the next `open` then salvages it.
        """
        if not self._engine.unclean:
            return ""
        found = await quick_check(self._engine.path)
        if found:
            await self._storage.run(self._engine.note, found)
        return found

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Commit what waits and close the database. Leases without a verdict are queued again."""
        if self._closed:
            return
        self._closed = True
        await self._committer.aclose()
        await self._storage.run(self._engine.close)

    # ------------------------------------------------------------------ writes

    async def take(self, source: TakenSource, reports: Sequence[ReportMeta], results: Path | None) -> Taken:
        """Commit a converted source file: ledger row, entries and payloads, in one transaction.

        Args:
            results: the file the payloads lie in; it must stay until this returns.

        Raises:
            SpoolError: nothing of it was kept.
        """
        now = self._now()
        work = partial(write.take, source=source, reports=reports, results=results, now=now)
        return await self._write(work, Taken)

    async def submit(self, payload: bytes, meta: ReportMeta, source: str = "", lane: Lane = Lane.LIVE) -> int:
        """Commit a report that was handed over; the id of its entry (the known one for a known report)."""
        work = partial(write.submit, payload=payload, meta=meta, source=source, lane=lane, now=self._now())
        return await self._write(work, int)

    async def import_report(
        self, payload: bytes, meta: ReportMeta, source: str, *, reason: str = ""
    ) -> tuple[int, str]:
        """Commit a report of another queue, in error for `reason` if it has one; see `foreign`."""
        work = partial(
            foreign.import_report,
            payload=payload,
            meta=meta,
            source=source,
            reason=shown(reason),
            now=self._now(),
        )
        entry_id, outcome = await self._write(work, tuple)
        return int(entry_id), str(outcome)

    async def fail(self, source: TakenSource, reason: str, detail: str = "") -> Failure:
        """Put a source file that cannot be converted into the error list."""
        work = partial(write.fail, source=source, reason=shown(reason), detail=shown(detail), now=self._now())
        return await self._write(work, Failure)

    async def refuse_retry(self, source_id: int, reason: str) -> None:
        """A failed file that was queued again cannot be converted: its errors stay, and say why."""
        work = partial(write.refuse_retry, source_id=source_id, reason=shown(reason), now=self._now())
        await self._write(work, type(None))

    async def released(self, source_id: int, place: Path | None) -> None:
        """What `after` asks for was done: the file is at `place` now, None when it is deleted."""
        await self._write(partial(ledger.released, source_id=source_id, place=place), type(None))

    async def forget(self, folder: str, gone: Iterable[Path]) -> None:
        """These files left their folder; a file of the same name is a new one from now on."""
        await self._write(partial(ledger.forget, folder=folder, gone=list(gone)), type(None))

    async def requeue(self, ids: Iterable[int], by: str = "") -> int:
        """Try entries in error (or dismissed) again; how many. Source files come out of `retry_sources`."""
        return await self._write(partial(write.requeue, ids=list(ids), by=by, now=self._now()), int)

    async def dismiss(self, ids: Iterable[int], by: str) -> int:
        """Take entries in error (or queued) out, on record; how many."""
        return await self._write(partial(write.dismiss, ids=list(ids), by=by, now=self._now()), int)

    async def hasten(self) -> int:
        """Make everything that waits for its next attempt due now; how many."""
        return await self._write(partial(write.hasten, now=self._now()), int)

    async def change(self, work: Work) -> Any:
        """Run a write of the spool's own parts (retention) in a group commit."""
        return await self._committer.write(work)

    async def _write(self, work: Work, kind: type[T]) -> T:
        """Commit `work`; its result is a `kind`."""
        result = await self._committer.write(work)
        assert isinstance(result, kind)  # noqa: S101 - for mypy: the works' types are erased in the group
        return result

    # ------------------------------------------------------------------ leases

    async def lease(self, limit: int) -> list[Lease]:
        """Lease up to `limit` due reports: live before batch (but one in eight), oldest first."""
        if limit <= 0:
            return []
        async with self._leasing:
            job = self._storage.start(self._lease, limit)
            try:
                rows, back, view = await asyncio.shield(job)
            except asyncio.CancelledError:
                job.add_done_callback(self._give_back)
                raise
        self._show(view)
        if back:
            self._committer.write(partial(write.shift, back=back))
        return [lease for row in rows if (lease := self._hand_out(row)) is not None]

    def _lease(self, limit: int) -> tuple[list[Leased], int, View]:
        """On the storage thread."""
        rows, back = self._engine.lease(limit)
        return rows, back, self._engine.view()

    def _hand_out(self, row: Leased) -> Lease | None:
        """A lease for the row; a row that lost its payload goes to the error list instead."""
        if row.payload is None or len(row.payload) != row.size:
            self._judge(
                row.entry_id, "reject", "The spooled report is damaged; convert its source file again."
            )
            return None
        return Lease(row, row.payload, self._judge)

    def _give_back(self, job: asyncio.Future[tuple[list[Leased], int, View]]) -> None:
        """The caller of `lease` was cancelled: nobody holds these."""
        if job.cancelled() or job.exception() is not None:
            return
        for row in job.result()[0]:
            self._judge(row.entry_id, "release")

    def _judge(
        self, entry_id: int, what: VerdictWord, text: str = "", at: datetime | None = None
    ) -> asyncio.Future[None]:
        """Queue a verdict for the next commit."""
        until = 0 if at is None else max(1, schema.to_micros(at))
        return self._committer.write(Verdict(entry_id, what, self._now(), shown(text), until))

    def _now(self) -> int:
        """Wall clock, as it is kept."""
        return schema.to_micros(self._clock.now())

    async def next_due(self) -> datetime | None:
        """When `lease` will have something: now or earlier, a time to come, or None for nothing at all."""
        return await self._read(self._engine.next_due)

    # ------------------------------------------------------------------ counts

    def _show(self, view: View) -> None:
        """Publish newer counts; tell `on_change` once for all changes of this turn of the loop."""
        if view.number <= self._view.number:
            return
        changed = view.counts != self._view.counts
        self._view = view
        if changed and not self._told:
            self._told = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """Call `on_change`."""
        self._told = False
        self._on_change()

    @property
    def counts(self) -> Counts:
        """How many entries stand in each state; exact as of the last commit."""
        return self._view.counts

    @property
    def oldest_queued_at(self) -> datetime | None:
        """When the oldest entry that is still to be delivered was spooled."""
        return self._view.oldest_queued_at

    @property
    def delivered_at(self) -> datetime | None:
        """When the newest report was delivered, as the spool knew when it was opened."""
        return self._engine.delivered_at

    @property
    def commits(self) -> int:
        """Commits so far; each is one flush of the disk."""
        return self._committer.commits

    async def health(self) -> Health:
        """How the spool itself is."""
        size, wal = await self._storage.run(_sizes, self._engine.path)
        failure = self._committer.failure
        return Health(
            size=size,
            wal=wal,
            unclean=self._engine.unclean,
            damage=self._engine.damage,
            salvage=await self._storage.run(self._engine.salvage),
            error="" if failure is None else failure.text,
            disk_full=failure is not None and failure.disk_full,
            owed=self._committer.owed,
        )


async def _start(engine: Engine, storage: Storage) -> str:
    """Open the database and count what is there, in slices; what is damaged, "" when all is well."""
    reason = await storage.run(engine.try_open)
    if reason:
        return reason
    try:
        for state in COUNTED:
            after: int | None = 0
            while after is not None:
                after = await storage.run(engine.count, state, after)
    except SpoolError as error:
        await storage.run(engine.close)
        if not error.damaged:
            raise
        return error.text
    return ""


def _sizes(path: Path) -> tuple[int, int]:
    """Bytes of the database and of its log."""
    wal = schema.beside(path, "-wal")
    return path.stat().st_size, wal.stat().st_size if wal.exists() else 0
