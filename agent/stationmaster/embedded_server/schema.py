"""The server's database: one table of headers, one of bodies, one of misc infos for searching."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path

from stationmaster.embedded_server.client import SCHEMA as CLIENTS
from stationmaster.embedded_server.error import EmbeddedServerError

VERSION = 1
BUSY_TIMEOUT_MS = 10_000

_SCHEMA = """
CREATE TABLE report (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL COLLATE NOCASE,
    serial_number TEXT COLLATE NOCASE,
    part_number TEXT COLLATE NOCASE,
    revision TEXT COLLATE NOCASE,
    result TEXT COLLATE NOCASE,
    start TEXT,
    started_us INTEGER,
    process_code INTEGER,
    process_name TEXT COLLATE NOCASE,
    station_name TEXT COLLATE NOCASE,
    location TEXT COLLATE NOCASE,
    purpose TEXT COLLATE NOCASE,
    user_name TEXT COLLATE NOCASE,
    batch_number TEXT COLLATE NOCASE,
    comment TEXT COLLATE NOCASE,
    execution_time REAL,
    sw_filename TEXT COLLATE NOCASE,
    sw_version TEXT COLLATE NOCASE,
    test_socket_index INTEGER,
    fixture_id TEXT COLLATE NOCASE,
    error_code INTEGER,
    error_message TEXT COLLATE NOCASE,
    caused_uut_failure TEXT COLLATE NOCASE,
    caused_uut_failure_path TEXT COLLATE NOCASE,
    referenced_uut TEXT,
    receive_count INTEGER NOT NULL,
    report_size INTEGER NOT NULL,
    time_stamp INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    parts TEXT NOT NULL
);
CREATE TABLE body (number INTEGER PRIMARY KEY REFERENCES report ON DELETE CASCADE, wsjf BLOB NOT NULL);
CREATE TABLE misc (
    number INTEGER NOT NULL REFERENCES report ON DELETE CASCADE,
    description TEXT COLLATE NOCASE,
    value TEXT COLLATE NOCASE
);
CREATE INDEX report_by_start ON report (started_us, number);
CREATE INDEX report_by_serial ON report (serial_number, part_number, process_code, started_us);
CREATE INDEX report_by_part ON report (part_number, started_us);
CREATE INDEX report_by_result ON report (type, result, started_us);
CREATE INDEX report_by_stamp ON report (time_stamp);
CREATE INDEX misc_by_report ON misc (number);
CREATE INDEX misc_by_value ON misc (description, value);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, making it where there is none. A commit returns after it is on the disk.

    Raises:
        EmbeddedServerError: the file cannot be opened, or is no database of this server.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _cannot(path, error) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _cannot(path, error) from error
    except EmbeddedServerError:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """The reports are for the owner alone; SQLite gives `-wal` and `-shm` the rights of the database.

    One that an earlier version left readable for others is closed to them, with what lies beside it.
    """
    with contextlib.suppress(OSError):  # it is there, or SQLite tells better why it cannot be
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        with contextlib.suppress(OSError):  # no such file, or not ours to close
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                file.chmod(mode & 0o700)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # without these macOS reports a write as done that is only in the drive's cache
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise EmbeddedServerError(
            f"{path} was written by a newer Stationmaster (schema {found}, this one knows {VERSION}).",
            next_step="Update Stationmaster, or name another file with --database.",
        )
    if found == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    # Not a new version: an older program that opens the file has no use for the table, and no harm of it.
    connection.executescript(CLIENTS)


def _cannot(path: Path, error: Exception) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"The database {path} cannot be opened: {error}.",
        next_step="Check the folder and its permissions, or name another file with --database.",
    )
