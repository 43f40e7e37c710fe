"""Saki AOI: a panel with its images, and what the inspection found on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, Literal

from lxml import etree

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
from stationmaster.api.day_time import DayOrder, read_day_time
from stationmaster.api.header import Found, is_placeholder, named_groups, resolve
from stationmaster.api.text import clip, one_line
from stationmaster.api.verdict import result_of

_HEADER: Final = {"barcode", "result", "startDate"}
# The lists of an image: is what they hold a fault, and the word for it.
_LISTS: Final = {"FalseCalls": (Status.PASSED, "False call"), "Failed": (Status.FAILED, "")}
_TOLD: Final = {
    "designator": "",
    "partNumber": "Part number",
    "package": "Package",
    "description": "Description",
}


class SakiOptions(ConverterOptions, frozen=True, kw_only=True):
    """Options of the Saki AOI converter.

    Attributes:
        date_order: order of day, month and year in `startDate`: "dmy", "mdy" or "ymd".
        part_number_pattern: regular expression with a group `pn`, and perhaps `rev`, for the program's name.
        report_per: "panel": one report; "image": one for each image that has a barcode of its own.
        false_calls: have a step for each false call.
        counts: measure the number of false calls and of failures of each image.
    """

    date_order: DayOrder = "dmy"
    part_number_pattern: str = ""
    report_per: Literal["panel", "image"] = "panel"
    false_calls: bool = True
    counts: bool = False


class SakiAoiConverter:
    """Reads the result files of Saki AOI."""

    name: ClassVar[str] = "saki-aoi"
    version: ClassVar[str] = "1"
    options_type: ClassVar[type[ConverterOptions]] = SakiOptions

    def detect(self, glimpse: Glimpse) -> int:
        """80 if the root is a panel with barcode, result and date, and parts of one follow."""
        tags = xml.first_tags(glimpse.head, 3)
        if not tags or tags[0].name != "Panel" or not tags[0].attributes.keys() >= _HEADER:
            return 0
        return 80 if any(tag.name in {"Image", "Program"} for tag in tags[1:]) else 50

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the root is closed."""
        return xml.is_closed(glimpse, "Panel")

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield the panel's report, or one for each image by option. `resume` is not used."""
        del resume
        own = SakiOptions.of(options)
        warnings: list[str] = []
        panel = xml.open(source, warnings=warnings)
        if xml.local_name(panel) != "Panel":
            raise ConversionError(
                f"<{xml.local_name(panel)[:60]}> is no panel of Saki AOI",
                place=xml.place(panel),
                next_step="Check that the right converter watches this folder.",
            )
        images = list(xml.children(panel, "Image"))
        if not images:
            raise ConversionError("the panel has no images", place=xml.place(panel))
        for report in _reports(panel, images, source, own):
            report.warnings.extend(warnings)
            if own.attach_source:
                report.attach(source.name, source.read_bytes(), content_type="text/xml")
            yield report


def _reports(
    panel: xml.Element, images: list[xml.Element], source: Source, options: SakiOptions
) -> Iterator[Report]:
    alone: list[xml.Element] = []
    rest: list[xml.Element] = []
    for image in images:
        own = options.report_per == "image" and _barcode(image, options)
        (alone if own else rest).append(image)
    about = repr(sorted(panel.attrib.items())).encode()
    for image in alone:
        report = _header(panel, image, source, options)
        report.record = about + _bytes(image)
        _add_image(report, report.root, image, options)
        yield report
    if not rest:
        return
    report = _header(panel, panel, source, options)
    for image in rest:
        name = f"Image {one_line(str(image.get('id') or ''), 80)}".strip()
        _add_image(report, report.root.sequence(name, status=Status(_result(image).value)), image, options)
    if alone:
        # The panel's verdict is about the images with reports of their own, too.
        del report.data["result"], report.root.data["status"]
        report.record = about + b"".join(map(_bytes, rest))
    yield report


def _bytes(element: xml.Element) -> bytes:
    return etree.tostring(element, with_tail=False)


def _barcode(element: xml.Element, options: SakiOptions) -> str:
    text = str(element.get("barcode") or "").strip()
    return "" if is_placeholder(text, options) else text


def _header(panel: xml.Element, unit: xml.Element, source: Source, options: SakiOptions) -> Report:
    program = next(xml.children(panel, "Program"), None)
    name = "" if program is None else str(program.get("name") or "").strip()
    named = named_groups(options.part_number_pattern, name, "part_number_pattern")
    header = resolve(
        Found(
            sn=str(unit.get("barcode") or ""),
            pn=named.get("pn", ""),
            rev=named.get("rev", ""),
            program=name,
            place=xml.place(panel),
            sn_place=xml.place(unit),
        ),
        source,
        options,
    )
    report = header.report(
        result=_result(unit),
        user=str(panel.get("operator") or ""),
        sequence=name,
        sequence_version="" if program is None else str(program.get("ver") or ""),
    )
    _set_start(report, panel, source, options)
    if side := one_line(str(panel.get("side") or ""), 100):
        report.misc("Side", side)
    if unit is not panel:
        if barcode := _barcode(panel, options):
            report.misc("Panel", one_line(barcode, 100))
        report.misc("Image", one_line(str(unit.get("id") or "-"), 100))
    return report


def _result(element: xml.Element) -> Result:
    try:
        return result_of(str(element.get("result") or ""))
    except ValueError as error:
        raise ConversionError(str(error), place=xml.place(element)) from error


def _set_start(report: Report, panel: xml.Element, source: Source, options: SakiOptions) -> None:
    day, clock = str(panel.get("startDate") or ""), str(panel.get("startTime") or "")
    if not day.strip():
        return
    try:
        moment = read_day_time(day, clock, source.station, order=options.date_order)
    except ValueError as error:
        raise ConversionError(
            str(error),
            place=xml.place(panel),
            next_step="If the machine writes dates in another order, set the converter's option date_order.",
        ) from error
    report.data["start"] = moment.at.isoformat()
    report.timed = True
    if moment.warning:
        report.warn(moment.warning)


def _add_image(report: Report, sequence: Sequence, image: xml.Element, options: SakiOptions) -> None:
    """Add the steps of one image."""
    counts = dict.fromkeys(_LISTS, 0)
    for results in xml.children(image, "Results"):
        for found in xml.children(results):
            kind = xml.local_name(found)
            if kind not in _LISTS:
                raise ConversionError(f"<{kind[:60]}> is no list that we know", place=xml.place(found))
            references = list(xml.children(found, "Reference"))
            counts[kind] += len(references)
            if kind == "Failed" or options.false_calls:
                _add_references(sequence, references, *_LISTS[kind])
    if not sequence.steps:
        sequence.passfail("Inspection", Status(_result(image).value))
    if counts["Failed"] and _result(image) is Result.PASSED:
        report.warn(f"{xml.place(image)} is passed and has failures: its result was kept")
    if options.counts:
        sequence.numeric("False calls", counts["FalseCalls"])
        sequence.numeric("Failures", counts["Failed"])


def _add_references(sequence: Sequence, references: list[xml.Element], status: Status, word: str) -> None:
    seen: dict[str, int] = {}
    for reference in references:
        name = one_line(str(reference.get("designator") or ""), 90) or "-"
        seen[name] = seen.get(name, 0) + 1
        told = [word]
        for key, value in reference.attrib.items():
            label, text = _TOLD.get(str(key), str(key)), str(value).strip()
            told.append(f"{label}: {text}" if label and text else "")
        step = sequence.passfail(name if seen[name] == 1 else f"{name} #{seen[name]}", status)
        step.details(text=clip("\n".join(filter(None, told)), 5000) or None)
