"""A queue in memory that keeps the spool's promises about leases, for tests of the uploader."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.model import EntryState


class FakeEntry:
    """One report in the fake queue."""

    def __init__(
        self, entry_id: int, report_id: str, payload: bytes, serial_number: str, start: str, source: str
    ) -> None:
        self.entry_id = entry_id
        self.report_id = report_id
        self.payload = payload
        self.serial_number = serial_number
        self.process_code: int | None = None
        self.start = start
        self.source = source
        self.state = EntryState.QUEUED
        self.attempts = 0
        self.not_before: datetime | None = None
        self.reason = ""
        self.receipt = ""


class FakeLease:
    """A lease on a fake entry."""

    def __init__(self, queue: FakeQueue, entry: FakeEntry) -> None:
        self._queue = queue
        self._entry = entry
        self._ended: asyncio.Future[None] | None = None
        self.entry_id = entry.entry_id
        self.report_id = entry.report_id
        self.payload = entry.payload
        self.size = len(entry.payload)
        self.attempts = entry.attempts
        self.serial_number = entry.serial_number
        self.process_code = entry.process_code
        self.start = entry.start
        self.source = entry.source

    def ack(self, receipt: str) -> asyncio.Future[None]:
        return self._end(EntryState.COMPLETED, receipt=receipt, burnt=1)

    def retry(self, at: datetime, reason: str) -> asyncio.Future[None]:
        return self._end(EntryState.QUEUED, reason=reason, at=at, burnt=1)

    def hold(self, reason: str) -> asyncio.Future[None]:
        return self._end(EntryState.QUEUED, reason=reason)

    def reject(self, reason: str) -> asyncio.Future[None]:
        return self._end(EntryState.ERROR, reason=reason, burnt=1)

    def release(self) -> asyncio.Future[None]:
        return self._end(EntryState.QUEUED, reason=self._entry.reason, at=self._entry.not_before)

    def _end(
        self,
        state: EntryState,
        *,
        reason: str = "",
        receipt: str = "",
        at: datetime | None = None,
        burnt: int = 0,
    ) -> asyncio.Future[None]:
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
            if self._queue.verdict_error is not None:
                self._ended.set_exception(self._queue.verdict_error)
            elif self._queue.disk_full:
                self._ended.set_exception(SpoolError("The disk is full."))
            else:
                self._ended.set_result(None)
                self._queue.leased.discard(self.entry_id)
                entry = self._entry
                entry.state, entry.reason, entry.receipt, entry.not_before = state, reason, receipt, at
                entry.attempts += burnt
                self._queue.changed()
        return self._ended


class FakeQueue:
    """Leases the oldest due entries first. `disk_full` makes it fail as the spool does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self.entries: dict[int, FakeEntry] = {}
        self.leased: set[int] = set()
        self.most_leased = 0
        self.disk_full = False
        self.verdict_error: Exception | None = None
        self.on_change: Callable[[], None] = lambda: None

    def changed(self) -> None:
        self.on_change()

    async def put(
        self,
        serial_number: str = "",
        *,
        report_id: str = "",
        size: int = 0,
        start: str = "2026-01-01T00:00:00Z",
        source: str = "",
        process_code: int | None = None,
    ) -> FakeEntry:
        """Queue a report."""
        entry_id = next(self._ids)
        report_id = report_id or str(uuid.UUID(int=entry_id, version=4))
        serial_number = serial_number or f"SN{entry_id}"
        body = {"id": report_id, "type": "T", "sn": serial_number, "start": start, "pad": "x" * size}
        entry = FakeEntry(entry_id, report_id, msgspec.json.encode(body), serial_number, start, source)
        entry.process_code = process_code
        self.entries[entry_id] = entry
        self.changed()
        return entry

    async def lease(self, limit: int) -> list[FakeLease]:
        if self.disk_full:
            raise SpoolError("The disk is full.")
        chosen = [entry for entry in self._open() if self._due(entry)][:limit]
        self.leased.update(entry.entry_id for entry in chosen)
        self.most_leased = max(self.most_leased, len(self.leased))
        return [FakeLease(self, entry) for entry in chosen]

    async def next_due(self) -> datetime | None:
        if self.disk_full:
            raise SpoolError("The disk is full.")
        times = [entry.not_before or self._clock.now() for entry in self._open()]
        return min(times, default=None)

    def states(self) -> list[EntryState]:
        return [entry.state for entry in self.entries.values()]

    def done(self) -> bool:
        """True when nothing is queued."""
        return EntryState.QUEUED not in self.states()

    def _open(self) -> list[FakeEntry]:
        return [
            entry
            for entry in self.entries.values()
            if entry.state is EntryState.QUEUED and entry.entry_id not in self.leased
        ]

    def _due(self, entry: FakeEntry) -> bool:
        return entry.not_before is None or entry.not_before <= self._clock.now()
