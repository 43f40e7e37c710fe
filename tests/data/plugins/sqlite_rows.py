"""A converter that fetches the rows of a tester's SQLite database: one file a row, one report a file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from stationmaster.api import (
    ConverterOptions,
    FetchContext,
    Fetched,
    Report,
    Resume,
    Source,
    SourceBusyError,
    between,
)

COLUMNS = ("id", "serial", "started", "volts")


class SqliteRowsOptions(ConverterOptions, frozen=True):
    """Options of `sqlite-rows`."""

    database: str = ""


class SqliteRowsConverter:
    """Rows of the table `result`, in the order of their numbers."""

    name: ClassVar[str] = "sqlite-rows"
    version: ClassVar[str] = "1.0"
    options_type: ClassVar[type[ConverterOptions]] = SqliteRowsOptions

    def fetch(self, context: FetchContext, options: SqliteRowsOptions) -> Iterator[Fetched]:
        """Each row that is newer than the mark, which is a row's number."""
        address = f"{Path(options.database).absolute().as_uri()}?mode=ro"
        query = f"SELECT {', '.join(COLUMNS)} FROM result WHERE id > ? ORDER BY id"  # noqa: S608 - constant
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
                for row in database.execute(query, (int(context.mark or 0),)):
                    content = json.dumps(dict(zip(COLUMNS, row, strict=True))).encode()
                    yield Fetched(name=f"row-{row[0]}.json", content=content, mark=str(row[0]))
        except sqlite3.Error as error:
            raise SourceBusyError(f"{options.database} cannot be read: {error}") from error

    def convert(self, source: Source, options: SqliteRowsOptions, resume: Resume | None) -> Iterator[Report]:  # noqa: ARG002 - the protocol's signature
        """One row, one report."""
        row = json.loads(source.read_bytes())
        report = Report.uut(
            sn=row["serial"],
            pn=options.part_number or "BRD-9",
            rev=options.revision,
            process_code=options.process_code or 10,
            start=datetime.fromisoformat(row["started"]),
        )
        report.root.numeric("VCC", row["volts"], unit="V", limits=between(4.75, 5.25))
        yield report
