"""ATML test results (IEEE 1636.1) of versions 2.02, 5.00 and 6.01, as TestStand writes them.

Elements are looked up by their local names: prefixes and namespaces change with the version, the shape does
not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from lxml import etree

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Source,
    Status,
    xml,
)
from stationmaster.api.header import Found, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.text import one_line, printable
from stationmaster.api.xml import Element, child_text, children, local_name, place
from stationmaster.converters.atml_data import attribute, below, first, items_of, outcome_of
from stationmaster.converters.atml_step import STEPS, Reader, error_of, sequence_of
from stationmaster.converters.teststand_build import Builder
from stationmaster.converters.teststand_tree import Node, check_judged
from stationmaster.converters.teststand_unit import Unit, add_unit

_DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>\n'
_ROOTS: Final = frozenset({"TestResults", "TestResultsCollection"})
_MARKS: Final = ("ieee.org/atml", "ieee-1636.1")


class AtmlConverter:
    """Reads ATML (IEEE 1636.1) 2.02, 5.00 and 6.01, one report a `TestResults` element."""

    name: ClassVar[str] = "atml"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = ConverterOptions

    def detect(self, glimpse: Glimpse) -> int:
        """95 for the root in a namespace of ATML or IEEE 1636.1."""
        tags = xml.first_tags(glimpse.head, 1)
        if not tags or tags[0].name not in _ROOTS:
            return 0
        namespace = tags[0].namespace.lower()
        return 95 if any(mark in namespace for mark in _MARKS) else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """The closing root is the end mark."""
        return xml.is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report for each `TestResults`.

        Raises:
            ConversionError: not XML, no test results, no serial number, an outcome or number that is none.
        """
        del resume  # such a file is written at once
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings)
        if local_name(root) not in _ROOTS:
            raise ConversionError(
                f"<{local_name(root)[:60]}> is no root of an ATML file",
                place=place(root),
                next_step="Check that the right converter watches this folder.",
            )
        found = [root] if local_name(root) == "TestResults" else list(children(root, "TestResults"))
        if not found:
            raise ConversionError("the file holds no test results", place=place(root))
        for element in found:
            report = _report(element, source, options)
            report.warnings[:0] = warnings
            if len(found) > 1:
                report.record = etree.tostring(element, encoding="utf-8", with_tail=False)
            if options.attach_source:
                # Of a file of several units each has its own part, which is a document by itself.
                own = source.read_bytes() if report.record is None else _DECLARATION + report.record
                report.attach(source.name, own, content_type="text/xml")
            yield report


def _report(element: Element, source: Source, options: ConverterOptions) -> Report:
    results = first(element, "ResultSet")
    if results is None:
        raise ConversionError("test results without a ResultSet", place=place(element))
    top = _top(results)
    unit = _unit(element, results)
    call = sequence_of(attribute(top, "name"))
    found = Found(
        sn=_serial(element),
        pn=_part_number(element) or unit.text("UUTPartNumber", "PartNumber"),
        rev=unit.text("UUTPartRevisionNumber"),
        process=unit.process,
        program=call.path,
        place=place(element),
    )
    header = resolve(found, source, options)
    start, seconds, warnings = _times(results, source)
    result, word = _result(results)
    report = header.report(
        start=start,
        result=result,
        user=_operator(element),
        execution_time=seconds,
        sequence=call.name,
        sequence_path=call.path,
    )
    report.warnings.extend(warnings)
    if word:
        report.warn(f"the outcome {word!r} became {report.data['result']}")
    station = first(element, "TestStation")
    if station is not None:
        report.station(one_line(child_text(station, "SerialNumber").strip(), 100))
    _extras(report, element, unit)
    _own_error(report, results)
    reader = Reader(source.station)
    root = reader.node(top)
    if result is None:
        check_judged(root.steps, place(results))
    Builder(report).fill(root, _critical(element))
    report.warnings.extend(reader.notes.sentences())
    return report


def _top(results: Element) -> Element:
    """The root sequence: the ResultSet itself, or in 2.02 the lone group in it that has its id."""
    steps = list(children(results, *STEPS))
    if len(steps) == 1 and local_name(steps[0]) == "TestGroup":
        same = attribute(steps[0], "ID") == attribute(results, "ID")
        if same and "#" not in attribute(results, "name"):
            return steps[0]
    return results


def _serial(element: Element) -> str:
    unit = first(element, "UUT")
    return child_text(unit, "SerialNumber").strip() if unit is not None else ""


def _part_number(element: Element) -> str:
    numbers = below(element, "UUT", "Definition", "Identification", "IdentificationNumbers")
    for one in children(numbers, "IdentificationNumber") if numbers is not None else ():
        if attribute(one, "type").lower() == "part":
            return attribute(one, "number")
    return ""


def _operator(element: Element) -> str:
    operator = below(element, "Personnel", "SystemOperator")
    return attribute(operator, "name") or attribute(operator, "ID")


def _unit(element: Element, results: Element) -> Unit:
    """TestStand's container UUT, where a step recorded that of this very unit."""
    serial = _serial(element)
    for item in results.iter("{*}Item"):
        if "uut" not in attribute(item, "name").lower():
            continue
        collection = first(item, "Collection")
        if collection is None:
            continue
        unit = Unit(items_of(collection))
        if serial and unit.text("SerialNumber") == serial and "UUTPartNumber" in unit.values:
            return unit
    return Unit()


def _times(results: Element, source: Source) -> tuple[datetime | None, float | None, list[str]]:
    warnings: list[str] = []
    moments: list[datetime | None] = []
    for name in ("startDateTime", "endDateTime"):
        text = attribute(results, name)
        try:
            moment = read_time(text, source.station) if text else None
        except ValueError as error:
            warnings.append(f"{place(results)}: {name} was left out: {error}")
            moment = None
        moments.append(moment.at if moment else None)
        if moment is not None and moment.warning and name == "startDateTime":
            warnings.append(moment.warning)
    start, end = moments
    if start is None or end is None:
        return start, None, warnings
    seconds = (end - start).total_seconds()
    if seconds < 0:
        warnings.append("the test ends before it starts: its duration became 0")
    return start, max(0.0, seconds), warnings


def _result(results: Element) -> tuple[Result | None, str]:
    """The result, and a word that is none."""
    status, word = outcome_of(results, caused=True)
    if status is None:
        return None, ""
    if status is Status.SKIPPED:
        return Result.TERMINATED, word or "NotStarted"
    return Result(status.value), word


def _own_error(report: Report, results: Element) -> None:
    node = Node(name="", kind="", place="")
    error_of(results, node)
    report.info(errorCode=node.error_code, errorMessage=printable(node.error_message) or None)


def _extras(report: Report, element: Element, unit: Unit) -> None:
    properties = below(element, "Extension", "TSResultSetProperties")
    if properties is not None:
        batch = attribute(first(properties, "BatchSerialNumber"), "value")
        batch = batch or child_text(properties, "BatchSerialNumber").strip()
        socket = attribute(first(properties, "TestSocketIndex"), "value")
        add_unit(report, Unit({"BatchSerialNumber": batch, "TestSocketIndex": socket}))
    add_unit(report, unit)
    for name in ("UUT", "TestStation"):
        extension = below(element, name, "Definition", "Extension")
        for item in extension.iter("{*}Item") if extension is not None else ():
            collection = first(item, "Collection")
            if attribute(item, "name") == "AdditionalData" and collection is not None:
                values = items_of(collection)
                if values:
                    report.additional(name, values)


def _critical(element: Element) -> str:
    stack = below(element, "Extension", "TSResultSetProperties", "CriticalFailureStack")
    entries = list(children(stack, "CriticalFailureStackEntry")) if stack is not None else []
    return attribute(entries[-1], "resultID") if entries else ""
