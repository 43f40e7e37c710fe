"""A lease: one report on its way to the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from stationmaster.model import Lane
from stationmaster.spool.leasing import Leased
from stationmaster.spool.schema import to_text

VerdictWord = Literal["ack", "retry", "hold", "reject", "release"]
Judge = Callable[[int, VerdictWord, str, datetime | None], asyncio.Future[None]]


class Lease:
    """A report to send. End it with one verdict; the first one counts.

    A verdict returns a future that ends once it is committed. It need not be awaited: a verdict the disk
    refuses is kept and written as soon as the disk takes it, and its entry is not leased again meanwhile.
    The future then carries the `SpoolError`.

    Attributes:
        attempts: how often it was tried before.
        payload: the report's bytes, as they were spooled.
    """

    __slots__ = (
        "_ended", "_judge", "attempts", "entry_id", "lane", "payload", "process_code", "report_id",
        "revision", "serial_number", "size", "source", "start",
    )  # fmt: skip

    def __init__(self, row: Leased, payload: bytes, judge: Judge) -> None:
        """Take the row over."""
        self.entry_id = row.entry_id
        self.report_id = row.report_id
        self.revision = row.revision
        self.attempts = row.attempts
        self.serial_number = row.serial_number
        self.process_code = row.process_code
        self.lane = Lane(row.lane)
        self.size = row.size
        self.start = row.start
        self.source = to_text(row.source)
        self.payload = payload
        self._judge = judge
        self._ended: asyncio.Future[None] | None = None

    def ack(self, receipt: str) -> asyncio.Future[None]:
        """The server has it. Also counts after `hold`, `retry` and `release`: the server's word is final."""
        self._ended = self._judge(self.entry_id, "ack", receipt, None)
        return self._ended

    def retry(self, at: datetime, reason: str) -> asyncio.Future[None]:
        """Try again at `at`; an attempt is burnt."""
        return self._end("retry", reason, at)

    def hold(self, reason: str, until: datetime | None = None) -> asyncio.Future[None]:
        """Back to the queue without burning an attempt, not before `until`."""
        return self._end("hold", reason, until)

    def reject(self, reason: str) -> asyncio.Future[None]:
        """To the error list."""
        return self._end("reject", reason)

    def release(self) -> asyncio.Future[None]:
        """No verdict: queued again as it was. Nothing happens after a verdict."""
        return self._end("release")

    def _end(self, what: VerdictWord, text: str = "", at: datetime | None = None) -> asyncio.Future[None]:
        """Give the verdict, once."""
        if self._ended is None:
            self._ended = self._judge(self.entry_id, what, text, at)
        return self._ended
