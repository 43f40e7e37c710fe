"""The files of one task of Klippel QC: a table of single values, or a curve with its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, Limits, at_least, at_most, between
from stationmaster.api.number import Decimal, parse_number

_VALUES_HEAD: Final = ("name", "value")


@dataclass(frozen=True, slots=True)
class Value:
    """A single value; None where it could not be measured, and `text` is what stands there."""

    name: str
    text: str
    value: float | None
    limits: Limits | None
    note: str = ""


@dataclass(slots=True)
class Table:
    """One file.

    Attributes:
        task: name of the task, which the file's name begins with.
        values: rows of a table of values.
        curve: name of the curve, "" for a table of values.
        x_name: what the curve is drawn over.
        columns: the curve, then its limits: name -> points.
        notes: what a person should know of the file.
    """

    task: str
    values: list[Value] = field(default_factory=list)
    curve: str = ""
    x_name: str = ""
    columns: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_table(stem: str, text: str, decimal: Decimal, name: str) -> Table:
    """Read the file `name`; `stem` is its name without extension, "<task>-<what it holds>".

    Raises:
        ConversionError: it is neither a table of values nor a curve; names the line.
    """
    table = Table(task=stem.rpartition("-")[0] or stem)
    rows = [
        (number, [cell.strip() for cell in line.split("\t")])
        for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
        if line.strip()
    ]
    if not rows or len(rows[0][1]) < 2:
        raise ConversionError("a header line with two columns or more is expected", place=f"{name} line 1")
    header = rows[0][1]
    if len(rows) == 1:
        raise ConversionError("nothing stands below the header: the file was cut", place=f"{name} line 1")
    if not text.endswith(("\n", "\r")):
        table.notes.append(f"the last line of {name} has no end: the file may be cut")
    if tuple(cell.lower() for cell in header[:2]) == _VALUES_HEAD:
        table.values = [_value(_Row(header, cells, decimal, f"{name} line {n}")) for n, cells in rows[1:]]
        return table
    table.x_name, table.curve = header[0], header[1]
    table.columns = {column: [] for column in header[1:] if column}
    for number, cells in rows[1:]:
        row = _Row(header, cells, decimal, f"{name} line {number}")
        x = row.number(header[0])
        for column, points in table.columns.items():
            y = row.number(column)
            if x is not None and y is not None:
                points.append((x, y))
    return table


class _Row:
    """The cells of a row by column."""

    def __init__(self, header: list[str], cells: list[str], decimal: Decimal, place: str) -> None:
        if len(cells) != len(header):
            raise ConversionError(
                f"the row has {len(cells)} cells, the table {len(header)} columns", place=place
            )
        self._cells = dict(zip(header, cells, strict=False))
        self._decimal = decimal
        self._place = place

    def text(self, column: str) -> str:
        return self._cells.get(column, "")

    def number(self, column: str) -> float | None:
        try:
            return parse_number(self.text(column), decimal=self._decimal)
        except ValueError as error:
            raise ConversionError(str(error), place=f"{self._place} column {column}") from error


def _value(row: _Row) -> Value:
    """A row of a table of values; the upper limit comes first in these files."""
    low, high = row.number("min"), row.number("max")
    note = ""
    if low is not None and high is not None:
        limits: Limits | None = between(low, high)
        note = "min is above max, both were kept" if low > high else ""
    elif low is not None:
        limits = at_least(low)
    else:
        limits = None if high is None else at_most(high)
    return Value(row.text("name"), row.text("value"), row.number("value"), limits, note)
