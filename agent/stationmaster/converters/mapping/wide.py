"""Tables of which one row has many measurements, with limits and verdicts in columns beside them.

Which numbers a column with a verdict is about, people tell by its name and place: `Flatness Pass/Fail(+-4)`
is about all `Flatness ...` before it, `Power & EVM Limit [>=23dBm] [<=-25dB]` about the last two numbers. The
last column of this kind, if it names nothing, is the verdict of the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import ConversionError, Limits, Sequence, Series, Status
from stationmaster.api.text import one_line
from stationmaster.converters.mapping.cell import BAD, Reader
from stationmaster.converters.mapping.guess import is_whole_verdict
from stationmaster.converters.mapping.limits import limits_of, read_limits
from stationmaster.converters.mapping.numeral import Numeral
from stationmaster.converters.mapping.pick import Row
from stationmaster.converters.mapping.schema import BESIDE, Wide

_BRACKETS: Final = re.compile(r"\(([^()\[\]]{1,60})\)|\[([^()\[\]]{1,60})\]")
_NO_STEM: Final = re.compile(r"pass\s*/?\s*fail|\b(?:limits?|verdict|result|status|ok)\b", re.IGNORECASE)
_UNIT: Final = re.compile(r"\[\s*([^\[\]()<>=\d\s]{1,12})\s*\]\s*$")
_LIMIT_UNIT: Final = re.compile(r"[<>=\u2264\u2265]\s*[-+.\d]+\s*([A-Za-z%\u00b0]{1,8})$")
_MAX_VECTOR: Final = 100
_MAX_TEXT: Final = 5000


@dataclass(slots=True)
class Measured:
    """One measurement of a row.

    Attributes:
        column: has the value, and names the measurement.
        values: one number, or those of a vector.
        limit: column with the limits in one text; "" for none.
        limits: these, or the ones in the name of the column with the verdict.
        unit: from the name of the column, or the limits.
        verdict: column with the verdict; "" for none.
    """

    column: str
    values: list[float]
    limit: str = ""
    limits: Limits | None = None
    unit: str = ""
    verdict: str = ""


@dataclass(slots=True)
class Parts:
    """What stands in a row.

    Attributes:
        measured: its measurements, in order.
        verdicts: columns that have a verdict.
        whole: the column with the verdict of the row; "" for none.
        texts: other cells, with the names of their columns.
    """

    measured: list[Measured] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    whole: str = ""
    texts: list[str] = field(default_factory=list)


def add_wide(sequence: Sequence, row: Row, wide: Wide, read: Reader) -> bool:
    """Add the measurements of a row to its sequence, and the verdict of the row.

    Returns:
        False if all columns of verdicts are empty: then numbers without limits are recorded only.

    Raises:
        ConversionError: limits or a verdict cannot be read.
    """
    parts = split(row, wide, read.numeral)
    words = {name: read.status(row.cells[name], row, name) for name in parts.verdicts}
    whole = words.get(parts.whole)
    judged = bool(words) or not parts.measured or not _asks(wide, row)
    open_ones = [one for one in parts.measured if not one.verdict and one.limits is not None]
    for one in parts.measured:
        status = words.get(one.verdict)
        if status is Status.FAILED and _others_failed(one, parts):
            status = None
        elif status is None and whole is not None and one.limits is not None:
            # Of a row that passed all is well. Of one that failed, limits tell what did.
            status = whole if whole is Status.PASSED or len(open_ones) == 1 else None
        if not judged and one.limits is None:
            status = Status.DONE
        _add(sequence, one, status)
    worst = next((status for bad in BAD for status in words.values() if status is bad), whole)
    # Several rows may share a sequence, which then has the worst of their verdicts.
    if worst is not None and (worst in BAD or sequence.data.get("status") not in {one.value for one in BAD}):
        sequence.data["status"] = worst.value
    if parts.texts:
        sequence.details(text=one_line("; ".join(parts.texts), _MAX_TEXT))
    return judged


def _asks(wide: Wide, row: Row) -> bool:
    """The row has columns of verdicts."""
    return bool(wide.verdict) and any(re.search(wide.verdict, name) for name in row.cells)


def _others_failed(one: Measured, parts: Parts) -> bool:
    """One verdict is about several numbers: is it by others than this one that they failed?"""
    about = [other for other in parts.measured if other.verdict == one.verdict]
    return len(about) > 1 and _in_limits(one) and not all(_in_limits(other) for other in about)


def _in_limits(one: Measured) -> bool:
    return one.limits is None or all(one.limits.passes(value) for value in one.values)


def split(row: Row, wide: Wide, numeral: Numeral) -> Parts:
    """Tell the columns of a row apart.

    Raises:
        ConversionError: limits cannot be read.
    """
    parts = Parts()
    waiting: list[Measured] = []
    previous = ""
    names = [name for name in row.cells if wide.verdict and re.search(wide.verdict, name)]
    for name, cell in row.cells.items():
        if name in names:
            parts.verdicts += [name] if cell else []
            if name == names[-1] and not _stem(name) and not _limits_in(name, numeral):
                parts.whole = name if cell else ""
            elif cell:
                _judge(waiting, name, previous, numeral)
            parts.measured += waiting
            waiting = []
        elif wide.limit and re.search(wide.limit, name):
            if waiting and waiting[-1].column == previous:
                waiting[-1].limit = name
                waiting[-1].limits = _limits(cell, numeral, f"{row.place}, column {name!r}")
        elif name in wide.keys or (wide.skip and re.search(wide.skip, name)):
            continue
        else:
            previous = name
            values = numbers(cell, numeral)
            if values:
                waiting.append(_measured(row, name, values, numeral))
            elif cell:
                parts.texts.append(f"{name}: {cell}")
    parts.measured += waiting
    return parts


def _measured(row: Row, name: str, values: list[float], numeral: Numeral) -> Measured:
    """A measurement with its unit and limits, as the column's name and lines of their own tell them.

    Raises:
        ConversionError: a limit is no number.
    """
    low, high, unit = (row.beside.get(key, {}).get(name, "") for key in BESIDE)
    named = _UNIT.search(name)
    try:
        limits = limits_of(numeral.read(low), numeral.read(high))
    except ValueError as error:
        raise ConversionError(str(error), place=f"the limits of column {name!r}") from error
    return Measured(name, values, limits=limits, unit=unit or (named[1] if named else ""))


def numbers(cell: str, numeral: Numeral) -> list[float]:
    """The number in a cell, or those of a vector such as `[1.5 2 3 ]`; none where it is a text."""
    text = cell.strip()
    words = text[1:-1].split() if text.startswith("[") and text.endswith("]") else [text]
    try:
        found = [numeral.read(word) for word in words]
    except ValueError:
        return []
    return [value for value in found if value is not None]


def _judge(waiting: list[Measured], name: str, previous: str, numeral: Numeral) -> None:
    """Say which of the numbers before it a verdict is about, and give them the limits in its name."""
    given = _limits_in(name, numeral)
    stem = _stem(name)
    if len(given) > 1 and len(waiting) >= len(given):
        about = waiting[-len(given) :]
    elif not (about := [one for one in waiting if one.limit and not one.verdict]):
        about = [one for one in waiting if stem and one.column.strip().casefold().startswith(stem)]
        if not about and (stem or given):
            about = [one for one in waiting[-1:] if one.column == previous]
        elif not about:
            about = waiting
    for index, one in enumerate(about):
        one.verdict = name
        if given and one.limits is None:
            one.limits, unit = given[min(index, len(given) - 1)]
            one.unit = one.unit or unit


def _stem(name: str) -> str:
    """What a column is about, by its name: `Error Limit Reg1 [<1]` is about `error reg1`, `Overall` all."""
    if is_whole_verdict(name):
        return ""
    return " ".join(_NO_STEM.sub(" ", _BRACKETS.sub(" ", name)).split()).casefold()


def _limits_in(name: str, numeral: Numeral) -> list[tuple[Limits, str]]:
    """Limits in the name of a column, with their unit."""
    found = []
    for round_one, square_one in _BRACKETS.findall(name):
        text = round_one or square_one
        try:
            limits = read_limits(text, "", numeral)
        except ValueError:
            continue
        if limits is not None:
            unit = _LIMIT_UNIT.search(text)
            found.append((limits, unit[1] if unit else ""))
    return found


def _limits(text: str, numeral: Numeral, place: str) -> Limits | None:
    try:
        return read_limits(text, "", numeral)
    except ValueError as error:
        raise ConversionError(str(error), place=place) from error


def _add(sequence: Sequence, one: Measured, status: Status | None) -> None:
    if len(one.values) == 1:
        value = one.values[0]
        sequence.numeric(one.column, value, unit=one.unit, limits=one.limits, status=status)
    elif len(one.values) > _MAX_VECTOR:
        step = sequence.chart_step(one.column, status or Status.DONE)
        places = list(range(1, len(one.values) + 1))
        step.chart(one.column[:100], [Series(one.column[:100], places, one.values)], y_unit=one.unit)
    else:
        several = sequence.multi_numeric(one.column, status=status)
        for place, value in enumerate(one.values, 1):
            several.add(str(place), value, unit=one.unit, limits=one.limits)
