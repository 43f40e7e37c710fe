"""Result files (CTRD text) of the in-circuit testers Teradyne Spectrum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Source,
)
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import Moment
from stationmaster.api.number import Decimal
from stationmaster.api.text import decode_text, one_line
from stationmaster.api.verdict import result_of
from stationmaster.converters.teradyne_spectrum_steps import Steps
from stationmaster.converters.teradyne_spectrum_tree import Node, Reader, UnfinishedError

_BOM: Final = b"\xef\xbb\xbf"
_SIGNATURE: Final = re.compile(rb"\(\s{0,20}PROGRAM_NAME:")
_USER: Final = re.compile(rb"\(\s{0,20}USER:\s{0,20}([^():]{0,200})(?::(?:[^()]|\([^()]*\)){0,4000})?\)")
# EndTime, TestEnd, END_TIME; but no Vendor.
_END: Final = re.compile(rb"End|(?i:^end|end$|[^a-z]end|stop|finish)")
_MAX_BYTES: Final = 64 * 1024 * 1024


class SpectrumOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Spectrum converter. The test program chooses the keys of the USER lines.

    Attributes:
        serial_number_key: key of the serial number.
        revision_key: key of the revision.
        process_key: key of the operation.
        batch_key: key of the batch.
        operator_key: key of the operator.
        station_key: key of the station.
        date_key: key of the date.
        start_key: key of the time at which the test began.
        end_key: key of the time at which it ended; the file is whole when it is there. "": any file is.
        status_key: key of the verdict.
        date_order: order of day, month and year: "mdy", "dmy" or "ymd".
        decimal: decimal mark of numbers: ".", "," or "auto" (one lone comma is the mark).
        description_in_name: make the description of a step part of its name.
        keep_units: leave the unit "O" as it is, instead of "Ohm".
        accept_incomplete: report a unit without its end as failed or terminated, instead of refusing the
            file.
    """

    serial_number_key: str = "Serialnumber"
    revision_key: str = "Revision"
    process_key: str = "Operation"
    batch_key: str = "OrderNumber"
    operator_key: str = "Operator"
    station_key: str = "Station"
    date_key: str = "Date"
    start_key: str = "StartTime"
    end_key: str = "EndTime"
    status_key: str = "STATUS"
    date_order: DayOrder = "mdy"
    decimal: Decimal = "."
    description_in_name: bool = False
    keep_units: bool = False
    accept_incomplete: bool = False


@dataclass(slots=True)
class _Unit:
    """One unit: what stands from one PROGRAM_NAME to the next.

    Attributes:
        users: the USER lines by key, the last of each.
        times: of the first step: date and time.
    """

    first: Node
    nodes: list[Node] = field(default_factory=list)
    users: dict[str, Node] = field(default_factory=dict)
    time: Node | None = None

    def user(self, key: str) -> str:
        """Value of a USER line, "" where it is missing."""
        node = self.users.get(key.casefold())
        return node.text.partition(":")[2].strip() if node else ""


class SpectrumConverter:
    """Reads result files of the Spectrum testers."""

    name: ClassVar[str] = "teradyne-spectrum"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = SpectrumOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 if the first thing in the file is the name of the program."""
        return 90 if _SIGNATURE.match(glimpse.head.removeprefix(_BOM).lstrip()) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the file ends with USER lines, and one of them tells an end, as `EndTime` does.

        Options that name another key are unknown here; a file that rests is taken by them all the same.
        """
        keys = _last_users(glimpse.tail)
        return any(_END.search(key.strip()) for key in keys)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit, which is the whole file as a rule. `resume` is not used."""
        del resume
        own = SpectrumOptions.of(options)
        if source.size > _MAX_BYTES:
            raise ConversionError(f"{source.name} is larger than the bound, {_MAX_BYTES} bytes")
        data = source.read_bytes()
        text = decode_text(data, name=source.name).replace("\r\n", "\n").replace("\r", "\n")
        units = _units(Reader(text), source.name)
        for unit in units:
            report = _report(unit, source, own)
            if len(units) > 1:
                report.record = text[unit.first.start : unit.nodes[-1].end].encode()
            if own.attach_source:
                report.attach(source.name, data, content_type="text/plain")
            yield report


def _last_users(tail: bytes) -> list[bytes]:
    """Keys of the USER lines that stand at the very end."""
    keys: list[bytes] = []
    begin = len(tail.rstrip())
    for found in reversed(list(_USER.finditer(tail))):
        if tail[found.end() : begin].strip():
            break
        keys.append(found[1])
        begin = found.start()
    return keys


def _units(reader: Reader, name: str) -> list[_Unit]:
    units: list[_Unit] = []
    for node in reader.nodes():
        if node.key == "PROGRAM_NAME":
            units.append(_Unit(node))
        elif not units:
            raise node.error("the name of the program should stand here")
        unit = units[-1]
        unit.nodes.append(node)
        if node.key == "USER":
            unit.users[node.text.partition(":")[0].strip().casefold()] = node
        elif node.key == "STEP" and unit.time is None:
            unit.time = node.child("TIME")
    if not units:
        raise ConversionError(f"{name} holds no test")
    return units


def _report(unit: _Unit, source: Source, options: SpectrumOptions) -> Report:
    ended = not options.end_key or bool(unit.user(options.end_key))
    if not ended and not options.accept_incomplete:
        raise UnfinishedError(
            f"the test that begins at line {unit.first.line} has no USER line {options.end_key!r}",
            place=f"line {unit.nodes[-1].line}",
            next_step="Nothing of the file was taken. If the test program writes another key, set the "
            "converter's option end_key; to take unfinished tests, set accept_incomplete.",
        )
    program = unit.first.text
    mapped = any(key.strip().casefold() == program.casefold() for key in options.part_numbers)
    header = resolve(
        Found(
            sn=unit.user(options.serial_number_key),
            pn="" if mapped else program,
            rev=unit.user(options.revision_key),
            process=unit.user(options.process_key),
            program=program,
            place=unit.first.place,
        ),
        source,
        options,
    )
    start = _start(unit, source, options)
    report = header.report(
        start=start.at,
        result=_result(unit, options),
        user=unit.user(options.operator_key),
        execution_time=_seconds(unit, start, source, options),
        sequence=program,
    )
    if start.warning:
        report.warn(start.warning)
    if not unit.user(options.status_key):
        report.warn(
            f"no USER line {options.status_key!r}: the result is failed if a step failed, else terminated"
        )
    if not ended:
        report.warn(f"no USER line {options.end_key!r}: the test did not come to its end")
    _add_info(report, unit, options)
    steps = Steps(
        report,
        description_in_name=options.description_in_name,
        keep_units=options.keep_units,
        decimal=options.decimal,
    )
    for node in unit.nodes:
        if node.key == "SECTION_NAME":
            steps.section(node.text)
        elif node.key == "STEP":
            steps.add(node)
    return report


def _add_info(report: Report, unit: _Unit, options: SpectrumOptions) -> None:
    report.station(one_line(unit.user(options.station_key), 100))
    report.info(batchSN=one_line(unit.user(options.batch_key), 100) or None)
    known = {
        key.casefold()
        for key in (
            options.serial_number_key,
            options.revision_key,
            options.process_key,
            options.batch_key,
            options.operator_key,
            options.station_key,
            options.date_key,
            options.start_key,
            options.end_key,
            options.status_key,
        )
    }
    for key, node in unit.users.items():
        if key not in known:
            name, _, value = node.text.partition(":")
            report.misc(one_line(name, 1000) or "-", one_line(value, 5000) or "-")
    for node in unit.nodes:
        if node.key == "SUBPROGRAM_NAME" and node.text:
            report.misc("Subprogram", one_line(node.text, 1000))
        elif node.key not in {"PROGRAM_NAME", "SUBPROGRAM_NAME", "SECTION_NAME", "STEP", "USER"}:
            report.warn(f"line {node.line}: a group {node.key[:40]!r} was not read")


def _result(unit: _Unit, options: SpectrumOptions) -> Result:
    text = unit.user(options.status_key)
    if text:
        try:
            return result_of(text.split()[-1])
        except ValueError as error:
            raise unit.users[options.status_key.casefold()].error(str(error)) from error
    failed = any(node.key == "STEP" and node.value("STAT").upper().startswith("FAIL") for node in unit.nodes)
    return Result.FAILED if failed else Result.TERMINATED


def _start(unit: _Unit, source: Source, options: SpectrumOptions) -> Moment:
    """The USER lines for it; else the time of the first step."""
    day, clock = unit.user(options.date_key), unit.user(options.start_key)
    node = unit.users.get(options.date_key.casefold())
    if not day or not clock:
        node = unit.time
        day, _, clock = (node.text if node else "").partition(" ")
    if node is None:
        raise unit.first.error("neither a USER line nor a step tells when the test began")
    try:
        return read_day_time(day, clock, source.station, order=options.date_order)
    except ValueError as error:
        raise ConversionError(
            str(error),
            place=node.place,
            next_step="If the tester writes another order of day and month, set the converter's option "
            "date_order.",
        ) from error


def _seconds(unit: _Unit, start: Moment, source: Source, options: SpectrumOptions) -> float | None:
    """From the start to the end, which is a time of day alone: it may be on the next day."""
    clock = unit.user(options.end_key) if options.end_key else ""
    if not clock:
        return None
    try:
        for day in (start.at.date(), start.at.date() + timedelta(days=1)):
            end = read_day_time(day.isoformat(), clock, source.station, order="ymd")
            if end.at >= start.at:
                return (end.at - start.at).total_seconds()
    except ValueError as error:
        raise unit.users[options.end_key.casefold()].error(str(error)) from error
    return 0.0
