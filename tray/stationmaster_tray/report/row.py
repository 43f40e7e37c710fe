"""The rows of a report's tree, made where somebody looks.

No row has more than `PART` rows below it: a longer list is shown in parts, "Steps 1 to 500" and so on. Qt
lays out all rows of what is open, so this is what keeps a report of any size from holding up the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stationmaster_tray.report.document import (
    FAILED,
    Document,
    Part,
    Path,
    rows_of,
    status_of,
    step_of,
    steps_of,
)
from stationmaster_tray.report.wording import (
    HEAD,
    STRUCTURE,
    field,
    limits,
    shown,
    size_of,
    step_kind,
    value_in_words,
)
from stationmaster_tray.text import number, plural, tr

PART = 500
"""Rows below one row."""

Make = Callable[[], list["Row"]]


class Row:
    """One row.

    Attributes:
        name: the first column; the others follow.
        status: letter of the report format, "" for none.
        value, unit, low, high, time, kind: what stands in the other columns.
        step: the step that it shows, or is part of.
        first, last: of a row that stands for a part of a list: which ones.
        parent, place: where it stands in the tree.
    """

    __slots__ = (
        "_children",
        "_make",
        "_value",
        "first",
        "high",
        "kind",
        "last",
        "low",
        "name",
        "parent",
        "place",
        "status",
        "step",
        "time",
        "unit",
    )

    def __init__(
        self,
        name: str,
        value: str | Callable[[], str] = "",
        *,
        status: str = "",
        unit: str = "",
        low: str = "",
        high: str = "",
        time: str = "",
        kind: str = "",
        step: Part | None = None,
        make: Make | None = None,
    ) -> None:
        self.name, self.status, self.unit = name, status, unit
        self._value = value
        self.low, self.high, self.time, self.kind = low, high, time, kind
        self.step = step
        self.parent: Row | None = None
        self.place = 0
        self.first = self.last = -1
        self._make = make
        self._children: list[Row] | None = None

    @property
    def value(self) -> str:
        """The third column; what is costly to say is worked out when it is first seen."""
        if not isinstance(self._value, str):
            self._value = self._value()
        return self._value

    @property
    def has_children(self) -> bool:
        """There are rows below, made or not."""
        return self._make is not None

    @property
    def children(self) -> list[Row]:
        """The rows below, made when they are first looked at and kept."""
        if self._children is None:
            self._children = self.fresh()
            for place, child in enumerate(self._children):
                child.parent, child.place = self, place
        return self._children

    def fresh(self) -> list[Row]:
        """The rows below, made anew: for who goes through all of them once."""
        return self._make() if self._make else []


def rows(document: Document) -> Row:
    """The invisible top row of a report's tree."""
    return Row("", make=lambda: _top(document.head))


def find(top: Row, path: Path) -> Row | None:
    """The row of the step at this place; None where there is none."""
    row = next((one for one in top.children if one.step is not None), None)
    for place in path:
        if row is None:
            break
        row = _descend(row, place)
    return row


def _descend(row: Row, place: int) -> Row | None:
    """The step with this number, through the rows that stand for parts of a list."""
    found: Row | None = row
    while found is row or (found is not None and found.step is None):
        found = next((child for child in found.children if child.first <= place <= child.last), None)
    return found


# -------------------------------------------------------------------- the head
def _top(head: Part) -> list[Row]:
    unit = " · ".join(shown(head.get(key)) for key in ("sn", "pn") if head.get(key))
    found = [Row(tr("Report"), unit, status=status_of({"status": head.get("result")}),
                 make=lambda: _head(head))]  # fmt: skip
    if isinstance(head.get("root"), dict | bytes):
        found.append(_step(step_of(head["root"])))
    for key, title, name in (
        ("miscInfos", tr("Further information"), "description"),
        ("assets", tr("Assets"), "sn"),
        ("subUnits", tr("Sub-units"), "partType"),
        ("binaryData", tr("Files"), "name"),
        ("additionalData", tr("Additional data"), "name"),
    ):
        parts = rows_of(head, key)
        if parts:
            found.append(_listed(title, parts, name))
    return found


def _head(head: Part) -> list[Row]:
    found = []
    for key, value in head.items():
        if key in STRUCTURE or value in (None, "", [], {}):
            continue
        if key in {"uut", "uur"} and isinstance(value, dict):
            found += [_field(*one) for one in value.items() if one[1] not in (None, "", [], {})]
        else:
            found.append(_field(key, value))
    return sorted(found, key=lambda row: HEAD.get(row.kind, len(HEAD)))


def _field(key: str, value: Any) -> Row:
    if isinstance(value, dict | list) and value:
        return Row(field(key), value_in_words(value), kind=key, make=lambda: _values(value))
    return Row(field(key), value_in_words(value, key), kind=key)


def _listed(title: str, parts: Sequence[Part], name: str) -> Row:
    def one(part: Part, place: int) -> Row:
        said = shown(part.get(name)) or str(place + 1)
        if isinstance(part.get("root"), dict | bytes):
            return Row(
                said, value_in_words(part), make=lambda: [*_values(part), _step(step_of(part["root"]))]
            )
        return Row(said, value_in_words(part, name), make=lambda: _values(part))

    return Row(title, number(len(parts)), make=lambda: in_parts(parts, one))


def _values(value: Any) -> list[Row]:
    if isinstance(value, list):
        return in_parts(value, lambda one, place: _field(str(place + 1), one))
    pairs = [(key, one) for key, one in value.items() if key != "root" and one not in (None, "", [], {})]
    return in_parts(pairs, lambda pair, _place: _field(*pair))


# -------------------------------------------------------------------- steps
def _step(step: Part) -> Row:
    measured = _measurements(step)
    only = measured[0] if len(measured) == 1 else None
    has_more = len(measured) > 1 or bool(steps_of(step)) or any(key in step for key in _DETAILS)
    return Row(
        _step_name(step),
        only.value if only else "",
        status=status_of(step),
        unit=only.unit if only else "",
        low=only.low if only else "",
        high=only.high if only else "",
        time=shown(step.get("totTime")),
        kind=step_kind(step),
        step=step,
        make=(lambda: _below(step)) if has_more else None,
    )


def _step_name(step: Part) -> str:
    name, loop = shown(step.get("name")) or tr("(without a name)"), step.get("loop")
    index = loop.get("idx") if isinstance(loop, dict) else None
    return name if index is None else f"{name} [{index}]"


_DETAILS = {
    "errorMessage", "errorCode", "reportText", "callExe", "messagePopup", "propertyLoader", "seqCall",
    "causedUUTFailure", "chart", "attachment", "additionalResults",
}  # fmt: skip
_CHARTS, _FILES = "chart", "attachment"


def _below(step: Part) -> list[Row]:
    measured = _measurements(step)
    found = in_parts(measured, lambda row, _place: row) if len(measured) > 1 else []
    for key in sorted(_DETAILS & step.keys()):
        if step[key] not in (None, "", [], {}, False):
            found += _detail(step, key)
    below = steps_of(step)
    return found + in_parts(below, lambda one, _place: _step(step_of(one)), title=_steps_title(below))


def _detail(step: Part, key: str) -> list[Row]:
    if key == _CHARTS:
        return [_chart(step, chart) for chart in rows_of(step, key)]
    if key == _FILES:
        return [Row(tr("File {name}", name=shown(one.get("name"))), size_of(one), step=step)
                for one in rows_of(step, key)]  # fmt: skip
    row = _field(key, step[key])
    row.kind, row.step = "", step
    return [row]


def _chart(step: Part, chart: Part) -> Row:
    def series() -> list[Row]:
        return [Row(shown(one.get("name")), _points(one), step=step) for one in rows_of(chart, "series")]

    return Row(tr("Chart {name}", name=shown(chart.get("label"))), step=step, make=series)


def _points(series: Part) -> str:
    data = series.get("ydata")
    count = data.count(";") + 1 if isinstance(data, str) and data else 0
    return plural(count, "{count} point", "{count} points")


def _measurements(step: Part) -> list[Row]:
    found = []
    for key in ("numericMeas", "booleanMeas", "stringMeas"):
        for row in rows_of(step, key):
            low, high = limits(row)
            status = status_of(row)
            found.append(
                Row(
                    shown(row.get("name")) or shown(step.get("name")),
                    value_in_words(row.get("value")) if "value" in row else "",
                    status=status,
                    unit=shown(row.get("unit")),
                    low=low,
                    high=high,
                    step=step,
                )
            )
    return found


# -------------------------------------------------------------------- long lists
def in_parts(
    items: Sequence[Any],
    make: Callable[[Any, int], Row],
    *,
    title: Callable[[int, int], tuple[str, Callable[[], str]]] | None = None,
) -> list[Row]:
    """A row for each item; for many, rows that stand for `PART` of them each.

    Args:
        make: a row of an item and its number.
        title: name and value of the row that stands for a part, by its first and last number.
    """

    def rows_in(first: int, last: int) -> list[Row]:
        found = []
        for place in range(first, last + 1):
            row = make(items[place], place)
            if title is not None:
                row.first = row.last = place
            found.append(row)
        return found

    def part(first: int, last: int, length: int) -> Row:
        name, value = title(first, last) if title is not None else (_numbers(first, last), str)
        row = Row(name, value, make=lambda: cut(first, last, length // PART))
        row.first, row.last = (first, last) if title is not None else (-1, -1)
        return row

    def cut(first: int, last: int, length: int) -> list[Row]:
        if length <= 1:
            return rows_in(first, last)
        return [
            part(begin, min(begin + length, last + 1) - 1, length) for begin in range(first, last + 1, length)
        ]

    if len(items) <= PART:
        return rows_in(0, len(items) - 1)
    length = PART
    while length * PART < len(items):
        length *= PART
    return cut(0, len(items) - 1, length)


def _numbers(first: int, last: int) -> str:
    return tr("{first} to {last}", first=number(first + 1), last=number(last + 1))


def _steps_title(steps: Sequence[object]) -> Callable[[int, int], tuple[str, Callable[[], str]]]:
    def title(first: int, last: int) -> tuple[str, Callable[[], str]]:
        name = tr("Steps {first} to {last}", first=number(first + 1), last=number(last + 1))
        return name, lambda: _failed_of(steps[first : last + 1])

    return title


def _failed_of(steps: Sequence[object]) -> str:
    failed = sum(status_of(step) in FAILED for step in steps)
    return plural(failed, "{count} failed", "{count} failed") if failed else ""
