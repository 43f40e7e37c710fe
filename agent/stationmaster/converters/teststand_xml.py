"""XML reports of TestStand: one `Report` for each unit, or the `TSReport` that the WATS add-on writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final

from lxml import etree

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source, xml
from stationmaster.api.header import Found, resolve
from stationmaster.api.issue import is_uuid
from stationmaster.api.local_time import Moment, local_time, read_time
from stationmaster.api.text import one_line
from stationmaster.api.xml import Element, children, place
from stationmaster.converters.teststand_build import Builder
from stationmaster.converters.teststand_prop import number, prop, text, value_of, whole
from stationmaster.converters.teststand_result import ResultReader, numbers_in
from stationmaster.converters.teststand_tree import BROKEN_OFF, Node, check_judged
from stationmaster.converters.teststand_unit import Unit, add_unit
from stationmaster.converters.teststand_word import NEXT_STEP, TestStandXmlOptions, Words

_ROOTS: Final = frozenset({"Reports", "TSReport"})


class TestStandXmlConverter:
    """Reads XML reports of TestStand, one report a `Report` element or `TSReport` document."""

    __test__ = False  # its name is no test's
    name: ClassVar[str] = "teststand-xml"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = TestStandXmlOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 for either root with what must follow it, in no namespace."""
        tags = xml.first_tags(glimpse.head, 2)
        if len(tags) < 2 or tags[0].namespace or tags[0].name not in _ROOTS:
            return 0
        second = tags[1]
        if tags[0].name == "TSReport":
            return 90 if second.name in {"ReportInfo", "Prop"} else 0
        return 90 if second.name == "Report" and "Type" in second.attributes else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """The closing root is the end mark: TestStand may write while it tests."""
        return xml.is_closed(glimpse)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report a unit; the summary of a batch is none.

        Raises:
            ConversionError: not XML, no unit, no serial number, a number that is none, a unit without a
                result that is known.
        """
        del resume  # a file that grows is not complete before its root is closed
        words = Words(TestStandXmlOptions.of(options).words)
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings)
        found = _units(root)
        for element in found:
            report = _report(element, source, options, words)
            report.warnings[:0] = warnings
            if len(found) > 1:
                report.record = etree.tostring(element, encoding="utf-8", with_tail=False)
            if options.attach_source:
                # Of a file of several units each has its own part, which is a report by itself.
                own = source.read_bytes() if report.record is None else _alone(report.record)
                report.attach(source.name, own, content_type="text/xml")
            yield report


def _alone(record: bytes) -> bytes:
    """The report of one unit as a document."""
    return b'<?xml version="1.0" encoding="utf-8"?>\n<Reports>\n' + record + b"\n</Reports>\n"


def _units(root: Element) -> list[Element]:
    if root.tag == "TSReport":
        return [root]
    if root.tag != "Reports":
        raise ConversionError(
            f"<{str(root.tag)[:60]}> is no root of a TestStand report",
            place=place(root),
            next_step="Check that the right converter watches this folder.",
        )
    found = list(children(root, "Report"))
    units = [one for one in found if str(one.get("Type") or "").lower() != "batch"]
    if not units:
        what = "only the summary of a batch" if found else "no report"
        raise ConversionError(f"the file holds {what}", place=place(root))
    return units


def _report(element: Element, source: Source, options: ConverterOptions, words: Words) -> Report:
    info = {str(one.get("key") or ""): str(one.get("value") or "") for one in children(element, "ReportInfo")}
    container = prop(element, "UUT")
    values = value_of(container) if container is not None else None
    unit = Unit(values) if isinstance(values, dict) else Unit()
    results = [one for one in children(element, "Prop") if one.get("Type") == "TEResult"]
    main = results[0] if results else None
    path = text(main, "TS", "SequenceCall", "SequenceFile").strip()
    found = Found(
        sn=info.get("SN", "") or unit.text("SerialNumber"),
        pn=info.get("PN", "") or unit.text("UUTPartNumber", "PartNumber"),
        rev=info.get("Rev", "") or unit.text("UUTPartRevisionNumber"),
        process=info.get("PCode", "") or unit.process,
        program=path,
        place=place(element),
    )
    header = resolve(found, source, options)
    moment = _start(element, info, source)
    seconds = number(main, "TS", "TotalTime")
    word = str(element.get("UUTResult") or "").strip() or text(main, "Status").strip()
    report = header.report(
        start=moment.at if moment else None,
        result=words.result(word, place(element)) if word else None,
        user=text(element, "StationInfo", "LoginName"),
        execution_time=max(0.0, seconds) if seconds is not None else None,
        sequence=text(main, "TS", "SequenceCall", "Sequence").strip(),
        sequence_path=path,
        sequence_version=text(main, "TS", "SequenceCall", "SequenceFileVersion").strip(),
    )
    if moment and moment.warning:
        report.warn(moment.warning)
    if is_uuid(info.get("ID", "")):
        report.data["id"] = info["ID"]
    _station(report, element)
    add_unit(report, unit)
    reader = ResultReader(_base(info, moment, main), words)
    top = reader.node(main) if main is not None else Node(name="", kind="SequenceCall", place="")
    top.steps += [reader.node(one) for one in results[1:]]
    if not word:
        _check_steps(top, reader, element)
    report.info(errorCode=top.error_code, errorMessage=top.error_message or None)
    critical = [*numbers_in(prop(container, "CriticalFailureStack"))]
    Builder(report).fill(top, critical[-1] if critical else "")
    report.warnings.extend(reader.notes.sentences())
    return report


def _check_steps(top: Node, reader: ResultReader, element: Element) -> None:
    """The unit has no result of its own: its steps must tell it.

    Raises:
        ConversionError: there are none, one has no verdict or one that nobody knows, or none was judged.
    """
    if not top.steps:
        raise ConversionError(
            "the report has neither a result nor a step",
            place=place(element),
            next_step=BROKEN_OFF,
        )
    if reader.unknown is not None:
        word, where = reader.unknown
        raise ConversionError(
            f"the report has no result, and the status {word[:40]!r} of a step is not known",
            place=where,
            next_step=NEXT_STEP.format(word[:40]),
        )
    check_judged(top.steps, place(element))


def _station(report: Report, element: Element) -> None:
    station = prop(element, "StationInfo")
    report.station(one_line(text(station, "StationID") or text(station, "StationComputerName"), 100))
    for key, name in (("location", "Location"), ("purpose", "Purpose")):
        if given := one_line(text(station, name), 100):
            report.data[key] = given
    for name, holder in (("UUT", prop(element, "UUT")), ("StationInfo", station)):
        extra = prop(holder, "AdditionalData")
        values = value_of(extra) if extra is not None else None
        if isinstance(values, dict) and values:
            report.additional(name, values)


# ---------------------------------------------------------------- times
def _start(element: Element, info: dict[str, str], source: Source) -> Moment | None:
    """The start by its numbers: the texts beside them are in the language of the PC."""
    if given := info.get("Start", ""):
        try:
            return read_time(given, source.station)
        except ValueError as error:
            raise ConversionError(f"Start: {error}", place=place(element)) from error
    date, time = prop(element, "StartDate"), prop(element, "StartTime")
    parts = [whole(date, name) for name in ("Year", "Month", "MonthDay")]
    parts += [whole(time, name) for name in ("Hours", "Minutes", "Seconds")]
    if None in parts:
        return None
    year, month, day, hour, minute, second = (part or 0 for part in parts)
    try:
        naive = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local time of the tester
    except ValueError as error:
        raise ConversionError(f"StartDate, StartTime: {error}", place=place(element)) from error
    if not 1980 <= year < 2200:
        raise ConversionError(f"StartDate: year {year}", place=place(element))
    millis = whole(time, "Milliseconds") or 0
    return local_time(naive + timedelta(milliseconds=millis % 1000), source.station)


def _base(info: dict[str, str], moment: Moment | None, main: Element | None) -> tuple[datetime, float] | None:
    """A moment and the engine's seconds at it: the steps count from when the engine started."""
    given = info.get("EngineStarted", "")
    if given and moment is not None:
        try:
            engine = datetime.fromisoformat(given)
        except ValueError:
            engine = None
        if engine is not None and engine.tzinfo is not None:
            return engine.astimezone(moment.at.tzinfo), 0.0
    first = number(main, "TS", "StartTime")
    return (moment.at, first) if moment is not None and first is not None else None
