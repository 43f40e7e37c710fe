"""JUnit and its relatives: header from properties, cases, measurements, other dialects, spoilt files."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.junit import JUnitConverter
from stationmaster.converters.junit_readers import seconds_of

DATA = Path(__file__).parents[2] / "data" / "junit"
PATTERN = r"(?P<sn>SN-J\d+)"
OPTIONS: dict[str, Any] = {"part_number": "P-1", "process_code": 30, "serial_number_pattern": PATTERN}
OSLO = Station(name="TEST", time_zone="Europe/Oslo")
BAD_NUMBER = """<Site><Testing><Test Status="passed"><Results>
<NamedMeasurement type="numeric/double" name="x"><Value>?</Value></NamedMeasurement>
</Results></Test></Testing></Site>"""
CASE_TYPES = {"ET_PFT", "ET_NLT", "ET_MPFT"}


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(JUnitConverter(), DATA / name, options=OPTIONS | options, station=OSLO)
    return report


def written(tmp_path: Path, text: str, name: str = "SN-J0.xml", **options: Any) -> Report:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    [report] = convert_file(JUnitConverter(), path, options=OPTIONS | options, station=OSLO)
    return report


def statuses(report: Report) -> list[tuple[str, str]]:
    return [(step.name, step.status) for step in report.steps() if step.step_type in CASE_TYPES]


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_header_fields_come_from_properties_whatever_their_case() -> None:
    report = convert("pytest_board.xml")
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-J1", "BRD-7", "D")
    assert report.data["uut"]["user"] == "kim"
    assert report.data["machineName"] == "fct-5"
    assert report.data["start"] == "2026-03-02T08:00:00.500000+01:00"
    assert report.data["uut"]["execTime"] == 1.5
    assert report.data["processCode"] == 30
    assert report.timed


def test_cases_are_steps_with_the_files_verdicts() -> None:
    report = convert("pytest_board.xml")
    assert report.data["result"] == "F"
    assert report.root.status == "F"
    assert statuses(report) == [
        ("test_3v3", "P"),
        ("test_5v", "F"),
        ("test_noise", "P"),
        ("test_text", "P"),
        ("test_skip", "S"),
        ("test_setup", "E"),
    ]
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["test_5v"]


def test_measured_properties_make_numeric_steps() -> None:
    steps = by_name(convert("pytest_board.xml"))
    assert steps["test_3v3"].data["numericMeas"] == [
        {"status": "P", "value": 3.31, "unit": "V", "compOp": "GELE", "lowLimit": 3.2, "highLimit": 3.4}
    ]
    assert steps["test_5v"].data["numericMeas"] == [
        {"status": "F", "value": 4.6, "unit": "", "compOp": "GE", "lowLimit": 4.75}
    ]
    assert steps["test_noise"].data["numericMeas"][0]["compOp"] == "LE"
    assert steps["test_noise"].data["numericMeas"][0]["lowLimit"] == 20
    assert steps["test_text"].step_type == "ET_PFT"
    assert steps["test_text"].data["reportText"] == "measured: a lot"
    assert steps["test_3v3"].data["reportText"] == "note: warm"


def test_messages_and_output_are_kept_without_colours() -> None:
    steps = by_name(convert("pytest_board.xml"))
    assert steps["test_5v"].data["errorMessage"] == "assert 4.75 <= 4.6"
    assert (
        steps["test_5v"].data["reportText"] == "failure: AssertionError\nassert 4.75 <= 4.6\nE   assert 4.75"
    )
    assert steps["test_setup"].data["reportText"] == "error\nfailed on setup\nOSError\nprinted\nmoaned"
    assert len(by_name(convert("pytest_board.xml", text_limit=10))["test_setup"].data["reportText"]) == 10


def test_properties_of_any_length_are_bounded() -> None:
    report = convert("pytest_board.xml")
    assert report.data["miscInfos"] == [
        {"description": "firmware", "text": "1.2"},
        {"description": "by text", "text": "inner"},
    ]
    [more] = report.data["additionalData"]
    assert [(prop["name"], len(prop["value"])) for prop in more["props"]] == [("long", 300)]
    assert any("1 properties of more than 1000 characters were left out" in text for text in report.warnings)


def test_nested_suites_and_reruns() -> None:
    report = convert("nested_suites.xml")
    assert (report.sn, report.data["machineName"]) == ("SN-J2", "bench-1")
    assert report.data["start"] == "2026-01-15T10:00:00+01:00"
    assert report.data["uut"]["execTime"] == 1234.5
    assert [(step.name, step.status) for step in report.steps()] == [
        ("all", "F"),
        ("outer", "P"),
        ("inner", "P"),
        ("a", "P"),
        ("b", "S"),
        ("c", "S"),
        ("flaky", "P"),
        ("second", "F"),
        ("d", "F"),
    ]
    assert by_name(report)["flaky"].data["reportText"] == "flakyFailure: first run"
    assert by_name(report)["outer"].data["reportText"] == "suite talk"


def test_names_may_carry_their_class() -> None:
    steps = by_name(convert("nested_suites.xml", case_name="classname.name"))
    assert {"C.a", "C.b", "C.c", "d", "flaky"} <= set(steps)


def test_one_report_a_suite_has_records_of_their_own() -> None:
    options = OPTIONS | {"report_per": "suite", "serial_number_pattern": "(?P<sn>nested)"}
    reports = convert_file(JUnitConverter(), DATA / "nested_suites.xml", options=options, station=OSLO)
    assert [(report.sn, report.data["result"]) for report in reports] == [("SN-J2", "P"), ("nested", "F")]
    records = [report.record or b"" for report in reports]
    assert [record[:24] for record in records] == [b'<testsuite name="outer">', b'<testsuite name="second"']
    assert [report.data["machineName"] for report in reports] == ["bench-1", "bench-1"]
    whole = convert("errors_only_SN-J3.xml", report_per="suite")
    assert (whole.record or b"").startswith(b'<testsuite name="one"')
    assert convert("nested_suites.xml").record is None


def test_errors_alone_fail_the_report_unless_the_option_says_error() -> None:
    assert convert("errors_only_SN-J3.xml").data["result"] == "F"
    report = convert("errors_only_SN-J3.xml", error_is_error=True)
    assert (report.data["result"], report.root.status) == ("E", "E")
    assert convert("pytest_board.xml", error_is_error=True).data["result"] == "F"


def test_a_run_that_skipped_everything_passes_with_a_warning_and_1970_is_no_time() -> None:
    report = convert("all_skipped_SN-J4.xml")
    assert report.data["result"] == "P"
    assert not report.timed
    assert any("every test case was skipped" in text for text in report.warnings)
    assert any("1970" in text for text in report.warnings)


def test_bytes_that_xml_does_not_allow_are_mended_with_a_warning() -> None:
    report = convert("raw_control_character.xml")
    assert report.sn == "SN-J5"
    step = by_name(report)["x"].data
    assert (step["errorMessage"], step["reportText"]) == ("red", "failure\na red word")
    assert any("control characters" in text for text in report.warnings)
    report = convert("latin1_undeclared.xml")
    assert statuses(report) == [("Größe", "P")]
    assert any("read as cp1252" in text for text in report.warnings)
    assert convert("utf16.xml").sn == "SN-J7"


def test_ctest() -> None:
    report = convert("ctest.xml")
    assert (report.sn, report.data["result"], report.data["machineName"]) == ("SN-J8", "F", "rig-1")
    assert datetime.fromisoformat(report.data["start"]).timestamp() == 1772440000
    assert report.data["uut"]["execTime"] == 7
    assert statuses(report) == [("a", "P"), ("a Latency", "P"), ("b", "F"), ("c", "S")]
    steps = by_name(report)
    assert steps["a"].data["totTime"] == 0.25
    assert steps["a Latency"].data["numericMeas"] == [
        {"status": "P", "value": 12.5, "unit": "", "compOp": "LOG"}
    ]
    assert steps["b"].data["errorMessage"] == "Exit Code: Failed"
    assert steps["a"].data["reportText"] == "fine"


def test_gtester() -> None:
    report = convert("gtester_SN-J9.xml")
    assert statuses(report) == [("/io/ok", "P"), ("/io/bad", "F"), ("/io/skip", "S"), ("/io/died", "E")]
    assert report.data["uut"]["execTime"] == 1.5
    assert by_name(report)["/io/bad"].data["errorMessage"] == "broke"
    assert not report.timed


def test_qt() -> None:
    report = convert("qt_SN-J10.xml")
    assert statuses(report) == [
        ("rows", "F"),
        ("expected", "P"),
        ("skipped", "S"),
        ("surprise", "F"),
        ("speed", "P"),
        ("speed walltime", "P"),
        ("died", "E"),
    ]
    steps = by_name(report)
    assert steps["rows"].data["booleanMeas"] == [
        {"name": "one", "status": "P"},
        {"name": "two", "status": "F"},
    ]
    assert steps["rows"].data["totTime"] == 0.0015
    assert steps["rows"].data["errorMessage"] == "two: Compared values differ"
    assert steps["expected"].data["reportText"] == "xfail: known"
    assert steps["speed walltime"].data["numericMeas"][0]["value"] == 0.25
    assert {"description": "QtVersion", "text": "6.5.0"} in report.data["miscInfos"]


def test_googletest_json() -> None:
    report = convert("gtest_board.json")
    assert (report.sn, report.data["machineName"], report.data["result"]) == ("SN-J11", "FCT-9", "F")
    assert statuses(report) == [("Serial", "P"), ("Off", "S"), ("Bad", "F")]
    assert report.data["start"] == "2026-03-02T08:00:00+00:00"
    assert report.data["uut"]["execTime"] == 1.5
    assert by_name(report)["Bad"].data["numericMeas"][0]["value"] == 5.5
    assert by_name(report)["Bad"].data["errorMessage"] == "t.cc:1\nwrong"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('<testcase name="x" status="failed"/>', "F"),
        ('<testcase name="x" status="ERROR"/>', "E"),
        ('<testcase name="x" status="run" result="completed"/>', "P"),
        ('<testcase name="x"><skipped/><failure/></testcase>', "F"),
        ('<testcase name="x"><error/><failure/></testcase>', "F"),
        ('<testcase name="x" status="failed"><skipped/></testcase>', "S"),
    ],
)
def test_the_verdict_of_a_case(tmp_path: Path, text: str, status: str) -> None:
    assert statuses(written(tmp_path, f"<testsuite>{text}</testsuite>")) == [("x", status)]


def test_times_add_up_where_the_root_has_none(tmp_path: Path) -> None:
    text = """<testsuites><testsuite time="2"><testcase name="a" time="9"/></testsuite>
    <testsuite timestamp="2026-01-02T00:00:00Z"><testcase name="b" time="0.5"/></testsuite>
    <testsuite timestamp="2026-01-01T00:00:00Z" time="never"><testcase name="c"/></testsuite></testsuites>"""
    report = written(tmp_path, text)
    assert report.data["uut"]["execTime"] == 2.5
    assert report.data["start"] == "2026-01-01T00:00:00+00:00"


def test_a_time_in_the_change_of_summer_time_is_taken_with_a_warning(tmp_path: Path) -> None:
    report = written(tmp_path, '<testsuite timestamp="2026-10-25T02:30:00"><testcase name="a"/></testsuite>')
    assert report.data["start"] == "2026-10-25T02:30:00+02:00"
    assert any("summer time" in text for text in report.warnings)


def test_extra_numbers_of_skipped_tests_are_skipped(tmp_path: Path) -> None:
    named = '<NamedMeasurement type="numeric/double" name="Processors"><Value>1</Value></NamedMeasurement>'
    test = f'<Test Status="notrun"><Name>a</Name><Results>{named}</Results></Test>'
    report = written(tmp_path, f"<Site><Testing>{test}</Testing></Site>")
    assert statuses(report) == [("a", "S"), ("a Processors", "S")]
    assert not report.timed


def test_a_station_may_read_the_serial_number_from_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "SN-J55"
    folder.mkdir()
    report = written(folder, '<testsuite><testcase name="a"/></testsuite>', name="results.xml")
    assert report.sn == "SN-J55"


def test_the_source_can_be_attached() -> None:
    [attached] = convert("errors_only_SN-J3.xml", attach_source=True).data["binaryData"]
    assert base64.b64decode(attached["data"]) == (DATA / "errors_only_SN-J3.xml").read_bytes()
    assert attached["contentType"] == "text/xml"
    [attached] = convert("gtest_board.json", attach_source=True).data["binaryData"]
    assert attached["contentType"] == "application/json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<other/>", "line 1 <other>: <other> is no root"),
        ('<a:testsuite xmlns:a="u"><testcase/></a:testsuite>', "is no root"),
        ("<testsuites/>", "holds no test cases"),
        ("<Site/>", "no <Testing>"),
        ('<Site><Testing><Test Status="odd"/></Testing></Site>', "'odd' is no status of CTest"),
        (
            "<Site><Testing><StartTestTime>now</StartTestTime></Testing></Site>",
            "StartTestTime: 'now' is no number",
        ),
        (
            BAD_NUMBER,
            "<NamedMeasurement>: '?' is no number",
        ),
        (
            '<gtester><testbinary><testcase><status result="odd"/></testcase></testbinary></gtester>',
            "no result of GTester",
        ),
        (
            '<TestCase><TestFunction><Incident type="odd"/></TestFunction></TestCase>',
            "no incident of Qt TestLib",
        ),
        (
            '<TestCase><TestFunction><BenchmarkResult value="odd"/></TestFunction></TestCase>',
            "<BenchmarkResult>: 'odd' is no number",
        ),
        (
            '<testsuite><properties><property value="1"/></properties></testsuite>',
            "a property without a name",
        ),
        ("<testsuite>" * 60 + "</testsuite>" * 60, "suites nest more than 50 deep"),
        ('<testsuite><testcase name="a"/></testsuite>', "no serial number"),
        ('{"testsuites": [{"testsuite": 5}]}', "testsuites[0].testsuite: should be a list, is a number"),
        ('{"testsuites": [', "is not JSON"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        written(tmp_path, text, name="plain.xml")
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", ["half_written.xml", "entities.xml", "no_cases.xml"])
def test_samples_that_must_be_refused(name: str) -> None:
    with pytest.raises(ConversionError):
        convert(name)


@pytest.mark.parametrize(
    ("text", "confidence", "complete"),
    [
        ("<testsuites></testsuites>\n<!-- end -->\n", 80, True),
        ("<testsuites/>", 80, True),
        ("<testsuites><testsuite>", 80, False),
        ("<testsuites><testsuite/>", 80, False),
        ("<Site/>", 40, True),
        ("<Site><Testing></Testing></Site>", 80, True),
        ("<gtester><testbinary/></gtester>", 80, True),
        ("<TestCase><Environment/></TestCase>", 80, True),
        ("<TestCase><other/></TestCase>", 40, True),
        ('<testsuite xmlns="urn:x"></testsuite>', 0, True),
        ("<html></html>", 0, True),
        ('{"tests": 1, "testsuites": []}', 80, True),
        ('{"tests": 1, "testsuites": [', 80, False),
        ('{"other": 1}', 0, True),
        ("plain text", 0, False),
        ("", 0, False),
    ],
)
def test_detection_and_completeness(text: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    data = text.encode()
    glimpse = Glimpse("a.xml", len(data), data, data)
    assert JUnitConverter().detect(glimpse) == confidence
    assert JUnitConverter().is_complete(glimpse) is complete


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1.5", 1.5), ("0.25s", 0.25), ("1,234.5", 1234.5), ("0,5", 0.5), ("", None), ("-1", None), ("x", None)],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_our_samples_pass_validation() -> None:
    refused = {"half_written.xml", "entities.xml", "no_cases.xml"}
    names = sorted({path.name for path in DATA.iterdir()} - refused)
    assert len(names) >= 10
    for name in names:
        assert validate(convert(name)) == []
        assert JUnitConverter().detect(Glimpse.at(DATA / name)) == 80
        assert JUnitConverter().is_complete(Glimpse.at(DATA / name))


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1)
    [report] = JUnitConverter().convert(source_of(DATA / "pytest_board.xml"), options, None)
    assert isinstance(report, Report)


# ---------------------------------------------------------------- real files
def real(corpus: Path, name: str, **options: Any) -> Report:
    path = corpus / "junit" / name
    glimpse = Glimpse.at(path)
    assert JUnitConverter().detect(glimpse) == 80
    assert JUnitConverter().is_complete(glimpse)
    chosen = {"part_number": "P", "process_code": 1, "serial_number_pattern": r"(?P<sn>\w+)"} | options
    [report] = convert_file(JUnitConverter(), path, options=chosen, station=OSLO)
    assert validate(report) == []
    return report


def counted(report: Report) -> dict[str, int]:
    """Cases by status; numbers that CTest gives beside a verdict are no cases."""
    return dict(Counter(status for name, status in statuses(report) if not name.endswith(" Processors")))


@pytest.mark.parametrize(
    ("name", "cases", "result"),
    [
        ("generated-gtest/gtest1.12_board.xml", {"P": 2, "F": 2, "S": 2}, "F"),
        ("generated-gtest/gtest1.12_board.json", {"P": 2, "F": 2, "S": 2}, "F"),
        ("generated-pytest/board_pytest9.2_xunit1.xml", {"P": 2, "F": 2, "E": 1, "S": 2}, "F"),
        ("generated-pytest/board_pytest9.2_xunit2.xml", {"P": 2, "F": 2, "E": 1, "S": 2}, "F"),
        ("generated-pytest/npTDMS_pytest9.2_junit.xml", {"P": 319}, "P"),
        ("jenkinsci-xunit-plugin/ctest-1/input.xml", {"P": 7, "F": 4}, "F"),
        ("jenkinsci-xunit-plugin/ctest-2/input.xml", {"S": 1}, "P"),
        ("jenkinsci-xunit-plugin/ctest-3/input.xml", {"P": 1, "S": 1}, "P"),
        ("jenkinsci-xunit-plugin/ctest-4/input.xml", {"P": 18}, "P"),
        ("jenkinsci-xunit-plugin/googletest-1/input.xml", {"P": 3}, "P"),
        ("jenkinsci-xunit-plugin/googletest-2/input.xml", {"P": 1, "F": 2, "S": 1}, "F"),
        ("jenkinsci-xunit-plugin/googletest-3/input.xml", {"P": 4}, "P"),
        ("jenkinsci-xunit-plugin/gtester-1/input.xml", {"P": 3, "F": 1, "S": 11}, "F"),
        ("jenkinsci-xunit-plugin/gtester-2/input.xml", {"P": 28}, "P"),
        ("jenkinsci-xunit-plugin/gtester-3/input.xml", {"P": 3, "F": 1}, "F"),
        ("jenkinsci-xunit-plugin/qtestlib-2/input.xml", {"P": 121, "S": 1}, "P"),
        ("jenkinsci-xunit-plugin/qtestlib-3/input.xml", {"P": 3}, "P"),
        ("jenkinsci-xunit-plugin/qtestlib-4/input.xml", {"P": 3, "F": 2}, "F"),
        ("weiwei-junitparser/no_fails.xml", {"P": 2, "S": 1}, "P"),
        ("weiwei-junitparser/no_suites_tag.xml", {"P": 1, "F": 1, "S": 1}, "F"),
        ("weiwei-junitparser/normal.xml", {"P": 1, "F": 1, "S": 1}, "F"),
        ("weiwei-junitparser/pytest_error.xml", {"F": 1}, "F"),
        ("weiwei-junitparser/pytest_success.xml", {"P": 1}, "P"),
    ],
)
def test_real_files(corpus: Path, name: str, cases: dict[str, int], result: str) -> None:
    report = real(corpus, name)
    assert counted(report) == cases
    assert report.data["result"] == result


def test_real_pytest_values(corpus: Path) -> None:
    report = real(corpus, "generated-pytest/board_pytest9.2_xunit2.xml")
    assert (report.sn, report.pn, report.data["machineName"]) == ("SN-PT-0042", "PCB-100", "FCT-3")
    rail = by_name(report)["test_rail[5V-4.6-4.75-5.25]"]
    assert rail.data["numericMeas"] == [
        {"status": "F", "value": 4.6, "unit": "V", "compOp": "GELE", "lowLimit": 4.75, "highLimit": 5.25}
    ]
    message = by_name(report)["test_error"].data["errorMessage"]
    assert message == "RuntimeError: instrument timeout <&>"
    assert "x1B" not in by_name(report)["test_error"].data["reportText"].replace("\\x1b", "")


def test_both_flavours_of_pytest_give_the_same_report(corpus: Path) -> None:
    first, second = (real(corpus, f"generated-pytest/board_pytest9.2_xunit{n}.xml") for n in (1, 2))
    assert statuses(first) == statuses(second)
    rows = [[step.data.get("numericMeas") for step in report.steps()] for report in (first, second)]
    assert rows[0] == rows[1]
    assert (first.sn, first.pn, first.data["machineName"]) == (
        second.sn,
        second.pn,
        second.data["machineName"],
    )


def test_both_forms_of_googletest_give_the_same_verdicts(corpus: Path) -> None:
    first, second = (real(corpus, f"generated-gtest/gtest1.12_board.{kind}") for kind in ("xml", "json"))
    assert statuses(first) == statuses(second)
    assert first.sn == second.sn == "SN-GT-7"
    assert first.data["machineName"] == second.data["machineName"] == "FCT-9"
    assert [step.name for step in first.root.steps] == ["Boot", "All/Rail"]
    assert first.data["start"].startswith("2026-11-23")


def test_very_long_properties_are_no_endless_misc_infos(corpus: Path) -> None:
    report = real(corpus, "generated-pytest/npTDMS_pytest9.2_junit.xml")
    assert report.data.get("miscInfos", []) == []
    [more] = report.data["additionalData"]
    assert len(more["props"]) == 36
    assert all(len(prop["value"]) <= 1000 for prop in more["props"])
    assert len(report.warnings) == 1


def test_real_ctest_time_is_the_epoch_not_the_text(corpus: Path) -> None:
    report = real(corpus, "jenkinsci-xunit-plugin/ctest-1/input.xml")
    assert datetime.fromisoformat(report.data["start"]).timestamp() == 1368449947


def test_real_qt_incidents(corpus: Path) -> None:
    report = real(corpus, "jenkinsci-xunit-plugin/qtestlib-2/input.xml")
    assert report.data["root"]["name"] == "tst_QString"
    incidents = sum(len(step.data.get("booleanMeas") or []) for step in report.steps())
    assert incidents == 749 + 3 + 1
    xfails = [line for step in report.steps() for line in step.data.get("reportText", "").splitlines()]
    assert sum(line.startswith("xfail") for line in xfails) == 3
    report = real(corpus, "jenkinsci-xunit-plugin/qtestlib-4/input.xml")
    assert by_name(report)["expectedFailureButContinue"].status == "P"
    seconds = by_name(real(corpus, "jenkinsci-xunit-plugin/qtestlib-3/input.xml"))["durationFloatComma"]
    assert seconds.data["totTime"] == pytest.approx(0.001567)


def test_real_time_without_zone_is_the_stations(corpus: Path) -> None:
    report = real(corpus, "weiwei-junitparser/normal.xml")
    assert report.data["start"] == "2013-05-24T10:23:58+02:00"


def test_negative_samples_are_not_ours(corpus: Path) -> None:
    others = [
        path for path in corpus.rglob("*") if path.is_file() and path.relative_to(corpus).parts[0] != "junit"
    ]
    assert len(others) > 50
    claimed = [path for path in others if JUnitConverter().detect(Glimpse.at(path)) >= 50]
    assert [path.name for path in claimed] == ["RobotDemo_rf7.5_xunit.xml"]
