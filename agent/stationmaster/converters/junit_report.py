"""From suites and cases to a report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from stationmaster.api import (
    ConverterOptions,
    Limits,
    Report,
    Result,
    Sequence,
    Source,
    Status,
    Step,
    at_least,
    at_most,
    between,
)
from stationmaster.api.header import Found, is_placeholder, resolve
from stationmaster.api.local_time import from_epoch, read_time
from stationmaster.api.number import parse_number
from stationmaster.api.text import clip, one_line, strip_ansi
from stationmaster.converters.junit_tree import Case, Suite

_MAX_PROPERTY: Final = 1000
_MAX_MISC: Final = 100
_MAX_MESSAGE: Final = 1000


class JUnitOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the JUnit converter. Names of properties are compared without case.

    Attributes:
        serial_number_properties: properties (of suites, of the root, of cases) that may hold the serial
            number; the first that is there wins. The next five likewise.
        measured_properties: of a case: the number it measured.
        low_properties: of a case: the lower limit of that number.
        high_properties: of a case: its upper limit.
        unit_properties: of a case: its unit.
        case_name: "name", or "classname.name".
        report_per: one report a "file", or one a top-level "suite".
        error_is_error: result Error, not Failed, where cases ended in errors and none failed.
        text_limit: characters of output kept with a step.
    """

    serial_number_properties: tuple[str, ...] = ("serial_number", "serialnumber", "serial", "sn", "dut_id")
    part_number_properties: tuple[str, ...] = ("part_number", "partnumber", "pn")
    revision_properties: tuple[str, ...] = ("part_revision", "revision", "rev")
    station_properties: tuple[str, ...] = ("station", "station_name", "machine_name")
    operator_properties: tuple[str, ...] = ("operator", "user")
    process_properties: tuple[str, ...] = ("process_code", "operation")
    measured_properties: tuple[str, ...] = ("measured",)
    low_properties: tuple[str, ...] = ("low", "low_limit")
    high_properties: tuple[str, ...] = ("high", "high_limit")
    unit_properties: tuple[str, ...] = ("unit",)
    case_name: Literal["name", "classname.name"] = "name"
    report_per: Literal["file", "suite"] = "file"
    error_is_error: bool = False
    text_limit: int = 5000


def build(suite: Suite, source: Source, options: JUnitOptions) -> Report:
    """Build the report of one root suite, which has at least one case."""
    header_names = _Header(suite, options)
    header = resolve(
        Found(
            sn=header_names.find(options.serial_number_properties),
            pn=header_names.find(options.part_number_properties),
            rev=header_names.find(options.revision_properties),
            process=header_names.find(options.process_properties),
            program=suite.name or _first_name(suite),
            place=suite.place,
        ),
        source,
        options,
    )
    report = header.report(
        result=Result(_verdict(suite, options).value),
        user=header_names.find(options.operator_properties),
        execution_time=_seconds(suite),
        sequence=suite.name or _first_name(suite),
    )
    if options.report_per == "suite" and suite.record is not None:
        report.record = suite.record()
    report.station(one_line(header_names.find(options.station_properties) or _host(suite), 100))
    _set_start(report, suite, source)
    _add_properties(report, suite, header_names.used)
    _Steps(options).fill(report.root, suite)
    if all(case.status is Status.SKIPPED for case in suite.cases()):
        report.warn("every test case was skipped; the report counts as passed")
    return report


class _Header:
    """Finds header fields among properties and attributes, and remembers which it took."""

    def __init__(self, suite: Suite, options: JUnitOptions) -> None:
        self._options = options
        self.used: set[str] = set()
        self._places: list[list[tuple[str, str]]] = [one.properties for one in suite.suites()]
        self._places.extend(list(one.attributes.items()) for one in suite.suites())
        self._places.extend(case.properties for case in suite.cases())

    def find(self, names: tuple[str, ...]) -> str:
        """The first of `names` that has a value anywhere; "" if none has."""
        for name in names:
            folded = name.casefold()
            for pairs in self._places:
                for key, value in pairs:
                    if key.casefold() == folded and not is_placeholder(value, self._options):
                        self.used.add(folded)
                        return value.strip()
        return ""


class _Steps:
    """Turns suites into sequences and cases into steps."""

    def __init__(self, options: JUnitOptions) -> None:
        self._options = options

    def fill(self, sequence: Sequence, suite: Suite) -> None:
        """Add what is below `suite` to `sequence`."""
        if suite.text:
            sequence.details(text=self._clean(suite.text))
        for child in suite.children:
            if isinstance(child, Case):
                self._add_case(sequence, child)
            elif child.children:
                status = _verdict(child, self._options)
                below = sequence.sequence(one_line(child.name, 500), status=status)
                self.fill(below.details(total_time=child.seconds), child)

    def _add_case(self, sequence: Sequence, case: Case) -> None:
        name = one_line(case.name, _MAX_PROPERTY)
        if self._options.case_name == "classname.name" and case.class_name:
            name = f"{one_line(case.class_name, _MAX_PROPERTY)}.{name}"
        step, rest = self._step(sequence, name, case)
        step.details(total_time=case.seconds)
        if case.message and case.status in {Status.FAILED, Status.ERROR}:
            step.details(error_message=clip(strip_ansi(case.message), _MAX_MESSAGE))
        lines = [f"{key}: {value}" for key, value in rest if len(value) <= _MAX_PROPERTY]
        text = self._clean("\n".join(filter(None, (*lines, case.text))))
        if text:
            step.details(text=text)
        for extra in case.extra:
            sequence.numeric(
                f"{name} {extra.name}",
                extra.value,
                unit=extra.unit,
                limits=extra.limits,
                status=Status.SKIPPED if case.status is Status.SKIPPED else None,
            )

    def _step(self, sequence: Sequence, name: str, case: Case) -> tuple[Step, list[tuple[str, str]]]:
        """The step of a case, and the properties that did not go into it."""
        value = self._number(case, self._options.measured_properties)
        if value is not None and case.status is not Status.SKIPPED:
            unit = one_line(_value(case, self._options.unit_properties), 50)
            step = sequence.numeric(name, value, unit=unit, limits=self._limits(case), status=case.status)
            return step, self._rest(case)
        if len(case.parts) > 1:
            parts = sequence.multi_passfail(name, status=case.status)
            for tag, status in case.parts:
                parts.add(one_line(tag, _MAX_PROPERTY) or name, status)
            return parts, case.properties
        return sequence.passfail(name, case.status), case.properties

    def _rest(self, case: Case) -> list[tuple[str, str]]:
        """The properties but those that are numbers in the step."""
        numbers = (*self._options.measured_properties, *self._options.low_properties)
        taken = {name.casefold() for name in (*numbers, *self._options.high_properties)}
        taken |= {name.casefold() for name in self._options.unit_properties}
        return [(key, value) for key, value in case.properties if key.casefold() not in taken]

    def _limits(self, case: Case) -> Limits | None:
        low = self._number(case, self._options.low_properties)
        high = self._number(case, self._options.high_properties)
        if low is None:
            return None if high is None else at_most(high)
        return at_least(low) if high is None else between(low, high)

    def _number(self, case: Case, names: tuple[str, ...]) -> float | None:
        """A property as a number; None if it is not there, or is a text."""
        try:
            return parse_number(_value(case, names))
        except ValueError:
            return None

    def _clean(self, text: str) -> str:
        return clip(strip_ansi(text), self._options.text_limit)


def _value(case: Case, names: tuple[str, ...]) -> str:
    folded = {name.casefold() for name in names}
    return next((value for key, value in case.properties if key.casefold() in folded), "")


def _verdict(suite: Suite, options: JUnitOptions) -> Status:
    """The family's files have verdicts for cases only: a suite fails with any of them."""
    statuses = {case.status for case in suite.cases()}
    if Status.FAILED in statuses:
        return Status.FAILED
    if Status.ERROR in statuses:
        return Status.ERROR if options.error_is_error else Status.FAILED
    return Status.PASSED


def _first_name(suite: Suite) -> str:
    return next((one.name for one in suite.suites() if one.name), "")


def _host(suite: Suite) -> str:
    return next((one.host for one in suite.suites() if one.host), "")


def _seconds(suite: Suite) -> float | None:
    """The root's time, else the sum of the times one level down, wherever these are."""
    if suite.seconds is not None:
        return suite.seconds
    below = [
        seconds
        for child in suite.children
        if (seconds := _seconds(child) if isinstance(child, Suite) else child.seconds) is not None
    ]
    return sum(below) if below else None


def _set_start(report: Report, suite: Suite, source: Source) -> None:
    """The root's time, else the earliest of its suites; those of cases may be 1970."""
    found = list(_starts(report, suite, source)) or [
        start for below in suite.suites()[1:] for start in _starts(report, below, source)
    ]
    if found:
        report.data["start"] = min(found).isoformat()
        report.timed = True


def _starts(report: Report, suite: Suite, source: Source) -> Iterator[datetime]:
    try:
        if suite.epoch is not None:
            yield from_epoch(suite.epoch)
        elif suite.timestamp:
            moment = read_time(suite.timestamp, source.station)
            if moment.warning:
                report.warn(moment.warning)
            yield moment.at
    except ValueError as error:
        report.warn(f"{suite.place}: the timestamp was left out: {error}")


def _add_properties(report: Report, suite: Suite, used: set[str]) -> None:
    """Properties of suites that are no header fields: short ones as misc infos, longer ones as data."""
    longer: dict[str, str] = {}
    dropped = 0
    for key, value in (pair for one in suite.suites() for pair in one.properties):
        name, text = one_line(key, _MAX_PROPERTY), one_line(strip_ansi(value), _MAX_PROPERTY + 1)
        if key.casefold() in used or not text:
            continue
        if len(value) > _MAX_PROPERTY:
            dropped += 1
        elif len(text) <= 100 and len(name) <= 100 and len(report.data.get("miscInfos", ())) < _MAX_MISC:
            report.misc(name, text)
        else:
            longer.setdefault(name, text)
    if longer:
        report.additional("properties", longer)
        report.warn(f"{len(longer)} properties too long or too many for misc infos are additional data")
    if dropped:
        report.warn(f"{dropped} properties of more than {_MAX_PROPERTY} characters were left out")
