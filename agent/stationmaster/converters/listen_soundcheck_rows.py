"""Rows of a Listen SoundCheck file: header lines, results, and curves of two rows each; split into units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from stationmaster.api import ConversionError, Resume
from stationmaster.api.lines import read_lines
from stationmaster.api.text import decode_text

_MAX_UNIT_BYTES: Final = 64 * 1024 * 1024
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of results: its line in the file, and by column the cells behind the shared ones."""

    line: int
    cells: dict[str, str]

    def text(self, *columns: str) -> str:
        """The first of these cells that is not empty."""
        return next(filter(None, (self.cells.get(column, "") for column in columns)), "")

    def place(self, column: str) -> str:
        """Where a cell stands."""
        return f"line {self.line} column {column}"


@dataclass(slots=True)
class Curve:
    """A curve: its header line, then the cells of x and of y.

    Attributes:
        start: offset in the file of its header line.
        axes: what the header says behind the name of the curve.
        shared: the columns that all rows of a unit begin with.
    """

    name: str
    line: int
    start: int
    raw: bytes
    axes: list[str]
    shared: list[str]
    x: list[str] | None = None
    y: list[str] | None = None

    def cells(self, at: int) -> list[str]:
        """Cells of the header behind the name, from `at` on, three of them: for x, y and z."""
        return [*self.axes[at : at + 3], "", "", ""][:3]


@dataclass(slots=True)
class Unit:
    """The rows of one unit.

    Attributes:
        key: serial number and time, which are the same in all of its rows.
        shared: the cells that all of its rows begin with, by column.
        columns: of the results, as the file has them from here on; the first `begin` are the shared ones.
        line: number of its first line; `last_line` of its last.
        start: offset in the file where it begins; `end` behind it.
        last: it is the last one in the file.
    """

    key: tuple[str, str]
    shared: dict[str, str]
    columns: list[str]
    begin: int
    line: int
    start: int
    parts: list[Row | Curve] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    size: int = 0
    last_line: int = 0
    end: int = 0
    last: bool = False

    @property
    def record(self) -> bytes:
        """Its own lines."""
        return b"".join(self.raws)

    def names(self) -> list[str]:
        """Names of its results and curves."""
        return [one.text("name") if isinstance(one, Row) else one.name for one in self.parts]


def column_name(cell: str) -> str:
    """A column's name without colon, number sign and blanks: "Serial #:" is `serial`."""
    return cell.strip().rstrip(":").strip().rstrip("#").strip().casefold()


def read_units(file: BinaryIO, start: Resume, name: str) -> Iterator[Unit]:
    """Yield the units from where `file` stands; `start` says which offset and line that is.

    Raises:
        ConversionError: a row breaks the grammar; names the line.
    """
    yield from _Reader(start).read(file, name)


class _Reader:
    """Keeps what earlier lines mean for later ones."""

    def __init__(self, start: Resume) -> None:
        self._columns: list[str] = [str(column) for column in start.state["columns"]]
        self._begin: int = start.state["begin"]
        self._line: int = start.state["line"]
        self._offset = start.offset
        self._unit: Unit | None = None
        self._curve: Curve | None = None

    def read(self, file: BinaryIO, name: str) -> Iterator[Unit]:
        raw = b"\n"
        for raw in read_lines(file, name=name):
            self._line += 1
            self._offset += len(raw)
            cells = self._cells(raw, name)
            if not cells:
                continue
            if column_name(cells[0]) == "serial" and cells[0].rstrip().endswith(":"):
                if self._header(cells, raw) and self._unit is not None:
                    yield self._closed(self._unit)
                continue
            shared = self._shared(cells)
            key = (shared.get("serial", ""), shared.get("time", ""))
            if self._unit is not None and self._unit.key != key:
                yield self._closed(self._unit)
            self._take(cells, raw, shared, key)
        if self._curve is not None:
            raise ConversionError(
                f"the file ends inside the curve {self._curve.name[:60]!r}", place=f"line {self._line}"
            )
        if not raw.endswith((b"\n", b"\r")):
            raise ConversionError("the file ends inside a line", place=f"line {self._line}")
        if self._unit is not None:
            self._unit.last = True
            yield self._closed(self._unit)

    def _cells(self, raw: bytes, name: str) -> list[str]:
        text = decode_text(raw, name=f"{name}, line {self._line}:").lstrip(_BOM).rstrip("\r\n")
        cells = [cell.strip() for cell in text.split("\t")]
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def _header(self, cells: list[str], raw: bytes) -> bool:
        """Take a header line; True: the unit above it has ended."""
        if self._curve is not None:
            raise ConversionError(
                f"the curve {self._curve.name[:60]!r} lacks its rows", place=f"line {self._line}"
            )
        count = next((at for at, cell in enumerate(cells) if not cell.endswith(":")), len(cells))
        if count == len(cells):
            raise ConversionError("the header has no column behind those with a colon", place=self._place)
        if cells[count].casefold() == "name":
            self._columns, self._begin = [column_name(cell) for cell in cells], count
            return True
        shared = [column_name(cell) for cell in cells[:count]]
        start = self._offset - len(raw)
        self._curve = Curve(cells[count], self._line, start, raw, cells[count + 1 :], shared)
        return False

    @property
    def _place(self) -> str:
        return f"line {self._line}"

    def _shared(self, cells: list[str]) -> dict[str, str]:
        """The cells that tell which unit the row belongs to, by column."""
        if self._curve is not None:
            return dict(zip(self._curve.shared, cells, strict=False))
        if not self._columns:
            raise ConversionError("a row stands before the header of its columns", place=self._place)
        if len(cells) > len(self._columns):
            raise ConversionError(
                f"the row has {len(cells)} cells, the header {len(self._columns)} columns", place=self._place
            )
        return dict(zip(self._columns[: self._begin], cells, strict=False))

    def _take(self, cells: list[str], raw: bytes, shared: dict[str, str], key: tuple[str, str]) -> None:
        curve = self._curve
        if self._unit is None:
            first = curve.line if curve is not None else self._line
            start = curve.start if curve is not None else self._offset - len(raw)
            self._unit = Unit(key, shared, self._columns, self._begin, first, start)
        unit = self._unit
        if curve is None:
            own = zip(self._columns[self._begin :], cells[self._begin :], strict=False)
            unit.parts.append(Row(self._line, dict(own)))
        elif curve.x is None:
            unit.raws.append(curve.raw)
            curve.x = cells[len(curve.shared) :]
        else:
            curve.y = cells[len(curve.shared) :]
            unit.parts.append(curve)
            self._curve = None
        unit.raws.append(raw)
        unit.size += len(raw)
        unit.last_line, unit.end = self._line, self._offset
        if unit.size > _MAX_UNIT_BYTES:
            raise ConversionError(f"a unit of more than {_MAX_UNIT_BYTES} bytes", place=f"line {unit.line}")

    def _closed(self, unit: Unit) -> Unit:
        if self._curve is not None and self._curve.x is not None:
            raise ConversionError("the rows of a curve are of two units", place=self._place)
        unit.columns, unit.begin = self._columns, self._begin
        self._unit = None
        return unit
