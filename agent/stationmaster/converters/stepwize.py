"""StepWize XSPC files: one unit, a flat list of records, of which several make a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source, xml
from stationmaster.api.header import Found, named_groups, resolve
from stationmaster.api.local_time import read_time
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of
from stationmaster.api.xml import Element
from stationmaster.converters.stepwize_step import Record, add_steps

_ROOT = "ConfigAndResultsDataFile"


class StepWizeOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the StepWize converter.

    Attributes:
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the part number as
            the file has it.
        asset_as_station: take the asset of the first record as name of the station.
    """

    part_number_pattern: str = ""
    asset_as_station: bool = False


class StepWizeConverter:
    """Reads XSPC files of StepWize."""

    name: ClassVar[str] = "stepwize"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = StepWizeOptions

    def detect(self, glimpse: Glimpse) -> int:
        """90 by the name of the root."""
        tags = xml.first_tags(glimpse.head, 1)
        return 90 if tags and tags[0].name == _ROOT else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root is closed."""
        return xml.is_closed(glimpse, _ROOT)

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the one report. `resume` is not used."""
        del resume
        own = StepWizeOptions.of(options)
        warnings: list[str] = []
        root = xml.open(source, warnings=warnings)
        data = next(xml.children(root, "ConfigandResultsData"), None)
        if xml.local_name(root) != _ROOT or data is None:
            raise ConversionError(
                f"{source.name} is no file of StepWize with results",
                place=xml.place(root),
                next_step="Check that the right converter watches this folder.",
            )
        records = [Record.read(element) for element in data.iter("{*}Config_and_Data_Result")]
        if not records:
            raise ConversionError("there are no results in it", place=xml.place(data))
        report = _header(data, records, source, own)
        report.warnings.extend(warnings)
        add_steps(report, records)
        if own.attach_source:
            report.attach(source.name, source.read_bytes(), content_type="text/xml")
        yield report


def _header(data: Element, records: list[Record], source: Source, options: StepWizeOptions) -> Report:
    text = {
        xml.local_name(child): xml.inner_text(child).strip() for child in xml.children(data) if not len(child)
    }
    pn = text.get("partNumber", "")
    named = named_groups(options.part_number_pattern, pn, "part_number_pattern")
    header = resolve(
        Found(
            sn=text.get("serialNumber", ""),
            pn=named.get("pn", pn),
            rev=named.get("rev") or text.get("revision") or text.get("partRev", ""),
            process=text.get("operation", ""),
            program=text.get("sourceFile", ""),
            place=xml.place(data),
        ),
        source,
        options,
    )
    verdict = text.get("sequencePF", "")
    try:
        result = result_of(verdict) if verdict else None
    except ValueError as error:
        raise ConversionError(str(error), place=f"{xml.place(data)} sequencePF") from error
    operators = list(dict.fromkeys(filter(None, (record.text("operator") for record in records))))
    report = header.report(
        result=result,
        user=operators[0] if operators else "",
        sequence=text.get("sourceFile", ""),
        sequence_version=text.get("build") or text.get("version", ""),
    )
    if result is None:
        report.warn("the file has no sequencePF: the result is the worst of the steps")
    _set_times(report, records, source)
    _add_info(report, text, records, options)
    for operator in operators[1:10]:
        report.misc("Operator", one_line(operator, 100))
    return report


def _set_times(report: Report, records: list[Record], source: Source) -> None:
    """From the start of the first record to the end of the last, by the station's clock."""
    first, last = records[0], records[-1]
    if not first.text("startDateTime"):
        return
    try:
        start = read_time(first.text("startDateTime"), source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=first.place("startDateTime")) from error
    report.data["start"] = start.at.isoformat()
    report.timed = True
    if start.warning:
        report.warn(start.warning)
    if not last.text("endDateTime"):
        return
    try:
        end = read_time(last.text("endDateTime"), source.station)
    except ValueError as error:
        raise ConversionError(str(error), place=last.place("endDateTime")) from error
    seconds = (end.at - start.at).total_seconds()
    if seconds < 0:
        report.warn("the last record ends before the first begins: the time was taken as 0")
    report.info(execTime=max(0.0, seconds))


def _add_info(report: Report, text: dict[str, str], records: list[Record], options: StepWizeOptions) -> None:
    report.info(
        batchSN=one_line(text.get("workOrder", ""), 100) or None,
        comment=clip(text.get("description", ""), 5000) or None,
    )
    if plant := one_line(text.get("plantName", ""), 100):
        report.data["location"] = plant
    for name, key in (
        ("Part description", "partDescription"),
        ("Model number", "modelNumber"),
        ("Software part number", "softwarePN"),
        ("Factory number", "factoryNumber"),
        ("Result set", "resultSetID"),
    ):
        if value := one_line(text.get(key, ""), 100):
            report.misc(name, value)
    assets = list(dict.fromkeys(filter(None, (record.text("assetID") for record in records))))
    if assets and options.asset_as_station:
        report.station(one_line(assets[0], 100))
    for asset in assets[:10]:
        report.misc("Asset", one_line(asset, 100))
