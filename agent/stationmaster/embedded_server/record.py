"""What the routes ask of the database, as functions over a connection; run by the store's thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stationmaster.embedded_server.field import FIELDS
from stationmaster.embedded_server.header import HeaderRow
from stationmaster.embedded_server.query import HeaderQuery
from stationmaster.embedded_server.sql import Parameter, condition

MISC_TOP = 1000
_MISC = """SELECT number, serial_number, part_number, start, result, id, process_code, process_name
    FROM report"""

_COLUMNS = ", ".join("start" if field.name == "start" else field.column for field in FIELDS)
_HEADER = f"SELECT number, {_COLUMNS}, parts FROM report"  # noqa: S608 - names from our own list only
_UNIT = "serial_number, part_number, process_code, type"
_RUNS = f"""SELECT number, row_number() OVER (PARTITION BY {_UNIT} ORDER BY started_us, number)
    FROM report WHERE ({_UNIT}) IN (
        SELECT {_UNIT} FROM report WHERE number IN (SELECT value FROM json_each(?)))"""  # noqa: S608 - the same


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a report.

    Attributes:
        number: the server's own number of it.
        receive_count: 1 the first time this id came.
    """

    id: str
    number: int
    receive_count: int


def save(connection: sqlite3.Connection, row: HeaderRow, body: bytes, *, received_us: int) -> Saved:
    """Insert a report, or overwrite the one with the same id and count up how often it came."""
    columns = {**row.columns, "report_size": len(body), "received_us": received_us}
    names = ", ".join(columns)
    updates = ", ".join(f"{name} = excluded.{name}" for name in [*columns, "time_stamp"])
    statement = (
        f"INSERT INTO report ({names}, receive_count, time_stamp) "  # noqa: S608 - names are our own, values are parameters
        f"VALUES ({', '.join('?' * len(columns))}, 1, (SELECT ifnull(max(time_stamp), 0) + 1 FROM report)) "
        f"ON CONFLICT (id) DO UPDATE SET {updates}, receive_count = report.receive_count + 1 "
        "RETURNING id, number, receive_count"
    )
    found, number, count = connection.execute(statement, list(columns.values())).fetchone()
    connection.execute("INSERT OR REPLACE INTO body (number, wsjf) VALUES (?, ?)", (number, body))
    connection.execute("DELETE FROM misc WHERE number = ?", (number,))
    connection.executemany(
        "INSERT INTO misc (number, description, value) VALUES (?, ?, ?)",
        [(number, description, value) for description, value in row.misc],
    )
    return Saved(found, number, count)


def body(connection: sqlite3.Connection, report_id: str) -> bytes | None:
    """The WSJF bytes of a report."""
    row = connection.execute(
        "SELECT wsjf FROM report JOIN body USING (number) WHERE id = ?", (report_id,)
    ).fetchone()
    return bytes(row[0]) if row else None


def data(connection: sqlite3.Connection, report_id: str) -> dict[str, Any] | None:
    """The WSJF object of a report; parsed here, so that a large one does not hold up the event loop."""
    found = body(connection, report_id)
    if found is None:
        return None
    report: dict[str, Any] = json.loads(found)
    return report


def headers(connection: sqlite3.Connection, query: HeaderQuery) -> list[dict[str, Any]]:
    """The headers that a query finds, as they go over the wire."""
    terms, values = ["1"], list[Parameter]()
    if query.report_type:
        terms.append("type = ?")
        values.append(query.report_type)
    if query.where is not None:
        text, parameters = condition(query.where)
        terms.append(text)
        values += parameters
    order = ", ".join(f"{key.field.column} {'DESC' if key.descending else 'ASC'}" for key in query.order)
    statement = f"{_HEADER} WHERE {' AND '.join(terms)} ORDER BY {order}, number DESC LIMIT ? OFFSET ?"
    return _wire(connection, statement, [*values, query.top, query.skip], query)


def _wire(
    connection: sqlite3.Connection, statement: str, values: Sequence[Parameter], query: HeaderQuery
) -> list[dict[str, Any]]:
    """The headers that `statement` finds, each with the number of its run among those of its unit.

    The runs are counted for all units at once: a count per report would take a minute where thousands have
    one serial number.
    """
    rows = connection.execute(statement, values).fetchall()
    runs = dict(connection.execute(_RUNS, (json.dumps([row[0] for row in rows]),)).fetchall())
    return [_header(row, runs.get(row[0], 0), query) for row in rows]


def _header(row: Sequence[Any], run: int, query: HeaderQuery) -> dict[str, Any]:
    _, *values, parts = row
    header: dict[str, Any] = {field.name: value for field, value in zip(FIELDS, values, strict=True)}
    header["run"] = run
    header["measuresDeleted"] = False
    if query.expand:
        known = json.loads(parts)
        header |= {part: known.get(part, []) for part in query.expand}
    if query.select is not None:
        header = {name: value for name, value in header.items() if name in query.select}
    return header


@dataclass(frozen=True, slots=True)
class MiscQuery:
    """A search by misc info; an empty field is not asked for."""

    process_code: int | None = None
    serial_number: str = ""
    description: str = ""
    data: str = ""
    top: int = MISC_TOP


def by_misc(connection: sqlite3.Connection, query: MiscQuery) -> list[dict[str, Any]]:
    """The test reports with such a misc info, newest first, as they go over the wire."""
    terms, values = ["type = 'T'"], list[Parameter]()
    for column, value in (("process_code", query.process_code), ("serial_number", query.serial_number)):
        if value not in {None, ""}:
            terms.append(f"{column} = ?")
            values.append(value)
    inner = ["misc.number = report.number"]
    for column, text in (("description", query.description), ("value", query.data)):
        if text:
            inner.append(f"misc.{column} = ?")
            values.append(text)
    with_misc = f"EXISTS (SELECT 1 FROM misc WHERE {' AND '.join(inner)})"  # noqa: S608 - our own text
    where = " AND ".join([*terms, with_misc])
    statement = f"{_MISC} WHERE {where} ORDER BY started_us DESC, number DESC LIMIT ?"
    names = ("serialNumber", "partNumber", "start", "result", "uuid", "processCode", "processName")
    found = []
    for number, *rest in connection.execute(statement, [*values, query.top]).fetchall():
        misc = connection.execute(
            "SELECT description, value FROM misc WHERE number = ? ORDER BY rowid", (number,)
        )
        data = [{"description": description, "data": value} for description, value in misc]
        found.append({"miscData": data, **dict(zip(names, rest, strict=True))})
    return found


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list of reports.

    Attributes:
        rows: headers, newest first.
        found: how many reports match in all.
    """

    rows: list[dict[str, Any]]
    found: int


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What the list page asks for; an empty field is not asked for."""

    serial: str = ""
    result: str = ""
    type: str = ""
    skip: int = 0
    limit: int = 50


def listing(connection: sqlite3.Connection, query: ListQuery) -> Listing:
    """One page of the list of reports; `serial` is looked for anywhere in the serial number."""
    terms, values = ["1"], list[Parameter]()
    if query.serial:
        terms.append("instr(lower(serial_number), lower(?)) > 0")
        values.append(query.serial)
    for column, text in (("result", query.result), ("type", query.type)):
        if text:
            terms.append(f"{column} = ?")
            values.append(text)
    where = " AND ".join(terms)
    count = connection.execute(f"SELECT count(*) FROM report WHERE {where}", values)  # noqa: S608 - our own text
    found = int(count.fetchone()[0])
    statement = f"{_HEADER} WHERE {where} ORDER BY started_us DESC, number DESC LIMIT ? OFFSET ?"
    return Listing(_wire(connection, statement, [*values, query.limit, query.skip], HeaderQuery()), found)


def totals(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """How many reports there are of each type and result."""
    rows = connection.execute("SELECT type, ifnull(result, ''), count(*) FROM report GROUP BY 1, 2")
    return {(kind, result): count for kind, result, count in rows}


def header_of(connection: sqlite3.Connection, report_id: str) -> dict[str, Any] | None:
    """The header of one report."""
    found = _wire(connection, f"{_HEADER} WHERE id = ?", [report_id], HeaderQuery())
    return found[0] if found else None
