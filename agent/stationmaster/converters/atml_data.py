"""Values of ATML: Datum, Collection and IndexedArray; verdicts, times, attributes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from stationmaster.api import ConversionError, Series, Station, Status
from stationmaster.api.additional import Property, Value
from stationmaster.api.local_time import read_time
from stationmaster.api.number import parse_number
from stationmaster.api.xml import Element, child_text, children, local_name, place

_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DATA: Final = ("Datum", "Collection", "IndexedArray")
_OUTCOMES: Final = {
    "passed": Status.PASSED,
    "failed": Status.FAILED,
    "done": Status.DONE,
    "notstarted": Status.SKIPPED,
    "inconclusive": Status.ERROR,
    "aborted": Status.TERMINATED,
    "userdefined": Status.DONE,
}
_QUALIFIERS: Final = {
    "skipped": Status.SKIPPED,
    "error": Status.ERROR,
    "terminated": Status.TERMINATED,
    "passed": Status.PASSED,
    "failed": Status.FAILED,
    "done": Status.DONE,
}
_BASES: Final = {"hexadecimal": 16, "octal": 8, "binary": 2}
_POSITION: Final = re.compile(r"[0-9]{1,9}")


def first(element: Element, *names: str) -> Element | None:
    """The first child of one of these names."""
    return next(children(element, *names), None)


def below(element: Element, *names: str) -> Element | None:
    """The element at the end of a path of children; None where it breaks off."""
    found: Element | None = element
    for name in names:
        found = first(found, name) if found is not None else None
    return found


def attribute(element: Element | None, name: str) -> str:
    """An attribute without blanks around; "" where there is none."""
    return "" if element is None else str(element.get(name) or "").strip()


def flag(element: Element | None) -> bool:
    """Does the element's `value` say true?"""
    return attribute(element, "value").lower() in {"true", "1"}


def number_of(element: Element, text: str) -> float | None:
    """A number, also one of another base; None for the ways testers write none.

    Raises:
        ConversionError: it is something else.
    """
    base = _BASES.get(kind_of(element))
    try:
        return int(text, base) if base and 0 < len(text.strip()) < 70 else parse_number(text)
    except ValueError as error:
        raise ConversionError(str(error), place=place(element)) from error


def optional_number(element: Element | None) -> float | None:
    """The `value` of an element as a number; None where there is none."""
    return None if element is None else number_of(element, attribute(element, "value"))


def whole(element: Element | None) -> int | None:
    """The `value` of an element as a whole number; None where there is none."""
    value = optional_number(element)
    return int(value) if value is not None and abs(value) < 2**31 else None


def kind_of(datum: Element) -> str:
    """Double, string, boolean ... without prefix, in small letters."""
    return str(datum.get(_TYPE) or "").rpartition(":")[2].removeprefix("TS_").lower()


def unit_of(datum: Element) -> str:
    """Unit of a Datum, as it stands there."""
    return next(
        (unit for key in ("nonStandardUnit", "standardUnit", "unit") if (unit := attribute(datum, key))), ""
    )


def datum_text(datum: Element) -> str:
    """The text of a Datum: its attribute, else its child Value."""
    given = datum.get("value")
    return str(given) if given is not None else child_text(datum, "Value")


def value_of(holder: Element) -> Value | None:
    """The value inside an element such as TestData or Item; None where there is none."""
    element = first(holder, *_DATA)
    if element is None:
        return None
    if local_name(element) == "Collection":
        return items_of(element)
    if local_name(element) == "IndexedArray":
        return array_of(element)
    text, kind = datum_text(element), kind_of(element)
    if kind == "boolean":
        return text.strip().lower() in {"true", "1"}
    if kind in {"string", ""}:
        return text
    return Property(text.strip(), "Number")


def items_of(collection: Element) -> dict[str, Value]:
    """The items of a Collection by name; equal names become "name #2"."""
    found: dict[str, Value] = {}
    for item in children(collection, "Item"):
        name = unique = attribute(item, "name") or "-"
        count = 1
        while unique in found:
            count += 1
            unique = f"{name} #{count}"
        value = value_of(item)
        found[unique] = "" if value is None else value
    return found


def array_of(array: Element) -> Value:
    """An array as a list, lists in it for further dimensions; one with gaps as a mapping by position."""
    cells = _cells(array)
    size = [int(one) for one in _POSITION.findall(attribute(array, "dimensions"))]
    if len(size) not in {1, 2} or math.prod(size) != len(cells) or not cells:
        return {f"[{','.join(map(str, at))}]": value for at, value in cells.items()}
    width = size[1] if len(size) == 2 else 0
    try:
        if not width:
            return [cells[(at,)] for at in range(size[0])]
        return [[cells[(row, column)] for column in range(width)] for row in range(size[0])]
    except KeyError:
        return {f"[{','.join(map(str, at))}]": value for at, value in cells.items()}


def _cells(array: Element) -> dict[tuple[int, ...], Value]:
    is_text = "string" in kind_of(array)
    cells: dict[tuple[int, ...], Value] = {}
    for element in children(array, "Element"):
        at = tuple(int(one) for one in _POSITION.findall(attribute(element, "position")))
        cells[at] = datum_text(element) if is_text else Property(datum_text(element).strip(), "Number")
    return cells


def curve_of(array: Element, name: str) -> Series | None:
    """An array of numbers as a curve: one row of y, or pairs of x and y; None where it is neither."""
    value = array_of(array)
    if not isinstance(value, list) or "string" in kind_of(array):
        return None
    rows: list[list[float]] = []
    for row in value:
        cells: list[Any] = row if isinstance(row, list) else [row]
        numbers = [number_of(array, str(cell.value)) for cell in cells if isinstance(cell, Property)]
        if None in numbers:
            return None
        rows.append([number for number in numbers if number is not None])
    if all(len(row) == 1 for row in rows):
        return Series(name, range(len(rows)), [row[0] for row in rows])
    if all(len(row) == 2 for row in rows):
        return Series(name, [row[0] for row in rows], [row[1] for row in rows])
    return Series(name, rows[0], rows[1]) if len(rows) == 2 else None


def outcome_of(element: Element, *, caused: bool) -> tuple[Status | None, str]:
    """The verdict of a step, and the word that has no letter; None where there is no verdict.

    Raises:
        ConversionError: an outcome that IEEE 1636.1 does not know.
    """
    outcome = first(element, "Outcome", "ActionOutcome")
    if outcome is None:
        return None, ""
    word, qualifier = attribute(outcome, "value").lower(), attribute(outcome, "qualifier")
    status = _OUTCOMES.get(word)
    if status is None:
        raise ConversionError(f"{word[:40]!r} is no outcome", place=place(outcome))
    if word not in {"aborted", "userdefined"} or not qualifier:
        return status, ""
    known = _QUALIFIERS.get(qualifier.lower())
    if known is not None:
        return known, ""
    return (Status.FAILED if caused else Status.DONE), qualifier


def time_of(element: Element, name: str, station: Station) -> datetime | None:
    """A time of a step; None where there is none that can be read."""
    text = attribute(element, name)
    try:
        return read_time(text, station).at if text else None
    except ValueError:
        return None


def events_of(element: Element) -> Iterator[tuple[str, str]]:
    """Id and text of each event, errors of steps among them."""
    events = first(element, "Events")
    for event in children(events, "Event") if events is not None else ():
        data = first(event, "Data")
        datum = first(data, "Datum") if data is not None else None
        text = datum_text(datum) if datum is not None else child_text(event, "Message")
        yield attribute(event, "ID"), text.strip()
