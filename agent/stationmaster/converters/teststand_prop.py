"""TestStand's `Prop` elements: values with names and types, containers, arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stationmaster.api import ConversionError
from stationmaster.api.additional import Property, Value
from stationmaster.api.number import parse_number
from stationmaster.api.xml import Element, child_text, children, inner_text, place

_BASED: Final = re.compile(r"0(?:x[0-9a-f]{1,16}|b[01]{1,64})", re.IGNORECASE)
"""Numbers that TestStand shows in hexadecimal or binary."""

_ONE: Final = re.compile(r"\[[0-9]{1,9}\]")


def prop(element: Element | None, *path: str) -> Element | None:
    """The property at the end of a path of names; None where it breaks off."""
    found = element
    for name in path:
        if found is None:
            return None
        found = next((one for one in children(found, "Prop") if one.get("Name") == name), None)
    return found


def text(element: Element | None, *path: str) -> str:
    """The text of a property, "" where there is none."""
    found = prop(element, *path)
    return "" if found is None else child_text(found, "Value")


def number(element: Element | None, *path: str) -> float | None:
    """The number of a property; None where there is none.

    Raises:
        ConversionError: it is something else.
    """
    found = prop(element, *path)
    if found is None:
        return None
    written = child_text(found, "Value").strip()
    if written.upper() in {"IND", "-IND"}:
        return float("nan")
    if _BASED.fullmatch(written):
        return int(written, 0)
    try:
        return parse_number(written, decimal="auto")  # by the decimal point of the PC, if it is told to
    except ValueError as error:
        raise ConversionError(f"{path[-1] if path else 'Value'}: {error}", place=place(found)) from error


def whole(element: Element | None, *path: str) -> int | None:
    """The same as a whole number; None also for what is beyond one."""
    value = number(element, *path)
    return int(value) if value is not None and abs(value) < 2**31 else None


def flag(element: Element | None, *path: str) -> bool | None:
    """A truth value; None where there is none."""
    written = text(element, *path).strip().lower()
    return None if not written else written == "true"


def members(array: Element | None) -> Iterator[Element]:
    """The containers in an array."""
    for value in children(array, "Value") if array is not None else ():
        yield from children(value, "Prop")


def value_of(element: Element) -> Value | None:
    """A property as a plain value; None for what has none, a reference for instance."""
    kind = str(element.get("Type") or "")
    if kind == "Array":
        return _array(element)
    inner = {
        str(one.get("Name") or "-"): value
        for one in children(element, "Prop")
        if (value := value_of(one)) is not None
    }
    if inner or kind in {"Obj", "TEResult"}:
        return inner
    written = child_text(element, "Value")
    if kind == "Boolean":
        return written.strip().lower() == "true"
    if kind == "Number":
        return Property(written.strip(), "Number")
    return None if kind == "Reference" else written


def _array(element: Element) -> Value:
    kind = str(element.get("ElementType") or "")
    cells: dict[str, Value] = {}
    for cell in children(element, "Value"):
        held = next(children(cell, "Prop"), None)
        value = value_of(held) if held is not None else None
        if held is None:
            written = inner_text(cell)
            value = Property(written.strip(), "Number") if kind == "Number" else written
        cells[str(cell.get("ID") or f"[{len(cells)}]")] = "" if value is None else value
    flat = all(_ONE.fullmatch(at) for at in cells) and not any(
        isinstance(one, list) for one in cells.values()
    )
    return list(cells.values()) if flat else cells
