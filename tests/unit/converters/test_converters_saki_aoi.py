"""Saki AOI: panels, images, false calls and failures, dates, spoilt files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.saki_aoi import SakiAoiConverter

DATA = Path(__file__).parents[2] / "data" / "saki-aoi"
OPTIONS: dict[str, Any] = {"part_number": "BRD-7", "process_code": 20}


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(SakiAoiConverter(), DATA / name, options=OPTIONS | options)


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> Report:
    """The report of the failed panel, in which `old` is `new`."""
    text = (DATA / "failed_panel.xml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "panel.xml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    [report] = convert_file(SakiAoiConverter(), path, options=OPTIONS | options)
    return report


def test_a_panel_with_its_images() -> None:
    [report] = convert("failed_panel.xml")
    assert (report.sn, report.data["result"], report.data["start"][:19]) == (
        "SN-S1",
        "F",
        "2026-02-28T16:20:05",
    )
    assert report.data["uut"] == {"user": "kim"}
    assert report.data["miscInfos"] == [{"description": "Side", "text": "TOP"}]
    assert report.root.data["seqCall"] == {"path": "BRD-7 TOP", "name": "BRD-7 TOP", "version": "3"}
    assert [(step.name, step.status, len(step.steps)) for step in report.root.steps] == [
        ("Image 1", "F", 6),
        ("Image 2", "P", 1),
        ("Image 3", "P", 1),
    ]
    assert report.warnings == []
    assert validate(report) == []


def test_references_are_steps_named_by_their_designator() -> None:
    [report] = convert("failed_panel.xml")
    steps = report.root.steps[0].steps
    assert [(step.name, step.status) for step in steps] == [
        ("R12", "P"),
        ("R12 #2", "P"),
        ("C3", "P"),
        ("R12", "F"),
        ("U4", "F"),
        ("U4 #2", "F"),
    ]
    assert (
        steps[0].data["reportText"] == "False call\nPart number: 70012\nPackage: R0402\nDescription: 10k 1%"
    )
    assert steps[2].data["reportText"] == "False call\nPart number: 70012\nPackage: C0603"
    assert steps[4].data["reportText"] == "Package: QFN32\nDescription: Controller & radio"
    assert steps[3].data["causedUUTFailure"] is True
    assert report.root.steps[1].steps[0].name == "Inspection"


def test_false_calls_can_be_left_out_and_counted() -> None:
    [report] = convert("failed_panel.xml", false_calls=False, counts=True)
    first, _, third = report.root.steps
    assert [step.name for step in first.steps] == ["R12", "U4", "U4 #2", "False calls", "Failures"]
    assert [step.data["numericMeas"][0]["value"] for step in first.steps[3:]] == [3, 3]
    assert [step.name for step in third.steps] == ["Inspection", "False calls", "Failures"]


def test_images_with_barcodes_can_have_reports() -> None:
    [whole] = convert("own_barcodes.xml")
    assert (whole.sn, whole.data["result"]) == ("PANEL-9", "F")
    reports = convert("own_barcodes.xml", report_per="image")
    assert [(one.sn, one.data["result"], len(one.root.steps)) for one in reports] == [
        ("SN-S2", "F", 1),
        ("SN-S3", "P", 1),
        ("PANEL-9", "P", 1),
    ]
    assert reports[0].data["miscInfos"][1:] == [
        {"description": "Panel", "text": "PANEL-9"},
        {"description": "Image", "text": "1"},
    ]
    assert len({one.record for one in reports}) == 3
    [same] = convert("failed_panel.xml", report_per="image")
    assert (same.sn, same.record) == ("SN-S1", None)


def test_the_order_of_a_date_is_an_option() -> None:
    [report] = convert("us_date.xml", date_order="mdy")
    assert report.data["start"][:10] == "2026-02-28"
    with pytest.raises(ConversionError, match="line 1 <Panel>: ") as caught:
        convert("us_date.xml")
    assert "date_order" in caught.value.next_step


def test_options_of_the_header() -> None:
    [report] = convert("us_date.xml", date_order="mdy", part_number="", part_number_pattern=r"(?P<pn>\S+)")
    assert report.pn == "BRD-7"
    [report] = convert("us_date.xml", date_order="mdy", part_numbers={"brd-7 top": "X-1"}, attach_source=True)
    assert (report.pn, report.data["binaryData"][0]["name"]) == ("X-1", "us_date.xml")


def test_a_passed_image_with_failures_is_kept_and_told(tmp_path: Path) -> None:
    report = changed(tmp_path, 'id="1" result="failed"', 'id="1" result="passed"')
    assert report.root.steps[0].status == "P"
    [warning] = report.warnings
    assert "line 3 <Image> is passed and has failures" in warning


def test_a_panel_without_date_takes_the_time_of_the_file(tmp_path: Path) -> None:
    report = changed(tmp_path, "28/02/2026", "")
    assert not report.timed


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('result="failed" start', 'result="perhaps" start', "line 1 <Panel>: 'perhaps' is no verdict"),
        ('id="1" result="failed"', 'id="1" result=""', "line 3 <Image>: '' is no verdict"),
        ("28/02/2026", "30/02/2026", "30/02/2026"),
        ("16:20:05", "soon", "'soon' is no time of day"),
        ("SN-S1", "N/A", "line 1 <Panel>: the serial number 'N/A' is a placeholder"),
        ("Panel", "Board", "<Board> is no panel"),
        ("Image", "Picture", "the panel has no images"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("unknown_list.xml", "<Doubtful> is no list that we know"), ("half_written.xml", "not well-formed")],
)
def test_spoilt_samples_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        convert(name)


def test_detection_and_completeness(tmp_path: Path) -> None:
    converter = SakiAoiConverter()
    assert converter.detect(Glimpse.at(DATA / "failed_panel.xml")) == 80
    assert converter.is_complete(Glimpse.at(DATA / "failed_panel.xml"))
    assert not converter.is_complete(Glimpse.at(DATA / "half_written.xml"))
    other = tmp_path / "other.xml"
    for content, confidence in (("<Panel/>", 0), ('<Panel barcode="" result="" startDate=""/>', 50), ("", 0)):
        other.write_text(content, encoding="utf-8")
        assert converter.detect(Glimpse.at(other)) == confidence


def test_a_time_in_a_change_of_summer_time_is_told(tmp_path: Path) -> None:
    text = (DATA / "failed_panel.xml").read_text(encoding="utf-8")
    path = tmp_path / "panel.xml"
    path.write_text(
        text.replace("28/02/2026", "29/03/2026").replace("16:20:05", "02:30:00"), encoding="utf-8"
    )
    oslo = Station(time_zone="Europe/Oslo")
    [report] = convert_file(SakiAoiConverter(), path, options=OPTIONS, station=oslo)
    assert "change of summer time" in report.warnings[0]


def test_common_options_are_enough() -> None:
    options = ConverterOptions(part_number="P", process_code=1)
    [report] = SakiAoiConverter().convert(source_of(DATA / "failed_panel.xml"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def test_every_reference_of_the_real_file(corpus: Path) -> None:
    """Each reference, read by a few lines of its own, is the step at its place."""
    [path] = (corpus / "saki-aoi").rglob("*.xml")
    references = [
        (reference.attrib["designator"], status)
        for results in ET.parse(path).iter("Results")  # noqa: S314 - a file of the corpus
        for kind, status in (("FalseCalls", "P"), ("Failed", "F"))
        for reference in results.iterfind(f"{kind}/Reference")
    ]
    [report] = convert_file(SakiAoiConverter(), path, options=OPTIONS)
    steps = [step for step in report.steps() if step.step_type == "ET_PFT"]
    assert len(references) == 34
    assert [(step.name.partition(" #")[0], step.status) for step in steps] == references
