"""From the body of a POST to reports that may be stored, or to the sentences of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from stationmaster.api import CompOp, Report, Station
from stationmaster.api.defaults import at_station
from stationmaster.api.wsjf import decode, encode
from stationmaster.embedded_server.error import RequestError
from stationmaster.embedded_server.header import HeaderRow, header_row, mappings, walk
from stationmaster.embedded_server.process import Processes
from stationmaster.embedded_server.rule import refusals
from stationmaster.errors import ConversionError

_COMP_OPS = frozenset(comp.value for comp in CompOp)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A report that may be stored.

    Attributes:
        body: the WSJF bytes to store, with the id and the start that were missing.
    """

    id: str
    row: HeaderRow
    body: bytes


def read_reports(
    body: bytes, *, now: datetime, processes: Processes, strict_loops: bool = False
) -> list[Incoming]:
    """Read one WSJF object, or a list of them, and check each.

    Raises:
        RequestError: status 400, plain text, one sentence a line, as the WATS server answers.
    """
    return _read(decode, body, now=now, processes=processes, strict_loops=strict_loops)


def read_wsxf(
    body: bytes, *, now: datetime, processes: Processes, strict_loops: bool = False
) -> list[Incoming]:
    """Read a WSXF document, which may leave location and purpose empty, and check each of its reports.

    Raises:
        RequestError: as `read_reports` does.
    """
    return _read(_wsxf, body, now=now, processes=processes, strict_loops=strict_loops)


def _wsxf(body: bytes) -> list[Report]:
    from stationmaster.api import wsxf  # noqa: PLC0415 - few clients send XML: its parser is not loaded before

    return [at_station(report, Station()) for report in wsxf.decode(body, name="the body")]


def _read(
    form: Callable[[bytes], list[Report]],
    body: bytes,
    *,
    now: datetime,
    processes: Processes,
    strict_loops: bool,
) -> list[Incoming]:
    try:
        reports = form(body)
        for report in reports:
            _complete(report.data, now)
        lines = _refused(reports, strict_loops=strict_loops)
        if not lines:
            return [_incoming(report, processes) for report in reports]
    except ConversionError as error:
        lines = [error.text]
    raise RequestError("\n".join(lines), plain=True)


def _complete(data: dict[str, Any], now: datetime) -> None:
    """Fill in what the server makes where a client leaves it out."""
    if data.get("id") is None or data["id"] == "":
        data["id"] = str(uuid4())
    if data.get("type") is None:
        data["type"] = "R" if data.get("uur") else "T"
    if data.get("result") is None:
        data["result"] = "P"
    if data.get("start") is None:
        data["start"] = now.isoformat()
    for _, step in walk(data):
        for row in [*mappings(step.get("numericMeas")), *mappings(step.get("stringMeas"))]:
            # the example file that the WATS documentation gives writes "Log"
            if isinstance(row.get("compOp"), str) and row["compOp"].upper() in _COMP_OPS:
                row["compOp"] = row["compOp"].upper()


def _refused(reports: list[Report], *, strict_loops: bool) -> list[str]:
    lines: list[str] = []
    for place, report in enumerate(reports, start=1):
        found = refusals(report, strict_loops=strict_loops)
        lines += found if len(reports) == 1 else [f"report {place}: {line}" for line in found]
    ids = [report.id.lower() for report in reports]
    lines += [
        f"report {place}: id {one} stands twice"
        for place, one in enumerate(ids, 1)
        if one in ids[: place - 1]
    ]
    return lines


def _incoming(report: Report, processes: Processes) -> Incoming:
    data = report.data
    data["id"] = report.id.lower()
    row = header_row(data, process_name=processes.name(data.get("processCode")))
    return Incoming(report.id, row, encode(report))
