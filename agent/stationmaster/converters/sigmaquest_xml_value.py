"""Values in a SigmaQuest test run: numbers with limits, texts, truths, and paths of attachments."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stationmaster.api import (
    ConversionError,
    Limits,
    Sequence,
    Status,
    Step,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.number import parse_number
from stationmaster.api.reading import add_reading, unread_status
from stationmaster.api.text import clip, one_line
from stationmaster.api.xml import Element, children, inner_text, local_name, place

_NUMBERS: Final = {"ValueDouble", "ValueInteger"}
_NOTHING: Final = {"", "null", "none", "n/a"}
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_MAX_TEXT: Final = 5000

FAILED: Final = frozenset({Status.FAILED, Status.ERROR, Status.TERMINATED})
"""Grades of test runs whose values may be the reason."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a result.

    Attributes:
        kind: name of its element.
        text: as the file has it.
        number: of a number; None where there is none.
        note: what a person should know about it.
    """

    kind: str
    name: str
    text: str
    number: float | None
    limits: Limits | None
    unit: str
    place: str
    note: str = ""

    @property
    def is_outside(self) -> bool:
        """Does a number lie outside its limits?"""
        return self.number is not None and self.limits is not None and not self.limits.passes(self.number)


def values_of(result: Element) -> Iterator[Value]:
    """The values of a `Result`.

    Raises:
        ConversionError: a number cannot be read; names the line.
    """
    for holder in children(result, "Property"):
        for element in children(holder):
            kind = local_name(element)
            if not kind.startswith("Value"):
                continue
            numeric = kind in _NUMBERS
            limits, note = _limits(element) if numeric else (None, "")
            yield Value(
                kind=kind,
                name=str(element.get("name") or "").strip() or "-",
                text=_told(element),
                number=_number(inner_text(element), element) if numeric else None,
                limits=limits,
                unit=one_line(str(element.get("uom") or ""), 50),
                place=place(element),
                note=note,
            )


def add_value(sequence: Sequence, value: Value, grade: Status | None) -> Step:
    """Add the step of a value. The file grades test runs only: a value fails where its run did, too.

    Args:
        sequence: where it belongs.
        value: to add.
        grade: of the test run; None where it has none.
    """
    name, failed = one_line(value.name, 500), grade in FAILED
    if value.kind in _NUMBERS:
        status = Status.PASSED
        if value.number is None:
            nothing = grade is Status.PASSED and value.text.casefold() in _NOTHING
            status = unread_status("" if nothing else value.text or "null", value.limits)
        elif failed and value.is_outside:
            status = Status.FAILED
        return add_reading(sequence, name, value.number, status=status, unit=value.unit, limits=value.limits)
    if value.kind == "ValueBoolean":
        truth = _TRUTHS.get(value.text.casefold())
        if truth is None:
            raise ConversionError(f"{value.text[:40]!r} is neither true nor false", place=value.place)
        step = sequence.passfail(name, Status.of(truth or not failed))
        return step.details(text=f"Value: {value.text}")
    if value.kind == "ValueString":
        return sequence.string(name, clip(value.text, _MAX_TEXT))
    return sequence.action(name).details(text=clip(value.text, _MAX_TEXT) or None)


def notes_of(run: Element) -> str:
    """Properties of the run itself, a line each; of attachments the file has the path alone."""
    lines = [
        f"{one_line(str(element.get('name') or ''), 200)}: {_told(element)}"
        for holder in children(run, "Property")
        for element in children(holder)
        if local_name(element).startswith("Value")
    ]
    return clip("\n".join(lines), _MAX_TEXT)


def _told(element: Element) -> str:
    """What an element says: its text, its path, or the texts in it."""
    parts = [str(element.get("fqn") or ""), *(part.strip() for part in map(str, element.itertext()))]
    return " ".join(filter(None, parts))


def _number(text: str, element: Element) -> float | None:
    if text.strip().casefold() in _NOTHING:
        return None
    try:
        return parse_number(text)
    except ValueError as error:
        raise ConversionError(str(error), place=place(element)) from error


def _bound(element: Element, key: str) -> float | None:
    bound = _number(str(element.get(key) or ""), element)
    return None if bound is None or not math.isfinite(bound) else bound


def _limits(element: Element) -> tuple[Limits, str]:
    """The limits of a number, and what a person should know about them.

    Both 0 means none. A 0 that stands on the wrong side of the other limit means that there is none on its
    side; any other 0 is a limit.
    """
    low, high = _bound(element, "lsl"), _bound(element, "usl")
    if low == 0 and high == 0:
        return log_only(), ""
    if low is not None and high is not None and low > high:
        if high == 0:
            return at_least(low), ""
        if low == 0:
            return at_most(high), ""
        return between(low, high), "lsl is above usl, both were kept"
    if low is None:
        return (log_only() if high is None else at_most(high)), ""
    return (at_least(low) if high is None else between(low, high)), ""
