"""One unit of a WSTF file: header lines, table of steps, lines behind the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Result, Source
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of
from stationmaster.converters.wstf_rows import Row, add_steps

HEADER_START: Final = "--header-start--"
STEPS_START: Final = "--step-data-start--"
STEPS_END: Final = "--step-data-end--"
UNIT_END: Final = "--uut-end--"

_KNOWN: Final = (
    "SerialNumber",
    "PartNumber",
    "Revision",
    "OperationTypeName",
    "OperationTypeCode",
    "UUTStatus",
    "ErrorCode",
    "ErrorMessage",
    "UTCStartDateTime",
    "StartDateTime",
    "ExecutionTime",
    "BatchSerialNumber",
    "FixtureId",
    "TestSocketIndex",
    "StationName",
    "OperatorName",
    "SoftwareName",
    "SoftwareVersion",
    "Comment",
)
_BY_FOLDED: Final = {key.casefold(): key for key in _KNOWN}
_REQUIRED: Final = ("StepType", "StepName")


def marker(line: bytes) -> str:
    """The line without blanks, in lower case, if it may be a marker; else ""."""
    if not line.lstrip().startswith(b"-"):
        return ""
    return b"".join(line.split()).decode("latin-1").lower()


def shown(mark: str) -> str:
    """A marker as the format's owner writes it."""
    return mark.title().replace("Uut", "UUT")


@dataclass(frozen=True, slots=True)
class _Line:
    """A header line: its key, the cells behind it, and where it stands."""

    key: str
    values: list[str]
    number: int

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    def error(self, text: str) -> ConversionError:
        return ConversionError(text, place=f"line {self.number} {self.key}")


@dataclass(slots=True)
class Unit:
    """What stands in one block.

    Attributes:
        line: number of the block's first line.
        lines: header lines with a known key, the last of each.
        others: header lines with a key of the author's own.
        sub_units: `Subunit` lines.
        rows: rows of the table.
        warnings: what the reader noticed.
        closed: False: the block ends before its end marker.
    """

    line: int
    lines: dict[str, _Line] = field(default_factory=dict)
    others: list[_Line] = field(default_factory=list)
    sub_units: list[_Line] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    closed: bool = True

    def take(self, line: _Line) -> None:
        """File a line from the header or from behind the table under its key."""
        known = _BY_FOLDED.get(line.key.casefold())
        if line.key.casefold() == "subunit":
            self.sub_units.append(line)
        elif known is None:
            self.others.append(line)
        else:
            before = self.lines.get(known)
            if before is not None and before.value != line.value:
                self.warnings.append(
                    f"line {line.number} {known} is {line.value[:40]!r}, line {before.number} says "
                    f"{before.value[:40]!r}: the later one was taken"
                )
            self.lines[known] = line

    def text(self, key: str) -> str:
        """Value of a known key, "" where it is missing."""
        line = self.lines.get(key)
        return line.value if line else ""

    def report(self, source: Source, options: ConverterOptions, decimal: Decimal) -> Report:
        """Build the report of this unit."""
        report = _begin(self, source, options, decimal)
        _add_info(self, report, decimal)
        add_steps(report, self.rows, decimal)
        if not self.rows:
            report.warn("the unit has no steps")
        for text in self.warnings:
            report.warn(text)
        return report


def read_unit(text: str, first_line: int, *, closed: bool = True) -> Unit:
    """Read the text of one block, which begins at `first_line` of the file.

    Raises:
        ConversionError: the block breaks the grammar; names the line.
    """
    unit = Unit(line=first_line, closed=closed)
    lines = _numbered(text, first_line)
    next(lines, None)  # the start marker
    if _read_lines(unit, lines, until=(STEPS_START, UNIT_END)) == STEPS_START:
        _read_table(unit, lines)
        _read_lines(unit, lines, until=(UNIT_END,))
    return unit


def _numbered(text: str, first_line: int) -> Iterator[tuple[int, str, list[str]]]:
    """Number, marker and cells (without empty ones at the end) of each line."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(normal.split("\n"), start=first_line):
        cells = [cell.strip() for cell in line.split("\t")]
        while cells and not cells[-1]:
            cells.pop()
        mark = marker(line.encode("ascii", "replace"))
        yield number, mark, cells


def _read_lines(unit: Unit, lines: Iterator[tuple[int, str, list[str]]], *, until: tuple[str, ...]) -> str:
    """Read `key, value...` lines up to one of the markers `until`; return it, "" at the end of the text."""
    for number, mark, cells in lines:
        if mark in until:
            return mark
        if mark in {STEPS_START, STEPS_END}:
            raise ConversionError(f"{shown(mark)!r} does not belong here", place=f"line {number}")
        if cells:
            if not cells[0]:
                raise ConversionError("a value without a key", place=f"line {number}")
            unit.take(_Line(cells[0], cells[1:], number))
    return ""


def _read_table(unit: Unit, lines: Iterator[tuple[int, str, list[str]]]) -> None:
    columns: list[str] = []
    for number, mark, cells in lines:
        if mark == STEPS_END:
            return
        if mark == UNIT_END:
            raise ConversionError(f"{shown(STEPS_END)!r} is missing before this line", place=f"line {number}")
        if not cells:
            continue
        if not columns:
            columns = _columns(cells, number)
            continue
        if len(cells) > len(columns):
            raise ConversionError(
                f"the row has {len(cells)} cells, the table {len(columns)} columns", place=f"line {number}"
            )
        unit.rows.append(Row(number, dict(zip(columns, cells, strict=False))))


def _columns(cells: list[str], number: int) -> list[str]:
    folded = [cell.casefold() for cell in cells]
    twice = next((cell for cell in cells if cell and folded.count(cell.casefold()) > 1), "")
    if twice:
        raise ConversionError(f"the column {twice!r} is there twice", place=f"line {number}")
    for name in _REQUIRED:
        if name.casefold() not in folded:
            raise ConversionError(f"the table has no column {name}", place=f"line {number}")
    return folded


def _begin(unit: Unit, source: Source, options: ConverterOptions, decimal: Decimal) -> Report:
    software = unit.text("SoftwareName")
    header = resolve(
        Found(
            sn=unit.text("SerialNumber"),
            pn=unit.text("PartNumber"),
            rev=unit.text("Revision"),
            process=unit.text("OperationTypeCode") or unit.text("OperationTypeName"),
            program=software,
            place=f"unit at line {unit.line}",
        ),
        source,
        options,
    )
    file_name = software.replace("\\", "/").rstrip("/").rpartition("/")[2]
    report = header.report(
        result=_result(unit),
        user=unit.text("OperatorName"),
        execution_time=_seconds(unit, decimal),
        sequence=file_name,
        sequence_path=software,
        sequence_version=unit.text("SoftwareVersion"),
    )
    _set_start(unit, report, source)
    return report


def _result(unit: Unit) -> Result | None:
    if not unit.closed:
        unit.warnings.append("the file ends inside the unit: it is reported as terminated")
        return Result.TERMINATED
    line = unit.lines.get("UUTStatus")
    if line is None or not line.value:
        unit.warnings.append("the unit has no UUTStatus: its result is the worst status of its steps")
        return None
    try:
        return result_of(line.value)
    except ValueError as error:
        raise line.error(str(error)) from error


def _set_start(unit: Unit, report: Report, source: Source) -> None:
    for key in ("UTCStartDateTime", "StartDateTime"):
        line = unit.lines.get(key)
        if line is None or not line.value:
            continue
        try:
            moment = read_time(line.value, source.station, utc=key.startswith("UTC"))
        except ValueError as error:
            raise line.error(str(error)) from error
        report.data["start"] = moment.at.isoformat()
        report.timed = True
        if moment.warning:
            report.warn(moment.warning)
        return


def _seconds(unit: Unit, decimal: Decimal) -> float | None:
    line = unit.lines.get("ExecutionTime")
    if line is None:
        return None
    try:
        seconds = parse_number(line.value, decimal=decimal)
    except ValueError as error:
        raise line.error(str(error)) from error
    if seconds is not None and not 0 <= seconds < float("inf"):
        unit.warnings.append(f"line {line.number}: ExecutionTime {line.value[:40]!r} was taken as 0")
        return 0
    return seconds


def _add_info(unit: Unit, report: Report, decimal: Decimal) -> None:
    report.station(one_line(unit.text("StationName"), 100))
    report.info(
        comment=clip(unit.text("Comment"), 5000) or None,
        batchSN=one_line(unit.text("BatchSerialNumber"), 100) or None,
        fixtureId=one_line(unit.text("FixtureId"), 100) or None,
        errorMessage=clip(unit.text("ErrorMessage"), 5000) or None,
        errorCode=_whole(unit, report, "ErrorCode", decimal),
        testSocketIndex=_whole(unit, report, "TestSocketIndex", decimal),
    )
    for line in unit.sub_units:
        kind, pn, sn, rev = (one_line(value, 100) for value in (*line.values, "", "", "", "")[:4])
        if pn and sn:
            report.sub_unit(kind[:50] or "Unknown", pn=pn, sn=sn, rev=rev)
        else:
            report.misc("Subunit", " ".join(filter(None, (kind, pn, sn, rev))))
            report.warn(f"line {line.number}: a sub-unit without part or serial number is a misc info")
    for line in unit.others:
        report.misc(one_line(line.key, 1000), one_line(" ".join(line.values), 5000))


def _whole(unit: Unit, report: Report, key: str, decimal: Decimal) -> int | None:
    """A whole number; another text is kept as a misc info."""
    text = unit.text(key)
    if not text:
        return None
    try:
        value = parse_number(text, decimal=decimal)
    except ValueError:
        value = None
    if value is not None and float(value).is_integer() and abs(value) < 2**31:
        return int(value)
    report.misc(key, one_line(text, 1000))
    report.warn(f"{key} {text[:40]!r} is no whole number: it is a misc info")
    return None
