"""What the reports of all Takaya dialects have in common: options, header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from stationmaster.api import ConversionError, ConverterOptions, Report, Result, Source
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.header import Found, resolve
from stationmaster.api.number import Decimal
from stationmaster.api.text import one_line

WRONG_DECIMAL: Final = "If the tester writes another decimal mark, set the converter's option decimal."
_PROGRAM: Final = re.compile(r"\.swx2?$", re.IGNORECASE)


class TakayaOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Takaya converter.

    Attributes:
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        date_order: order of day, month and year: "dmy", "mdy" or "ymd".
        model_pattern: regular expression with groups `pn`, `rev`, `side` for the name of the model.
        operator_line: take the lone line without a colon in the header of an ATD file as the operator.
        keep_units: leave units as the tester writes them, "KO" and "UF", instead of "kOhm" and "uF".
        all_attempts: of an ATDX file, report each attempt of a group, instead of its last one.
        group_serial: serial number of a group where an ATDX file has several for one panel.
    """

    decimal: Decimal = "."
    date_order: DayOrder = "dmy"
    model_pattern: str = ""
    operator_line: bool = False
    keep_units: bool = False
    all_attempts: bool = False
    group_serial: str = "{sn}-{group}"


@dataclass(frozen=True, slots=True)
class Header:
    """What the tester says of a group, as it stands there.

    Attributes:
        day, clock: date and time of the test.
        seconds: duration, None where it is not told.
        place: for error texts.
    """

    sn: str
    model: str
    day: str
    clock: str
    verdict: Result
    tester: str
    group: str
    place: str
    user: str = ""
    seconds: float | None = None


def begin(header: Header, source: Source, options: TakayaOptions) -> Report:
    """Begin the report of a group.

    Raises:
        ConversionError: the header lacks what a report needs, or a date cannot be read.
    """
    name = _PROGRAM.sub("", header.model.replace("\\", "/").rpartition("/")[2].strip())
    named = _named(name, options.model_pattern)
    resolved = resolve(
        Found(
            sn=header.sn,
            pn="" if options.part_numbers.get(name) else named.get("pn", name),
            rev=named.get("rev", ""),
            process=named.get("side", ""),
            program=name,
            place=header.place,
        ),
        source,
        options,
    )
    try:
        moment = read_day_time(header.day, header.clock, source.station, order=options.date_order)
    except ValueError as error:
        raise ConversionError(
            str(error),
            place=header.place,
            next_step="If the tester writes another order of day and month, set the converter's option "
            "date_order.",
        ) from error
    report = resolved.report(
        start=moment.at,
        result=header.verdict,
        user=header.user,
        execution_time=header.seconds,
        sequence=name,
        sequence_path=header.model,
    )
    if moment.warning:
        report.warn(moment.warning)
    report.station(one_line(header.tester, 100))
    report.misc("Group", header.group)
    if header.group.isascii() and header.group.isdecimal() and len(header.group) < 9:
        report.info(testSocketIndex=int(header.group))
    if named.get("side"):
        report.misc("Side", one_line(named["side"], 100))
    return report


def _named(model: str, pattern: str) -> dict[str, str]:
    if not pattern:
        return {}
    try:
        found = re.search(pattern, model)
    except re.error as error:
        raise ConversionError(
            f"the option model_pattern is no regular expression: {error}",
            next_step="Correct it; its groups are (?P<pn>...), (?P<rev>...), (?P<side>...).",
        ) from error
    return {key: value for key, value in found.groupdict().items() if value} if found else {}
