"""The storage thread's half of a spool: transactions, leases and counts.

Everything here runs on the storage thread only. Two connections: the writer, whose transaction may span
several slices, and the reader, which sees committed rows only. Which entries are leased is known here and
nowhere on disk: after a crash they are simply queued.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import GeneratorType

import msgspec

from stationmaster.clock import Clock
from stationmaster.errors import SpoolError
from stationmaster.home.file_system import flush_folder
from stationmaster.model import Counts, EntryState
from stationmaster.sentence import closed
from stationmaster.spool import schema
from stationmaster.spool.change import Batch, Change, Verdict, Write
from stationmaster.spool.leasing import Leased, Leases
from stationmaster.spool.record import Salvage
from stationmaster.spool.storage import SLICE
from stationmaster.spool.verdict import judge

COUNT_PAGE = 100_000
"""Rows one slice counts when the spool opens."""

DRIFT = 2_000_000
"""Microseconds that the wall clock may lose against the monotonic one before it counts as set back."""

DAY = 86_400_000_000
"""Microseconds."""

NEWEST = 5000
"""Rows looked through for the newest delivery: what was dismissed since comes before it."""

COUNTED = tuple(state for state in EntryState if state is not EntryState.PROCESSING)
"""The states that are kept on disk."""


class View(msgspec.Struct, frozen=True):
    """The counts after a commit or lease; a higher `number` is newer."""

    number: int
    counts: Counts
    oldest_queued_at: datetime | None


class Engine:
    """Owns the connections of one spool. Every method runs on the storage thread.

    Attributes:
        writer: the connection whose transactions change the spool; made by `open`.
        reader: the connection that sees committed rows only; made by `open`, or by `glance` alone.
        leases: what is in flight; made with `reader`.
        unclean: the spool was not closed the last time (kill, power loss).
        damage: what a check or a read found wrong, "" when sound.
        delivered_at: when the newest report was delivered, as of `open`.
    """

    writer: sqlite3.Connection
    reader: sqlite3.Connection
    leases: Leases

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open nothing yet."""
        self.path = path
        self._clock = clock
        self._totals: Counter[str] = Counter()
        self._oldest: int | None = None
        self._number = 0
        self._wall = 0
        self._monotonic = 0.0
        self.unclean = False
        self.damage = ""
        self.delivered_at: datetime | None = None

    # ------------------------------------------------------------------ life

    def open(self) -> None:
        """Open or create the database.

        Raises:
            SpoolError: it cannot be used; `damaged` says that it wants salvage.
        """
        new = not self.path.exists() or self.path.stat().st_size == 0
        try:
            self._totals.clear()
            self.writer = schema.connect(self.path)
            try:
                schema.prepare(self.writer, self.path)
                self.unclean = not new and schema.get_meta(self.writer, "clean") != "1"
                self._wake()
                self._oldest = self._find_oldest()
                self.delivered_at = self._find_delivered()
                self.reader = schema.connect(self.path, read_only=True)
                self.leases = Leases(self.reader)
            except (sqlite3.Error, SpoolError):
                self.writer.close()
                raise
            if new:
                flush_folder(self.path.parent)
        except (sqlite3.Error, OSError) as error:
            raise schema.spool_error(error, self.path) from error

    def try_open(self) -> str:
        """Open; what is damaged, "" when it is open.

        Raises:
            SpoolError: it cannot be used, for another reason.
        """
        try:
            self.open()
        except SpoolError as error:
            if not error.damaged:
                raise
            return error.text
        return ""

    def _wake(self) -> None:
        """Mark the spool as open, and let nothing wait for a time that a clock set back moved far away."""
        now = schema.to_micros(self._clock.now())
        self._wall, self._monotonic = now, self._clock.monotonic()
        self.writer.execute("BEGIN")
        schema.set_meta(self.writer, "clean", "0")
        self.writer.execute(
            "UPDATE entry INDEXED BY entry_due SET not_before=1"
            " WHERE state='queued' AND lane IN ('live','batch') AND not_before>?",
            (now + DAY,),
        )
        self.writer.execute("COMMIT")

    def count(self, state: EntryState, after: int) -> int | None:
        """Count a slice of the rows in `state`; the id to go on after, None at the end."""
        try:
            count, last = self.reader.execute(
                "SELECT count(*), max(id) FROM (SELECT id FROM entry INDEXED BY entry_state"
                " WHERE state=? AND id>? ORDER BY id LIMIT ?)",
                (state, after, COUNT_PAGE),
            ).fetchone()
        except sqlite3.Error as error:
            raise self.failure(error) from error
        self._totals[state] += count
        return last if count == COUNT_PAGE else None

    def close(self) -> None:
        """Mark the spool as cleanly closed and close it; the log is folded into the database.

        A disk that refuses the mark is no error: the next start then checks the database.
        """
        try:
            if not self.damage:
                schema.set_meta(self.writer, "clean", "1")
        except sqlite3.Error:
            self.unclean = True
        finally:
            self.reader.close()
            self.writer.close()

    # ------------------------------------------------------------------ writes

    def advance(self, batch: Batch) -> bool:
        """Work on `batch` for one slice; True when it is over: committed, or failed as a whole.

        A batch that ran out of its slice commits what it has done: `batch.done` writes.
        """
        deadline = self._clock.monotonic() + SLICE
        finished = False
        try:
            if not self.writer.in_transaction:
                self.writer.execute("BEGIN IMMEDIATE")
            while batch.done < len(batch.writes):
                if not self._do(batch, deadline):
                    finished = True
                    return False
                batch.done += 1
                if self._clock.monotonic() >= deadline:
                    break
            oldest = self._find_oldest()
            self.writer.execute("COMMIT")
            finished = True
            self._apply(batch.change, oldest)
        except sqlite3.Error as error:
            batch.failure = self.failure(error)
        finally:
            if not finished:
                self._abandon(batch)
        return True

    def _do(self, batch: Batch, deadline: float) -> bool:
        """Do the next write of the batch; False when it was interrupted at the end of the slice."""
        write = batch.writes[batch.done]
        if isinstance(write.work, Verdict):
            judge(self.writer, batch.change, write.work)
            return True
        try:
            if batch.steps is None:
                batch.inner = Change()
                self.writer.execute("SAVEPOINT one")
                result = write.work(self.writer, batch.inner)
                if isinstance(result, GeneratorType):
                    batch.steps = result
                else:
                    write.result = result
            if batch.steps is not None and not self._walk(batch, write, deadline):
                return False
            self.writer.execute("RELEASE one")
            batch.change.merge(batch.inner)
        except (
            SpoolError,
            OSError,
            ValueError,
            OverflowError,
            sqlite3.DataError,
            sqlite3.IntegrityError,
        ) as error:
            # This write is at fault, not the disk below the database: it fails alone.
            self.writer.execute("ROLLBACK TO one")
            self.writer.execute("RELEASE one")
            write.error = error if isinstance(error, SpoolError) else alone(error)
        batch.steps = None
        return True

    def _walk(self, batch: Batch, write: Write, deadline: float) -> bool:
        """Run a generator write until it ends (True) or the slice does (False)."""
        steps = batch.steps
        assert steps is not None  # noqa: S101 - for mypy: the caller has just checked it
        while True:
            try:
                next(steps)
            except StopIteration as end:
                write.result = end.value
                return True
            if self._clock.monotonic() >= deadline:
                return False

    def _abandon(self, batch: Batch) -> None:
        """Roll everything back: nothing of the batch happened."""
        if batch.steps is not None:
            batch.steps.close()
            batch.steps = None
        if self.writer.in_transaction:
            self.writer.execute("ROLLBACK")

    def _find_oldest(self) -> int | None:
        """When the oldest queued row was made."""
        row = self.writer.execute(
            "SELECT created_at FROM entry WHERE id="
            "(SELECT min(id) FROM entry INDEXED BY entry_state WHERE state='queued')"
        ).fetchone()
        return None if row is None else int(row[0])

    def _find_delivered(self) -> datetime | None:
        """When the newest report was delivered."""
        found = [
            at
            for index, stored in (("entry_done_full", 1), ("entry_done_bare", 0))
            for (at,) in self.writer.execute(
                "SELECT max(done_at) FROM (SELECT done_at, state, kind"  # noqa: S608 - constants
                f" FROM entry INDEXED BY {index} WHERE done_at IS NOT NULL AND stored={stored}"
                " ORDER BY done_at DESC LIMIT ?) WHERE state='completed' AND kind='report'",
                (NEWEST,),
            )
            if at is not None
        ]
        return schema.to_time(max(found)) if found else None

    def _apply(self, change: Change, oldest: int | None) -> None:
        """What was committed becomes visible in counts and leases."""
        self._oldest = oldest
        self._totals.update(change.moves)
        self.leases.apply(change)

    def salvage(self) -> Salvage | None:
        """The last salvage, as long as the damaged database was not cleared away."""
        kept = schema.get_meta(self.reader, "salvage")
        if kept is None:
            return None
        found = msgspec.json.decode(kept, type=Salvage)
        aside = self.path.with_name(found.damaged)
        there = (schema.beside(aside, suffix).exists() for suffix in ("", "-wal"))
        return found if any(there) else None

    def failure(self, error: sqlite3.Error) -> SpoolError:
        """`error` as one of ours; damage that it tells of is noted."""
        failure = schema.spool_error(error, self.path)
        if failure.damaged:
            self.note(failure.text)
        return failure

    def note(self, damage: str) -> None:
        """Remember damage on disk, so that the next start salvages the database."""
        self.damage = damage
        try:
            damage_marker(self.path).write_text(damage, encoding="utf-8")
        except OSError:
            return  # the damage will be met again

    def view(self) -> View:
        """The counts now."""
        processing = self.leases.processing
        counts = Counts(
            queued=self._totals[EntryState.QUEUED] - processing,
            processing=processing,
            completed=self._totals[EntryState.COMPLETED],
            error=self._totals[EntryState.ERROR],
            dismissed=self._totals[EntryState.DISMISSED],
        )
        self._number += 1
        return View(self._number, counts, None if self._oldest is None else schema.to_time(self._oldest))

    # ------------------------------------------------------------------ leases

    def lease(self, limit: int) -> tuple[list[Leased], int]:
        """Lease up to `limit` due entries; also by how many microseconds the clock was set back."""
        now = schema.to_micros(self._clock.now())
        monotonic = self._clock.monotonic()
        drift = (now - self._wall) - int((monotonic - self._monotonic) * 1e6)
        self._wall, self._monotonic = now, monotonic
        try:
            rows = self.leases.lease(now, limit)
        except sqlite3.Error as error:
            raise self.failure(error) from error
        return rows, -drift if drift < -DRIFT else 0

    def next_due(self) -> datetime | None:
        """When `lease` has something to hand out; None when everything is leased or done."""
        due = self.leases.next_due(schema.to_micros(self._clock.now()))
        return None if due is None else schema.to_time(due)


def alone(error: Exception) -> SpoolError:
    """The error of a write that failed by itself; results that cannot be read now can be made again."""
    return SpoolError(
        closed(f"A write to the spool was refused: {type(error).__name__}: {error}"),
        next_step="Nothing of it was kept.",
        refused=not isinstance(error, OSError),
    )


def damage_marker(path: Path) -> Path:
    """The file that says: salvage this database before it is opened again."""
    return schema.beside(path, ".damaged")
