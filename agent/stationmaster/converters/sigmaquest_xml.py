"""SigmaQuest unit reports: test runs inside test runs, with a grade each, and values in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from stationmaster.api import (
    ConversionError,
    ConverterOptions,
    Glimpse,
    Report,
    Result,
    Resume,
    Sequence,
    Source,
    Status,
    xml,
)
from stationmaster.api.header import Found, is_placeholder, named_groups, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.text import one_line
from stationmaster.api.verdict import result_of, status_of
from stationmaster.api.xml import Element
from stationmaster.converters.sigmaquest_xml_value import FAILED, add_value, notes_of, values_of

_NAMESPACES: Final = {"", "urn:unitreport-schema"}
_INSIDE: Final = {"Station", "Operator", "Category", "Product", "TestRun"}


class SigmaQuestOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the SigmaQuest converter.

    Attributes:
        no_stations: names of stations that count as none, compared without case.
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the part number as
            the file has it.
    """

    no_stations: tuple[str, ...] = ("<No Station>",)
    part_number_pattern: str = ""


class SigmaQuestXmlConverter:
    """Reads unit reports of SigmaQuest."""

    name: ClassVar[str] = "sigmaquest-xml"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = SigmaQuestOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 if the root is a unit report with parts of one in it; 50 for its name alone."""
        tags = xml.first_tags(glimpse.head)
        if not tags or tags[0].name != "UnitReport" or tags[0].namespace not in _NAMESPACES:
            return 0
        return 90 if any(tag.name in _INSIDE for tag in tags[1:]) else 50

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root is closed."""
        return xml.is_closed(glimpse, "UnitReport")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report. `resume` is not used."""
        del resume
        own = SigmaQuestOptions.of(options)
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings)
        if xml.local_name(root) != "UnitReport":
            raise ConversionError(
                f"<{xml.local_name(root)[:60]}> is no unit report of SigmaQuest",
                place=xml.place(root),
                next_step="Check that the right converter watches this folder.",
            )
        runs = list(xml.children(root, "TestRun"))
        if not runs:
            raise ConversionError("the unit report has no test runs", place=xml.place(root))
        report = _header(root, runs, source, own)
        report.warnings.extend(warnings)
        _Steps(report).add(runs)
        if own.attach_source:
            report.attach(source.name, source.read_bytes(), content_type="text/xml")
        yield report


def _header(root: Element, runs: list[Element], source: Source, options: SigmaQuestOptions) -> Report:
    product = next(root.iter("{*}Product"), None)
    where = root if product is None else product
    pn = str(where.get("part-no") or "")
    named = named_groups(options.part_number_pattern, pn, "part_number_pattern")
    operation = str(runs[0].get("name") or "")
    header = resolve(
        Found(
            sn=str(where.get("serial-no") or ""),
            pn=named.get("pn", pn),
            rev=named.get("rev", ""),
            process=operation,
            program=operation,
            place=xml.place(where),
        ),
        source,
        options,
    )
    # One test run at the top is the test itself; of several none has the verdict of all.
    result = _result(runs[0]) if len(runs) == 1 else None
    operator = next(xml.children(root, "Operator"), None)
    report = header.report(
        result=result,
        user="" if operator is None else str(operator.get("name") or ""),
        sequence=operation,
    )
    _set_times(report, root, runs, source)
    _add_info(report, root, product, options)
    return report


def _result(run: Element) -> Result | None:
    word = str(run.get("grade") or "").strip()
    try:
        return result_of(word) if word else None
    except ValueError as error:
        raise ConversionError(str(error), place=xml.place(run)) from error


def _moment(element: Element, key: str, report: Report, source: Source) -> datetime | None:
    text = str(element.get(key) or "").strip()
    if not text:
        return None
    try:
        moment = read_time(text, source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=f"{xml.place(element)} {key}") from error
    if moment.warning:
        report.warn(moment.warning)
    return moment.at


def _set_times(report: Report, root: Element, runs: list[Element], source: Source) -> None:
    """The report may begin later than its first test run: the earlier of the two is the start."""
    starts = [_moment(one, "start-time", report, source) for one in (root, *runs)]
    ends = [_moment(one, "end-time", report, source) for one in (root, *runs)]
    start = min((one for one in starts if one is not None), default=None)
    end = max((one for one in ends if one is not None), default=None)
    if start is None:
        return
    report.data["start"] = start.isoformat()
    report.timed = True
    if end is not None:
        seconds = (end - start).total_seconds()
        if seconds < 0:
            report.warn("the unit report ends before it begins: its time was taken as 0")
        report.info(execTime=max(0.0, seconds))


def _add_info(report: Report, root: Element, product: Element | None, options: SigmaQuestOptions) -> None:
    silent = {name.casefold() for name in options.no_stations}
    station = next(xml.children(root, "Station"), None)
    if station is not None:
        name = str(station.get("name") or "").strip()
        if name.casefold() not in silent:
            report.station(one_line(name, 100))
        if guid := one_line(str(station.get("guid") or ""), 100):
            report.misc("Station GUID", guid)
    for category in xml.children(root, "Category"):
        if name := one_line(str(category.get("name") or ""), 100):
            report.misc("Category", name)
    if product is None:
        return
    order = str(product.get("factory-order") or "").strip()
    if not is_placeholder(order, options):
        report.info(batchSN=one_line(order, 100))
    for part in root.iter("{*}Product"):
        if part is not product:
            _add_part(report, part)


def _add_part(report: Report, part: Element) -> None:
    pn, sn = (one_line(str(part.get(key) or ""), 100) for key in ("part-no", "serial-no"))
    if pn and sn:
        report.sub_unit("Product", pn=pn, sn=sn)
    elif pn or sn:
        report.misc("Product", f"{pn} {sn}".strip())
        report.warn(f"{xml.place(part)} without part or serial number is a misc info")


class _Steps:
    """Turns test runs into sequences and steps."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._outside = 0

    def add(self, runs: list[Element]) -> None:
        root = self._report.root
        if len(runs) == 1:
            self._add_inside(root, runs[0])
            if not root.steps:
                root.passfail(root.name, _status(runs[0]) or Status.DONE)
        else:
            for run in runs:
                self._add_run(root, run)
        if self._outside:
            self._report.warn(
                f"{self._outside} values lie outside their limits in test runs that passed: the grade stays"
            )

    def _add_run(self, sequence: Sequence, run: Element) -> None:
        """A test run with anything in it is a sequence, else a step."""
        name, status = one_line(str(run.get("name") or ""), 500), _status(run)
        if any(True for _one in xml.children(run, "TestRun", "Result")):
            below = sequence.sequence(name or "-", status=status)
            self._add_inside(below, run)
            below.details(total_time=self._seconds(run))
            return
        step = sequence.action(name) if status is None else sequence.passfail(name, status)
        step.details(total_time=self._seconds(run), text=notes_of(run) or None)

    def _add_inside(self, sequence: Sequence, run: Element) -> None:
        grade = _status(run)
        for child in xml.children(run, "TestRun", "Result"):
            if xml.local_name(child) == "TestRun":
                self._add_run(sequence, child)
                continue
            for value in values_of(child):
                if value.note:
                    self._report.warn(f"{value.place} {value.name[:60]}: {value.note}")
                self._outside += value.is_outside and grade not in FAILED
                add_value(sequence, value, grade)
        if text := notes_of(run):
            sequence.details(text=text)

    def _seconds(self, run: Element) -> float | None:
        """How long a test run took; None where it does not tell."""
        texts = [str(run.get(key) or "") for key in ("start-time", "end-time")]
        if not all(texts):
            return None
        try:
            start, end = map(datetime.fromisoformat, texts)
            return max(0.0, (end - start).total_seconds())
        except (ValueError, TypeError):
            self._report.warn(f"{xml.place(run)}: its times cannot be read, they were left out")
            return None


def _status(run: Element) -> Status | None:
    word = str(run.get("grade") or "").strip()
    try:
        return status_of(word) if word else None
    except ValueError as error:
        raise ConversionError(str(error), place=xml.place(run)) from error
