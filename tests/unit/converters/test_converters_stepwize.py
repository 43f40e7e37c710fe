"""StepWize: records and step results, limit modes, values that were only recorded, spoilt files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.stepwize import StepWizeConverter

DATA = Path(__file__).parents[2] / "data" / "stepwize"
OPTIONS: dict[str, Any] = {"process_codes": {"final test": 20}}


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(StepWizeConverter(), DATA / name, options=OPTIONS | options)
    return report


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> Report:
    """The report of a file in which the first `old` is `new`."""
    text = (DATA / "every_kind.xspc").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "unit.xspc"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    [report] = convert_file(StepWizeConverter(), path, options=OPTIONS | options)
    return report


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_header_of_a_unit() -> None:
    report = convert("every_kind.xspc")
    assert (report.sn, report.pn, report.data["rev"], report.data["processCode"], report.data["result"]) == (
        "SN-W1",
        "BRD-7",
        "C",
        20,
        "F",
    )
    assert report.data["start"][:23] == "2026-05-06T07:08:09.250"
    assert report.data["uut"] == {"user": "kim", "execTime": 60.0, "batchSN": "WO-12"}
    assert report.root.data["seqCall"] == {
        "path": "amplifier.xml",
        "name": "amplifier.xml",
        "version": "2.4.0",
    }
    assert [(one["description"], one["text"]) for one in report.data["miscInfos"]] == [
        ("Part description", "Amplifier"),
        ("Model number", "MOD-7"),
        ("Result set", "SET-9"),
        ("Asset", "RACK-1"),
        ("Operator", "lee"),
    ]
    assert report.warnings == []
    assert validate(report) == []


def test_the_records_of_a_step_result_are_one_step() -> None:
    report = convert("every_kind.xspc")
    assert [(step.name, step.step_type, step.status) for step in report.root.steps] == [
        ("Power on", "ET_PFT", "P"),
        ("Rail", "ET_NLT", "P"),
        ("Gain", "ET_MNLT", "F"),
        ("Identify", "SequenceCall", "P"),
        ("Override", "ET_MNLT", "F"),
        ("Skipped", "ET_PFT", "S"),
        ("Note", "ET_NLT", "P"),
    ]
    steps = by_name(report)
    assert steps["Rail"].data["totTime"] == 1.25
    assert steps["Rail"].data["numericMeas"] == [
        {"status": "P", "value": 24.05, "unit": "V", "compOp": "GELE", "lowLimit": 23.9, "highLimit": 24.1}
    ]
    assert steps["Gain"].data["numericMeas"] == [
        {
            "name": "Offset",
            "status": "F",
            "value": 0.6,
            "unit": "V",
            "compOp": "GELE",
            "lowLimit": -0.5,
            "highLimit": 0.5,
        },
        {"name": "Error", "status": "P", "value": 1.5, "unit": "%", "compOp": "LE", "lowLimit": 2.5},
        {"name": "Raw", "status": "P", "value": 7.0, "unit": "dB", "compOp": "LOG"},
    ]
    assert steps["Gain"].data["reportText"] == "Iteration: 2\nCause: Drift\nRedline"
    assert steps["Gain"].data["causedUUTFailure"] is True
    assert steps["Note"].data["reportText"] == "Notes: Second operator"


def test_texts_truths_and_what_was_not_measured() -> None:
    steps = by_name(convert("every_kind.xspc"))
    assert steps["Firmware"].data["stringMeas"] == [
        {"status": "P", "value": "v2.1", "compOp": "IGNORECASE", "limit": "V2.1"}
    ]
    assert steps["Serial"].data["stringMeas"][0]["compOp"] == "CASESENSIT"
    assert (steps["Locked"].status, steps["Locked"].data["reportText"]) == ("P", "Value: T")
    assert (steps["Lost"].step_type, steps["Lost"].status) == ("ET_PFT", "P")


@pytest.mark.parametrize(("value", "status"), [("9.99E+37", "E"), ("---", "E"), ("", "S")])
def test_a_value_that_is_no_number_and_that_nobody_judged(tmp_path: Path, value: str, status: str) -> None:
    text = (DATA / "modes.xspc").read_text(encoding="utf-8")
    record = text[text.index("<Config_and_Data_Result>") :]
    record = record[: record.index("</Config_and_Data_Result>")]
    changed_one = re.sub("<stepValue>[^<]*<", f"<stepValue>{value}<", record)
    for name in ("measurementOutcome", "stepOutcome"):
        changed_one = re.sub(f"<{name}>[^<]*<", f"<{name}><", changed_one)
    path = tmp_path / "unit.xspc"
    path.write_text(text.replace(record, changed_one, 1), encoding="utf-8")
    [report] = convert_file(StepWizeConverter(), path, options=OPTIONS)
    assert (report.root.steps[0].step_type, report.root.steps[0].status) == ("ET_PFT", status)


def test_a_step_that_failed_with_a_value_that_passed_keeps_both() -> None:
    override = by_name(convert("every_kind.xspc"))["Override"]
    [row] = override.data["numericMeas"]
    assert (override.status, row["status"], row["compOp"], row["name"]) == ("F", "P", "GTLT", "Level")
    assert override.data["reportText"] == "SI prefix: milli [m] 10^-3"


def test_modes_of_limits() -> None:
    report = convert("modes.xspc")
    rows = [step.data["numericMeas"][0] for step in report.root.steps]
    assert [(row["compOp"], row.get("lowLimit"), row.get("highLimit"), row["status"]) for row in rows] == [
        ("GELT", 1.0, 2.0, "P"),
        ("GTLE", 1.0, 2.0, "P"),
        ("LT", 2.0, None, "P"),
        ("GE", 1.0, None, "P"),
        ("GT", 1.0, None, "P"),
        ("EQ", 1.0, None, "F"),
        ("LOG", None, None, "P"),
        ("GELE", 2.0, 1.0, "P"),
        ("GELE", 1.0, 2.0, "F"),
    ]
    assert (report.data["result"], report.data["rev"], report.root.data["seqCall"]["version"]) == (
        "F",
        "B",
        "7",
    )
    told = [text.partition(": ")[2] or text for text in report.warnings]
    assert told == [
        "the result is the worst of the steps",
        "limits 'Value is nice' were left out: unknown",
        "lowerLimit is above upperLimit, both were kept",
        "its limits gave it",
    ]


@pytest.mark.parametrize(
    ("mode", "value", "outcome", "row"),
    [
        ("Value &lt;= UL", "0", "Pass", ("LE", 0, "P")),
        ("Value &lt;= UL", "3", "Fail", ("LE", 0, "F")),
        ("Value &gt; LL", "3", "Pass", ("GT", 0, "P")),
        ("Value &gt; LL", "0", "Pass", ("LOG", None, "P")),
        ("Value &gt; LL", "3", "Performed- Record Only", ("LOG", None, "P")),
        ("LL &lt;= Value &lt;= UL", "0", "Pass", ("LOG", None, "P")),
        ("LL &lt;= Value &lt;= UL", "3", "Fail", ("LOG", None, "F")),
    ],
)
def test_a_zero_that_judged_is_a_limit(
    tmp_path: Path, mode: str, value: str, outcome: str, row: tuple[str, float | None, str]
) -> None:
    text = (DATA / "modes.xspc").read_text(encoding="utf-8")
    for tag, new in (("limitMode", mode), ("stepValue", value), ("measurementOutcome", outcome)):
        text = re.sub(f"<{tag}>.*?</{tag}>", f"<{tag}>{new}</{tag}>", text, count=1)
    for tag in ("lowerLimit", "upperLimit"):
        text = re.sub(f"<{tag}>.*?</{tag}>", f"<{tag}>0.0E+0</{tag}>", text, count=1)
    text = text.replace("<stepOutcome>Pass<", "<stepOutcome><", 1)
    path = tmp_path / "unit.xspc"
    path.write_text(text, encoding="utf-8")
    [report] = convert_file(StepWizeConverter(), path, options=OPTIONS)
    found = report.root.steps[0].data["numericMeas"][0]
    assert (found["compOp"], found.get("lowLimit"), found["status"]) == row


def test_options_of_the_header(tmp_path: Path) -> None:
    report = convert("every_kind.xspc", asset_as_station=True, attach_source=True)
    assert (report.data["machineName"], report.data["binaryData"][0]["name"]) == ("RACK-1", "every_kind.xspc")
    report = convert("every_kind.xspc", part_number_pattern=r"(?P<pn>\w+)-(?P<rev>\d)")
    assert (report.pn, report.data["rev"]) == ("BRD", "7")
    plant = "<plantName>North</plantName>"
    assert changed(tmp_path, "<plantName></plantName>", plant).data["location"] == "North"


def test_times_that_lack_or_turn_back(tmp_path: Path) -> None:
    first = "<startDateTime>2026-05-06T07:08:09.250</startDateTime>"
    assert not changed(tmp_path, first, "").timed
    late = changed(tmp_path, first, first.replace("-06T", "-07T"))
    assert late.data["uut"]["execTime"] == 0
    assert late.warnings == ["the last record ends before the first begins: the time was taken as 0"]
    none = changed(tmp_path, "<endDateTime>2026-05-06T07:09:09.250</endDateTime>", "")
    assert "execTime" not in none.data["uut"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<sequencePF>Fail", "<sequencePF>Perhaps", "sequencePF: 'Perhaps' is no verdict"),
        ("<stepOutcome>Pass", "<stepOutcome>X", "<Config_and_Data_Result> stepOutcome: 'X' is no verdict"),
        (">2.4050000000000001E+1<", ">much<", "stepValue: 'much' is no number"),
        (">2.3899999999999999E+1<", ">low<", "lowerLimit: 'low' is no number"),
        ("<serialNumber>SN-W1", "<serialNumber>", "<ConfigandResultsData>: no serial number"),
        ("<startDateTime>2026", "<startDateTime>26", "startDateTime: .*is no ISO date"),
        ("<totalTime>1.25", "<totalTime>-1.25", "is no time that a step takes"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unknown_outcome.xspc", "line .* measurementOutcome: 'Perhaps' is no verdict"),
        ("no_results.xspc", "no results in it"),
        ("half_written.xspc", "not well-formed"),
    ],
)
def test_spoilt_samples_are_refused(name: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        convert(name)


def test_detection_and_completeness(tmp_path: Path) -> None:
    converter = StepWizeConverter()
    assert converter.detect(Glimpse.at(DATA / "every_kind.xspc")) == 90
    assert converter.is_complete(Glimpse.at(DATA / "every_kind.xspc"))
    assert not converter.is_complete(Glimpse.at(DATA / "half_written.xspc"))
    other = tmp_path / "other.xml"
    other.write_text("<Other/>", encoding="utf-8")
    assert converter.detect(Glimpse.at(other)) == 0
    with pytest.raises(ConversionError, match="is no file of StepWize"):
        convert_file(converter, other, options=OPTIONS)


def test_a_time_in_a_change_of_summer_time_is_told(tmp_path: Path) -> None:
    text = (DATA / "every_kind.xspc").read_text(encoding="utf-8")
    path = tmp_path / "unit.xspc"
    path.write_text(text.replace("2026-05-06T07:08:09.250", "2026-03-29T02:30:00"), encoding="utf-8")
    oslo = Station(time_zone="Europe/Oslo")
    [report] = convert_file(StepWizeConverter(), path, options=OPTIONS, station=oslo)
    assert "change of summer time" in report.warnings[0]


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1)
    [report] = StepWizeConverter().convert(source_of(DATA / "every_kind.xspc"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def test_every_value_of_the_real_file(corpus: Path) -> None:
    """Each measured value, read by a few lines of its own, is the measurement at its place."""
    [path] = (corpus / "stepwize").rglob("*.XSPC")
    records = [
        {cell.tag: cell.text or "" for cell in record}
        for record in ET.parse(path).iter("Config_and_Data_Result")  # noqa: S314 - a file of the corpus
    ]
    measured = [one for one in records if one["measurementOutcome"] == "Pass"]
    [report] = convert_file(StepWizeConverter(), path, options={"process_code": 1})
    rows = [(step.name, row) for step in report.steps() for row in step.data.get("numericMeas", ())]
    assert (len(records), len(measured), len(rows)) == (233, 131, 131)
    for record, (name, row) in zip(measured, rows, strict=True):
        low, high = float(record["lowerLimit"]), float(record["upperLimit"])
        upper = record["limitMode"] == "Value <= UL"
        assert (name, row["value"], row["unit"], row["status"]) == (
            record["stepName"],
            float(record["stepValue"]),
            record["units"],
            "P",
        )
        assert row.get("name", "") in {record["subItemName"], ""}
        assert (row["lowLimit"], row.get("highLimit")) == ((high, None) if upper else (low, high))
