"""Reading a damaged database: row by row, around the places that cannot be read."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stationmaster.spool import schema

PAGE_SIZE = 4096
"""Bytes; SQLite's default, which the spool keeps."""


@dataclass(frozen=True)
class Gap:
    """Rows between two readable ones that could not be read; None at the ends of the table."""

    before: tuple[Any, ...] | None
    behind: tuple[Any, ...] | None


class Reading:
    """Reads rows of a damaged database, one after the other, around what cannot be read."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read from `db`; bytes that are no text any more are replaced."""
        db.text_factory = lambda kept: kept.decode(errors="replace")
        self.db = db
        self.gaps: dict[str, list[Gap]] = {}

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Every readable row of a table with a row id, the row id first, in ascending order."""
        last = self._edge(table)
        gaps = self.gaps.setdefault(table, [])
        row: tuple[Any, ...] | None = None
        while True:
            after = -1 if row is None else row[0]
            try:
                for values in self._range(table, after):
                    if values[0] <= after:
                        break  # a damaged page that looks like a sound one
                    row, after = values, values[0]
                    yield values
                else:
                    return
            except sqlite3.Error:
                pass  # what follows `after` is taken one by one: Python drops the row before an error
            found = self._first(table, after + 1)
            if found is None:
                found = self._next(table, after, last)
                gaps.append(Gap(row, found))
            if found is None:
                return
            row = found
            yield row

    def _range(self, table: str, after: int) -> sqlite3.Cursor:
        """The rows behind a row id."""
        return self.db.execute(
            f"SELECT rowid, * FROM {table} NOT INDEXED WHERE rowid>? ORDER BY rowid",  # noqa: S608 - constant
            (after,),
        )

    def _edge(self, table: str) -> int:
        """The last row id, as far as it can be read."""
        try:
            row = self.db.execute(
                f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid DESC LIMIT 1"  # noqa: S608 - constants
            ).fetchone()
        except sqlite3.Error:
            return schema.MOST
        return 0 if row is None else int(row[0])

    def _next(self, table: str, after: int, last: int) -> tuple[Any, ...] | None:
        """The next readable row behind a damaged place: leap further and further, then close in."""
        step, low = 1, after
        while (found := self._first(table, after + step)) is None:
            if after + step > last:
                return None
            low, step = after + step, step * 2
        high = after + step
        while high - low > 1:
            middle = (low + high) // 2
            nearer = self._first(table, middle)
            if nearer is None:
                low = middle
            else:
                high, found = middle, nearer
        return found

    def _first(self, table: str, rowid: int) -> tuple[Any, ...] | None:
        """The first row at or behind a row id, None where it cannot be read."""
        try:
            row: tuple[Any, ...] | None = self.db.execute(
                f"SELECT rowid, * FROM {table} NOT INDEXED WHERE rowid>=? ORDER BY rowid LIMIT 1",  # noqa: S608 - constant
                (rowid,),
            ).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None or row[0] < rowid else row

    def payload(self, entry_id: int) -> bytes | None:
        """The payload of an entry, None where it cannot be read."""
        try:
            row = self.db.execute("SELECT data FROM payload WHERE entry_id=?", (entry_id,)).fetchone()
        except sqlite3.Error:
            return None
        return None if row is None else bytes(row[0])


def open_wreck(old: Path) -> Reading:
    """Open a damaged database for reading only."""
    return Reading(sqlite3.connect(f"{old.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None))


def is_readable(reading: Reading) -> bool:
    """Whether its table of contents is that of a spool."""
    try:
        rows = reading.db.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall()
    except sqlite3.Error:
        return False
    return {"entry", "payload", "source"} <= {row[0] for row in rows}


def patch(old: Path, folder: Path) -> Path:
    """A copy of `old` in `folder` whose first page is that of a fresh spool.

    The program creates all tables in one fixed order, so that their root pages are the same in every spool.
    Header fields after https://www.sqlite.org/fileformat.html: 28 size in pages, 32 and 36 the free list.
    """
    fresh = folder / "fresh.db"
    db = schema.connect(fresh)
    schema.create(db)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    head = bytearray(fresh.read_bytes()[:PAGE_SIZE])
    copy = folder / "patched.db"
    if old.exists():
        shutil.copyfile(old, copy)
    else:
        copy.touch()
    wal = schema.beside(old, "-wal")
    if wal.exists():
        shutil.copyfile(wal, schema.beside(copy, "-wal"))
    pages = max(1, copy.stat().st_size // PAGE_SIZE)
    struct.pack_into(">I", head, 28, pages)
    struct.pack_into(">I", head, 24, 1)
    struct.pack_into(">I", head, 92, 1)  # "valid for" the change counter at 24: the size above is believed
    struct.pack_into(">II", head, 32, 0, 0)
    with copy.open("r+b") as file:
        file.write(head)
    return copy
