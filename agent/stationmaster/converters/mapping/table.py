"""Lines of cells, delimited or of fixed width: with keys around them, in sections, or with a first word."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stationmaster.api import ConversionError
from stationmaster.converters.mapping.head import pairs_in, pairs_of
from stationmaster.converters.mapping.pick import Row
from stationmaster.converters.mapping.schema import BESIDE, Record, Table
from stationmaster.converters.mapping.title import Titles


@dataclass(slots=True)
class Unit:
    """What becomes one report.

    Attributes:
        keys: what the lines around the rows tell.
        rows: its rows.
        place: where it begins.
        record: the lines that are this unit's own, where the mapping says what a unit is.
        outside: what other lines than these tell of it.
        again: key that came with several texts -> place, first and last of them.
        warnings: what may have been taken for something else.
    """

    keys: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    place: str = ""
    record: list[str] = field(default_factory=list)
    outside: dict[str, str] = field(default_factory=dict)
    again: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _own: set[str] = field(default_factory=set)

    def below(self, place: str) -> Unit:
        """One that begins there; what was told until then is true of it too, but it may say otherwise."""
        return Unit(keys=dict(self.keys), place=place, outside=dict(self.keys), again=dict(self.again))

    def begin_anew(self) -> None:
        """What is told from now on may be otherwise."""
        self._own.clear()

    def go_on(self) -> None:
        """What was told until now is its own, and may not be otherwise."""
        self._own.update(self.keys)

    def tell(self, key: str, text: str, place: str) -> None:
        """Take what a line says; of several texts of one key the last counts, and they are remembered."""
        first = self.keys.get(key, "")
        if key not in self._own:
            self._own.add(key)
            self.again.pop(key, None)
        elif first and first.strip() != text.strip():
            self.again[key] = (place, first, text)
        self.keys[key] = text


def read_units(text: str, table: Table) -> list[Unit]:
    """All units of a table.

    Raises:
        ConversionError: the columns' names do not come, or a line has more cells than they are.
    """
    reader = _Records(table) if table.record else _Columns(table)
    for number, line, cells in _lines(text, table):
        last = bool(table.end and re.search(table.end, line))
        # The last line may tell something, but it is no row.
        if not last or table.record or (table.keys and re.search(table.keys, line)):
            reader.take(number, line, cells)
        if last:
            break
    return reader.done()


def _lines(text: str, table: Table) -> Iterator[tuple[int, str, list[str]]]:
    """Number, text and cells of each line that is not empty and not to be left out."""
    skip = re.compile(table.skip) if table.skip else None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or (skip and skip.search(line)):
            continue
        try:
            yield number, line, _cells(line, table)
        except csv.Error as error:
            raise ConversionError(
                str(error),
                place=f"line {number}",
                next_step='Was the file cut? If its quotes are none, the mapping says table.quote = "".',
            ) from error


def _cells(line: str, table: Table) -> list[str]:
    if table.widths:
        ends = [sum(table.widths[: index + 1]) for index in range(len(table.widths))]
        return [line[start:end].strip() for start, end in zip([0, *ends], [*ends[:-1], None], strict=False)]
    if not table.quote:
        return [cell.strip() for cell in line.split(table.delimiter)]
    reader = csv.reader(
        [line], delimiter=table.delimiter, quotechar=table.quote, skipinitialspace=True, strict=True
    )
    try:
        return [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        if str(error) != "unexpected end of data":
            raise
        raise csv.Error("a quote is open at the end of the line: it may take in other cells") from error


class _Columns:
    """One table, or several with the names of their columns in a line of their own."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns: list[str] = list(table.columns)
        self._header = re.compile(table.header) if isinstance(table.header, str) else None
        self._keys = re.compile(table.keys) if table.keys else None
        self._section = ""
        self._beside_lines = {
            key: re.compile(pattern) for key in BESIDE if (pattern := str(getattr(table, key)))
        }
        self._beside_cells: dict[str, list[str]] = {}
        self._beside: dict[str, dict[str, str]] = {}
        self._titles = Titles()
        self._head = Unit()
        self._units: dict[tuple[str, ...], Unit] = {}

    def take(self, number: int, line: str, cells: list[str]) -> None:
        self._take(number, line, cells)
        self._titles.after(number, cells)

    def _take(self, number: int, line: str, cells: list[str]) -> None:
        beside = next((key for key, pattern in self._beside_lines.items() if pattern.search(line)), "")
        if beside:
            self._beside_cells[beside] = cells
            self._tell_beside()
        elif self._header is not None and self._header.search(line):
            self._columns = _named(cells)
            self._tell_beside()
        elif self._keys is not None and self._keys.search(line):
            for found in self._keys.finditer(line):
                key, text = (found["key"] or "").strip(), (found["value"] or "").strip()
                self._head.tell(key, text, f"line {number}")
        elif self._table.sections and self._is_title(cells):
            self._titles.begin(number)
            self._section, self._columns = cells[0], []
        elif self._names_columns(number):
            self._titles.names(number, cells)
            self._columns = _named(cells)
            self._tell_beside()
        elif self._columns:
            self._row(number, line, cells)
        elif self._keys is None:
            self._tell(number, line, cells)

    def _tell_beside(self) -> None:
        """Limits and units by the names of the columns; their lines may stand above these."""
        self._beside = {
            key: {name: cell for name, cell in zip(self._columns, cells, strict=False) if name and cell}
            for key, cells in self._beside_cells.items()
        }

    def _tell(self, number: int, line: str, cells: list[str]) -> None:
        """A line above the table tells something of the unit."""
        pairs = pairs_in(line) if self._table.widths else {}
        if not pairs:
            pairs, _ = pairs_of(cells)
        for key, text in pairs.items():
            self._head.tell(key, text, f"line {number}")

    def _is_title(self, cells: list[str]) -> bool:
        """One cell alone; a spreadsheet writes empty ones after it."""
        alone = len(cells) == 1
        return alone or (len(self._columns) > 2 and bool(cells[0]) and not any(cells[1:]))

    def _names_columns(self, number: int) -> bool:
        if self._header is not None:
            return False
        return not self._columns if self._table.sections else number == self._table.header

    def _row(self, number: int, line: str, cells: list[str]) -> None:
        named, place = _fill(self._columns, cells, number, self._table), f"line {number}"
        self._titles.row(cells)
        if self._section in self._table.head_sections:
            for name, text in named.items():
                first = self._head.keys.get(name, text)
                self._head.tell(name, text, place)
                self._head.keys[name] = first
            return
        unit = self._unit_of(named, place)
        cut = frozenset(self._columns[len(cells) :])
        dropped = [cell for cell in self._dropped(cells) if cell]
        row = Row(named, place, unit.keys, self._section, self._beside, dropped, cut)
        unit.rows.append(row)
        if self._table.units:
            unit.record.append(line)

    def _unit_of(self, named: dict[str, str], place: str) -> Unit:
        """The unit of a row; what stands above its first row is true of it, and above no other."""
        key = tuple(named.get(name, "") for name in self._table.units)
        unit = self._units.get(key)
        if unit is None:
            unit = self._units[key] = self._unit(place)
            return unit
        for name in self._head.again if self._table.units else ():
            first, now = unit.keys.get(name, ""), self._head.keys[name]
            if first and first != now:
                unit.again[name] = (place, first, now)
        return unit

    def _unit(self, place: str) -> Unit:
        head = self._head
        if self._table.units:
            return Unit(keys=dict(head.keys), place=place, outside=dict(head.keys))
        return Unit(keys=head.keys, place=place, again=head.again)

    def _tell_below(self) -> None:
        """What stands below the rows of a unit is true of it where nothing above says it."""
        head = self._head
        for unit in self._units.values() if self._table.units else ():
            for name in head.keys.keys() - unit.keys.keys():
                unit.keys[name] = head.keys[name]
                if name in head.again:
                    unit.again[name] = head.again[name]

    def _dropped(self, cells: list[str]) -> list[str]:
        """The cells beyond the columns that `extra` lets go, and those whose column has no name."""
        known = len(self._columns)
        found = [] if self._table.columns else self._nameless(cells)
        beyond = cells[known:]
        if self._table.extra == "ignore":
            found += beyond
        elif self._table.extra == "last" and (given := list(filter(None, beyond))):
            found += [cells[known - 1], *given[:-1]]
        return found

    def _nameless(self, cells: list[str]) -> list[str]:
        return [cell for cell, name in zip(cells, self._columns, strict=False) if not name]

    def done(self) -> list[Unit]:
        if not self._columns and not self._units:
            raise ConversionError(
                "no line has the names of the columns",
                next_step="Check table.header of the mapping: the number of that line, or a pattern for it.",
            )
        self._tell_below()
        for unit in list(self._units.values())[:1]:
            unit.warnings += self._titles.warnings()
        return list(self._units.values()) or ([self._unit("")] if self._head.keys else [])


class _Records:
    """Lines that begin with a word which says what they are."""

    def __init__(self, table: Table) -> None:
        self._record = table.record
        self._fill = Table(extra="keep" if table.extra == "keep" else "ignore")
        self._file = Unit()
        self._units: list[Unit] = []
        self._open: Unit | None = None

    def take(self, number: int, line: str, cells: list[str]) -> None:
        record = self._record.get(cells[0])
        if record is None:
            return
        named = _fill(record.columns, cells[1:], number, self._fill)
        if record.role == "start" or (self._open is None and record.role == "row"):
            self._open = self._file.below(f"line {number}")
            self._units.append(self._open)
            if record.role == "row":
                self._open.go_on()
        self._add(record, named, number, line, cells)

    def _add(self, record: Record, named: dict[str, str], number: int, line: str, cells: list[str]) -> None:
        unit = self._open
        if unit is None:
            self._tell(self._file, named, number)
            return
        unit.record.append(line)
        if record.role == "row":
            cut = frozenset(record.columns[len(cells) - 1 :])
            unit.rows.append(Row(named, f"line {number}", unit.keys, cut=cut))
            return
        self._tell(unit, named, number)
        if record.role == "end":
            self._open = None
            self._file.begin_anew()

    def _tell(self, unit: Unit, named: dict[str, str], number: int) -> None:
        for name, text in named.items():
            unit.tell(name, text, f"line {number}")

    def done(self) -> list[Unit]:
        return self._units


def _named(cells: list[str]) -> list[str]:
    """Names of columns; one that comes again gets a number."""
    seen: dict[str, int] = {}
    names = []
    for cell in cells:
        seen[cell] = seen.get(cell, 0) + 1
        names.append(cell if seen[cell] == 1 or not cell else f"{cell} #{seen[cell]}")
    return names


def _fill(columns: list[str], cells: list[str], number: int, table: Table) -> dict[str, str]:
    """Cells by the names of their columns.

    Raises:
        ConversionError: there are cells beyond the columns, and they are not empty; or too few.
    """
    extra = table.extra
    named = max((place for place, name in enumerate(columns, 1) if name), default=0)
    if table.short == "refuse" and len(cells) < named:
        raise ConversionError(
            f"{len(cells)} cells, but the columns are {named}",
            place=f"line {number}",
            next_step="The tester may have stopped while it wrote the file.",
        )
    beyond = list(filter(None, cells[len(columns) :]))
    if beyond and extra == "refuse":
        raise ConversionError(
            f"{len(cells)} cells, but the columns are {len(columns)}: {beyond[0][:40]!r} has no column",
            place=f"line {number}",
            next_step='Is the delimiter right? A mapping may say table.extra = "ignore" or "last".',
        )
    cells = [*cells, *[""] * (len(columns) - len(cells))]
    if beyond and extra == "last":
        cells[len(columns) - 1] = beyond[-1]
    named_cells = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    if extra == "keep":
        named_cells |= {str(place): cell for place, cell in enumerate(cells, 1) if place > len(columns)}
    return named_cells
