"""What a spool tells of the last hours, counted in short steps so that nobody waits for it.

It reads through a connection of its own: one transaction, so that all figures are of the same moment,
whatever happens between two steps. What was taken is counted in the index of states alone, by ranges of ids:
ids grow with time. What was delivered or refused is looked at row by row, as far back as the chart goes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Generator
from pathlib import Path

from stationmaster.activity import Activity, ActivityBucket
from stationmaster.clock import Clock
from stationmaster.model import EntryKind, EntryState
from stationmaster.spool import schema
from stationmaster.spool.storage import SLICE

ROWS = 500
"""Rows a step looks at."""

IDS = 50_000
"""Ids a step counts in the index."""

_KEPT = (EntryState.QUEUED, EntryState.COMPLETED, EntryState.ERROR, EntryState.DISMISSED)
_RESULTS = {"P": "passed", "F": "failed", "E": "error"}
_LEFT = tuple(
    f"SELECT kind, state, result, created_at, done_at FROM entry INDEXED BY {index}"  # noqa: S608 - constants
    f" WHERE done_at IS NOT NULL AND stored={stored} AND done_at>=?1"
    for index, stored in (("entry_done_full", 1), ("entry_done_bare", 0))
)
_FAILED = (
    "SELECT kind, state, result, created_at, updated_at FROM entry INDEXED BY entry_state WHERE state='error'"
)
_COUNT = "SELECT count(*) FROM entry INDEXED BY entry_state WHERE state=? AND id>=? AND id<?"

Step = Generator[None, None, None]


class Survey:
    """One look at the last hours. Every method runs on the storage thread; `close` it in the end."""

    def __init__(self, path: Path, *, hours: float, buckets: int, clock: Clock) -> None:
        """Open nothing yet."""
        self._path = path
        self._clock = clock
        self._now = schema.to_micros(clock.now())
        self._width = max(1, int(hours * 3_600_000_000) // buckets)
        # Whole multiples of the width: the bars of a chart stay what they are when it is drawn anew.
        self._begin = (self._now // self._width - buckets + 1) * self._width
        self._number = buckets
        self._db: sqlite3.Connection | None = None
        self._work: Generator[None, None, None] | None = None
        self._taken = [0] * buckets
        self._waiting = [0] * buckets
        self._oldest = [schema.MOST] * buckets
        self._waits: dict[tuple[int, int], tuple[int, int]] = {}
        """Reports that came in one bucket and left in a later one: how many, and when the first came."""
        self._results = [Counter[str]() for _ in range(buckets)]
        self._errors = [0] * buckets

    def advance(self) -> bool:
        """Work for one slice; True when all is counted."""
        if self._db is None or self._work is None:
            self._db = schema.connect(self._path, read_only=True)
            self._db.execute("BEGIN")
            self._work = self._count(self._db)
        deadline = self._clock.monotonic() + SLICE
        return all(self._clock.monotonic() < deadline for _ in self._work)

    def close(self) -> None:
        """Let go of the database; idempotent."""
        db, self._db = self._db, None
        if self._work is not None:
            self._work.close()
        if db is not None:
            db.close()

    def result(self, instance: str) -> Activity:
        """What was counted."""
        return Activity(
            instance=instance,
            until=schema.to_time(self._now),
            buckets=tuple(self._bucket(index) for index in range(self._number)),
        )

    def _bucket(self, index: int) -> ActivityBucket:
        results = self._results[index]
        waited = self._end(index) - self._oldest[index] if self._waiting[index] else 0
        return ActivityBucket(
            start=schema.to_time(self._begin + index * self._width),
            seconds=self._width / 1e6,
            taken=max(0, self._taken[index]),
            delivered=results.total(),
            passed=results["passed"],
            failed=results["failed"],
            error=results["error"],
            other=results["other"],
            into_error=self._errors[index],
            waiting=self._waiting[index],
            oldest_waiting=max(0, waited) / 1e6,
        )

    # ------------------------------------------------------------------ time
    def _end(self, index: int) -> int:
        """When a bucket ends; the last one now."""
        return min(self._begin + (index + 1) * self._width, self._now)

    def _at(self, moment: int) -> int:
        """The bucket that a moment lies in; -1 before the first, and the last one for the future."""
        return max(-1, min((moment - self._begin) // self._width, self._number - 1))

    # ------------------------------------------------------------------ the steps
    def _count(self, db: sqlite3.Connection) -> Step:
        borders: list[int] = []
        for index in range(self._number):
            borders.append(_first_since(db, self._begin + index * self._width))
            yield
        (top,) = db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
        borders.append(top + 1)
        yield from self._count_taken(db, borders)
        yield from self._count_queued(db, borders)
        for statement in _LEFT:
            yield from self._walk(db, statement, self._begin)
        yield from self._walk(db, _FAILED)
        self._add_waits()

    def _count_taken(self, db: sqlite3.Connection, borders: list[int]) -> Step:
        for index in range(self._number):
            for state in _KEPT:
                for first, end in _pieces(borders[index], borders[index + 1]):
                    self._taken[index] += _rows(db, state, first, end)
                    yield

    def _count_queued(self, db: sqlite3.Connection, borders: list[int]) -> Step:
        """What is queued now has waited since it came."""
        (oldest,) = db.execute(
            "SELECT min(id) FROM entry INDEXED BY entry_state WHERE state=?", (EntryState.QUEUED,)
        ).fetchone()
        if oldest is None:
            return
        (since,) = db.execute("SELECT created_at FROM entry WHERE id=?", (oldest,)).fetchone()
        waiting, low = 0, oldest
        for index in range(self._number):
            high = borders[index + 1]
            for first, end in _pieces(low, high):
                waiting += _rows(db, EntryState.QUEUED, first, end)
                yield
            low = max(low, high)
            self._waiting[index] += waiting
            if waiting:
                self._oldest[index] = min(self._oldest[index], since)

    def _walk(self, db: sqlite3.Connection, statement: str, *values: int) -> Step:
        """Every row of a statement whose conditions its index alone answers: no step skips many rows."""
        cursor = db.execute(statement, values)
        while rows := cursor.fetchmany(ROWS):
            for kind, state, result, made, left in rows:
                if kind == EntryKind.SOURCE:
                    self._note_source(made)
                else:
                    self._note_report(state, result, made, left)
            yield

    def _note_source(self, made: int) -> None:
        """A file that could not be converted: no report, and in the error list since its entry was made."""
        index = self._at(made)
        if index >= 0:
            self._taken[index] -= 1
            self._errors[index] += 1

    def _note_report(self, state: str, result: str, made: int, left: int) -> None:
        """A report that left the queue: delivered, refused or dismissed."""
        index = self._at(left)
        if index < 0:
            return
        if state == EntryState.COMPLETED:
            self._results[index][_RESULTS.get(result[:1].upper(), "other")] += 1
        elif state == EntryState.ERROR:
            self._errors[index] += 1
        came = max(self._at(made), 0)
        if came < index:
            count, first = self._waits.get((came, index), (0, made))
            self._waits[came, index] = count + 1, min(first, made)

    def _add_waits(self) -> None:
        for (came, index), (count, first) in self._waits.items():
            for between in range(came, index):
                self._waiting[between] += count
                self._oldest[between] = min(self._oldest[between], first)


def _rows(db: sqlite3.Connection, state: str, first: int, end: int) -> int:
    return int(db.execute(_COUNT, (state, first, end)).fetchone()[0])


def _pieces(first: int, end: int) -> Generator[tuple[int, int]]:
    """A range of ids in pieces that a step can count."""
    while first < end:
        yield first, min(first + IDS, end)
        first += IDS


def _first_since(db: sqlite3.Connection, moment: int) -> int:
    """The first id that was made at a moment or after it; above all ids where there is none."""
    # Two statements: SQLite finds the least and the greatest at once, but not both in one.
    (low,) = db.execute("SELECT coalesce(min(id), 0) FROM entry").fetchone()
    (top,) = db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
    high = top + 1
    while low < high:
        middle = (low + high) // 2
        row = db.execute(
            "SELECT id, created_at FROM entry WHERE id>=? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        if row is not None and row[1] < moment:
            low = row[0] + 1
        else:
            high = middle
    return int(low)
