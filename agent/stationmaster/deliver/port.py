"""What delivery needs from its neighbours: the queue it leases from and the client it submits with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from stationmaster.wats.answer import Receipt


class Lease(Protocol):
    """One queued report, lent to the uploader. It ends in exactly one verdict.

    Each verdict returns a future that is done when the verdict is committed. The caller need not await it
    before it goes on. A verdict that the disk refuses fails its future with a SpoolError; the queue keeps
    it for later and does not lend the report again. Left without a verdict (the process died) the report
    is queued again.
    """

    @property
    def entry_id(self) -> int:
        """Number of the entry."""
        ...

    @property
    def report_id(self) -> str:
        """The report's UUID."""
        ...

    @property
    def payload(self) -> bytes:
        """The report as it goes to the server."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        ...

    @property
    def attempts(self) -> int:
        """How many tries were counted so far."""
        ...

    @property
    def serial_number(self) -> str:
        """The unit's serial number, for texts."""
        ...

    @property
    def process_code(self) -> int | None:
        """The process that the report names, None where it names none."""
        ...

    @property
    def start(self) -> str:
        """When the test began, as the report says it."""
        ...

    @property
    def source(self) -> str:
        """The file it came from, or what it was submitted as, for texts."""
        ...

    def ack(self, receipt: str) -> asyncio.Future[None]:
        """Delivered; `receipt` is JSON text."""
        ...

    def retry(self, at: datetime, reason: str) -> asyncio.Future[None]:
        """Not delivered; the try counts, and the next one is not before `at`."""
        ...

    def hold(self, reason: str) -> asyncio.Future[None]:
        """Not delivered for a reason outside the report; the try does not count."""
        ...

    def reject(self, reason: str) -> asyncio.Future[None]:
        """Refused for good: to the error list."""
        ...

    def release(self) -> asyncio.Future[None]:
        """No verdict: queued again as if it had not been leased."""
        ...


class Queue(Protocol):
    """What `spool.store.Spool` offers to delivery. Both calls raise SpoolError when the disk fails."""

    async def lease(self, limit: int) -> Sequence[Lease]:
        """Up to `limit` due reports, the ones to send first at the front; empty when none is due."""
        ...

    async def next_due(self) -> datetime | None:
        """When `lease` has something to hand out: now or before, later, or None for never."""
        ...


class Submits(Protocol):
    """What `wats.client.WatsClient` offers to delivery."""

    @property
    def clock_offset(self) -> float | None:
        """Seconds the server's clock is ahead of ours, None if not known."""
        ...

    async def submit(self, report_id: str, payload: bytes) -> Receipt:
        """Deliver; raises TransientError, NeedsUserError or RejectedError."""
        ...

    async def ping(self) -> None:
        """Return when a WATS server answers; raises as `submit` does."""
        ...

    def credentials_changed(self) -> None:
        """Ask for the token anew with the next request."""
        ...


class Checks(Protocol):
    """A last look at a report before it leaves."""

    async def before(self, lease: Lease) -> None:
        """Return when it may leave; raises as `Submits.submit` does."""
        ...
