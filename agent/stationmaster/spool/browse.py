"""What can be looked up in a spool: entries, their history, the ledger. Part of `Spool`."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from stationmaster.activity import Activity
from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.model import Entry, EntryKind, EntryState, Event
from stationmaster.spool import ledger, schema
from stationmaster.spool.activity import Survey
from stationmaster.spool.engine import Engine
from stationmaster.spool.read import WINDOW, Reader
from stationmaster.spool.record import LedgerRow
from stationmaster.spool.storage import Storage

P = ParamSpec("P")
T = TypeVar("T")

_BEGAN = {EntryKind.REPORT: "queued", EntryKind.SOURCE: "failed"}
_DONE = {"completed", "converted"}


class Browse:
    """Reads; long ones are paged, so that no slice holds the storage thread."""

    def __init__(self, engine: Engine, *, instance: str, storage: Storage) -> None:
        """Read through an opened engine."""
        self.instance = instance
        self._engine = engine
        self._storage = storage
        self._reader = Reader(engine.reader, instance, engine.leases.leased)
        self._closed = False

    async def get(self, entry_id: int) -> Entry | None:
        """One entry."""
        return await self._read(self._reader.get, entry_id)

    async def payload(self, entry_id: int) -> bytes | None:
        """The report's bytes; None for source files and where retention dropped them."""
        return await self._read(self._reader.payload, entry_id)

    async def find(self, serial: str) -> list[Entry]:
        """The newest entries of a serial number, whatever its case."""
        return await self._read(self._reader.of_serial, serial)

    async def entries(
        self,
        state: EntryState | None = None,
        text: str | None = None,
        limit: int = 100,
        before_id: int | None = None,
    ) -> list[Entry]:
        """Entries, newest first; `before_id` is the last id of the page before.

        Args:
            text: part of the serial number, part number, report id, source path or reason.
        """
        if state is EntryState.PROCESSING:
            leased = await self._read(lambda: self._reader.these(list(self._engine.leases.leased)))
            found = [e for e in leased if before_id is None or e.id < before_id]
            return [e for e in found if e.state is state and _contains(e, text)][:limit]
        found = []
        before = await self._read(self._reader.top) + 1 if before_id is None else before_id
        while before > 0 and len(found) < limit:
            if text:
                page = await self._read(self._reader.search, state, text, before, limit - len(found))
                full = len(page) == limit - len(found)
                before = page[-1].id if full else before - WINDOW
            else:
                page = await self._read(self._reader.page, state, before, limit - len(found))
                full = len(page) == limit - len(found)
                before = page[-1].id if page and full else 0
            found += [e for e in page if state is None or e.state is state]
        return found

    async def history(self, entry_id: int) -> list[Event]:
        """What happened to an entry, oldest first."""
        entry = await self.get(entry_id)
        if entry is None:
            return []
        warnings = await self._read(self._reader.warnings, entry_id)
        events = await self._read(self._reader.events, entry_id)
        start = Event(at=entry.created_at, what=_BEGAN[entry.kind], detail=warnings)
        return [start, *events, *_last(entry, events)]

    async def activity(self, *, hours: float, buckets: int, clock: Clock) -> Activity:
        """What went in and out in the last hours, in buckets of equal length."""
        survey = Survey(self._engine.path, hours=hours, buckets=buckets, clock=clock)
        try:
            while not await self._read(survey.advance):
                pass
        finally:
            await self._storage.run(survey.close)
        return survey.result(self.instance)

    async def ledger(self, folder: str) -> AsyncIterator[list[LedgerRow]]:
        """The files known in a watch folder, in pages, by path."""
        after: str | bytes = ""
        while rows := await self._read(ledger.rows_of, self._engine.reader, folder, after):
            yield rows
            after = schema.to_db(rows[-1].path)

    async def source(self, folder: str, path: Path) -> LedgerRow | None:
        """The file of that path, where it is known in that folder."""
        return await self._read(ledger.row_at, self._engine.reader, folder, path)

    async def still_unreleased(self, source_id: int) -> LedgerRow | None:
        """This row of the ledger, if its file still waits for its release."""
        return await self._read(ledger.still_unreleased, self._engine.reader, source_id)

    async def unreleased(self) -> list[LedgerRow]:
        """Files that are committed but whose release is not on record."""
        found: list[LedgerRow] = []
        after = 0
        while rows := await self._read(ledger.unreleased_after, self._engine.reader, after):
            found += rows
            after = rows[-1].source_id
        return found

    async def retry_sources(self) -> list[LedgerRow]:
        """Files that a person asked to convert again; each lies at its `place`."""
        return await self._read(ledger.to_retry, self._engine.reader)

    async def wants_retry(self, source_id: int) -> bool:
        """Is this one of `retry_sources` still to be converted again?"""
        return await self._read(ledger.wants_retry, self._engine.reader, source_id)

    async def _read(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a read on the storage thread, its errors mapped."""
        if self._closed:
            raise SpoolError("The spool is closed: its station is stopping.")
        try:
            return await self._storage.run(job, *args, **kwargs)
        except sqlite3.Error as error:
            raise self._engine.failure(error) from error


def _contains(entry: Entry, text: str | None) -> bool:
    """Whether a search for `text` finds the entry."""
    if not text:
        return True
    fields = (entry.serial_number, entry.part_number, entry.report_id, entry.source, entry.reason)
    return any(text.casefold() in field.casefold() for field in fields)


def _last(entry: Entry, events: list[Event]) -> list[Event]:
    """How the entry stands, as the end of its history."""
    if entry.state is EntryState.COMPLETED and not any(event.what in _DONE for event in events):
        return [Event(at=entry.updated_at, what="completed", detail=entry.receipt)]
    if entry.state is EntryState.ERROR:
        return [Event(at=entry.updated_at, what="error", detail=entry.reason)]
    if entry.state is EntryState.QUEUED and entry.reason:
        return [Event(at=entry.updated_at, what="retry", detail=entry.reason)]
    return []
