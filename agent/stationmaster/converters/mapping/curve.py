"""Curves of a mapping: a point a row, a line for each column, or a row of places and rows of heights."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from stationmaster.api import ConversionError, Sequence, Series, Status
from stationmaster.api.step import Step
from stationmaster.converters.mapping.cell import Reader
from stationmaster.converters.mapping.pick import Cells, Row, as_value
from stationmaster.converters.mapping.schema import Given, StepRule


@dataclass(slots=True)
class Chart:
    """The curves of one step.

    Attributes:
        lines: name -> where its points stand, and their heights.
        units: of the places and of the heights.
    """

    step: Step
    units: tuple[str, str]
    lines: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)

    def add(self, line: str, places: list[float | None], heights: list[float | None]) -> None:
        """Add points; one that lacks place or height is no point."""
        all_x, all_y = self.lines.setdefault(line, ([], []))
        for x, y in zip(places, heights, strict=True):
            if x is not None and y is not None:
                all_x.append(x)
                all_y.append(y)

    def draw(self) -> None:
        """All rows have come."""
        series = [Series(name[:100], *points) for name, points in self.lines.items() if points[0]]
        if series:
            x_unit, y_unit = self.units
            self.step.chart(self.step.name, series, x_unit=x_unit, y_unit=y_unit)


class Curves:
    """The charts of one report, while rows come."""

    def __init__(self, read: Reader) -> None:
        """Nothing has come yet."""
        self._read = read
        self._charts: list[Chart] = []
        self._axis: tuple[str, list[float | None]] | None = None

    def begin(self, at: Sequence, name: str, rule: StepRule, row: Cells, status: Status | None) -> Chart:
        """A step with a chart."""
        x_unit, y_unit = (self._read.text(one, row, "step.unit") for one in (rule.x_unit, rule.unit))
        self._charts.append(Chart(at.chart_step(name, status or Status.DONE), (x_unit, y_unit)))
        return self._charts[-1]

    def axis(self, rule: StepRule, row: Cells) -> None:
        """The points of the curves that follow stand where this row says."""
        places = self._numbers(rule, row)
        self._axis = _section(row), _cut(places, 0)

    def add(self, chart: Chart, line: str, rule: StepRule, row: Cells) -> None:
        """Add what a row tells of a chart.

        Args:
            line: name of the curve, where the row tells of one.

        Raises:
            ConversionError: a number cannot be read; or places and heights are not as many.
        """
        if rule.points and rule.x != "":
            x = self._read.number(rule.x, row, "step.x")
            for name, cell in _cells(rule.points, row, but=_names(rule.x)).items():
                chart.add(name, [x], [self._number(cell, row, name)])
            return
        heights = self._numbers(rule, row)
        if rule.x == "":
            places = self._places(row)
        else:
            places = self._list(self._read.text(rule.x, row, "step.x"), row, "step.x")
        heights = _cut(heights, len(places))
        if len(places) != len(heights):
            raise ConversionError(
                f"{len(heights)} points of {line[:60]!r} have {len(places)} places",
                place=row.place,
                next_step="Do `points` and `x` of the mapping mean what belongs together?",
            )
        chart.add(line, places, heights)

    def draw(self) -> None:
        """All rows have come."""
        for chart in self._charts:
            chart.draw()

    def _places(self, row: Cells) -> list[float | None]:
        if self._axis is None or self._axis[0] != _section(row):
            raise ConversionError(
                "nothing says where the points of this curve stand",
                place=row.place,
                next_step='Give the step an x, or have a step of kind = "axis" take the row before it.',
            )
        return self._axis[1]

    def _numbers(self, rule: StepRule, row: Cells) -> list[float | None]:
        """The numbers of a row: in columns of their own, or in one text."""
        if not rule.points:
            return self._list(self._read.text(rule.value, row, "step.value"), row, "step.value")
        return [self._number(cell, row, name) for name, cell in _cells(rule.points, row).items()]

    def _list(self, text: str, row: Cells, key: str) -> list[float | None]:
        several = self._read.numeral.thousands != " "
        words = re.split(r"[;\s]+" if several else r"\s*;\s*", text.strip("[](); "))
        return [self._number(word, row, key) for word in words]

    def _number(self, text: str, row: Cells, key: str) -> float | None:
        return self._read.parsed(text, row, key)


def _cut(numbers: list[float | None], least: int) -> list[float | None]:
    """Without the empty cells at the end of a line, but at least so many."""
    end = max((place for place, number in enumerate(numbers, 1) if number is not None), default=0)
    return numbers[: max(end, least)]


def _cells(pattern: str, row: Cells, *, but: Collection[str] = ()) -> dict[str, str]:
    cells = row.cells if isinstance(row, Row) else {}
    return {name: cell for name, cell in cells.items() if name not in but and re.fullmatch(pattern, name)}


def _names(given: Given) -> Collection[str]:
    names = as_value(given).from_
    return [names] if isinstance(names, str) else names


def _section(row: Cells) -> str:
    return row.section if isinstance(row, Row) else ""
