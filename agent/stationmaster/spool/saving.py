"""Copy what can be read of a damaged spool into a new one.

Nothing is dropped silently. A queued report whose payload was lost goes to the error list. Where entries
themselves were lost, the source files they can have come from are marked to be converted again: report ids
and contents come out the same, so that what was saved or delivered is not doubled.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from stationmaster.model import EntryState
from stationmaster.spool import schema
from stationmaster.spool.record import Salvage
from stationmaster.spool.wreck import Gap, Reading, is_readable, open_wreck, patch

CANNOT_WRITE = 3
"""Exit code of the process: the new database could not be written."""

LOST = "The spooled report was damaged on disk; its source file is to be converted again."

_STATES = frozenset(EntryState) - {EntryState.PROCESSING}


class Copy:
    """Copies rows from a wreck into a new spool, and keeps account."""

    def __init__(self, reading: Reading, target: sqlite3.Connection) -> None:
        """Copy from `reading` into `target`."""
        self._from = reading
        self._to = target
        self._widths = {
            table: len(target.execute(f"PRAGMA table_info({table})").fetchall())
            for table in ("source", "entry", "event", "payload")
        }
        self._names = [row[1] for row in target.execute("PRAGMA table_info(entry)")]
        self._refused = 0
        self.entries = 0
        self.sources = 0
        self.without_payload = 0

    def run(self) -> None:
        """Copy everything that can be read."""
        for row in self._from.rows("source"):
            self.sources += self._insert("source", row[1:])
        for row in self._from.rows("entry"):
            self._entry(dict(zip(self._names, row[1:], strict=False)))  # columns of a later version stay out
        for row in self._from.rows("event"):
            self._insert("event", row[1:])
        gaps = self._from.gaps["entry"]
        if gaps:
            created = self._names.index("created_at") + 1
            source = self._names.index("source_id") + 1
            for gap in gaps:
                self._convert_again(gap, created, source)

    @property
    def unreadable(self) -> int:
        """Stretches of rows that could not be read, and rows that make no sense."""
        return sum(len(gaps) for gaps in self._from.gaps.values()) + self._refused

    def _insert(self, table: str, values: tuple[Any, ...]) -> int:
        """Insert a row as it is; 0 where it breaks a rule of the tables."""
        values = values[: self._widths[table]]
        marks = ",".join("?" * len(values))
        inserted = self._to.execute(f"INSERT OR IGNORE INTO {table} VALUES({marks})", values).rowcount
        self._refused += not inserted
        return inserted

    def _entry(self, entry: dict[str, Any]) -> None:
        """Copy an entry with its payload, if that is still what was spooled."""
        if entry["state"] not in _STATES:
            entry["state"], entry["reason"] = EntryState.ERROR, LOST
        payload = self._from.payload(entry["id"]) if entry["stored"] else None
        if payload is not None and hashlib.sha256(payload).hexdigest() != entry["digest"]:
            payload = None
        lost = bool(entry["stored"]) and payload is None
        if lost:
            entry["stored"] = 0
            if entry["state"] == EntryState.QUEUED:
                entry["state"], entry["reason"] = EntryState.ERROR, LOST
                self._again(entry["source_id"])
        if not self._insert("entry", tuple(entry.values())):
            return
        self.entries += 1
        self.without_payload += lost
        if payload is not None:
            self._insert("payload", (entry["id"], payload))

    def _again(self, source_id: int | None) -> None:
        """Mark a source file that still exists to be converted again."""
        self._to.execute("UPDATE source SET state='retry' WHERE id=? AND place IS NOT NULL", (source_id,))

    def _convert_again(self, gap: Gap, created: int, source: int) -> None:
        """Mark the files whose entries may have been in the gap.

        A file's entries lie together: they were in the gap as a whole, or they touch it.
        """
        for neighbour in (gap.before, gap.behind):
            if neighbour is not None:
                self._again(neighbour[source])
        start = 0 if gap.before is None else gap.before[created]
        end = schema.MOST if gap.behind is None else gap.behind[created]
        self._to.execute(
            "UPDATE source SET state='retry' WHERE state='taken' AND place IS NOT NULL"
            " AND taken_at BETWEEN ? AND ? AND NOT EXISTS(SELECT 1 FROM entry WHERE source_id=source.id)",
            (start, end),
        )


def salvage(old: Path, new: Path, note: Salvage) -> Salvage:
    """Copy every readable row of `old` into a new database `new`.

    Raises:
        OSError: `new` cannot be written.
        sqlite3.Error: the same.
    """
    with tempfile.TemporaryDirectory(dir=new.parent, prefix="salvage-") as folder:
        # SQLite would delete the log of an empty database: such a one is only read as a copy
        reading = open_wreck(old) if old.exists() and old.stat().st_size else None
        if reading is None or not is_readable(reading):
            if reading is not None:
                reading.db.close()
            reading = open_wreck(patch(old, Path(folder)))
        with contextlib.closing(reading.db), contextlib.closing(_create(new)) as target:
            target.execute("BEGIN")
            copy = Copy(reading, target)
            copy.run()
            note = msgspec.structs.replace(
                note,
                entries=copy.entries,
                sources=copy.sources,
                without_payload=copy.without_payload,
                unreadable=copy.unreadable,
            )
            _finish(target, note)
    return note


def empty(new: Path, note: Salvage) -> None:
    """A new database that only tells of a salvage that failed."""
    with contextlib.closing(_create(new)) as target:
        target.execute("BEGIN")
        _finish(target, note)


def _create(new: Path) -> sqlite3.Connection:
    """The new database, without rows."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        schema.beside(new, suffix).unlink(missing_ok=True)
    db = schema.connect(new)
    schema.create(db)
    return db


def _finish(target: sqlite3.Connection, note: Salvage) -> None:
    """Commit, and make it one file that a rename moves as a whole."""
    schema.set_meta(target, "salvage", msgspec.json.encode(note).decode())
    schema.set_meta(target, "clean", "1")
    target.execute("COMMIT")
    target.execute("PRAGMA journal_mode=DELETE")


def check(path: Path) -> str:
    """What SQLite's quick check finds wrong, "" if nothing."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("PRAGMA quick_check(10)").fetchall()
    except sqlite3.OperationalError as error:
        return "" if (error.sqlite_errorcode & 0xFF) not in schema.DAMAGE else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    found = "; ".join(str(row[0]) for row in rows)
    return "" if found == "ok" else found
