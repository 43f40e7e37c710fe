"""The spool's database: tables, connections, versions, and how values are kept.

Times are microseconds since 1970 UTC, 0 for "none". Enums are kept as their wire values. Paths that are no
Unicode text are kept as the bytes of the file system.

Versions: `PRAGMA user_version` names the schema; `meta.readable_by` names the oldest program version that
may still open it, so that the program before an additive change goes on working after a step back.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stationmaster.errors import SpoolError
from stationmaster.sentence import closed

VERSION = 1
"""Version of the schema this program writes."""

READABLE_BY = 1
"""The oldest schema version whose program can work with what this program writes."""

APPLICATION_ID = 0x53744D73
"""`PRAGMA application_id`: "StMs"."""

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
"""Primary result codes that say: this is not, or no more, a sound database."""

TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  folder TEXT NOT NULL, path NOT NULL, current INTEGER NOT NULL DEFAULT 1,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL,
  state TEXT NOT NULL, released INTEGER NOT NULL DEFAULT 0, after TEXT NOT NULL, place,
  resume BLOB, converter TEXT NOT NULL, lane TEXT NOT NULL, taken_at INTEGER NOT NULL);
CREATE TABLE entry(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL, report_id TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 1,
  superseded INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, lane TEXT NOT NULL,
  serial_number TEXT NOT NULL, serial_key TEXT NOT NULL, part_number TEXT NOT NULL,
  process_code INTEGER, result TEXT NOT NULL, start TEXT NOT NULL,
  source_id INTEGER, origin NOT NULL DEFAULT '', converter TEXT NOT NULL,
  size INTEGER NOT NULL, digest TEXT NOT NULL, stored INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', warnings TEXT NOT NULL DEFAULT '', receipt TEXT NOT NULL DEFAULT '',
  dismissed_by TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, done_at INTEGER);
CREATE TABLE payload(entry_id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE event(
  id INTEGER PRIMARY KEY, entry_id INTEGER NOT NULL, at INTEGER NOT NULL,
  what TEXT NOT NULL, detail TEXT NOT NULL, by TEXT NOT NULL);
"""

INDEXES = """
CREATE UNIQUE INDEX source_path ON source(folder, path) WHERE current=1;
CREATE INDEX source_unreleased ON source(id) WHERE released=0;
CREATE INDEX source_retry ON source(id) WHERE state='retry';
CREATE UNIQUE INDEX entry_report ON entry(report_id, revision) WHERE kind='report';
CREATE INDEX entry_due ON entry(lane, not_before) WHERE state='queued';
CREATE INDEX entry_state ON entry(state);
CREATE INDEX entry_serial ON entry(serial_key) WHERE serial_key<>'';
CREATE INDEX entry_source ON entry(source_id) WHERE source_id IS NOT NULL;
CREATE INDEX entry_done_full ON entry(done_at, size) WHERE done_at IS NOT NULL AND stored=1;
CREATE INDEX entry_done_bare ON entry(done_at) WHERE done_at IS NOT NULL AND stored=0;
CREATE INDEX event_entry ON event(entry_id);
"""

MOST = 2**62
"""Above every row id and every moment in microseconds that a spool holds."""

_FULL = {28, 122}  # ENOSPC, EDQUOT; errno.EDQUOT is not on every platform

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def to_time(micros: int) -> datetime:
    """The aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def to_db(path: Path | str) -> str | bytes:
    """A path as it is kept: text, or the file system's bytes where it is no Unicode text."""
    text = os.fspath(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def to_path(kept: str | bytes) -> Path:
    """The path back."""
    return Path(os.fsdecode(kept))


def to_text(kept: str | bytes) -> str:
    """A path for display: always encodable text."""
    return kept if isinstance(kept, str) else kept.decode(errors="backslashreplace")


def full_text(path: Path) -> str:
    """What is told of a disk without room, whichever write met it."""
    return f"The disk that holds the spool {path} is full."


def spool_error(error: sqlite3.Error | OSError, path: Path) -> SpoolError:
    """Map an error of SQLite or the file system; the one place where that is done."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (isinstance(error, OSError) and error.errno in _FULL):
        return SpoolError(
            full_text(path),
            next_step="Make space on that disk; the agent goes on by itself.",
            disk_full=True,
        )
    if code in DAMAGE:
        return SpoolError(
            closed(f"The spool {path} is damaged: {error}"),
            next_step="Restart the station: every readable row is then saved into a new spool.",
            damaged=True,
        )
    return SpoolError(
        closed(f"The spool {path} cannot be used now: {error}"),
        next_step="Check that disk and the rights on that file.",
    )


def beside(path: Path, suffix: str) -> Path:
    """The file that SQLite or we keep beside a database: its log (`-wal`), a mark."""
    return path.with_name(path.name + suffix)


def has_lost_base(path: Path) -> bool:
    """Whether only the log of a database is left. SQLite would delete that log when it opens the database."""
    wal = beside(path, "-wal")
    return wal.exists() and wal.stat().st_size > 0 and (not path.exists() or path.stat().st_size == 0)


def _make_private(path: Path) -> None:
    """A new database is for its owner alone: who may read it may also hold it up with a lock."""
    with contextlib.suppress(OSError):  # it is there, or sqlite tells better why it cannot be
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open one connection as the spool uses it.

    Raises:
        sqlite3.Error: it cannot be opened, or is no database.
    """
    if has_lost_base(path):
        raise sqlite3.DatabaseError("the database file is missing or empty, but its log is there")
    if not read_only:
        _make_private(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        if db.execute("PRAGMA page_count").fetchone()[0] == 0:
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # works before the first table only
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-2048")
        db.execute("PRAGMA temp_store=MEMORY")
        db.execute("PRAGMA journal_size_limit=33554432")
        if sys.platform == "darwin":
            db.execute("PRAGMA fullfsync=1")
            db.execute("PRAGMA checkpoint_fullfsync=1")
        if read_only:
            db.execute("PRAGMA query_only=1")
    except sqlite3.Error:
        db.close()
        raise
    return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Create the tables in an empty database, or check that this program may use what is there.

    Raises:
        SpoolError: the database is no spool (damaged is set), or a newer program wrote it.
        sqlite3.Error: SQLite refused.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema WHERE type='table'").fetchone()
    if version == 0 and tables == 0:
        create(db)
        return
    (application,) = db.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID or version == 0:
        raise SpoolError(f"The file {path} is a database, but not a spool.", damaged=True)
    row = db.execute("SELECT value FROM meta WHERE key='readable_by'").fetchone()
    if version > VERSION and (row is None or int(row[0]) > VERSION):
        raise SpoolError(
            f"The spool {path} was written by a newer Stationmaster"
            f" (format {version}, this program reads up to {VERSION}).",
            next_step="Install that newer version again; nothing in the spool was changed.",
        )


def create(db: sqlite3.Connection) -> None:
    """Create all tables and indexes in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    for statement in (TABLES + INDEXES).split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute("INSERT INTO meta VALUES('readable_by', ?)", (str(READABLE_BY),))
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")
    db.execute("COMMIT")


def get_meta(db: sqlite3.Connection, key: str) -> str | None:
    """One value of the `meta` table."""
    row = db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(db: sqlite3.Connection, key: str, value: str) -> None:
    """Set one value of the `meta` table."""
    db.execute(
        "INSERT INTO meta VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value", (key, value)
    )
