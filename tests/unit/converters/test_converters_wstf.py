"""WSTF: header, steps, several units, growing files, half-written files, spoilt files."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.wstf import WstfConverter, WstfOptions
from stationmaster.converters.wstf_limits import numeric_limits, text_limit

DATA = Path(__file__).parents[2] / "data" / "wstf"
OPTIONS: dict[str, Any] = {"process_codes": {"function test": 10}}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
HEADER = "--Header-Start--\nSerialNumber\tSN-1\nPartNumber\tP-1\nRevision\tA\nOperationTypeCode\t10\n"
COLUMNS = "StepType\tStepName\tMeasureName\tValue\tLowLimit\tHighLimit\tCompOperator\tStepStatus\n"
TABLE = f"--Step-Data-Start--\n{COLUMNS}"
END = "--Step-Data-End--\n--UUT-End--\n"


def convert(name: str, **options: Any) -> list[Report]:
    return convert_file(WstfConverter(), DATA / name, options=OPTIONS | options, station=OSLO)


def unit(tmp_path: Path, *rows: str, head: str = "UUTStatus\tPassed\n") -> Report:
    path = tmp_path / "unit.txt"
    path.write_text(HEADER + head + TABLE + "".join(f"{row}\n" for row in rows) + END, encoding="utf-8")
    [report] = convert_file(WstfConverter(), path)
    return report


def refused(tmp_path: Path, text: str, **options: Any) -> str:
    path = tmp_path / "unit.txt"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConversionError) as caught:
        convert_file(WstfConverter(), path, options=options)
    return str(caught.value)


def tree(step: Step) -> list[Any]:
    return [[child.step_type, child.name, child.status, tree(child)] for child in step.steps]


def test_a_plain_unit_becomes_a_report_with_all_its_header() -> None:
    [report] = convert("one_unit.txt")
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-1001", "BRD-7", "B")
    assert report.data["processCode"] == 10
    assert report.data["result"] == "P"
    assert report.data["start"] == "2026-03-02T07:15:30+00:00"
    assert report.data["machineName"] == "FCT-2"
    assert report.data["uut"] == {"user": "kim", "execTime": 12.5}
    assert report.data["root"]["seqCall"] == {
        "path": "C:\\Programs\\board.seq",
        "name": "board.seq",
        "version": "2.4",
    }
    vcc, led = report.root.steps
    assert vcc.data["numericMeas"] == [
        {"status": "P", "value": 5.01, "unit": "V", "compOp": "GELE", "lowLimit": 4.75, "highLimit": 5.25}
    ]
    assert vcc.data["totTime"] == 0.2
    assert led.data["booleanMeas"] == [{"status": "P"}]
    assert report.timed
    assert report.warnings == []


def _seconds(tmp_path: Path, count: int, value: str) -> float:
    rows = [f"NumericLimitTest\tS\tm{number}\t{value}\t0\t2\tGELE\tPassed" for number in range(count)]
    begin = time.process_time()
    report = unit(tmp_path, *rows)
    took = time.process_time() - begin
    assert report.root.steps[0].status == "P"
    return took


@pytest.mark.parametrize("value", ["1", ""])
def test_the_rows_of_a_step_take_time_as_they_are_many(tmp_path: Path, value: str) -> None:
    few = min(_seconds(tmp_path, 1000, value) for _ in range(3))
    assert _seconds(tmp_path, 8000, value) < 24 * few


def test_every_construct_keeps_its_place_and_verdict() -> None:
    [report] = convert("everything.txt")
    assert tree(report.root) == [
        [
            "SequenceCall",
            "Power",
            "F",
            [
                ["ET_MNLT", "Rails", "F", []],
                [
                    "SequenceCall",
                    "Inner",
                    "P",
                    [
                        ["ET_NLT", "Upper only", "P", []],
                        ["ET_NLT", "Not a number", "F", []],
                        ["ET_PFT", "No value", "S", []],
                    ],
                ],
            ],
        ],
        ["ET_MPFT", "Keys", "F", []],
        ["ET_PFT", "Keys", "P", []],
        ["ET_SVT", "Firmware", "P", []],
        ["ET_MSVT", "Labels", "P", []],
        ["ET_SVT", "Banner", "D", []],
        ["Action", "Power off", "D", []],
        ["ET_NLT", "Lone", "P", []],
    ]


def test_the_later_status_line_wins_and_is_the_roots_too() -> None:
    [report] = convert("everything.txt")
    assert report.data["result"] == "E"
    assert report.root.status == "E"
    assert any("UUTStatus is 'Error'" in text and "'Failed'" in text for text in report.warnings)


def test_header_extras_reach_their_fields() -> None:
    [report] = convert("everything.txt")
    info = report.data["uut"]
    assert info["errorCode"] == 12
    assert info["errorMessage"] == "rail low"
    assert info["batchSN"] == "B-9"
    assert info["fixtureId"] == "FX-1"
    assert info["testSocketIndex"] == 3
    assert info["comment"] == "first line"
    assert report.data["subUnits"] == [{"partType": "PSU", "pn": "PSU-1", "rev": "C", "sn": "P-77"}]
    assert report.data["miscInfos"] == [
        {"description": "Subunit", "text": "Cover"},
        {"description": "Firmware", "text": "1.2.3"},
    ]


def test_measurements_of_one_step_keep_limits_and_own_status() -> None:
    [report] = convert("everything.txt")
    rails = report.root.steps[0].steps[0]
    assert [row["status"] for row in rails.data["numericMeas"]] == ["P", "F", "P"]
    assert rails.data["numericMeas"][2] == {
        "name": "12V",
        "status": "P",
        "value": 12.02,
        "unit": "V",
        "compOp": "LOG",
    }
    assert rails.data["causedUUTFailure"] is True
    assert rails.data["causedSeqFailure"] is True
    keys = report.root.steps[1]
    assert [(row["name"], row["status"]) for row in keys.data["booleanMeas"]] == [
        ("left", "P"),
        ("right", "F"),
    ]
    labels = report.root.steps[4]
    assert labels.data["stringMeas"] == [
        {"name": "front", "status": "P", "value": "A-1", "compOp": "CASESENSIT", "limit": "A-1"},
        {"name": "back", "status": "P", "value": "B-1", "compOp": "LOG"},
    ]
    assert labels.data["reportText"] == "back: NE B-2"


def test_odd_values_and_limits() -> None:
    [report] = convert("everything.txt")
    upper, nan, nothing = report.root.steps[0].steps[1].steps
    assert upper.data["numericMeas"][0] == {
        "status": "P",
        "value": 7,
        "unit": "A",
        "compOp": "LE",
        "lowLimit": 10,
    }
    assert nan.data["numericMeas"][0]["value"] == "NaN"
    assert "numericMeas" not in nothing.data
    assert (
        nothing.data["reportText"]
        == "no value; Value: ----; LowLimit: 1; HighLimit: 2; CompOperator: GELE; Unit: V"
    )
    lone = report.root.steps[-1].data["numericMeas"][0]
    assert (lone["name"], lone["value"], lone["lowLimit"], lone["highLimit"]) == ("only", 0.001, 2, 1)
    assert any("LowLimit is above HighLimit" in text for text in report.warnings)
    action = report.root.steps[6].data
    assert (action["errorCode"], action["errorMessage"], action["reportText"]) == (17, "relay slow", "waited")


def test_several_units_are_several_reports_each_with_its_own_record() -> None:
    reports = convert("three_units.txt")
    assert [report.sn for report in reports] == ["SN-2001", "SN-2002", "SN-2003"]
    assert [report.data["result"] for report in reports] == ["P", "F", "P"]
    whole = (DATA / "three_units.txt").read_bytes()
    for report in reports:
        assert report.record is not None
        assert report.record in whole
        assert report.record.startswith(b"--Header-Start--\r\n")
        assert report.record.endswith(b"--UUT-End--")
        assert report.record.count(b"--UUT-End--") == 1
    ripple = reports[1].root.steps[1].data["numericMeas"][0]
    assert (ripple["compOp"], ripple["lowLimit"], "highLimit" in ripple) == ("LT", 50, False)


def test_a_growing_file_gives_each_unit_once_and_the_same_record(tmp_path: Path) -> None:
    whole = (DATA / "three_units.txt").read_bytes()
    ends = [whole.index(b"--UUT-End--") + 11]
    for _ in range(2):
        ends.append(whole.index(b"--UUT-End--", ends[-1]) + 11)
    path = tmp_path / "day.txt"
    resume: Resume | None = None
    grown: list[Report] = []
    for end in (ends[0], ends[0] + 1, ends[1] + 2, len(whole)):
        path.write_bytes(whole[:end])
        items = list(WstfConverter().convert(source_of(path, OSLO), WstfOptions(process_code=1), resume))
        grown.extend(item for item in items if isinstance(item, Report))
        assert isinstance(items[-1], Resume)
        resume = items[-1]
        assert sum(isinstance(item, Resume) for item in items) == 1
    at_once = convert("three_units.txt")
    assert [report.record for report in grown] == [report.record for report in at_once]
    assert resume is not None
    assert resume.offset == len(whole)


def test_resume_stands_at_a_unit_boundary_and_knows_the_line(tmp_path: Path) -> None:
    whole = (DATA / "three_units.txt").read_bytes()
    first = whole.index(b"--UUT-End--") + 13
    path = tmp_path / "day.txt"
    path.write_bytes(whole[:first])
    *_, mark = WstfConverter().convert(source_of(path), WstfOptions(process_code=1), None)
    assert isinstance(mark, Resume)
    assert mark.offset == first
    path.write_bytes(whole[:first] + b"rubbish\r\n")
    with pytest.raises(ConversionError, match="line 18: '--Header-Start--' should stand here"):
        list(WstfConverter().convert(source_of(path), WstfOptions(process_code=1), mark))


@pytest.mark.parametrize("offset", [-5, 7, 10**9])
def test_a_mark_that_does_not_fit_the_file_starts_over(offset: int) -> None:
    source = source_of(DATA / "three_units.txt")
    items = list(WstfConverter().convert(source, WstfOptions(process_code=1), Resume(offset, {"line": 3})))
    assert sum(isinstance(item, Report) for item in items) == 3


def test_a_rewritten_file_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "day.txt"
    data = (DATA / "three_units.txt").read_bytes()
    path.write_bytes(data)
    *_, mark = WstfConverter().convert(source_of(path), WstfOptions(process_code=1), None)
    assert isinstance(mark, Resume)
    path.write_bytes(data.replace(b"SN-2003", b"SN-9999"))
    items = list(WstfConverter().convert(source_of(path), WstfOptions(process_code=1), mark))
    assert [item.sn for item in items if isinstance(item, Report)] == ["SN-2001", "SN-2002", "SN-9999"]


def test_a_half_written_file_is_refused_as_a_whole() -> None:
    converter = WstfConverter()
    assert not converter.is_complete(Glimpse.at(DATA / "half_written.txt"))
    with pytest.raises(
        ConversionError, match="line 31: the file ends inside unit 2, which begins at line 18"
    ):
        convert("half_written.txt")


def test_an_accepted_unfinished_unit_is_terminated_and_the_file_is_not_done() -> None:
    options = WstfOptions(process_code=1, accept_incomplete=True)
    items = list(WstfConverter().convert(source_of(DATA / "half_written.txt"), options, None))
    done, unfinished = (item for item in items if isinstance(item, Report))
    assert len(items) == 2, "a mark would count the unfinished unit as converted for good"
    assert done.data["result"] == "P"
    assert unfinished.finish().data["result"] == "T"
    assert unfinished.root.status == "T"


def test_an_accepted_unit_may_end_inside_a_row_or_a_sequence(tmp_path: Path) -> None:
    [report] = convert("cut_in_a_row.txt", accept_incomplete=True)
    assert report.data["result"] == "T"
    assert [step.name for step in report.root.steps] == ["VCC"]
    text = (DATA / "unclosed_sequence.txt").read_text(encoding="utf-8").partition("--Step-Data-End--")[0]
    path = tmp_path / "open.txt"
    path.write_text(text, encoding="utf-8")
    [report] = convert_file(WstfConverter(), path, options=OPTIONS | {"accept_incomplete": True})
    assert tree(report.root) == [["SequenceCall", "Power", "P", [["ET_NLT", "VCC", "P", []]]]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unknown_status.txt", "line 15 column StepStatus: 'Perhaps' is no verdict"),
        ("unclosed_sequence.txt", "line 15 column StepType: this SequenceCall has no EndSequenceCall"),
        ("not_wstf.txt", "line 1: '--Header-Start--' should stand here"),
        ("local_time_cp1252.txt", "line 16 column Value: '21,5' is no number"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(name: str, text: str) -> None:
    with pytest.raises(ConversionError, match=text):
        convert(name)


@pytest.mark.parametrize("decimal", [",", "auto"])
def test_decimal_comma_code_page_and_local_time(decimal: str) -> None:
    [report] = convert("local_time_cp1252.txt", decimal=decimal)
    step = report.root.steps[0].data["numericMeas"][0]
    assert (step["value"], step["unit"]) == (21.5, "°C")
    assert report.data["uut"]["comment"] == "Prüfplatz 1"
    assert report.data["start"] == "2026-07-01T08:00:00+02:00"


@pytest.mark.parametrize("name", ["utf16_bom.txt", "lone_cr.txt"])
def test_other_bytes_same_report(name: str) -> None:
    assert WstfConverter().detect(Glimpse.at(DATA / name)) == 95
    assert WstfConverter().is_complete(Glimpse.at(DATA / name))
    [report] = convert(name)
    assert report.root.steps[0].data["numericMeas"][0]["value"] == 5.01


def test_columns_in_any_order_with_columns_of_their_own_and_no_time() -> None:
    [report] = convert("columns_moved.txt")
    led, wait = report.root.steps
    assert (led.step_type, led.data["reportText"]) == ("ET_PFT", "operator note: looked twice")
    assert (wait.step_type, wait.status) == ("Action", "D")
    assert "NI_Wait" in wait.data["reportText"]
    assert not report.timed
    assert any("no start time" in text for text in report.warnings)


def test_rows_without_status_take_it_from_value_and_limits_with_a_warning(tmp_path: Path) -> None:
    report = unit(
        tmp_path,
        "NumericLimitTest\tIn\t\t5\t1\t9\tGELE\t",
        "NumericLimitTest\tOut\t\t10\t1\t9\tGELE\t",
        "PassFailTest\tNo\t\tFALSE\t\t\t\t",
        "StringValueTest\tSame\t\tab\tAB\t\tIGNORECASE\t",
        "StringValueTest\tOther\t\tab\tAB\t\tEQ\t",
        "StringValueTest\tFree\t\tab\t\t\t\t",
        "SequenceCall\tS\t\t\t\t\t\t",
        "PassFailTest\tIn it\t\t\t\t\t\tError",
        "EndSequenceCall",
    )
    assert [step.status for step in report.root.steps] == ["P", "F", "F", "P", "F", "P", "E"]
    assert sum("has no status" in text for text in report.warnings) == 6


def test_missing_unit_status_is_worked_out_with_a_warning(tmp_path: Path) -> None:
    report = unit(tmp_path, "PassFailTest\tA\t\t\t\t\t\tFailed", head="")
    assert report.data["result"] == "F"
    assert any("no UUTStatus" in text for text in report.warnings)


def test_the_testers_verdict_is_never_recomputed(tmp_path: Path) -> None:
    report = unit(
        tmp_path,
        "NumericLimitTest\tA\t\t99\t1\t9\tGELE\tPassed",
        "PassFailTest\tB\t\tFALSE\t\t\t\tPassed",
        "PassFailTest\tC\t\tTRUE\t\t\t\tFailed",
    )
    assert report.data["result"] == "P"
    assert [step.status for step in report.root.steps] == ["P", "P", "F"]
    assert not any("causedUUTFailure" in step.data for step in report.steps())
    assert sum("against its status" in text for text in report.warnings) == 2


def test_multi_rows_without_a_number_become_steps_of_their_own(tmp_path: Path) -> None:
    report = unit(
        tmp_path,
        "NumericLimitTest\tT\ta\t1\t\t\tLOG\tPassed",
        "NumericLimitTest\t\tb\t\t0\t2\tGELE\tSkipped",
        "NumericLimitTest\t\tc\t3\t\t\tLOG\tPassed",
        "NumericLimitTest\tU\ta\t\t\t\t\tPassed",
        "NumericLimitTest\t\tb\t4\t\t\tLOG\tPassed",
    )
    assert tree(report.root) == [
        ["ET_MNLT", "T", "P", []],
        ["ET_PFT", "T b", "S", []],
        ["ET_NLT", "U", "P", []],
        ["ET_PFT", "U a", "P", []],
    ]
    assert [row["value"] for row in report.root.steps[0].data["numericMeas"]] == [1, 3]


def test_nameless_and_unusual_rows(tmp_path: Path) -> None:
    report = unit(
        tmp_path,
        "PassFailTest\t\tonly measured\t\t\t\t\tPassed",
        "Action\t\t\t\t\t\t\t",
        "ET_NLT\tS\t\t2\t\t\t\tPassed",
        "ET_NLT\tS\tm\t3\t\t\t\tFailed",
    )
    assert tree(report.root) == [
        ["ET_PFT", "only measured", "P", []],
        ["Action", "Action", "D", []],
        ["ET_MNLT", "S", "F", []],
    ]
    assert [row["name"] for row in report.root.steps[2].data["numericMeas"]] == ["S", "m"]


def test_attached_source_is_the_units_own_block() -> None:
    reports = convert("three_units.txt", attach_source=True)
    [attached] = reports[1].data["binaryData"]
    assert base64.b64decode(attached["data"]) == reports[1].record


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER + HEADER, "line 6: a new unit begins before"),
        (HEADER + TABLE + "--UUT-End--\n", "line 8: '--Step-Data-End--' is missing"),
        (HEADER + "--Step-Data-End--\n--UUT-End--\n", "line 6: '--Step-Data-End--' does not belong here"),
        (
            HEADER + TABLE + "PassFailTest\ta\tb\tc\td\te\tf\tPassed\tmore\n" + END,
            "line 8: the row has 9 cells",
        ),
        (HEADER + "--Step-Data-Start--\nStepType\tValue\n" + END, "no column StepName"),
        (HEADER + "--Step-Data-Start--\nStepType\tStepName\tstepname\n" + END, "'StepName' is there twice"),
        (HEADER + TABLE + "EndSequenceCall\n" + END, "EndSequenceCall without a SequenceCall"),
        (HEADER + TABLE + "\tname\n" + END, "the row has no step type"),
        (HEADER + TABLE + "NumericLimitTest\ta\t\t1\t\t\tROUND\tPassed\n" + END, "'ROUND' is no operator"),
        (HEADER + TABLE + "StringValueTest\ta\t\t1\t\t\tGELE\tPassed\n" + END, "no operator for texts"),
        (HEADER + TABLE + "NumericLimitTest\ta\n" + END, "neither a value nor a status"),
        (HEADER + TABLE + "PassFailTest\ta\n" + END, "neither a status nor a value"),
        (HEADER + TABLE + "PassFailTest\ta\t\tperhaps\t\t\t\tPassed\n" + END, "column Value: 'perhaps'"),
        (HEADER + TABLE + "SequenceCall\ta\n" * 150 + END, "more than 100 deep"),
        (HEADER + "UUTStatus\tSkipped\n--UUT-End--\n", "line 6 UUTStatus"),
        (HEADER + "StartDateTime\tyesterday\n--UUT-End--\n", "line 6 StartDateTime: 'yesterday' is no ISO"),
        (HEADER + "ExecutionTime\tlong\n--UUT-End--\n", "line 6 ExecutionTime: 'long' is no number"),
        (HEADER + "\tvalue\n--UUT-End--\n", "line 6: a value without a key"),
        ("--Header-Start--\nPartNumber\tP\n--UUT-End--\n", "unit at line 1: no serial number"),
        ("\n \n", "holds no unit"),
        ("", "holds no unit"),
        ("--Header-Start--\nSerialNumber\t\0\n--UUT-End--\n", "NUL"),
    ],
)
def test_broken_grammar_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refused(tmp_path, text)


def test_header_numbers_that_are_none_are_kept_as_texts(tmp_path: Path) -> None:
    report = unit(
        tmp_path, head="UUTStatus\tPassed\nErrorCode\tE-7\nTestSocketIndex\t99999999999\nExecutionTime\t-3\n"
    )
    assert report.data["miscInfos"] == [
        {"description": "ErrorCode", "text": "E-7"},
        {"description": "TestSocketIndex", "text": "99999999999"},
    ]
    assert report.data["uut"]["execTime"] == 0
    assert len(report.warnings) >= 3


def test_step_details_that_do_not_fit_are_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "unit.txt"
    columns = "StepType\tStepName\tStepStatus\tStepExecutionTime\tStepErrorCode\tStepReportText\n"
    row = "ActionStep\tA\tDone\t-1\tE-5\thello\n"
    path.write_text(HEADER + "--Step-Data-Start--\n" + columns + row + END, encoding="utf-8")
    [report] = convert_file(WstfConverter(), path)
    step = report.root.steps[0].data
    assert (step["totTime"], step["reportText"]) == (0, "Error code: E-5\nhello")


def test_a_serial_number_may_come_from_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "log_SN-77.txt"
    path.write_text(HEADER.replace("SN-1", "N/A") + "UUTStatus\tPassed\n--UUT-End--", encoding="utf-8")
    [report] = convert_file(WstfConverter(), path, options={"serial_number_pattern": r"(?P<sn>SN-\d+)"})
    assert report.sn == "SN-77"
    assert "the unit has no steps" in report.warnings


@pytest.mark.parametrize(
    ("word", "low", "high", "comp", "bounds", "notes"),
    [
        ("GELE", 1, 2, "GELE", (1, 2), 0),
        ("gtlt", 1, 2, "GTLT", (1, 2), 0),
        ("LTGT", 1, 2, "LTGT", (1, 2), 0),
        ("EQ", 1, None, "EQ", (1, None), 0),
        ("LT", None, 2, "LT", (2, None), 0),
        ("LT", 1, None, "LT", (1, None), 0),
        ("GE", None, 2, "GE", (2, None), 0),
        ("GE", 1, 2, "GE", (1, None), 1),
        ("GELE", 1, None, "GE", (1, None), 1),
        ("GELE", None, 2, "LE", (2, None), 1),
        ("GELE", None, None, "LOG", (None, None), 1),
        ("EQ", None, None, "LOG", (None, None), 1),
        ("LOG", None, None, "LOG", (None, None), 0),
        ("CASESENSIT", 1, None, "LOG", (None, None), 1),
        ("", None, None, "LOG", (None, None), 0),
        ("", 1, 2, "GELE", (1, 2), 1),
        ("", 1, None, "GE", (1, None), 1),
        ("", None, 2, "LE", (2, None), 1),
        ("GELE", 2, 1, "GELE", (2, 1), 1),
    ],
)
def test_operators_and_bounds(
    word: str, low: float | None, high: float | None, comp: str, bounds: tuple[Any, Any], notes: int
) -> None:
    limits, told = numeric_limits(word, low, high)
    assert (limits.comp, limits.low, limits.high) == (comp, *bounds)
    assert len(told) == notes


def test_operators_of_texts() -> None:
    assert text_limit("", "") == (None, "LOG", "")
    assert text_limit("casesensit", "") == ("", "CASESENSIT", "")
    assert text_limit("LOG", "") == (None, "LOG", "")


@pytest.mark.parametrize(
    ("head", "confidence"),
    [
        (b"\xef\xbb\xbf\r\n--Header-Start--\t\t\r\n", 95),
        (b"-- header - start --", 95),
        (b"--Header-Start-- and more\r\n", 0),
        (b"{}", 0),
        (b"", 0),
    ],
)
def test_detection(head: bytes, confidence: int) -> None:
    assert WstfConverter().detect(Glimpse("a.txt", len(head), head, head)) == confidence


@pytest.mark.parametrize(
    ("tail", "complete"), [(b"-- UUT-End--\t\t\r\n\r\n", True), (b"--UUT-E", False), (b"", False)]
)
def test_completeness(tail: bytes, complete: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert WstfConverter().is_complete(Glimpse("a.txt", len(tail), tail, tail)) is complete


def test_common_options_are_enough() -> None:
    items = list(
        WstfConverter().convert(source_of(DATA / "one_unit.txt"), ConverterOptions(process_code=3), None)
    )
    assert isinstance(items[0], Report)
    assert items[0].data["processCode"] == 3


def test_our_samples_pass_validation_without_a_word() -> None:
    for name in ("one_unit.txt", "three_units.txt", "lone_cr.txt", "utf16_bom.txt"):
        for report in convert(name):
            assert validate(report) == []
    [everything] = convert("everything.txt")
    assert [issue.place for issue in validate(everything)] == ["root/Lone.numericMeas[0].lowLimit"]


# ---------------------------------------------------------------- real files
def test_the_format_owners_example(corpus: Path) -> None:
    path = corpus / "wstf" / "virinco-client-testdata" / "WatsStandardTextFormat.txt"
    assert WstfConverter().detect(Glimpse.at(path)) == 95
    assert WstfConverter().is_complete(Glimpse.at(path))
    [report] = convert_file(WstfConverter(), path, options={"process_codes": {"SW Debug": 10}})
    assert (report.sn, report.pn, report.data["rev"]) == ("423664753", "100200", "A")
    assert (report.data["processCode"], report.data["result"]) == (10, "F")
    assert datetime.fromisoformat(report.data["start"]) == datetime(2014, 7, 4, 12, 9, 4, tzinfo=UTC)
    info = report.data["uut"]
    assert (info["execTime"], info["batchSN"], info["fixtureId"], info["user"]) == (
        10,
        "B888",
        "543A",
        "TestOperator",
    )
    assert report.data["machineName"] == "VIC-WS-ML"
    assert len(report.data["subUnits"]) == 2
    assert report.data["miscInfos"] == [{"description": "uCSwVer", "text": "1.0"}]
    assert tree(report.root) == [
        ["SequenceCall", "SubSeq1", "P", [["ET_NLT", "test1.1", "P", []], ["ET_NLT", "test1.2", "P", []]]],
        ["SequenceCall", "SubSeq2", "P", [["ET_MNLT", "test2.2", "P", []]]],
        ["ET_MNLT", "Test3", "F", []],
        ["ET_PFT", "test4", "P", []],
        ["ET_MPFT", "test5", "F", []],
        ["ET_SVT", "Test6", "F", []],
        ["Action", "Action", "D", []],
        ["SequenceCall", "SubSeq3", "P", [["ET_MNLT", "SameStepName", "P", []]]],
    ]
    sub1, sub2, test3, _test4, test5, test6, _action, sub3 = report.root.steps
    limits = {"unit": "Volt", "compOp": "GELE", "lowLimit": 7, "highLimit": 10}
    assert [step.data["numericMeas"] for step in sub1.steps] == [
        [{"status": "P", "value": 7} | limits],
        [{"status": "P", "value": 8} | limits],
    ]
    assert [(row["name"], row["value"]) for row in sub2.steps[0].data["numericMeas"]] == [
        ("meas1", 9),
        ("meas2", 10),
    ]
    assert [(row["name"], row["value"]) for row in sub3.steps[0].data["numericMeas"]] == [
        ("meas1", 7),
        ("meas2", 8),
    ]
    rows = test3.data["numericMeas"]
    assert [(row["value"], row["compOp"], row["lowLimit"], row["status"]) for row in rows] == [
        (8, "EQ", 10, "F"),
        (6, "EQ", 5, "F"),
        (10, "EQ", 10, "P"),
    ]
    assert test3.data["causedUUTFailure"] is True
    assert [row["status"] for row in test5.data["booleanMeas"]] == ["F", "P", "P", "F"]
    assert test6.data["stringMeas"][0]["compOp"] == "CASESENSIT"
    assert test6.data["stringMeas"][0]["value"].lower() == test6.data["stringMeas"][0]["limit"]
    assert validate(report) == []
