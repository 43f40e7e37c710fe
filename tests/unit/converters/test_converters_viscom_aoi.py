"""Viscom AOI: boards of a panel, windows, false calls, spoilt files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.viscom_aoi import ViscomAoiConverter

DATA = Path(__file__).parents[2] / "data" / "viscom-aoi"
OPTIONS: dict[str, Any] = {"part_number": "BRD-7", "process_code": 20}


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(ViscomAoiConverter(), DATA / name, options=OPTIONS | options)


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> list[Report]:
    """The reports of the panel, in which `old` is `new`."""
    text = (DATA / "panel.xml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "panel.xml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return convert_file(ViscomAoiConverter(), path, options=OPTIONS | options)


def test_a_report_for_each_board_that_was_inspected() -> None:
    reports = convert("panel.xml")
    assert [(one.sn, one.data["result"]) for one in reports] == [
        ("SN-V1", "P"),
        ("SN-V2", "F"),
        ("SN-V3", "P"),
    ]
    first = reports[0]
    assert (first.data["machineName"], first.data["start"][:19]) == ("SMT-2", "2026-03-10T08:15:02")
    assert first.data["uut"] == {"user": "kim", "execTime": 38}
    assert first.root.data["seqCall"]["name"] == "BRD-7_TOP"
    assert [(one["description"], one["text"]) for one in first.data["miscInfos"]] == [
        ("Variant", "C"),
        ("Board", "1"),
        ("AOI", "SMT-2-AOI"),
        ("Repair result of the panel", "PASS"),
        ("Repair seconds", "12"),
        ("SI version", "9.1"),
        ("REP version", "9.2"),
        ("Panel CountInspectionWindows", "900"),
        ("Panel CountComponents", "120"),
        ("Panel CountDefects", "3"),
    ]
    assert all(one.warnings == ["boards that are marked as bad give no report: 4"] for one in reports)
    assert all(validate(one) == [] for one in reports)
    assert len({one.record for one in reports}) == 3


def test_windows_belong_to_boards_by_number_or_barcode() -> None:
    first, second, third = convert("panel.xml")
    assert [(step.name, step.status) for step in first.root.steps] == [("Inspection", "P")]
    assert [(step.name, step.status) for step in second.root.steps] == [("R12-2", "F"), ("R13-2", "P")]
    fault, false_call = second.root.steps
    assert fault.data["errorMessage"] == "Bridge"
    assert fault.data["reportText"].splitlines() == [
        "Bridge",
        "Type: 5",
        "Mode: MENI 9",
        "Window: R0402",
        "Part: 70012",
        "X, Y: 1500 2750",
    ]
    assert "errorMessage" not in false_call.data
    assert [(step.name, step.status) for step in third.root.steps] == [("C7", "P")]


def test_which_types_are_false_calls_is_an_option() -> None:
    second = convert("panel.xml", false_call_types=["5"], counts=True)[1]
    assert [(step.name, step.status) for step in second.root.steps[:2]] == [("R12-2", "P"), ("R13-2", "F")]
    assert [step.data["numericMeas"][0]["value"] for step in second.root.steps[2:]] == [1, 1]


def test_boards_without_a_verdict_have_that_of_their_windows() -> None:
    first, second = convert("no_verdicts.xml")
    assert (first.data["result"], second.data["result"]) == ("P", "F")
    assert first.warnings == ["the board has no result: it is the worst of its windows"]


def test_texts_in_the_page_of_the_station() -> None:
    [report] = convert("cp1250.xml")
    assert report.root.steps[0].data["errorMessage"] == "Hiányzó alkatrész - ő"
    [warning] = report.warnings
    assert "read as cp1250" in warning


def test_options_of_the_header() -> None:
    first = convert(
        "panel.xml", part_number="", part_number_pattern="(?P<pn>[^_]+)", variant_as_revision=True
    )[0]
    assert (first.pn, first.data["rev"]) == ("BRD-7", "C")
    first = convert("panel.xml", part_numbers={"BRD-7_top": "X-1"}, attach_source=True)[0]
    assert (first.pn, first.data["rev"], first.data["binaryData"][0]["name"]) == ("X-1", "A", "panel.xml")


def test_a_panel_without_date_takes_the_time_of_the_file(tmp_path: Path) -> None:
    reports = changed(tmp_path, "<Date><Begin>20260310</Begin><End>20260310</End></Date>", "")
    assert not any(one.timed for one in reports)
    none = changed(tmp_path, "<Duration>38</Duration>", "")[0]
    assert "execTime" not in none.data["uut"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<Result>FAIL</Result>", "<Result>MAYBE</Result>", "<Result>: 'MAYBE' is no verdict"),
        ("<Begin>20260310", "<Begin>20261310", "is no ISO date"),
        ("<Begin>081502", "<Begin>8150", "is no date YYYYMMDD and time HHMMSS"),
        ("<Duration>38", "<Duration>long", "<Duration>: 'long' is no number"),
        ("<Duration>38", "<Duration>-1", "no time that an inspection takes"),
        ("SN-V1", "", "<SinglePCB>: no serial number"),
        ("<Number>2</Number>", "<Number>1</Number>", "board 1 is there twice"),
        ("<Type>5</Type>", "<Type></Type>", "<Window>: the window has no type of result"),
        ("ViscomData", "Data", "<Data> is no result of Viscom AOI"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stray_window.xml", "<Window>: the window belongs to none of the boards"),
        ("all_bad.xml", "no boards that were inspected"),
        ("half_written.xml", "not well-formed"),
    ],
)
def test_spoilt_samples_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        convert(name)


def test_a_board_with_neither_result_nor_windows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="board SN-V1: a board has neither"):
        changed(tmp_path, "<Result>PASS</Result><SideInformation>", "<SideInformation>")


def test_detection_and_completeness(tmp_path: Path) -> None:
    converter = ViscomAoiConverter()
    assert converter.detect(Glimpse.at(DATA / "panel.xml")) == 90
    assert converter.is_complete(Glimpse.at(DATA / "panel.xml"))
    assert not converter.is_complete(Glimpse.at(DATA / "half_written.xml"))
    other = tmp_path / "other.xml"
    other.write_text("<Data/>", encoding="utf-8")
    assert converter.detect(Glimpse.at(other)) == 0


def test_a_time_in_a_change_of_summer_time_is_told(tmp_path: Path) -> None:
    text = (DATA / "panel.xml").read_text(encoding="utf-8")
    path = tmp_path / "panel.xml"
    path.write_text(text.replace("20260310", "20260329").replace("081502", "023000"), encoding="utf-8")
    oslo = Station(time_zone="Europe/Oslo")
    reports = convert_file(ViscomAoiConverter(), path, options=OPTIONS, station=oslo)
    assert all(any("change of summer time" in text for text in one.warnings) for one in reports)


def test_common_options_are_enough() -> None:
    options = ConverterOptions(part_number="P", process_code=1)
    reports = list(ViscomAoiConverter().convert(source_of(DATA / "panel.xml"), options, None))
    assert len(reports) == 3
