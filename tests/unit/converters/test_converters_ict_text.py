"""ICT text tables: head, rows, verdicts, several units, spoilt files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file
from stationmaster.converters.ict_text import IctTextConverter

DATA = Path(__file__).parents[2] / "data" / "ict-text"
OPTIONS: dict[str, Any] = {"process_code": 10, "part_number": "BRD-7"}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(IctTextConverter(), DATA / name, options=OPTIONS | options, station=OSLO)


def changed(tmp_path: Path, old: str, new: str, **options: Any) -> Report:
    path = tmp_path / "unit.txt"
    text = (DATA / "passed.txt").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    [report] = convert_file(IctTextConverter(), path, options=OPTIONS | options)
    return report


def step(report: Report, name: str) -> Step:
    return next(one for one in report.root.steps if one.name == name)


def row(report: Report, name: str) -> tuple[Any, ...]:
    [found] = step(report, name).data["numericMeas"]
    return tuple(found.get(key) for key in ("value", "unit", "compOp", "lowLimit", "highLimit", "status"))


def test_a_table_becomes_a_report() -> None:
    [report] = convert("passed.txt")
    data = report.data
    assert (data["sn"], data["pn"], data["rev"], data["result"]) == ("SN-1001", "BRD-7", "A", "P")
    assert data["start"] == "2026-03-02T08:15:30+01:00"
    assert [(one.name, one.step_type, one.status) for one in report.root.steps] == [
        ("pins", "ET_PFT", "P"),
        ("r915", "ET_NLT", "P"),
        ("r680", "ET_NLT", "P"),
        ("c12", "ET_NLT", "P"),
        ("l850%l1_4", "ET_NLT", "P"),
        ("ic902%program", "ET_PFT", "P"),
    ]
    assert row(report, "r680") == (39.026, "kOhm", "GELE", 33.15, 44.85, "P")
    assert step(report, "pins").data["reportText"] == "Section: pins"
    assert report.warnings == []


def test_rows_follow_from_their_limits() -> None:
    [report] = convert("failed.txt")
    assert (report.data["result"], report.root.status) == ("F", "F")
    assert step(report, "shorts").data["reportText"] == "Result: 1"
    assert row(report, "r915") == (13.5, "Ohm", "GELE", 0, 12, "F")
    assert row(report, "r916") == (5, "Ohm", "GELE", 12, 0, "F")
    assert step(report, "v1").data["reportText"] == "no value; GELE 4.5 5.5 V"
    assert (step(report, "v1").step_type, step(report, "v1").status) == ("ET_PFT", "S")
    assert row(report, "v2") == (0.1, "V", "GELE", 0, 0, "F")
    assert row(report, "v3") == (2, "V", "LOG", None, None, "P")
    assert row(report, "v4") == (-1, "V", "GELE", -5, 5, "P")
    assert step(report, "v4").data["reportText"] == "Section: other"
    assert report.warnings == [
        "the last line says status '0'; that of the head was taken",
        "line 7: the low limit 12 is above the high one 0",
    ]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ("13.5\t12\t-\tOhm", (13.5, "Ohm", "LE", 12, None, "F")),
        ("12\t12\t\tOhm", (12, "Ohm", "LE", 12, None, "P")),
        ("0.5\t-\t1\tV", (0.5, "V", "GE", 1, None, "F")),
        ("1e309\t12\t0\tV", ("Infinity", "V", "GELE", 0, 12, "F")),
        ("-0.0\t1\t0\tV", (0, "V", "GELE", 0, 1, "P")),
    ],
)
def test_a_lone_limit_is_a_limit(tmp_path: Path, cells: str, shown: tuple[Any, ...]) -> None:
    report = changed(tmp_path, "r680\t", f"r1\t{cells}\nr680\t")
    assert row(report, "r1") == shown


@pytest.mark.parametrize(("limits", "status"), [("12\t0", "F"), ("12\t-", "F"), ("-\t1", "P"), ("-\t-", "P")])
def test_an_overload_is_no_test_that_was_skipped(tmp_path: Path, limits: str, status: str) -> None:
    report = changed(tmp_path, "r680\t", f"r1\t9.99E+37\t{limits}\tOhm\nr680\t")
    found = step(report, "r1")
    assert (found.step_type, found.status) == ("ET_PFT", status)
    assert found.data["reportText"].endswith("Result: 9.99E+37, an overload")


@pytest.mark.parametrize(("cells", "status"), [("---\t12\t0", "E"), ("---\t-\t-", "S"), ("\t12\t0", "S")])
def test_what_is_no_number_beside_limits_is_an_error(tmp_path: Path, cells: str, status: str) -> None:
    found = step(changed(tmp_path, "r680\t", f"r1\t{cells}\tOhm\nr680\t"), "r1")
    assert (found.step_type, found.status) == ("ET_PFT", status)


def test_the_verdict_of_the_head_wins_and_a_contradiction_is_told() -> None:
    [report] = convert("contradiction.txt")
    assert report.data["result"] == "P"
    assert step(report, "r915").status == "F"
    assert "line 6: r915 has failed, and the unit passed" in report.warnings


def test_the_last_line_tells_where_the_head_is_silent(tmp_path: Path) -> None:
    assert changed(tmp_path, "Overall_Status = 0", "Overall_Status =").data["result"] == "P"


def test_several_units_are_several_reports_each_with_its_own_record() -> None:
    first, second = convert("two_units.txt", attach_source=True)
    assert (first.sn, second.sn) == ("SN-1001", "SN-1002")
    whole = (DATA / "two_units.txt").read_bytes()
    for report in (first, second):
        assert report.record is not None
        assert report.record in whole
        assert report.record.endswith(b"END")
        assert base64.b64decode(report.data["binaryData"][0]["data"]) == report.record


def test_options_read_part_number_units_and_decimals(tmp_path: Path) -> None:
    report = changed(tmp_path, ".", ",", decimal=",", keep_units=True)
    assert row(report, "r915")[0] == 3.2405
    assert row(report, "r680")[1] == "KOhm"
    assert row(changed(tmp_path, "3.2405", "3,2405", decimal="auto"), "r915")[0] == 3.2405
    with pytest.raises(ConversionError, match=r"line 8: '39\.026' is no number with the decimal mark ','"):
        changed(tmp_path, "3.2405", "3,2405", decimal=",")
    pattern = r"(?P<pn>SN)-(?P<rev>\d)"
    named = changed(tmp_path, "SN-1001", "SN-1001", part_number="", part_number_pattern=pattern)
    assert (named.pn, named.data["rev"]) == ("SN", "1")
    with pytest.raises(ConversionError, match="names no part number"):
        convert("passed.txt", part_number="", part_number_pattern="x(?P<pn>.)")
    with pytest.raises(ConversionError, match="part_number_pattern is no regular expression"):
        convert("passed.txt", part_number_pattern="(")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Traceability Number = SN-1001", "Number = 1", "line 1: a traceability number should stand here"),
        ("= SN-1001", "= ", "line 1: no serial number"),
        ("20260302 08:15:30", "today", "line 1: DateTime 'today' is no time of the form"),
        ("20260302 08", "20261302 08", "line 1: DateTime: '2026-13-02'"),
        ("Overall_Status = 0", "Overall_Status = 2", "line 1: the status '2' of the unit is neither 0 nor 1"),
        ("MeasResult", "Result", "line 4: .* does not belong in the head"),
        ("3.2405", "much", "line 7: 'much' is no number"),
        ("\t Ohm", "", "line 7: the row has 4 cells"),
        ("END\n", "", "the file ends inside the test that begins at line 1"),
        ("DateTime", "Traceability Number = 2\nDateTime", "Traceability Number stands there twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        changed(tmp_path, old, new)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(b"\n")
    with pytest.raises(ConversionError, match="holds no test"):
        convert_file(IctTextConverter(), path, options=OPTIONS)


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (b"\xef\xbb\xbf\r\nTraceability Number = 1\r\nDateTime = 2\r\n", 75),
        (b"Traceability Number = 1\nTime = 2\n", 0),
        (b"Traceability Number = 1\n", 0),
        (b"text\nTraceability Number = 1\nDateTime = 2\n", 0),
        (b"\0\xff", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, sure: int) -> None:
    assert IctTextConverter().detect(Glimpse(name="f", size=len(head), head=head)) == sure
