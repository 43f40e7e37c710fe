"""A tester that writes its results into an SQLite database (see `data/plugins/sqlite_rows.py`)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

from stationmaster.api.identity import report_id

STARTED, VOLTS = "2026-03-02T08:15:30+01:00", 5.0
PLUGIN = Path(__file__).parent.parent / "data" / "plugins" / "sqlite_rows.py"


class Database:
    """The database, and the serial numbers of its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.serials: list[str] = []
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE result(id INTEGER PRIMARY KEY, serial TEXT, started TEXT, volts REAL)"
            )

    def add(self, count: int) -> None:
        """Test so many units."""
        with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
            for _ in range(count):
                serial = f"DB-{len(self.serials) + 1}"
                database.execute(
                    "INSERT INTO result(serial, started, volts) VALUES(?, ?, ?)", (serial, STARTED, VOLTS)
                )
                self.serials.append(serial)

    def ids(self, instance: UUID) -> set[str]:
        """Ids of the reports of all rows, worked out from what the plug-in writes down of a row."""
        rows = [
            {"id": number, "serial": serial, "started": STARTED, "volts": VOLTS}
            for number, serial in enumerate(self.serials, start=1)
        ]
        return {report_id(instance, "sqlite-rows", json.dumps(row).encode(), 0) for row in rows}
