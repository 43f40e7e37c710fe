"""Text tables of in-circuit testers that begin with a traceability number: a head, a row a test, END."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Limits,
    Report,
    Result,
    Resume,
    Source,
    Status,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.day_time import read_day_time
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import Moment
from stationmaster.api.number import Decimal, parse_number
from stationmaster.api.reading import add_line, add_reading, unit_name, unread_status
from stationmaster.api.text import decode_text, one_line

_BOM: Final = b"\xef\xbb\xbf"
_FIRST: Final = re.compile(rb"Traceability Number[ \t]*=")
_SECOND: Final = re.compile(rb"DateTime[ \t]*=")
_HEAD: Final = re.compile(r"(Traceability Number|DateTime|Overall_Status)\s*=(.*)")
_FOOT: Final = re.compile(r"Overall Status\s*\(Pass=0,\s*Fail=1\)\s*=(.*)")
_TIME: Final = re.compile(r"(\d{4})(\d{2})(\d{2})\s+(\d{2}:\d{2}:\d{2})")
_COLUMNS: Final = ("TestStep", "MeasResult", "HiLimit", "LoLimit", "UOM")
_RESULTS: Final = {"0": Result.PASSED, "1": Result.FAILED}
_MAX_BYTES: Final = 64 * 1024 * 1024


class IctTextOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the ICT text converter.

    Attributes:
        part_number_pattern: regular expression with groups `pn` and `rev` for the serial number.
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        keep_units: leave units as the file writes them, "KOhm" for instance, instead of "kOhm".
    """

    part_number_pattern: str = ""
    decimal: Decimal = "."
    keep_units: bool = False


@dataclass(slots=True)
class _Unit:
    """One unit: its lines from the traceability number to END.

    Attributes:
        head: values of the head by key.
        foot: the verdict in the last line but one.
        rows: number and cells of each row, with the section line before it.
        start: index of the first line; `end` behind the last.
    """

    start: int
    head: dict[str, str] = field(default_factory=dict)
    foot: str = ""
    rows: list[tuple[int, list[str], str]] = field(default_factory=list)
    table: bool = False
    end: int = 0

    @property
    def place(self) -> str:
        """Where it begins, for error texts."""
        return f"line {self.start + 1}"


class IctTextConverter:
    """Reads text tables of in-circuit testers; several units give several reports."""

    name: ClassVar[str] = "ict-text"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = IctTextOptions

    def detect(self, glimpse: Glimpse) -> int:
        """75 if the first two lines are the traceability number and the time."""
        lines = [line for line in glimpse.head.removeprefix(_BOM)[:4000].splitlines() if line.strip()]
        return 75 if len(lines) > 1 and _FIRST.match(lines[0]) and _SECOND.match(lines[1]) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the last line with something on it is END."""
        lines = glimpse.tail.split()
        return bool(lines) and lines[-1] == b"END"

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit, which is the whole file as a rule. `resume` is not used."""
        del resume
        own = IctTextOptions.of(options)
        if source.size > _MAX_BYTES:
            raise ConversionError(f"{source.name} is larger than the bound, {_MAX_BYTES} bytes")
        data = source.read_bytes().removeprefix(_BOM)
        text = decode_text(data, name=source.name).replace("\r\n", "\n").replace("\r", "\n")
        raw = data.splitlines(keepends=True)
        empty = True
        for unit in _units(text.split("\n")):
            empty = False
            report = _report(unit, source, own)
            report.record = b"".join(raw[unit.start : unit.end]).rstrip()
            if own.attach_source:
                report.attach(source.name, report.record, content_type="text/plain")
            yield report
        if empty:
            raise ConversionError(f"{source.name} holds no test")


def _units(lines: list[str]) -> Iterator[_Unit]:
    unit: _Unit | None = None
    section = ""
    for at, line in enumerate(lines):
        clean = line.strip()
        place = f"line {at + 1}"
        if not clean:
            continue
        if unit is None:
            if not clean.startswith("Traceability Number"):
                raise ConversionError(
                    f"a traceability number should stand here, not {clean[:20]!r}", place=place
                )
            unit, section = _Unit(at), ""
        if clean == "END":
            unit.end = at + 1
            yield unit
            unit = None
        elif unit.table:
            section = _row(unit, line, clean, at, section)
        else:
            _head(unit, line, clean, place)
    if unit is not None:
        raise ConversionError(
            f"the file ends inside the test that begins at line {unit.start + 1}: it has no END",
            place=f"line {len(lines)}",
            next_step="Nothing of the file was taken. If the tester will never finish it, have the unit "
            "tested again.",
        )


def _head(unit: _Unit, line: str, clean: str, place: str) -> None:
    found = _HEAD.fullmatch(clean)
    if found:
        if found[1] in unit.head:
            raise ConversionError(f"{found[1]} stands there twice: the test above has no END", place=place)
        unit.head[found[1]] = found[2].strip()
    elif tuple(cell.strip() for cell in line.split("\t")) == _COLUMNS:
        unit.table = True
    else:
        raise ConversionError(f"{clean[:40]!r} does not belong in the head of a test", place=place)


def _row(unit: _Unit, line: str, clean: str, at: int, section: str) -> str:
    """Read a line of the table; returns the section line that waits for the next row."""
    cells = [cell.strip() for cell in line.split("\t")]
    foot = _FOOT.fullmatch(clean)
    if foot:
        unit.foot = foot[1].strip()
        return section
    if len(cells) == 1:
        return clean
    if len(cells) != len(_COLUMNS):
        raise ConversionError(
            f"the row has {len(cells)} cells, {len(_COLUMNS)} are expected", place=f"line {at + 1}"
        )
    unit.rows.append((at + 1, cells, section))
    return ""


def _report(unit: _Unit, source: Source, options: IctTextOptions) -> Report:
    sn = unit.head.get("Traceability Number", "")
    named = _named(sn, options.part_number_pattern)
    header = resolve(
        Found(sn=sn, pn=named.get("pn", ""), rev=named.get("rev", ""), place=unit.place), source, options
    )
    start = _start(unit, source)
    result = _result(unit)
    report = header.report(start=start.at, result=result)
    if start.warning:
        report.warn(start.warning)
    if unit.foot and unit.foot != unit.head.get("Overall_Status"):
        report.warn(f"the last line says status {unit.foot[:20]!r}; that of the head was taken")
    for number, cells, section in unit.rows:
        _add_step(report, number, cells, section, options)
    return report


def _named(sn: str, pattern: str) -> dict[str, str]:
    if not pattern:
        return {}
    try:
        found = re.search(pattern, sn)
    except re.error as error:
        raise ConversionError(
            f"the option part_number_pattern is no regular expression: {error}",
            next_step="Correct it; its groups are (?P<pn>...) and (?P<rev>...).",
        ) from error
    return {key: value for key, value in found.groupdict().items() if value} if found else {}


def _start(unit: _Unit, source: Source) -> Moment:
    text = unit.head.get("DateTime", "")
    found = _TIME.fullmatch(text)
    if found is None:
        raise ConversionError(
            f"DateTime {text[:40]!r} is no time of the form yyyyMMdd HH:mm:ss", place=unit.place
        )
    try:
        return read_day_time("-".join(found.groups()[:3]), found[4], source.station, order="ymd")
    except ValueError as error:
        raise ConversionError(f"DateTime: {error}", place=unit.place) from error


def _result(unit: _Unit) -> Result:
    text = unit.head.get("Overall_Status") or unit.foot
    if text not in _RESULTS:
        raise ConversionError(f"the status {text[:20]!r} of the unit is neither 0 nor 1", place=unit.place)
    return _RESULTS[text]


def _add_step(report: Report, number: int, cells: list[str], section: str, options: IctTextOptions) -> None:
    name, unit = one_line(cells[0], 500) or "-", "" if cells[4] == "-" else cells[4]
    try:
        value, high, low = (parse_number(cell, decimal=options.decimal) for cell in cells[1:4])
    except ValueError as error:
        raise ConversionError(str(error), place=f"line {number}") from error
    if value is not None and not unit and not high and not low:
        step = report.root.passfail(name, Status.of(value == 0))
        if value != 0:
            add_line(step, f"Result: {value:.15g}")
    else:
        limits = _limits(report, number, low, high)
        # A number that counts as none is an overload: beyond each limit, but measured.
        overload = value is None and any(letter.isdigit() for letter in cells[1])
        measured = math.inf if overload else value
        status = unread_status(cells[1], limits) if measured is None else Status.of(limits.passes(measured))
        shown = one_line(unit, 100) if options.keep_units else unit_name(unit)
        step = add_reading(report.root, name, value, unit=shown, limits=limits, status=status)
        add_line(step, f"Result: {cells[1][:40]}, an overload" if overload else "")
    if step.status == Status.FAILED and report.data["result"] == Result.PASSED:
        report.warn(f"line {number}: {name[:40]} has failed, and the unit passed")
    if section:
        add_line(step, f"Section: {section[:200]}")


def _limits(report: Report, number: int, low: float | None, high: float | None) -> Limits:
    if low is None:
        return log_only() if high is None else at_most(high)
    if high is None:
        return at_least(low)
    if low > high:
        report.warn(f"line {number}: the low limit {low:g} is above the high one {high:g}")
    return between(low, high)
