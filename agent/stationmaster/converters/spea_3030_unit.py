"""One block of a SPEA 3030 file: its header lines, and its rows to steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Limits,
    Report,
    Result,
    Sequence,
    Source,
    Status,
    Step,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.header import Found, resolve
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.reading import add_line, add_reading, unit_name
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of, status_of

_ROW_CELLS: Final = 14
_SKIPPED: Final = frozenset({"", "NONE"})
_ORDERS: Final[dict[str, DayOrder]] = {"mmdd": "mdy", "ddmm": "dmy"}
_ROWS: Final = frozenset({"ANL", "FUNC"})


class Spea3030Options(ConverterOptions, frozen=True, kw_only=True):
    """Options of the SPEA 3030 converter.

    Attributes:
        date_order: order of day and month where no FORMAT line says it.
        keep_units: leave "ohm" as it is, instead of "Ohm".
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        accept_incomplete: report a block that was never finished as terminated, instead of refusing
            the file.
    """

    date_order: Literal["ddmm", "mmdd"] = "ddmm"
    keep_units: bool = False
    decimal: Decimal = "."
    accept_incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its cells, and its number in the file."""

    cells: list[str]
    number: int

    @property
    def kind(self) -> str:
        """What it is about."""
        return self.cells[0]

    def cell(self, index: int) -> str:
        """A cell, "" where there is none."""
        return self.cells[index] if index < len(self.cells) else ""

    def error(self, text: str) -> ConversionError:
        """An error that names the line."""
        return ConversionError(text, place=f"line {self.number} {self.kind[:20]}")


@dataclass(slots=True)
class _Board:
    """A board of the block: its serial number, its own verdict, its rows."""

    sn: str = ""
    line: Line | None = None
    verdict: str = ""
    rows: list[Line] = field(default_factory=list)


def build(
    lines: list[Line], order: str, source: Source, options: Spea3030Options, *, closed: bool
) -> Iterator[tuple[str, Report]]:
    """The reports of a block, each with what tells its record from the others' of the block.

    Raises:
        ConversionError: a line cannot be read, or the header lacks what a report needs.
    """
    start, end = lines[0], lines[-1] if closed else None
    begun, warning = _time(start, 6, order, source)
    ended = _time(end, 2, order, source)[0] if end else None
    lots = [line.cell(1) for line in lines if line.kind == "LOT" and line.cell(1)]
    notes = [warning] if warning else []
    if not closed:
        notes.append("the block has no END line: it is reported as terminated")
    notes += [
        f"line {line.number}: a line {line.kind[:20]!r} was not read"
        for line in lines
        if line.kind not in _ROWS and line.kind not in {"START", "END", "LOT", "SN", "BOARDRESULT", ""}
    ]
    boards = _boards(lines)
    for board in boards:
        place = f"line {start.number} START"
        header = resolve(
            Found(
                sn=board.sn,
                pn=start.cell(2),
                rev=start.cell(3),
                program=start.cell(4),
                place=place,
                sn_place=f"line {board.line.number} SN" if board.line else place,
            ),
            source,
            options,
        )
        result = _result(board, end, notes, alone=len(boards) == 1)
        report = header.report(
            start=begun,
            result=result,
            user=start.cell(5),
            execution_time=max(0.0, (ended - begun).total_seconds()) if ended else None,
            sequence=start.cell(4),
        )
        report.info(batchSN=one_line(lots[0], 100) if lots else None)
        if start.cell(1):
            report.misc("Kind", one_line(start.cell(1), 100))
        if ended and ended < begun:
            report.warn("the block ends before it begins: its duration was taken as 0")
        for note in notes:
            report.warn(note)
        _add_steps(report, board.rows, options)
        yield (f"\n{board.sn}" if len(boards) > 1 else ""), report


def _boards(lines: list[Line]) -> list[_Board]:
    """The boards of a block: one, or one for each SN line, with the rows of its site."""
    rows = [line for line in lines if line.kind in _ROWS]
    boards: list[_Board] = []
    for line in lines:
        if line.kind == "SN":
            boards.append(_Board(sn=line.cell(1), line=line))
        elif line.kind == "BOARDRESULT":
            if not boards:
                boards.append(_Board())
            boards[-1].verdict = line.cell(1)
    if len(boards) < 2:
        board = boards[0] if boards else _Board()
        board.rows = rows
        return [board]
    sites = list(dict.fromkeys(line.cell(1) for line in rows))
    if len(sites) != len(boards):
        raise lines[0].error(f"the block has {len(boards)} serial numbers and rows of {len(sites)} sites")
    for site, board in zip(sites, boards, strict=True):
        board.rows = [line for line in rows if line.cell(1) == site]
    return boards


def _result(board: _Board, end: Line | None, notes: list[str], *, alone: bool) -> Result:
    if end is None:
        return Result.TERMINATED
    word = end.cell(1)
    if alone and word and board.verdict and word.upper() != board.verdict.upper():
        notes.append(f"BOARDRESULT is {board.verdict[:20]!r}, END says {word[:20]!r}, which was taken")
    try:
        return result_of((word or board.verdict) if alone else (board.verdict or word))
    except ValueError as error:
        raise end.error(str(error)) from error


def _time(line: Line, index: int, order: str, source: Source) -> tuple[datetime, str]:
    try:
        moment = read_day_time(line.cell(index), line.cell(index + 1), source.station, order=_ORDERS[order])
    except ValueError as error:
        raise line.error(str(error)) from error
    return moment.at, moment.warning


# ---------------------------------------------------------------- rows
def _add_steps(report: Report, rows: list[Line], options: Spea3030Options) -> None:
    """Rows of one task that follow each other are a sequence; a lone row is a step."""
    for _, group in groupby((_whole(row) for row in rows), key=lambda row: (row.cell(3), row.cell(2))):
        task = list(group)
        name = one_line(task[0].cell(2) or task[0].cell(5), 500)
        if len(task) == 1:
            step = _step(report.root, task[0], name, report, options)
            if task[0].cell(5) not in {"", name}:
                add_line(step, clip(task[0].cell(5), 2000))
            continue
        sequence = report.root.sequence(name)
        for row in task:
            _step(sequence, row, one_line(row.cell(5), 500) or name, report, options)


def _whole(row: Line) -> Line:
    """The row with all its cells; a semicolon in the description is part of it."""
    cells = row.cells
    if len(cells) > _ROW_CELLS:
        behind = 5 + len(cells) - _ROW_CELLS
        cells = [*cells[:5], ";".join(cells[5 : behind + 1]), *cells[behind + 1 :]]
    elif len(cells) < 8 or (row.kind == "ANL" and len(cells) < 12):
        raise row.error(f"the row has {len(cells)} cells, {_ROW_CELLS} are expected")
    return Line(cells, row.number)


def _step(parent: Sequence, row: Line, name: str, report: Report, options: Spea3030Options) -> Step:
    word = row.cell(7)
    status = _status(row, word)
    value = _number(row, 8, options.decimal)
    unit = one_line(row.cell(11), 100) if options.keep_units else unit_name(row.cell(11))
    low, high = _number(row, 9, options.decimal), _number(row, 10, options.decimal)
    step: Step
    if isinstance(value, str):
        step = parent.passfail(name, status)
        told = ((value, "value"), (low, "low"), (high, "high"))
        add_line(step, "; ".join(f"{what}: {one}" for one, what in told if one is not None))
    elif row.kind == "FUNC" or not (unit or low or high or value):
        step = parent.passfail(name, status)
    else:
        limits = _limits(row, low, high, report)
        step = add_reading(parent, name, value, unit=unit, limits=limits, status=status)
    if word.upper() not in {"PASS", "FAIL", "SKIP", *_SKIPPED}:
        add_line(step, clip(word, 100))
    more = ((6, ""), (12, "Test points: "), (13, "Remark: " if status is not Status.PASSED else None))
    for index, label in more:
        if row.cell(index) and label is not None:
            add_line(step, clip(label + row.cell(index), 2000))
    return step


def _status(row: Line, word: str) -> Status:
    """PASS and FAIL; FAIL(+) is above the limits, FAIL(-) below, FAIL(+/-) could not be measured."""
    if word.upper() in _SKIPPED:
        return Status.SKIPPED
    try:
        return status_of(word.partition("(")[0])
    except ValueError as error:
        raise row.error(str(error)) from error


def _number(row: Line, index: int, decimal: Decimal) -> float | str | None:
    """A number, or the word that stands in its place ("Automatic")."""
    text = row.cell(index)
    try:
        return parse_number(text, decimal=decimal)
    except ValueError:
        if any(letter.isdigit() for letter in text):
            raise row.error(f"{text[:40]!r} is no number") from None
        return clip(text, 100)


def _lone_limit(row: Line, low: float | None, high: float | None) -> Limits:
    """One limit; a row without a unit has the number of its remark there, which bounds nothing."""
    if not row.cell(11) or low is high:
        return log_only()
    return at_least(low) if low is not None else at_most(high or 0)


def _limits(row: Line, low: float | str | None, high: float | str | None, report: Report) -> Limits:
    """The limits; two that are both 0 are none."""
    if isinstance(low, str) or isinstance(high, str):
        raise row.error(f"the limits {str(low)[:20]!r} and {str(high)[:20]!r} are no numbers")
    if low is None or high is None:
        return _lone_limit(row, low, high)
    if low == high == 0:
        return log_only()
    if low > high:
        report.warn(f"line {row.number}: the low limit {low:g} is above the high one {high:g}")
    return between(low, high)
