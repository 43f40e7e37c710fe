"""SigmaQuest: test runs and grades, values and their limits, times, sub-units, spoilt files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.sigmaquest_xml import SigmaQuestXmlConverter

DATA = Path(__file__).parents[2] / "data" / "sigmaquest-xml"
OPTIONS: dict[str, Any] = {"process_codes": {"FCT": 20, "ICT": 10}}


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(SigmaQuestXmlConverter(), DATA / name, options=OPTIONS | options)
    return report


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> Report:
    """The report of a file in which `old` is `new`."""
    text = (DATA / "every_kind.xml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "unit.xml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    [report] = convert_file(SigmaQuestXmlConverter(), path, options=OPTIONS | options)
    return report


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_header_of_a_unit() -> None:
    report = convert("every_kind.xml")
    assert (report.sn, report.pn, report.data["processCode"], report.data["result"]) == (
        "SN-Q1",
        "BRD-7",
        20,
        "F",
    )
    assert report.data["start"] == "2026-04-01T10:00:00+02:00"
    assert report.data["uut"] == {"user": "kim", "execTime": 360.0, "batchSN": "ORD-5"}
    assert report.data["machineName"] == "FCT-3"
    assert report.data["miscInfos"] == [
        {"description": "Station GUID", "text": "AB12"},
        {"description": "Category", "text": "Radios"},
        {"description": "Product", "text": "LID-1"},
    ]
    assert report.data["subUnits"] == [{"partType": "Product", "pn": "PSU-1", "rev": "", "sn": "SN-P1"}]
    assert report.root.data["seqCall"]["name"] == "FCT"
    [issue] = validate(report)
    assert issue.place == "root/Radio/Odd.numericMeas[0].lowLimit"


def test_test_runs_are_sequences_or_steps() -> None:
    report = convert("every_kind.xml")
    assert [
        (step.name, step.step_type, step.status, step.data.get("totTime")) for step in report.root.steps
    ] == [
        ("Supplies", "SequenceCall", "F", 30.0),
        ("Radio", "SequenceCall", "P", 30.0),
        ("Visual", "ET_PFT", "P", 30.0),
        ("Packing", "ET_PFT", "S", 30.0),
        ("Notes", "Action", "D", None),
    ]
    assert report.root.steps[0].data["reportText"] == "LOG: //srv/log.html"
    assert report.root.steps[2].data["reportText"] == "LOG: //srv/log.html"


@pytest.mark.parametrize(
    ("name", "value", "comp", "low", "high", "status"),
    [
        ("Core", 1.25, "GELE", 1.1, 1.3, "P"),
        ("IO", 3.5, "GELE", 3.2, 3.4, "F"),
        ("Retries", 2, "LOG", None, None, "P"),
        ("Power", 2500.0, "GE", 1000.0, None, "P"),
        ("Loss", -12, "LE", -10, None, "P"),
        ("Noise", 0.5, "GELE", 0, 0.4, "P"),
        ("Odd", 5, "GELE", 9, 4, "P"),
        ("Only low", 5, "GE", 4, None, "P"),
        ("Open", 5, "LE", 6, None, "P"),
    ],
)
def test_numbers_and_their_limits(
    name: str, value: float, comp: str, low: float | None, high: float | None, status: str
) -> None:
    [row] = by_name(convert("every_kind.xml"))[name].data["numericMeas"]
    found = (row["value"], row["compOp"], row.get("lowLimit"), row.get("highLimit"), row["status"])
    assert found == (value, comp, low, high, status)


def test_values_of_other_kinds() -> None:
    steps = by_name(convert("every_kind.xml"))
    assert steps["IO"].data["causedUUTFailure"] is True
    assert (steps["Fuse"].step_type, steps["Fuse"].status) == ("ET_PFT", "F")
    assert (steps["Locked"].status, steps["Locked"].data["reportText"]) == ("P", "Value: true")
    assert steps["Firmware"].data["stringMeas"] == [{"status": "P", "value": "v2.1", "compOp": "LOG"}]
    assert (steps["Sweep"].step_type, steps["Sweep"].data["reportText"]) == ("Action", "1 2")
    assert steps["At"].data["reportText"] == "2026-04-01T10:00:10"
    assert (steps["Lost"].step_type, steps["Lost"].status) == ("ET_PFT", "E")
    assert steps["Lost"].data["reportText"] == "no value; GELE 1 2 mA"


@pytest.mark.parametrize(
    ("grade", "limits", "value", "status"),
    [
        ("PASS", 'lsl="1" usl="2"', "9.99E+37", "E"),
        ("FAIL", 'lsl="1" usl="2"', "----", "E"),
        ("FAIL", 'lsl="1" usl="2"', "null", "E"),
        ("", 'lsl="1" usl="2"', "", "E"),
        ("PASS", 'lsl="1" usl="2"', "null", "S"),
        ("FAIL", 'lsl="0" usl="0"', "----", "S"),
    ],
)
def test_a_value_that_is_no_number(tmp_path: Path, grade: str, limits: str, value: str, status: str) -> None:
    inner = f'<Result><Property><ValueDouble name="U" {limits}>{value}</ValueDouble></Property></Result>'
    report = small(
        tmp_path,
        '<Product part-no="P" serial-no="S"/><TestRun name="FCT" grade="FAIL">'
        f'<TestRun name="Run" grade="{grade}">{inner}</TestRun></TestRun>',
    )
    step = by_name(report)["U"]
    assert (step.step_type, step.status) == ("ET_PFT", status)


def test_what_a_person_should_know() -> None:
    report = convert("every_kind.xml")
    assert [text.partition(": ")[2] or text for text in report.warnings if "<Product>" not in text] == [
        "lsl is above usl, both were kept",
        "the grade stays",
    ]
    assert any(
        "2 values lie outside their limits in test runs that passed" in text for text in report.warnings
    )


def test_a_namespace_and_no_station() -> None:
    report = convert("namespace_no_station.xml")
    assert (report.sn, report.data["machineName"], report.data["processCode"]) == ("SN-Q2", "TEST", 10)
    assert "batchSN" not in report.data["uut"]
    assert [(step.name, step.step_type) for step in report.root.steps] == [("R1", "ET_NLT")]
    assert convert("namespace_no_station.xml", no_stations=[]).data["machineName"] == "<No Station>"


def test_several_test_runs_at_the_top() -> None:
    report = convert("two_runs.xml")
    assert (report.data["result"], report.data["start"]) == ("T", "2026-04-01T09:59:00+02:00")
    assert [(step.name, step.status) for step in report.root.steps] == [("ICT", "P"), ("FCT", "T")]


def test_options_of_the_header() -> None:
    report = convert("every_kind.xml", part_number_pattern=r"(?P<pn>\w+)-(?P<rev>\d)", attach_source=True)
    assert (report.pn, report.data["rev"]) == ("BRD", "7")
    assert report.data["binaryData"][0]["name"] == "every_kind.xml"


def small(tmp_path: Path, inner: str, times: str = "", **options: Any) -> Report:
    """The report of a unit with little in it."""
    path = tmp_path / "SN-Q9.xml"
    path.write_text(f"<UnitReport {times}>{inner}</UnitReport>", encoding="utf-8")
    given = {"part_number": "P", "process_code": 1, "serial_number_pattern": "(?P<sn>.+)[.]xml"} | options
    [report] = convert_file(
        SigmaQuestXmlConverter(), path, options=given, station=Station(time_zone="Europe/Oslo")
    )
    return report


def test_a_unit_report_with_little_in_it(tmp_path: Path) -> None:
    report = small(tmp_path, '<Station/><Category/><TestRun grade="PASS"/>')
    assert (report.sn, report.pn, report.timed, report.data["result"]) == ("SN-Q9", "P", False, "P")
    assert [(step.step_type, step.status) for step in report.root.steps] == [("ET_PFT", "P")]
    assert "miscInfos" not in report.data
    bare = small(tmp_path, "<TestRun/>")
    assert [(step.step_type, step.status) for step in bare.root.steps] == [("ET_PFT", "D")]
    product = '<Product part-no="P-2" serial-no="SN-7"/>'
    assert small(tmp_path, f"{product}<TestRun/>").pn == "P-2"


def test_times_that_turn_back_or_cannot_be_read(tmp_path: Path) -> None:
    late = small(tmp_path, "<TestRun/>", 'start-time="2026-04-02T10:00:00Z" end-time="2026-04-01T10:00:00Z"')
    assert late.data["uut"]["execTime"] == 0
    assert "the unit report ends before it begins: its time was taken as 0" in late.warnings
    odd = small(tmp_path, '<TestRun><TestRun start-time="soon" end-time="late"/></TestRun>')
    assert any(text.endswith("its times cannot be read, they were left out") for text in odd.warnings)
    open_end = small(tmp_path, "<TestRun/>", 'start-time="2026-03-29T02:30:00"')
    assert "execTime" not in open_end.data["uut"]
    assert any("change of summer time" in text for text in open_end.warnings)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('serial-no="SN-Q1"', 'serial-no=""', "line 6 <Product>: no serial number"),
        ('grade="SKIPPED"', 'grade="X"', "<TestRun>: 'X' is no verdict"),
        ('grade="FAIL">', 'grade="SKIPPED">', "is no result of a whole test"),
        ('usl="3.4"', 'usl="high"', "<ValueDouble>: 'high' is no number"),
        (">1.25<", ">1,25<", "<ValueDouble>: '1,25' is no number"),
        (">false<", ">perhaps<", "<ValueBoolean>: 'perhaps' is neither true nor false"),
        (
            'start-time="2026-04-01T10:05:00+02:00"',
            'start-time="now"',
            "<UnitReport> start-time: 'now' is no",
        ),
        ("UnitReport", "Report", "<Report> is no unit report"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unknown_grade.xml", "'MAYBE' is no verdict"),
        ("no_runs.xml", "has no test runs"),
        ("half_written.xml", "not well-formed"),
    ],
)
def test_spoilt_samples_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        convert(name)


def test_detection_and_completeness(tmp_path: Path) -> None:
    converter = SigmaQuestXmlConverter()
    for name in ("every_kind.xml", "namespace_no_station.xml"):
        assert converter.detect(Glimpse.at(DATA / name)) == 90
        assert converter.is_complete(Glimpse.at(DATA / name))
    assert not converter.is_complete(Glimpse.at(DATA / "half_written.xml"))
    other = tmp_path / "other.xml"
    for content, confidence in (("<UnitReport/>", 50), ("<UnitReport xmlns='urn:other'/>", 0), ("", 0)):
        other.write_text(content, encoding="utf-8")
        assert converter.detect(Glimpse.at(other)) == confidence


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1)
    [report] = SigmaQuestXmlConverter().convert(source_of(DATA / "every_kind.xml"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def test_every_value_of_the_real_file(corpus: Path) -> None:
    """Each value, read by a few lines of its own, is the step at its place; limits by the site's habit."""
    [path] = (corpus / "sigmaquest-xml").rglob("*.xml")
    values = list(ET.parse(path).iter("ValueDouble"))  # noqa: S314 - a file of the corpus
    [report] = convert_file(SigmaQuestXmlConverter(), path, options={"process_code": 1})
    rows = {id(step.data): step for step in report.steps() if step.data.get("numericMeas")}
    lost = [value for value in values if value.text == "null"]
    assert (len(values), len(rows), len(lost)) == (345, 344, 1)
    for value, step in zip([one for one in values if one.text != "null"], rows.values(), strict=True):
        [row] = step.data["numericMeas"]
        low, high = float(value.attrib["lsl"]), float(value.attrib["usl"])
        habit = ("LOG", None, None) if low == high == 0 else ("GELE", low, high)
        expected = ("GE", low, None) if low > high == 0 else habit
        assert (step.name, row["value"]) == (value.attrib["name"].strip(), float(value.text or ""))
        assert (row["compOp"], row.get("lowLimit"), row.get("highLimit")) == expected
