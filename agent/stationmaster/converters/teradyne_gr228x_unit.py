"""One unit of a GR228X log: its header, and its lines to steps."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Limits,
    Report,
    Result,
    Source,
    Status,
    at_least,
    at_most,
    between,
    log_only,
)
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import Moment, local_time
from stationmaster.api.number import Decimal
from stationmaster.api.reading import add_line, add_reading, unread_status
from stationmaster.api.text import clip, one_line
from stationmaster.converters.teradyne_gr228x_line import (
    Reading,
    end_of,
    read_date,
    read_reading,
    start_of,
)

_ENDS: Final = {
    '"': Result.PASSED,
    "/": Result.FAILED,
    **dict.fromkeys("?!", Result.TERMINATED),
    **dict.fromkeys("*&", Result.ERROR),
}
_LISTS: Final = {"F": "Faults", "O": "Opens", "S": "Shorts", "B": "Bus", "C": "Connections"}
_SIGNS: Final = {"<": "below its limits", ">": "above its limits", "%": "failed: %"}
_LIST: Final = re.compile(r"\(([A-Z]) +(.*)")
_MORE: Final = re.compile(r"[\d,\s+)]+")
_WRONG_DECIMAL: Final = "If the tester writes another decimal mark, set the converter's option decimal."
_HEADER: Final = "WATS_"


class Gr228xOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the GR228X converter.

    Attributes:
        part_number_from: what of the program's path is the part number: the name of its "file" or "folder".
        digital_passes: in a unit that passed, tests whose result is not logged have passed, too.
        keep_empty_readings: keep readings without a value, the set-up of a source for instance, as actions.
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        accept_incomplete: report a unit that was never finished as terminated, instead of refusing the
            file.
    """

    part_number_from: Literal["file", "folder"] = "file"
    digital_passes: bool = False
    keep_empty_readings: bool = False
    decimal: Decimal = "."
    accept_incomplete: bool = False


def build(
    lines: list[str], first: int, program: str, source: Source, options: Gr228xOptions, *, ended: bool
) -> Report:
    """The report of a unit; its first line is line `first` of the file.

    Raises:
        ConversionError: a line cannot be read, or the header lacks what a report needs; names the line.
    """
    place = f"line {first}"
    day, sn = start_of(lines[0])
    began = _moment(day, place, source)
    mark, end_day = end_of(lines[-1]) if ended else ("", "")
    finish = _moment(end_day, f"line {first + len(lines) - 1}", source) if ended else None
    fields, body = _split(lines[1 : len(lines) - ended], first + 1)
    path, _, loaded = program.rpartition("[")
    name = _file_name(path)
    header = resolve(
        Found(
            sn=sn,
            pn=fields.pop("partNumber", "") or _part_number(path, name, options),
            rev=fields.pop("partRevision", ""),
            program=name,
            place=place,
        ),
        source,
        options,
    )
    result = _ENDS.get(mark, Result.ERROR) if ended else Result.TERMINATED
    report = header.report(
        start=began.at,
        result=result,
        user=fields.pop("operator", ""),
        execution_time=max(0.0, (finish.at - began.at).total_seconds()) if finish else None,
        sequence=fields.pop("sequenceName", "") or name,
        sequence_path=path,
        sequence_version=fields.pop("sequenceVersion", ""),
    )
    if began.warning:
        report.warn(began.warning)
    if ended and mark not in _ENDS:
        report.warn(f"the unit ends with {mark!r}, which is no verdict we know: it is reported as an error")
    report.station(one_line(fields.pop("stationName", ""), 100))
    if loaded:
        report.misc("Program loaded", one_line(loaded, 100))
    for key, value in fields.items():
        report.misc(one_line(key, 1000), one_line(value, 5000) or "-")
    _Steps(report, result, options).add(body)
    return report


def _moment(text: str, place: str, source: Source) -> Moment:
    try:
        return local_time(_date(text), source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=place) from error


def _date(text: str) -> datetime:
    if not text:
        raise ValueError("the line has no date")
    return read_date(text)


def _split(lines: list[str], first: int) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """The `WATS_` lines, and the others with their numbers."""
    fields: dict[str, str] = {}
    body: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=first):
        clean = line.strip()
        if clean.startswith(_HEADER) and "=" in clean:
            key, _, value = clean.removeprefix(_HEADER).partition("=")
            fields[key.strip()] = value.strip()
        elif clean:
            body.append((number, clean))
    return fields, body


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part.strip()]


def _file_name(path: str) -> str:
    parts = _parts(path)
    name = parts[-1].strip() if parts else ""
    return name[:-4] if name.lower().endswith(".obc") else name


def _part_number(path: str, name: str, options: Gr228xOptions) -> str:
    """Nothing where the table of the options has the program: that goes before its name."""
    if any(key.strip().casefold() == name.casefold() for key in options.part_numbers):
        return ""
    parts = _parts(path)
    if options.part_number_from == "folder":
        return parts[-2].strip() if len(parts) > 1 else ""
    return name


class _Steps:
    """Adds the steps of one unit."""

    def __init__(self, report: Report, result: Result, options: Gr228xOptions) -> None:
        self._report = report
        self._result = result
        self._options = options
        self._lists: dict[str, list[str]] = {}
        self._open = ""

    def add(self, lines: list[tuple[int, str]]) -> None:
        readings = [found for number, line in lines if (found := self._line(number, line)) is not None]
        passed = self._result is Result.PASSED
        for name, entries in self._lists.items():
            step = self._report.root.passfail(name, Status.of(passed))
            add_line(step, clip("\n".join(entries), 20_000))
        for name, group in groupby(readings, key=lambda one: one[1].name):
            self._reading(name, list(group))

    def _line(self, number: int, line: str) -> tuple[int, Reading] | None:
        """A reading; None for a list of nodes, which is kept, and for what cannot be read, which is told."""
        found = _LIST.fullmatch(line)
        if found:
            self._open = _LISTS.get(found[1], f"List {found[1]}")
            self._lists.setdefault(self._open, []).append(found[2].strip())
            self._open = "" if line.endswith(")") else self._open
            return None
        if self._open and _MORE.fullmatch(line):
            self._lists[self._open][-1] += " " + line
            self._open = "" if line.endswith(")") else self._open
            return None
        self._open = ""
        try:
            reading = read_reading(line, decimal=self._options.decimal)
        except ValueError as error:
            raise ConversionError(str(error), place=f"line {number}", next_step=_WRONG_DECIMAL) from error
        if reading is None:
            add_line(self._report.root, clip(line, 1000))
            self._report.warn(f"line {number}: {line[:40]!r} is no measurement: it is kept as report text")
            return None
        empty = reading.value is None and not reading.word and not reading.judged
        return None if empty and not self._options.keep_empty_readings else (number, reading)

    def _reading(self, name: str, group: list[tuple[int, Reading]]) -> None:
        """Readings of one name that follow each other are one step, if all of them have a value."""
        if len(group) > 1 and all(one.value is not None for _, one in group):
            statuses = [self._status(number, one) for number, one in group]
            failed = Status.FAILED in statuses
            step = self._report.root.multi_numeric(name, status=Status.of(not failed))
            for (_, one), status in zip(group, statuses, strict=True):
                value, unit, limits = _numbers(one)
                step.add(name, value if value is not None else 0, unit=unit, limits=limits, status=status)
                add_line(step, _told(one))
            return
        for number, one in group:
            self._single(name, number, one)

    def _single(self, name: str, number: int, one: Reading) -> None:
        root = self._report.root
        if not one.judged and one.value is None and not one.word:
            add_line(root.action(name), _told(one))
            return
        status = self._status(number, one)
        if one.bare:
            step = root.passfail(name, status)
        else:
            value, unit, limits = _numbers(one)
            step = add_reading(root, name, value, unit=unit, limits=limits, status=status)
        add_line(step, _told(one))

    def _status(self, number: int, one: Reading) -> Status:
        """The log has a verdict of the unit alone: a measurement's follows from its sign and its limits."""
        passed = self._result is Result.PASSED
        if one.failed:
            status = Status.FAILED
        elif one.bare:
            return Status.PASSED if passed and self._options.digital_passes else Status.DONE
        elif one.value is None:
            status = Status.DONE if one.word else unread_status(one.written, _numbers(one)[2])
        else:
            status = Status.of(_numbers(one)[2].passes(one.value.value))
        if status in {Status.FAILED, Status.ERROR} and passed:
            how = "is out of its limits" if status is Status.FAILED else "has limits and no number"
            how = "is beyond the instrument's range" if one.word else how
            self._report.warn(f"line {number}: {one.name} {how}, and the unit passed")
        return status


def _numbers(one: Reading) -> tuple[float | None, str, Limits]:
    """Value, unit and limits in the scale of the value, as the log shows it."""
    shown = one.value or one.low or one.high
    if shown is None:
        return None, one.unit, log_only()
    unit = shown.prefix + one.unit
    low = one.low.at(shown.exponent) if one.low else None
    high = one.high.at(shown.exponent) if one.high else None
    value = one.value.value if one.value else None
    if low is not None and high is not None:
        return value, unit, between(low, high)
    if low is not None:
        return value, unit, at_least(low)
    return value, unit, at_most(high) if high is not None else log_only()


def _told(one: Reading) -> str:
    """What the line says beside value, unit and limits: word for a value, sign, type, message."""
    plain = one.kind.upper() in {"", "R", "C", "L", "V", "I"}
    parts = (
        f"Value: {clip(one.word, 100)}" if one.word else "",
        _SIGNS.get(one.sign, ""),
        "" if plain else f"Type: {one.kind[:40]}",
        clip(one.message, 1000),
    )
    return "\n".join(filter(None, parts))
