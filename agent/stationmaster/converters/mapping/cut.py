"""How the table of a sample is cut: encoding, delimiter or widths, the line with the names of the columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stationmaster.api import ConversionError
from stationmaster.converters.mapping.aligned import Aligned, aligned
from stationmaster.converters.mapping.guess import (
    header_role,
    is_number,
    is_whole_verdict,
    roles_of,
    step_role,
    time_format,
    verdict_like,
)
from stationmaster.converters.mapping.proposal import NUMBERS
from stationmaster.converters.mapping.schema import BESIDE

_DELIMITERS: Final = ";\t,|"
_ENCODINGS: Final = ("cp1252", "cp1250", "gb18030")
"""Of a text that is no UTF-8, the one in which most names are known."""
_LOOKED_AT: Final = 400
"""Lines of a table that are looked at."""
_LEAST_ROLES: Final = 2
"""Columns whose names are known, that make a line the one with the columns' names."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a table is cut.

    Attributes:
        delimiter: between cells; "" where they stand below each other.
        header: number of the line with the names of the columns, from 0.
        rows: the cells of all lines.
        by_width: where cells stand that nothing delimits.
    """

    delimiter: str
    header: int
    rows: list[list[str]]
    by_width: Aligned | None = None

    @property
    def pattern(self) -> str:
        """A regular expression for the line with the names of the columns."""
        first, second = map(re.escape, [*self.columns[:2], ""][:2])
        if self.by_width is not None:
            return rf"^\s*{first}\s+{second}"
        return f"^{first}{self.mark}{second}"

    @property
    def mark(self) -> str:
        """The delimiter as a regular expression."""
        return re.escape(self.delimiter).replace("\\\t", r"\t")

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return self.rows[self.header]

    @property
    def body(self) -> list[list[str]]:
        """The cells of the lines below the names, without those that tell of columns."""
        width = len(self.columns)
        first = self.header + 1 + len(self.beside)
        return [row for row in self.rows[first:] if len(row) >= min(width, 2)]

    @property
    def beside(self) -> dict[str, str]:
        """Key of the table -> first word of lines below the names that tell limits or units of columns."""
        found: dict[str, str] = {}
        for row in self.rows[self.header + 1 : self.header + 1 + len(BESIDE)]:
            word, *others = [*filter(None, row), ""]
            key = f"{step_role(word)}_row"
            told = [cell for cell in others if cell]
            fits = told and all(is_number(cell) != (key == "unit_row") for cell in told)
            if key not in BESIDE or not fits or key in found:
                break
            found[key] = word
        return found

    @property
    def roles(self) -> dict[str, str]:
        """What the columns are of a step; a column of verdicts is one whatever it is called."""
        found = roles_of(self.columns, step_role)
        if "name" in found and numeric(self.column(found["name"])):  # the number of the step
            names = [one for one in self.columns if step_role(one) == "name"]
            found["name"] = next((one for one in names if not numeric(self.column(one))), found["name"])
        if "status" not in found:
            words = [name for name in self.columns if name and verdict_like(self.column(name))]
            found |= {"status": words[-1]} if words and words[-1] not in found.values() else {}
        return found

    @property
    def is_long(self) -> bool:
        """A row is a step."""
        return {"name", "value"} <= self.roles.keys()

    @property
    def later_verdicts(self) -> list[str]:
        """Of a table whose rows hold many measurements: columns with verdicts of numbers, or of the row."""
        numbers = False
        found = []
        for name in self.columns:
            if (numbers or is_whole_verdict(name)) and name and verdict_like(self.column(name)):
                found.append(name)
            numbers = numbers or (bool(name) and not header_role(name) and numeric(self.column(name)))
        return [] if self.is_long else found

    @property
    def numbers(self) -> list[str]:
        """What is to be read as numbers."""
        if not self.is_long:
            return [cell for row in self.body for cell in row]
        return [cell for role in NUMBERS if role in self.roles for cell in self.column(self.roles[role])]

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        at = self.columns.index(name)
        return [row[at] for row in self.body if at < len(row)]


def numeric(cells: Sequence[str]) -> bool:
    """Most of the texts are numbers."""
    given = [cell for cell in cells if cell]
    return bool(given) and sum(is_number(cell) for cell in given) * 2 > len(given)


def read(data: bytes, name: str) -> tuple[str, list[str], Cut]:
    """Encoding, lines that are not empty, and how they are cut."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig",) if _is_text(data, "utf-8-sig") else _ENCODINGS
    best: tuple[int, tuple[str, list[str], Cut]] | None = None
    trouble = ConversionError(
        f"{name} is no text, XML or JSON",
        next_step="A mapping reads texts. For others, begin a converter: stationmaster converter new NAME",
    )
    for encoding in candidates:
        if not _is_text(data, encoding):
            continue
        lines = [line for line in data.decode(encoding).splitlines() if line.strip()]
        try:
            known, cut = _cut(lines[:_LOOKED_AT], name)
        except ConversionError as error:
            trouble = error
            continue
        if best is None or known > best[0]:
            best = known, (encoding, lines, cut)
    if best is None:
        raise trouble
    return best[1]


def _is_text(data: bytes, encoding: str) -> bool:
    try:
        return "\0" not in data.decode(encoding)
    except UnicodeDecodeError:
        return False


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [
            cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        ]
    except csv.Error:  # a cell of more than 128 KiB
        return [cell.strip().strip('"') for cell in line.split(delimiter)]


def _cut(lines: list[str], name: str) -> tuple[int, Cut]:
    """The delimiter and the line of the columns' names that fit best, and how well they do.

    Raises:
        ConversionError: no line names columns.
    """
    best: tuple[int, Cut] | None = None
    for delimiter in _DELIMITERS:
        rows = [_cells(line, delimiter) for line in lines]
        widths = Counter(len(row) for row in rows)
        for number, row in enumerate(rows):
            if len(row) < 2 or any(is_number(cell) or time_format([cell]) for cell in row):
                continue
            known = len(roles_of(row, step_role)) + len(roles_of(row, header_role))
            score = known * 10 + len(row) + widths[len(row)] // 10
            if known >= _LEAST_ROLES and (best is None or score > best[0]):
                best = score, Cut(delimiter, number, rows)
    return best or _cut_by_width(lines, name)


def _cut_by_width(lines: list[str], name: str) -> tuple[int, Cut]:
    """The same of cells that stand below each other.

    Raises:
        ConversionError: no line names columns.
    """
    found = aligned(lines, _LEAST_ROLES, whole=len(lines) < _LOOKED_AT)
    if found is None:
        raise ConversionError(
            f"nothing in {name} looks like a line with the names of columns",
            next_step="Write the mapping by hand: table.widths reads cells that stand below each other, "
            'kind = "text" reads lines by patterns.',
        )
    rows = [
        found.cells(line) if number <= found.header or not _left_out(line, found) else []
        for number, line in enumerate(lines)
    ]
    return len(lines), Cut("", found.header, rows, found)


def _left_out(line: str, found: Aligned) -> bool:
    return line == found.end or bool(found.skip and re.match(found.skip, line))
