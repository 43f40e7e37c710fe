"""Tables of which one row has many measurements, with limits and verdicts in columns beside them.

Which numbers a column with a verdict is about, people tell by its name and place: `Flatness Pass/Fail(+-4)`
is about all `Flatness ...` before it, `Power & EVM Limit [>=23dBm] [<=-25dB]` about the last two numbers. The
last column of this kind, if it names nothing, is the verdict of the row.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Final

from stationmaster.api import CompOp, ConversionError, Limits, Sequence, Series, Status
from stationmaster.api.notes import Notes
from stationmaster.api.number import parse_number
from stationmaster.api.reading import add_line
from stationmaster.api.step import Step
from stationmaster.api.text import one_line
from stationmaster.converters.mapping.cell import BAD, Reader
from stationmaster.converters.mapping.guess import is_whole_verdict
from stationmaster.converters.mapping.limits import UnclearError, differ, limits_of, next_step_of, read_limits
from stationmaster.converters.mapping.numeral import Numeral, SeparatedError, grouped_by
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
        values: one number, or those of a vector; none where the cell has something else.
        text: the cell.
        place: where it stands.
        limit: column with the limits in one text; "" for none.
        limits: these, or the ones in the name of the column with the verdict.
        unit: from the name of the column, or the limits.
        verdict: column with the verdict; "" for none.
    """

    column: str
    values: list[float]
    text: str
    place: str
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


def add_wide(
    sequence: Sequence, row: Row, wide: Wide, read: Reader, notes: Notes, *, result: str = ""
) -> bool:
    """Add the measurements of a row to its sequence, and the verdict of the row.

    Args:
        sequence: where they belong.
        row: to add.
        wide: which columns are what.
        read: of this file.
        notes: for what may have been taken for something else.
        result: of the unit, as the file has it.

    Returns:
        False if all columns of verdicts are empty: then numbers without limits are recorded only.

    Raises:
        ConversionError: the row is cut; limits, a verdict, or a value that has one of these, cannot be read.
    """
    _is_whole(row, wide, notes)
    parts = split(row, wide, read)
    words = {name: read.status(row.cells[name], row, name) for name in parts.verdicts}
    whole = words.get(parts.whole)
    judged = bool(words) or not parts.measured or not _asks(wide, row)
    passed = _passed(whole, result)
    open_ones = [one for one in parts.measured if not one.verdict and one.limits is not None]
    for one in parts.measured:
        status = words.get(one.verdict)
        if status is Status.FAILED and _others_failed(one, parts):
            status = None
        elif status is None and whole is not None and one.limits is not None:
            # Of a row that passed all is well. Of one that failed, limits tell what did.
            status = whole if whole is Status.PASSED or len(open_ones) == 1 or not one.values else None
        if one.limits is None and (not judged or (status is None and not passed)):
            status = Status.DONE  # nobody judged it
        if one.values:
            _add(sequence, one, status)
        else:
            _add_unread(sequence, one, status, read.numeral, notes)
    worst = next((status for bad in BAD for status in words.values() if status is bad), whole)
    # Several rows may share a sequence, which then has the worst of their verdicts.
    if worst is not None and (worst in BAD or sequence.data.get("status") not in {one.value for one in BAD}):
        sequence.data["status"] = worst.value
    if parts.texts:
        sequence.details(text=one_line("; ".join(parts.texts), _MAX_TEXT))
    return judged


def _passed(whole: Status | None, result: str) -> bool:
    """Nothing says of the row, or of the unit, that it did not pass as a whole."""
    return whole in {None, Status.PASSED} and result in {"", Status.PASSED}


def _is_whole(row: Row, wide: Wide, notes: Notes) -> None:
    """A row that ends before its last columns may have lost a verdict, or what failed.

    Raises:
        ConversionError: it does so, and the mapping does not say that rows may.
    """
    missing = [name for name in row.cells if name in row.cut and not _is_left_out(wide, name)]
    if missing and not wide.optional:
        raise ConversionError(
            f"the line ends before {' and '.join(repr(name[:40]) for name in missing[:3])}",
            place=f"{row.place}, step.wide",
            next_step="The tester may have stopped while it wrote the file. Where such lines are whole, say "
            "wide.optional = true in the mapping.",
        )
    if missing:
        notes.add(f"a row ends before {missing[0][:40]!r}", row.place)


def _is_left_out(wide: Wide, name: str) -> bool:
    return bool(wide.skip) and re.search(wide.skip, name) is not None


def _asks(wide: Wide, row: Row) -> bool:
    """The row has columns of verdicts."""
    return bool(wide.verdict) and any(re.search(wide.verdict, name) for name in row.cells)


def _others_failed(one: Measured, parts: Parts) -> bool:
    """One verdict is about several numbers: is it by others than this one that they failed?"""
    about = [other for other in parts.measured if other.verdict == one.verdict]
    return len(about) > 1 and _in_limits(one) and not all(_in_limits(other) for other in about)


def _in_limits(one: Measured) -> bool:
    if not one.values:
        return False
    return one.limits is None or all(one.limits.passes(value) for value in one.values)


def split(row: Row, wide: Wide, read: Reader) -> Parts:
    """Tell the columns of a row apart.

    Raises:
        ConversionError: limits, or a number that has some, cannot be read.
    """
    parts, numeral = Parts(), read.numeral
    waiting: list[Measured] = []
    previous = ""
    names = [name for name in row.cells if wide.verdict and re.search(wide.verdict, name)]
    for name, written in row.cells.items():
        cell = read.said(written)
        if name in names:
            parts.verdicts += [name] if cell else []
            if name == names[-1] and not _stem(name) and not _limits_in(name, numeral):
                parts.whole = name if cell else ""
            else:
                _judge(waiting, name, previous, numeral, told=bool(cell))
            parts.measured += waiting
            waiting = []
        elif wide.limit and re.search(wide.limit, name):
            if waiting and waiting[-1].column == previous:
                waiting[-1].limit = name
                waiting[-1].limits = _limits(cell, numeral, waiting[-1], f"{row.place}, column {name!r}")
        elif name in wide.keys or _is_left_out(wide, name):
            continue
        else:
            previous = name
            waiting += [_measured(row, name, cell, numeral)] if cell else []
    _sort_out(parts, waiting, row, read)
    return parts


def _measured(row: Row, name: str, cell: str, numeral: Numeral) -> Measured:
    """A measurement with its unit and limits, as the column's name and lines of their own tell them.

    Raises:
        ConversionError: a limit is no number, or the value has other marks than the mapping says.
    """
    low, high, unit = (row.beside.get(key, {}).get(name, "") for key in BESIDE)
    named, place = _UNIT.search(name), f"{row.place}, column {name!r}"
    try:
        values = _numbers(cell, numeral)
    except SeparatedError as error:
        raise ConversionError(str(error), place=place, next_step=error.next_step) from error
    try:
        limits = limits_of(numeral.read(low), numeral.read(high))
    except ValueError as error:
        if values:
            raise ConversionError(str(error), place=f"the limits of column {name!r}") from error
        limits = None  # in a column of texts stands what names the line of limits
    return Measured(name, values, cell, place, limits=limits, unit=unit or (named[1] if named else ""))


def _sort_out(parts: Parts, rest: list[Measured], row: Row, read: Reader) -> None:
    """Tell texts from values that should be numbers: these have limits or a verdict."""
    found, parts.measured = [*parts.measured, *rest], []
    for one in found:
        if not one.values and not one.verdict and one.limits is None:
            parts.texts.append(f"{one.column}: {one.text}")
            continue
        if not one.values:
            _refuse_other_marks(one, row, read)
        parts.measured.append(one)


def _refuse_other_marks(one: Measured, row: Row, read: Reader) -> None:
    """A number with other marks than the mapping says is no word."""
    for word in _words(one.text):
        try:
            number = parse_number(word, decimal="auto")
        except ValueError:
            number = None
        if number is not None or grouped_by(word) is not None:
            read.parsed(word, row, f"column {one.column!r}")


def _numbers(cell: str, numeral: Numeral) -> list[float]:
    """The number in a cell, or those of a vector such as `[1.5 2 3 ]`; none where it is a text."""
    try:
        found = [numeral.read(word) for word in _words(cell)]
    except SeparatedError:
        raise
    except ValueError:
        return []
    if all(value is None for value in found):
        return []
    return [math.nan if value is None else value for value in found]


def _words(cell: str) -> list[str]:
    return cell[1:-1].split() if cell.startswith("[") and cell.endswith("]") else [cell]


def _judge(waiting: list[Measured], name: str, previous: str, numeral: Numeral, *, told: bool) -> None:
    """Say which of the numbers before it a verdict is about, and give them the limits in its name.

    Where the file tells no verdict, the limits remain. What is no number counts where the names say so, or
    where it stands beside limits.
    """
    given = _limits_in(name, numeral)
    stem = _stem(name)
    words = set(stem.split())
    numbers = [one for one in waiting if one.values]
    alike = [one for one in waiting if one.values or words & set(one.column.casefold().split())]
    if len(given) > 1 and len(alike) >= len(given):
        about = alike[-len(given) :]
    elif not (about := [one for one in waiting if one.limit and not one.verdict]):
        about = [one for one in waiting if stem and one.column.strip().casefold().startswith(stem)]
        if not about and (stem or given):
            last = waiting[-1:] if given else numbers[-1:]
            about = [one for one in last if one.column == previous]
        elif not about:
            about = numbers
    for index, one in enumerate(about):
        one.verdict = name if told else ""
        if given and one.limits is None:
            one.limits, unit = given[min(index, len(given) - 1)]
            if differ(one.unit, unit):
                raise ConversionError(
                    f"the unit {one.unit!r} differs from that of its limits in {name[:60]!r}", place=one.place
                )
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
        except UnclearError as error:
            raise ConversionError(
                str(error), place=f"column {name[:100]!r}", next_step=next_step_of(error)
            ) from error
        except ValueError:
            continue  # other words in brackets
        if limits is not None:
            unit = _LIMIT_UNIT.search(text)
            found.append((limits, unit[1] if unit else ""))
    return found


def _limits(text: str, numeral: Numeral, one: Measured, place: str) -> Limits | None:
    try:
        return read_limits(text, "", numeral, unit=one.unit)
    except ValueError as error:
        raise ConversionError(str(error), place=place) from error


def _add(sequence: Sequence, one: Measured, status: Status | None) -> None:
    if len(one.values) == 1:
        value = one.values[0]
        sequence.numeric(one.column, value, unit=one.unit, limits=one.limits, status=status)
    elif len(one.values) > _MAX_VECTOR:
        step = sequence.chart_step(one.column, status or Status.DONE)
        points = [(place, value) for place, value in enumerate(one.values, 1) if not math.isnan(value)]
        places, values = [place for place, _ in points], [value for _, value in points]
        step.chart(one.column[:100], [Series(one.column[:100], places, values)], y_unit=one.unit)
    else:
        several = sequence.multi_numeric(one.column, status=status)
        for place, value in enumerate(one.values, 1):
            several.add(str(place), value, unit=one.unit, limits=one.limits)


def _add_unread(
    sequence: Sequence, one: Measured, status: Status | None, numeral: Numeral, notes: Notes
) -> None:
    """A value that is no number, but has limits or a verdict: nothing of it gets lost.

    Raises:
        ConversionError: it is a word, and nothing tells its verdict.
    """
    try:
        numeral.read(one.text)  # 9.99E+37 and the like: measured, but out of range or without a result
    except ValueError:
        if status is None:
            raise ConversionError(
                f"{one.text[:40]!r} has limits and no verdict, and is no number",
                place=one.place,
                next_step="Does it stand for no value? Then name it in `missing`.",
            ) from None
        step: Step = sequence.string(one.column, one.text, comp=CompOp.LOG, status=status)
        notes.add("a value with limits or a verdict is no number: it is a text with its verdict", one.place)
    else:
        step = sequence.passfail(one.column, status or Status.ERROR)
        add_line(step, f"no value: {one.text}")
    if one.limits is not None:
        bounds = [f"{bound:.15g}" for bound in (one.limits.low, one.limits.high) if bound is not None]
        add_line(step, " ".join([f"limits {one.limits.comp.value}", *bounds]))
