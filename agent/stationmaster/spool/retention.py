"""What the spool forgets: payloads of finished entries first, then their rows; never queued or in error.

Everything is done in small writes, each a part of a group commit and at most a slice long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import msgspec

from stationmaster.clock import Clock
from stationmaster.spool import schema
from stationmaster.spool.change import Change
from stationmaster.spool.ledger import drop_unused
from stationmaster.spool.store import Spool

GROUP = 500
"""Entries one write looks at."""

FREE_PAGES = 2560
"""Free pages (10 MB) the file keeps for new reports before space is given back to the disk."""

MEGABYTE = 1024 * 1024


class Limits(Protocol):
    """How long finished entries are kept; the `retention` settings have this shape."""

    @property
    def payload_days(self) -> float:
        """Days a finished payload is kept."""
        ...

    @property
    def payload_mb(self) -> int:
        """Megabytes of finished payloads that are kept."""
        ...

    @property
    def completed_days(self) -> float:
        """Days a finished entry is kept."""
        ...

    @property
    def completed_count(self) -> int:
        """Finished entries that are kept."""
        ...


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep dropped."""

    payloads: int
    entries: int


async def sweep(spool: Spool, limits: Limits, clock: Clock) -> Swept:
    """Drop what is older or more than `limits` allow.

    Raises:
        SpoolError: the disk does not take it now; what was dropped until then stays dropped.
    """
    now = clock.now()
    payloads = await _repeat(spool, partial(_drop_payloads, before=_ago(now, limits.payload_days)))
    border = await spool.change(partial(_border, room=limits.payload_mb * MEGABYTE))
    if border is not None:
        payloads += await _repeat(spool, partial(_drop_payloads, before=border[0], up_to=border[1]))
    entries = await _repeat(spool, partial(_drop_entries, before=_ago(now, limits.completed_days)))
    counts = spool.counts
    surplus = counts.completed + counts.dismissed - limits.completed_count
    while surplus > 0:
        dropped = await spool.change(partial(_drop_entries, before=schema.MOST, limit=min(surplus, GROUP)))
        if not dropped:
            break
        entries += dropped
        surplus -= dropped
    while await spool.change(_give_back):
        pass
    return Swept(payloads=payloads, entries=entries)


class _Drop(Protocol):
    """A write that drops up to `limit` things."""

    def __call__(
        self, db: sqlite3.Connection, change: Change, *, limit: int
    ) -> Generator[None, None, int]: ...


async def _repeat(spool: Spool, drop: _Drop) -> int:
    """Drop until there is less than a group left; how many."""
    total = 0
    while True:
        dropped: int = await spool.change(partial(drop, limit=GROUP))
        total += dropped
        if dropped < GROUP:
            return total


def _ago(now: datetime, days: float) -> int:
    """The moment so many days ago, as it is kept."""
    return schema.to_micros(now - timedelta(days=min(days, 36_500)))


def _drop_payloads(
    db: sqlite3.Connection, change: Change, *, before: int, up_to: int = 0, limit: int
) -> Generator[None, None, int]:
    """Drop payloads of entries finished before a moment (and at it, up to an id), the oldest first."""
    del change  # the states stay
    rows = db.execute(
        "SELECT id FROM entry INDEXED BY entry_done_full WHERE done_at IS NOT NULL AND stored=1"
        " AND (done_at<?1 OR (done_at=?1 AND id<=?2)) AND done_at<=?1 ORDER BY done_at LIMIT ?3",
        (before, up_to, limit),
    ).fetchall()
    for (entry_id,) in rows:
        db.execute("DELETE FROM payload WHERE entry_id=?", (entry_id,))
        db.execute("UPDATE entry SET stored=0 WHERE id=?", (entry_id,))
        yield
    return len(rows)


def _border(
    db: sqlite3.Connection, change: Change, *, room: int
) -> Generator[None, None, tuple[int, int] | None]:
    """The newest finished payload (moment, id) that has no room any more; None where all have."""
    del change  # nothing is written
    total, at, entry_id = 0, schema.MOST, 0
    while True:
        rows = db.execute(
            "SELECT done_at, id, size FROM entry INDEXED BY entry_done_full WHERE done_at IS NOT NULL"
            " AND stored=1 AND done_at<=?1 AND (done_at<?1 OR id<?2)"
            " ORDER BY done_at DESC, id DESC LIMIT 5000",
            (at, entry_id),
        ).fetchall()
        if not rows:
            return None
        for at, entry_id, size in rows:
            total += size
            if total > room:
                return at, entry_id
        yield


def _drop_entries(
    db: sqlite3.Connection, change: Change, *, before: int, limit: int
) -> Generator[None, None, int]:
    """Drop entries finished before a moment, the oldest first, those without payload before the others."""
    rows: list[tuple[int, str, int | None]] = []
    for index, stored in (("entry_done_bare", 0), ("entry_done_full", 1)):
        rows += db.execute(
            f"SELECT id, state, source_id FROM entry INDEXED BY {index} WHERE done_at IS NOT NULL"  # noqa: S608 - constants
            f" AND stored={stored} AND done_at<? ORDER BY done_at LIMIT ?",
            (before, limit - len(rows)),
        ).fetchall()
    for entry_id, state, source_id in rows:
        db.execute("DELETE FROM payload WHERE entry_id=?", (entry_id,))
        db.execute("DELETE FROM event WHERE entry_id=?", (entry_id,))
        db.execute("DELETE FROM entry WHERE id=?", (entry_id,))
        change.removed(state)
        if source_id is not None:
            drop_unused(db, source_id)
        yield
    return len(rows)


def _give_back(db: sqlite3.Connection, change: Change) -> bool:
    """Give a piece of the file's free space back to the disk; False when there is little left."""
    del change  # nothing moves between states
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    if free <= max(FREE_PAGES, pages // 4):
        return False
    db.execute("PRAGMA incremental_vacuum(500)").fetchall()
    return True
