"""From a unit of a Listen SoundCheck file to a report."""

from __future__ import annotations

import re
from typing import Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Limits,
    Report,
    Result,
    Series,
    Source,
    Status,
    at_least,
    at_most,
    between,
)
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.header import Found, named_groups, resolve
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import status_of
from stationmaster.converters.listen_soundcheck_rows import Curve, Row, Unit

_TIME: Final = re.compile(r"(\S{1,20}) +(\d{1,2})([:.]\S{1,12}) *(?:([AaPp])\.?[Mm]\.?)?", re.ASCII)
_HEADER: Final = {"serial", "operator", "time", "lot"}
_READ: Final = {"name", "margin", "value", "unit", "result", "tolerance", "limits"}
_WRONG_DECIMAL: Final = "If the station writes another decimal mark, set the converter's option decimal."


class ListenOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Listen SoundCheck converter.

    Attributes:
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        date_order: order of day, month and year: "mdy", "dmy" or "ymd".
        serial_number_prefix: left out where serial numbers begin with it.
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the lot.
        no_verdict: what becomes of a unit that has curves and no result: "refuse" the file, or "P".
        accept_incomplete: take a last unit that has fewer rows than the one before it.
    """

    decimal: Decimal = "."
    date_order: DayOrder = "mdy"
    serial_number_prefix: str = ""
    part_number_pattern: str = ""
    no_verdict: Literal["refuse", "P"] = "refuse"
    accept_incomplete: bool = False


def build(unit: Unit, source: Source, options: ListenOptions) -> Report:
    """Build the report of a unit.

    Raises:
        ConversionError: a cell cannot be read; names line and column.
    """
    report = _header(unit, source, options)
    report.record = unit.record
    for column, text in unit.shared.items():
        if column not in _HEADER and text:
            report.misc(one_line(column, 100), one_line(text, 100))
    for part in unit.parts:
        if isinstance(part, Row):
            _add_result(report, part, options)
        else:
            _add_curve(report, part, options)
    return report


def _header(unit: Unit, source: Source, options: ListenOptions) -> Report:
    lot = unit.shared.get("lot", "")
    named = named_groups(options.part_number_pattern, lot, "part_number_pattern")
    header = resolve(
        Found(
            sn=unit.key[0].removeprefix(options.serial_number_prefix),
            pn=named.get("pn", ""),
            rev=named.get("rev", ""),
            program=lot,
            place=f"unit at line {unit.line}",
        ),
        source,
        options,
    )
    report = header.report(result=_result(unit, options), user=unit.shared.get("operator", ""))
    report.info(batchSN=one_line(lot, 100) or None)
    _set_start(report, unit, source, options)
    return report


def _result(unit: Unit, options: ListenOptions) -> Result | None:
    """None: the results decide. The file has no verdict of the whole unit."""
    if any(isinstance(part, Row) and part.text("result") for part in unit.parts):
        return None
    if options.no_verdict == "refuse":
        raise ConversionError(
            "the unit has no result",
            place=f"unit at line {unit.line}",
            next_step="Have SoundCheck write the results too, or set the converter's option no_verdict.",
        )
    return Result.PASSED


def _set_start(report: Report, unit: Unit, source: Source, options: ListenOptions) -> None:
    text = unit.key[1]
    if not text:
        return
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError(f"{text[:40]!r} is no date and time")
        hour = int(found[2])
        if found[4]:
            if not 1 <= hour <= 12:
                raise ValueError(f"{text[:40]!r} has hour {hour}")
            hour = hour % 12 + (12 if found[4] in "pP" else 0)
        clock = f"{hour}{found[3].replace('.', ':')}"
        moment = read_day_time(found[1], clock, source.station, order=options.date_order)
    except ValueError as error:
        raise ConversionError(
            str(error),
            place=f"line {unit.line} column time",
            next_step="If the station writes dates in another order, set the converter's option date_order.",
        ) from error
    report.data["start"] = moment.at.isoformat()
    report.timed = True
    if moment.warning:
        report.warn(moment.warning)


def _add_result(report: Report, row: Row, options: ListenOptions) -> None:
    name, unit = one_line(row.text("name"), 200), one_line(row.text("unit"), 50)
    status = _status(row)
    text = row.text("margin", "value")
    value = _number(text, row, options)
    limits = _limits(report, row, options)
    told = [f"{column}: {text}" for column, text in row.cells.items() if column not in _READ and text]
    if limits is None and row.text("tolerance", "limits"):
        told.insert(0, " / ".join(filter(None, (row.text("tolerance"), row.text("limits")))))
    if value is None:
        if status is None:
            compared = limits is not None or (bool(row.text("tolerance")) and not _is_max_min(row))
            status = Status.ERROR if compared and text else Status.SKIPPED
        step = report.root.passfail(name, status)
    else:
        if status is None and limits is not None:
            report.warn(f"{row.place('result')}: it is empty, the limits gave the status")
        step = report.root.numeric(name, value, unit=unit, limits=limits, status=status)
    if told:
        step.details(text=clip("\n".join(told), 5000))


def _status(row: Row) -> Status | None:
    word = row.text("result")
    if not word:
        return None
    try:
        return status_of(word)
    except ValueError as error:
        raise ConversionError(str(error), place=row.place("result")) from error


def _number(text: str, row: Row, options: ListenOptions) -> float | None:
    try:
        return parse_number(text, decimal=options.decimal)
    except ValueError as error:
        raise ConversionError(str(error), place=row.place("margin"), next_step=_WRONG_DECIMAL) from error


def _limits(report: Report, row: Row, options: ListenOptions) -> Limits | None:
    """The limits of a row whose tolerance is Max/Min: "high/low". Other kinds are words."""
    if not _is_max_min(row):
        return None
    high_text, _slash, low_text = row.text("limits").partition("/")
    try:
        high = parse_number(high_text, decimal=options.decimal)
        low = parse_number(low_text, decimal=options.decimal)
    except ValueError as error:
        raise ConversionError(str(error), place=row.place("limits"), next_step=_WRONG_DECIMAL) from error
    if low is None:
        return None if high is None else at_most(high)
    if high is None:
        return at_least(low)
    if low > high:
        report.warn(f"{row.place('limits')}: the minimum is above the maximum, both were kept")
    return between(low, high)


def _is_max_min(row: Row) -> bool:
    return row.text("tolerance").replace(" ", "").casefold() == "max/min"


def _add_curve(report: Report, curve: Curve, options: ListenOptions) -> None:
    x, y = curve.x or [], curve.y or []
    if len(x) != len(y):
        raise ConversionError(
            f"the curve {curve.name[:60]!r} has {len(x)} values of x and {len(y)} of y",
            place=f"line {curve.line}",
        )
    points = []
    for x_text, y_text in zip(x, y, strict=True):
        try:
            pair = (
                parse_number(x_text, decimal=options.decimal),
                parse_number(y_text, decimal=options.decimal),
            )
        except ValueError as error:
            raise ConversionError(
                str(error), place=f"curve at line {curve.line}", next_step=_WRONG_DECIMAL
            ) from error
        if pair[0] is not None and pair[1] is not None:
            points.append((pair[0], pair[1]))
    x_unit, y_unit, _z_unit = (one_line(unit, 50) for unit in curve.cells(9))
    name = one_line(curve.name, 200)
    report.root.chart_step(name).chart(
        name,
        [Series(one_line(name, 100), [x for x, _y in points], [y for _x, y in points])],
        x_label="Frequency" if x_unit == "Hz" else "X",
        x_unit=x_unit,
        y_label=one_line(name, 100),
        y_unit=y_unit,
        chart_type=_chart_type(curve),
    )


def _chart_type(curve: Curve) -> str:
    """The header tells how the axes are drawn, in its second group of three cells: "x axis log"."""
    x_axis, y_axis, _z_axis = (text.casefold() for text in curve.cells(5))
    letters = ("X" if x_axis.endswith(" log") else "") + ("Y" if y_axis.endswith(" log") else "")
    return f"LineLog{letters}" if letters else "Line"
