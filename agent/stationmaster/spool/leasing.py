"""Which reports go next, and which are in flight. Runs on the storage thread.

Leases are kept in memory only: after a crash their entries are simply queued.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import NamedTuple

from stationmaster.model import Lane
from stationmaster.spool.change import Change

LEASE_BYTES = 32 * 1024 * 1024
"""Payload bytes one call of `lease` hands out at most; a larger report goes alone."""

BATCH_TURN = 8
"""One lease in so many goes to the batch lane while both lanes wait."""


class Leased(NamedTuple):
    """A leased row, with its payload; `payload` None means that it is lost."""

    entry_id: int
    report_id: str
    revision: int
    attempts: int
    serial_number: str
    process_code: int | None
    lane: str
    size: int
    start: str
    source: str | bytes
    payload: bytes | None


class Leases:
    """The leases of one spool, chosen through its reading connection.

    Attributes:
        leased: entries in flight, with their report ids.
    """

    def __init__(self, reader: sqlite3.Connection) -> None:
        """Nothing is leased."""
        self._reader = reader
        self.leased: dict[int, str] = {}
        self._stray: set[int] = set()  # in flight, but no longer queued: superseded or dismissed meanwhile
        self._turn = 0

    @property
    def processing(self) -> int:
        """Entries that are queued on disk and in flight."""
        return len(self.leased) - len(self._stray)

    def apply(self, change: Change) -> None:
        """Take note of what was committed."""
        self._stray |= change.left & self.leased.keys()
        self._stray -= change.entered
        for entry_id in change.settled:
            self.leased.pop(entry_id, None)
            self._stray.discard(entry_id)

    def lease(self, now: int, limit: int) -> list[Leased]:
        """Lease up to `limit` entries that are due."""
        wanted = self._choose(now, limit)
        rows = self._fetch(wanted)
        chosen = [rows[entry_id] for entry_id in wanted if entry_id in rows]
        self.leased.update((row.entry_id, row.report_id) for row in chosen)
        return chosen

    def next_due(self, now: int) -> int | None:
        """When there is something to lease; None when everything is in flight or done."""
        if self._choose(now, 1):
            return now
        busy = self._busy()
        row = self._reader.execute(
            "SELECT min(not_before) FROM entry INDEXED BY entry_due WHERE state='queued'"  # noqa: S608 - marks
            f" AND lane IN ('live','batch') AND not_before>? AND id NOT IN ({_marks(busy)})",
            (now, *busy),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _busy(self) -> set[int]:
        """Entries that must not be leased: in flight, or a revision whose predecessor is in flight."""
        busy = set(self.leased)
        for entry_id in self._stray:
            rows = self._reader.execute(
                "SELECT id FROM entry WHERE kind='report' AND report_id=?", (self.leased[entry_id],)
            )
            busy.update(row[0] for row in rows)
        return busy

    def _choose(self, now: int, limit: int) -> list[int]:
        """Ids to lease next: live before batch, but one in eight for batch; oldest first in each lane."""
        busy = self._busy()
        live = self._due(Lane.LIVE, now, limit, busy)
        batch = self._due(Lane.BATCH, now, limit, busy)
        chosen: list[int] = []
        lanes = {Lane.LIVE: iter(live), Lane.BATCH: iter(batch)}
        while len(chosen) < min(limit, len(live) + len(batch)):
            turn = (self._turn + len(chosen)) % BATCH_TURN == BATCH_TURN - 1
            first, second = (Lane.BATCH, Lane.LIVE) if turn else (Lane.LIVE, Lane.BATCH)
            chosen.append(_first(lanes[first], lanes[second]))
        return chosen

    def _due(self, lane: Lane, now: int, limit: int, busy: set[int]) -> list[int]:
        """The oldest due ids of a lane: those never tried, and those whose backoff is over."""
        count = limit + len(busy)
        fresh = self._reader.execute(
            "SELECT id FROM entry INDEXED BY entry_due"
            " WHERE state='queued' AND lane=? AND not_before=0 ORDER BY id LIMIT ?",
            (lane, count),
        ).fetchall()
        again = self._reader.execute(
            "SELECT id FROM entry INDEXED BY entry_due"
            " WHERE state='queued' AND lane=? AND not_before>0 AND not_before<=? ORDER BY not_before LIMIT ?",
            (lane, now, count),
        ).fetchall()
        if again:
            fresh = sorted(fresh + again)
        return [row[0] for row in fresh if row[0] not in busy][:limit]

    def _fetch(self, wanted: list[int]) -> dict[int, Leased]:
        """Read the rows with their payloads, up to `LEASE_BYTES`."""
        rows: dict[int, Leased] = {}
        total = 0
        cursor = self._reader.execute(
            "SELECT e.id, e.report_id, e.revision, e.attempts, e.serial_number, e.process_code,"  # noqa: S608 - marks
            " e.lane, e.size, e.start, coalesce(s.path, e.origin), p.data FROM entry e"
            " LEFT JOIN source s ON s.id=e.source_id"
            f" LEFT JOIN payload p ON p.entry_id=e.id WHERE e.id IN ({_marks(wanted)})",
            wanted,
        )
        for values in cursor:
            row = Leased(*values)
            total += row.size
            if rows and total > LEASE_BYTES:
                cursor.close()
                break
            rows[row.entry_id] = row
        self._turn += len(rows)
        return rows


def _first(first: Iterator[int], second: Iterator[int]) -> int:
    """The next of `first`, else of `second`; one of them has one."""
    found = next(first, None)
    return next(second) if found is None else found


def _marks(values: Collection[int]) -> str:
    """One question mark a value: a statement per length is prepared once and cached."""
    return ",".join("?" * len(values))
