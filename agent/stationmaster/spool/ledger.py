"""The ledger: which source files were taken, and where they are now.

One *current* row a path and folder. A file that changes where it lies (it grows, it is overwritten) keeps
its row; once a file was moved away or deleted its row is history, and the same name is a new file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from stationmaster.model import EntryState, Lane
from stationmaster.spool.change import Change
from stationmaster.spool.record import LedgerRow, LedgerState, TakenSource
from stationmaster.spool.schema import to_db, to_path, to_time
from stationmaster.spool.verdict import record

PAGE = 2000
"""Ledger rows a slice."""

MOST_REASON = 10_000
"""Letters of a reason, where one retry after the other adds to it."""

_NEWEST = 200
"""Errors that are looked through for one of the same place: no more of them delay a file that is well."""

_REPLACED = "The file at its place was converted since"

_COLUMNS = (
    "id, path, folder, size, mtime_ns, digest, state, released, after, place, resume,"
    " converter, lane, taken_at,"
    " (SELECT reason FROM entry WHERE source_id=source.id AND kind='source' ORDER BY id DESC LIMIT 1),"
    " (SELECT digest FROM entry WHERE source_id=source.id AND kind='source' AND state='error'"
    " ORDER BY id DESC LIMIT 1)"
)


def keep_source(db: sqlite3.Connection, source: TakenSource, state: LedgerState, now: int) -> int:
    """Write the ledger row of a source file; its id."""
    path = to_db(source.state.path)
    found = _find(db, source, path)
    values = (
        source.state.size, source.state.mtime_ns, source.digest, state, source.after, source.resume,
        source.converter, source.lane, now,
    )  # fmt: skip
    if found is None:
        cursor = db.execute(
            "INSERT INTO source(folder, path, place, size, mtime_ns, digest, state, after, resume, converter,"
            " lane, taken_at) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
            (to_db(source.folder), path, path, *values),
        )
        return cursor.lastrowid or 0
    db.execute(
        "UPDATE source SET size=?, mtime_ns=?, digest=?, state=?, after=?, resume=?, converter=?, lane=?,"
        " taken_at=?, released=0 WHERE id=?",
        (*values, found),
    )
    return found


def _find(db: sqlite3.Connection, source: TakenSource, path: str | bytes) -> int | None:
    """The row this file continues, if any."""
    if source.source_id:
        row = db.execute("SELECT id FROM source WHERE id=?", (source.source_id,)).fetchone()
        if row is not None:
            return int(row[0])
    row = db.execute(
        "SELECT id FROM source WHERE folder=? AND path=? AND current=1", (to_db(source.folder), path)
    ).fetchone()
    return None if row is None else int(row[0])


def failed(db: sqlite3.Connection, source_id: int, source: TakenSource) -> int | None:
    """The open error entry of this same file: the same row, and the same content or a retry of it."""
    rows = db.execute(
        "SELECT id, digest FROM entry WHERE source_id=? AND kind='source' AND state='error' ORDER BY id DESC",
        (source_id,),
    ).fetchall()
    for entry_id, digest in rows:
        about = digest == source.failed if source.failed else source.source_id
        if about or source.resume is not None or digest == source.digest:
            return int(entry_id)
    return None


def converted(db: sqlite3.Connection, change: Change, source_id: int, source: TakenSource, now: int) -> None:
    """This file's conversion succeeded: the error entry it had before is done with.

    Other content that failed at the same place stays in the error list: that content was never sent.
    """
    entry_id = failed(db, source_id, source)
    if entry_id is None:
        return
    db.execute("UPDATE entry SET state='completed', updated_at=?, done_at=? WHERE id=?", (now, now, entry_id))
    record(db, entry_id, now, "converted", detail=source.converter)
    change.moved(entry_id, EntryState.ERROR, EntryState.COMPLETED)


def mark_replaced(
    db: sqlite3.Connection, source: TakenSource, *, entry_id: int, serial: str, now: int
) -> None:
    """Reports came of the place where other content had failed: its error says which, and what to do.

    It stays an error. Whether that was the same result, mended, or the next one under the same name, only a
    person knows; closed by itself, the first would be lost without a word.
    """
    rows = db.execute(
        "SELECT e.id, e.reason FROM (SELECT id, kind, reason, source_id FROM entry INDEXED BY entry_state"
        " WHERE state='error' ORDER BY id DESC LIMIT ?) e JOIN source s ON s.id=e.source_id"
        " WHERE e.kind='source' AND s.folder=? AND s.path=?",
        (_NEWEST, to_db(source.folder), to_db(source.state.path)),
    ).fetchall()
    for failed_id, reason in rows:
        unit = f", serial number {serial}" if serial else ""
        detail = f"entry {entry_id}{unit}"
        before = reason.partition("\n")[2] if reason.startswith(_REPLACED) else reason
        text = f"{_REPLACED}: {detail}. If that is it, mended, dismiss this; else it is still to be sent."
        db.execute(
            "UPDATE entry SET reason=?, updated_at=? WHERE id=?",
            (f"{text}\n{before}"[:MOST_REASON], now, failed_id),
        )
        record(db, failed_id, now, "replaced", detail=detail)


def released(db: sqlite3.Connection, change: Change, *, source_id: int, place: Path | None) -> None:
    """What `after` asks for was done; a file that is no longer at its path is history."""
    del change  # the ledger is not counted
    kept = None if place is None else to_db(place)
    db.execute(
        "UPDATE source SET released=1, place=?1, current=current AND ?1 IS NOT NULL AND path=?1 WHERE id=?2",
        (kept, source_id),
    )


def forget(
    db: sqlite3.Connection, change: Change, *, folder: str, gone: Iterable[Path]
) -> Generator[None, None, None]:
    """These files are no longer in their folder: the same name is a new file from now on."""
    del change  # the ledger is not counted
    kept = to_db(folder)
    for path in gone:
        row = db.execute(
            "UPDATE source SET current=0 WHERE folder=? AND path=? AND current=1 RETURNING id",
            (kept, to_db(path)),
        ).fetchone()
        if row is not None:
            drop_unused(db, row[0])
        yield


def drop_unused(db: sqlite3.Connection, source_id: int) -> None:
    """Delete a ledger row that is history and that no entry speaks of."""
    db.execute(
        "DELETE FROM source WHERE id=? AND current=0 AND released=1"
        " AND NOT EXISTS(SELECT 1 FROM entry WHERE source_id=source.id)",
        (source_id,),
    )


def rows_of(db: sqlite3.Connection, folder: str, after: str | bytes) -> list[LedgerRow]:
    """A page of the current rows of a folder, by path."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM source WHERE folder=? AND path>? AND current=1 ORDER BY path LIMIT ?",  # noqa: S608 - constant
        (to_db(folder), after, PAGE),
    )
    return [_row(values) for values in rows]


def row_at(db: sqlite3.Connection, folder: str, path: Path) -> LedgerRow | None:
    """The current row of one file."""
    values = db.execute(
        f"SELECT {_COLUMNS} FROM source WHERE folder=? AND path=? AND current=1",  # noqa: S608 - constant
        (to_db(folder), to_db(path)),
    ).fetchone()
    return None if values is None else _row(values)


def unreleased_after(db: sqlite3.Connection, after: int) -> list[LedgerRow]:
    """A page of the rows whose file still waits for its release."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM source WHERE released=0 AND id>? ORDER BY id LIMIT ?",  # noqa: S608 - constant
        (after, PAGE),
    )
    return [_row(values) for values in rows]


def still_unreleased(db: sqlite3.Connection, source_id: int) -> LedgerRow | None:
    """This row, if its file still waits for its release."""
    values = db.execute(
        f"SELECT {_COLUMNS} FROM source WHERE id=? AND released=0",  # noqa: S608 - constant
        (source_id,),
    ).fetchone()
    return None if values is None else _row(values)


def to_retry(db: sqlite3.Connection) -> list[LedgerRow]:
    """Files to convert again because a person asked for it."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM source WHERE state='retry' ORDER BY id LIMIT ?",  # noqa: S608 - constant
        (PAGE,),
    )
    return [_row(values) for values in rows]


def wants_retry(db: sqlite3.Connection, source_id: int) -> bool:
    """Is this file still to be converted again?"""
    row = db.execute("SELECT 1 FROM source WHERE id=? AND state='retry'", (source_id,)).fetchone()
    return row is not None


def _row(values: tuple[Any, ...]) -> LedgerRow:
    """A row as the ledger's readers see it."""
    return LedgerRow(
        source_id=values[0], path=to_path(values[1]), folder=str(to_path(values[2])), size=values[3],
        mtime_ns=values[4], digest=values[5], state=LedgerState(values[6]), released=bool(values[7]),
        after=values[8], place=None if values[9] is None else to_path(values[9]), resume=values[10],
        converter=values[11], lane=Lane(values[12]), taken_at=to_time(values[13]), reason=values[14] or "",
        failed=values[15] or "",
    )  # fmt: skip
