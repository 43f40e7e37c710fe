"""The reads of the spool, each short enough for one slice of the storage thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Container
from typing import Any

from stationmaster.model import Entry, EntryKind, EntryState, Event, Lane
from stationmaster.spool.schema import to_text, to_time

WINDOW = 20_000
"""Rows one slice of a search looks at."""

FOUND_MAX = 1000
"""Entries `find` returns at most, the newest."""

_SELECT = (
    "SELECT e.id, e.kind, e.report_id, e.revision, e.superseded, e.state, e.lane, e.serial_number,"
    " e.part_number, e.process_code, e.result, e.start, coalesce(s.path, e.origin), s.place, e.converter,"
    " e.size, e.digest, e.attempts, e.not_before, e.reason, e.receipt, e.dismissed_by, e.created_at,"
    " e.updated_at FROM entry e LEFT JOIN source s ON s.id=e.source_id "
)


class Reader:
    """Reads of one spool; `leased` tells which entries are in flight."""

    def __init__(self, db: sqlite3.Connection, instance: str, leased: Container[int]) -> None:
        """Read from `db`."""
        self._db = db
        self._instance = instance
        self._leased = leased

    def get(self, entry_id: int) -> Entry | None:
        """One entry."""
        row = self._db.execute(_SELECT + "WHERE e.id=?", (entry_id,)).fetchone()
        return None if row is None else self._entry(row)

    def payload(self, entry_id: int) -> bytes | None:
        """The payload of an entry, None where there is none (any more)."""
        row = self._db.execute("SELECT data FROM payload WHERE entry_id=?", (entry_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def of_serial(self, serial: str) -> list[Entry]:
        """The newest entries of a serial number, whatever its case."""
        rows = self._db.execute(
            _SELECT + "WHERE e.serial_key=? AND e.serial_key<>'' ORDER BY e.id DESC LIMIT ?",
            (serial.casefold(), FOUND_MAX),
        )
        return [self._entry(row) for row in rows]

    def top(self) -> int:
        """The highest entry id."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0])

    def page(self, state: EntryState | None, before: int, limit: int) -> list[Entry]:
        """The newest entries before an id."""
        if state is None:
            rows = self._db.execute(_SELECT + "WHERE e.id<? ORDER BY e.id DESC LIMIT ?", (before, limit))
            return [self._entry(row) for row in rows]
        rows = self._db.execute(
            _SELECT.replace("entry e ", "entry e INDEXED BY entry_state ")
            + "WHERE e.state=? AND e.id<? ORDER BY e.id DESC LIMIT ?",
            (state, before, limit),
        )
        return [self._entry(row) for row in rows]

    def these(self, ids: list[int]) -> list[Entry]:
        """These entries, newest first; those that are gone are left out."""
        found = (self.get(entry_id) for entry_id in sorted(ids, reverse=True))
        return [entry for entry in found if entry is not None]

    def search(self, state: EntryState | None, text: str, before: int, limit: int) -> list[Entry]:
        """Entries among the `WINDOW` ids before `before` that contain `text`, newest first."""
        like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._db.execute(
            _SELECT + "WHERE e.id<?1 AND e.id>=?2 AND (?3='' OR e.state=?3)"
            " AND (e.serial_number LIKE ?4 ESCAPE '\\' OR e.part_number LIKE ?4 ESCAPE '\\'"
            " OR e.report_id LIKE ?4 ESCAPE '\\' OR e.reason LIKE ?4 ESCAPE '\\'"
            " OR coalesce(s.path, e.origin) LIKE ?4 ESCAPE '\\') ORDER BY e.id DESC LIMIT ?5",
            (before, before - WINDOW, state or "", like, limit),
        )
        return [self._entry(row) for row in rows]

    def events(self, entry_id: int) -> list[Event]:
        """What is on record for an entry, oldest first."""
        rows = self._db.execute(
            "SELECT at, what, detail, by FROM event WHERE entry_id=? ORDER BY id LIMIT 1000", (entry_id,)
        )
        return [Event(at=to_time(at), what=what, detail=detail, by=by) for at, what, detail, by in rows]

    def warnings(self, entry_id: int) -> str:
        """What the conversion warned of."""
        row = self._db.execute("SELECT warnings FROM entry WHERE id=?", (entry_id,)).fetchone()
        return "" if row is None else str(row[0])

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        """A row as lists and searches show it."""
        state = EntryState(row[5])
        if state is EntryState.QUEUED and row[0] in self._leased:
            state = EntryState.PROCESSING
        return Entry(
            id=row[0], instance=self._instance, kind=EntryKind(row[1]), report_id=row[2], revision=row[3],
            superseded=bool(row[4]), state=state, lane=Lane(row[6]), serial_number=row[7], part_number=row[8],
            process_code=row[9], result=row[10], start=row[11], source=to_text(row[12]),
            place="" if row[13] is None else to_text(row[13]), converter=row[14], size=row[15],
            digest=row[16], attempts=row[17], not_before=to_time(row[18]) if row[18] else None,
            reason=row[19], receipt=row[20], dismissed_by=row[21], created_at=to_time(row[22]),
            updated_at=to_time(row[23]),
        )  # fmt: skip
