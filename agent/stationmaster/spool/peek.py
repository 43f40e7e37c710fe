"""A short look at a spool from beside, running or not: what waits, what failed. Blocking."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from stationmaster.spool import schema

_COUNTS = "SELECT state, count(*) FROM entry WHERE state IN ('queued', 'error') GROUP BY state"
_OLDEST = """SELECT created_at FROM entry WHERE id=
    (SELECT min(id) FROM entry INDEXED BY entry_state WHERE state='queued')
    UNION ALL SELECT NULL LIMIT 1"""


class Peek(msgspec.Struct, frozen=True, kw_only=True):
    """What the spool holds.

    Attributes:
        size: bytes of the database and its log.
        oldest: when the oldest queued report was made, None where none waits.
    """

    size: int
    queued: int
    errors: int
    oldest: datetime | None


def peek(path: Path) -> Peek:
    """Look; nothing is made or changed.

    Raises:
        SpoolError: it cannot be read.
    """
    try:
        size = path.stat().st_size
        wal = schema.beside(path, "-wal")
        size += wal.stat().st_size if wal.exists() else 0
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5.0)) as db:
            counts = dict(
                db.execute(
                    "SELECT state, count(*) FROM entry WHERE state IN ('queued','error') GROUP BY state"
                )
            )
            (oldest,) = db.execute("SELECT min(created_at) FROM entry WHERE state='queued'").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise schema.spool_error(error, path) from error
    return Peek(
        size=size,
        queued=counts.get("queued", 0),
        errors=counts.get("error", 0),
        oldest=None if oldest is None else schema.to_time(oldest),
    )
