"""Robot Framework: old and new files, XML and JSON, metadata, keywords, measurements, spoilt files."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from corpus.oracle import told
from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Station, Step
from stationmaster.api.testing import convert_file, source_of
from stationmaster.api.validate import validate
from stationmaster.converters.robot import RobotConverter

DATA = Path(__file__).parents[2] / "data" / "robot"
OPTIONS: dict[str, Any] = {"process_code": 20}
NUMBERS = r"(?P<name>\w+) = (?P<value>[\d.]+) (?P<unit>\w+)(?: \((?P<low>[\d.]+)\.\.(?P<high>[\d.]+)\))?"
DEMO = (
    "RobotDemo_rf4.1.3_output.xml",
    "RobotDemo_rf7.5_legacyoutput.xml",
    "RobotDemo_rf7.5_output.xml",
    "RobotDemo_rf7.5_output.json",
)


def convert(name: str, **options: Any) -> Report:
    [report] = convert_file(RobotConverter(), DATA / name, options=OPTIONS | options)
    return report


def written(tmp_path: Path, inside: str, **options: Any) -> Report:
    """A report of a file with this in its root suite."""
    path = tmp_path / "SN-1.xml"
    path.write_text(
        f'<robot generator="Robot 7.1 (x)"><suite name="S">{inside}</suite></robot>', encoding="utf-8"
    )
    given = {"part_number": "P", "serial_number_pattern": r"(?P<sn>SN-\d+)"}
    [report] = convert_file(RobotConverter(), path, options=OPTIONS | given | options)
    return report


def by_name(report: Report) -> dict[str, Step]:
    return {step.name: step for step in report.steps()}


def test_header_and_metadata() -> None:
    report = convert("board_rf7.xml", process_codes={"function test": 7})
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-R1", "BRD-7", "C")
    assert (report.data["result"], report.data["processCode"]) == ("F", 7)
    assert report.data["machineName"] == "RF-2"
    info = report.data["uut"]
    assert (info["user"], info["batchSN"], info["execTime"]) == ("kim", "L-5", 2.8)
    assert info["comment"] == "Tests of the board."
    assert report.data["root"]["seqCall"]["name"] == "Board"
    assert report.data["miscInfos"] == [
        {"description": "Firmware", "text": "1.4.2"},
        {"description": "Adapter", "text": "AD-4"},
        {"description": "Generator", "text": "Robot 7.1 (Python 3.12.1 on linux)"},
    ]
    assert report.timed
    assert report.warnings == []
    assert not [issue for issue in validate(report) if issue.severity == "error"]


def test_suites_tests_and_keywords_are_a_tree() -> None:
    assert told(convert("board_rf7.xml")) == [
        "Power On: Action P",
        "Rails: SequenceCall F",
        "Rails / Core: SequenceCall P",
        "Rails / Core / Measure Rail: Action P",
        "Rails / Core / Blink: Action P",
        "Rails / Core / Blink: Action P",
        "Rails / Input: SequenceCall F",
        "Rails / Input / Cool Down: Action S",
        "Rails / Input / Measure Rail: Action F",
        "Rails / Fan: ET_PFT S",
        "Rails / Fan = S",
        "Power Off: Action P",
    ]


def test_by_option_tests_are_steps() -> None:
    assert told(convert("board_rf7.xml", depth="test")) == [
        "Power On: Action P",
        "Rails: SequenceCall F",
        "Rails / Core: ET_PFT P",
        "Rails / Core = P",
        "Rails / Input: ET_PFT F",
        "Rails / Input = F",
        "Rails / Fan: ET_PFT S",
        "Rails / Fan = S",
        "Power Off: Action P",
    ]
    step = by_name(convert("board_rf7.xml", depth="test"))["Input"]
    assert step.data["reportText"] == "WARN: supply is weak\nFAIL: 4.1 is below 4.75"


def test_steps_say_why_how_long_and_when() -> None:
    steps = by_name(convert("board_rf7.xml"))
    failing = steps["Input"]
    assert (failing.data["errorMessage"], failing.data["totTime"]) == ("4.1 is below 4.75", 0.4)
    assert failing.data["start"].startswith("2026-03-02T08:15:01.9")
    keyword = [step for step in convert("board_rf7.xml").steps() if step.status == "F"][-1]
    assert keyword.data["reportText"] == "Arguments: input\nWARN: supply is weak\nFAIL: 4.1 is below 4.75"
    assert keyword.data["causedUUTFailure"] is True
    assert (steps["Power On"].data["group"], steps["Power Off"].data["group"]) == ("S", "C")
    assert steps["Fan"].data["reportText"] == "no fan on this board"


@pytest.mark.parametrize("depth", ["test", "keyword"])
def test_messages_are_measurements_by_option(depth: str) -> None:
    report = convert("board_rf7.xml", number_pattern=NUMBERS, depth=depth)
    rows = [row for step in report.steps() for row in step.data.get("numericMeas", ())]
    assert [(row["value"], row["unit"], row["compOp"], row["status"]) for row in rows] == [
        (1.21, "V", "LOG", "P"),
        (4.1, "V", "GELE", "F"),
    ]
    assert (rows[1]["lowLimit"], rows[1]["highLimit"]) == (4.75, 5.25)
    inside = "Core / Core" if depth == "test" else "Core / Measure Rail / Core"
    assert f"Rails / {inside} = 1.21 V LOG P" in told(report)


def test_a_message_that_is_no_number_is_told() -> None:
    report = convert("board_rf7.xml", number_pattern=r"(?P<name>supply) is (?P<value>\w+)")
    assert any("'weak' is no number" in text for text in report.warnings)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Rail = 9.99E+37 V (1..2)", [("Rail", "ET_PFT", "E", "no value; GELE 1 2 V")]),
        ("Rail = 9.99E+37 V", []),
    ],
)
def test_a_message_without_a_number_beside_limits_is_an_error(
    tmp_path: Path, message: str, shown: list[tuple[str, ...]]
) -> None:
    report = written(
        tmp_path,
        f'<test name="T"><kw name="K"><msg level="INFO">{message}</msg><status status="PASS"/></kw>'
        '<status status="PASS"/></test><status status="PASS"/>',
        number_pattern=NUMBERS.replace(r"[\d.]+) (?P<unit>", r"[\d.E+]+) (?P<unit>"),
    )
    steps = [step for step in report.steps() if step.name == "Rail"]
    assert [(one.name, one.step_type, one.status, one.data["reportText"]) for one in steps] == shown


def test_files_of_version_three() -> None:
    report = convert("board_rf3.xml")
    assert (report.sn, report.pn, report.data["rev"]) == ("SN-R2", "BRD-7", "A")
    assert report.data["uut"]["execTime"] == 2.8
    assert told(report)[:6] == told(convert("board_rf7.xml"))[:6]
    steps = by_name(report)
    assert steps["Core"].data["totTime"] == 0.9
    assert "totTime" not in by_name(report)["Measure Rail"].data
    assert report.data["start"].startswith("2026-03-02T08:15:00.1")  # the root's is N/A


def test_a_failure_that_is_not_critical_is_not_the_culprit() -> None:
    report = convert("board_rf3.xml")
    assert [step.name for step in report.steps() if step.data.get("causedUUTFailure")] == ["Input"]
    assert by_name(report)["Beeper"].data["reportText"].startswith("Not critical")


def test_json_and_what_was_skipped() -> None:
    report = convert("all_skipped_SN-R3.json", serial_number_pattern=r"(?P<sn>SN-\w+)\.")
    assert (report.sn, report.data["result"]) == ("SN-R3", "P")
    assert report.warnings == ["all tests were skipped; the result is Passed"]
    assert told(report) == [
        "Power On: Action P",
        "Fan: ET_PFT S",
        "Fan = S",
        "Lamp: SequenceCall S",
        "Lamp / Look: Action S",
    ]
    assert by_name(report)["Look"].data["reportText"] == 'Arguments: red | ["bright", 4]'
    assert {"description": "Shift", "text": "early"} in report.data["miscInfos"]


def test_keywords_are_bounded_but_failing_ones_stay() -> None:
    report = convert("board_rf7.xml", max_keywords=1)
    assert [step.name for step in report.steps() if step.step_type == "Action"] == [
        "Power On",
        "Measure Rail",
    ]
    assert any("5 keywords were left out" in text for text in report.warnings)


def test_times_are_local_at_the_station() -> None:
    station = Station(time_zone="Europe/Oslo")
    [report] = convert_file(RobotConverter(), DATA / "board_rf7.xml", options=OPTIONS, station=station)
    assert report.data["start"] == "2026-03-02T08:15:00+01:00"


def test_a_failing_suite_teardown_fails_the_run(tmp_path: Path) -> None:
    report = written(
        tmp_path,
        '<test name="T"><status status="PASS"/></test><kw name="Off" type="TEARDOWN"><status status="FAIL">'
        'stuck</status></kw><status status="FAIL">Suite teardown failed:\nstuck</status>',
    )
    assert (report.data["result"], report.root.steps[0].status) == ("F", "P")
    assert report.data["uut"]["errorMessage"] == "Suite teardown failed:\nstuck"
    off = report.root.steps[1]
    assert (off.status, off.data["causedUUTFailure"], off.data["reportText"]) == ("F", True, "stuck")
    assert any("no start time" in text for text in report.warnings)


def test_a_suite_without_status_takes_the_worst(tmp_path: Path) -> None:
    report = written(tmp_path, '<test name=""><status status="FAIL"/></test>')
    assert (report.data["result"], report.root.steps[0].name) == ("F", "-")
    assert any("the root suite has no status" in text for text in report.warnings)


def test_the_source_can_be_attached() -> None:
    [source] = convert("board_rf7.xml", attach_source=True).data["binaryData"]
    assert base64.b64decode(source["data"]) == (DATA / "board_rf7.xml").read_bytes()


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<test name="T"/>', "the test has no status"),
        ('<test name="T"><status status="OK"/></test>', "'OK' is no status of Robot Framework"),
        ('<test name="T"><status status="PASS" start="now"/></test>', "'now' is no time of Robot Framework"),
        (
            '<test name="T"><status status="PASS" start="2026-01-01T00:00:00" elapsed="-1"/></test>',
            "'-1' is no duration",
        ),
        ('<test name="T"><status status="PASS" elapsed="x"/></test>', "'x' is no duration"),
        ('<kw name="K"><status status="PASS"/></kw>', "holds no tests"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, inside: str, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        written(tmp_path, inside)
    assert reason in str(caught.value)
    assert "line 1" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("half_written.xml", {}, "half_written.xml is not well-formed XML"),
        ("bad_status.xml", {}, "'GREAT' is no status of Robot Framework"),
        ("no_tests.xml", {}, "no_tests.xml holds no tests"),
        ("arm.xml", {}, "there is no <suite> in it"),
        ("board_rf7.xml", {"number_pattern": "("}, "number_pattern is no regular expression"),
        ("board_rf7.xml", {"number_pattern": "(?P<name>x)"}, "has not both groups"),
        ("board_rf7.xml", {"serial_number_keys": []}, "no serial number"),
    ],
)
def test_what_is_wrong_is_named(name: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(name, **options)
    assert reason in str(caught.value)


@pytest.mark.parametrize("document", [{}, {"suite": []}, {"suite": {"tests": [1]}}])
def test_wrong_json_is_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ConversionError):
        convert_file(RobotConverter(), path, options=OPTIONS)


def test_keywords_that_nest_without_end_are_refused(tmp_path: Path) -> None:
    body: dict[str, Any] = {"name": "K", "status": "PASS"}
    for _ in range(150):
        body = {"name": "K", "status": "PASS", "body": [body]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"generator": "Robot 7.2", "suite": {"tests": [body]}}), encoding="utf-8")
    with pytest.raises(ConversionError, match="nest more than 100 deep"):
        convert_file(RobotConverter(), path, options=OPTIONS)


@pytest.mark.parametrize(
    ("name", "confidence", "complete"),
    [
        ("board_rf7.xml", 90, True),
        ("board_rf3.xml", 90, True),
        ("all_skipped_SN-R3.json", 90, True),
        ("half_written.xml", 90, False),
        ("arm.xml", 0, True),
    ],
)
def test_detection_and_completeness(name: str, confidence: int, complete: bool) -> None:  # noqa: FBT001 - a table
    glimpse = Glimpse.at(DATA / name)
    assert RobotConverter().detect(glimpse) == confidence
    assert RobotConverter().is_complete(glimpse) is complete


def test_long_json_is_judged_by_its_end() -> None:
    head = b'{"generator": "Robot 7.2 (x)", "suite": {'
    assert RobotConverter().is_complete(Glimpse("a.json", 10**6, head, b"]}\n"))
    assert not RobotConverter().is_complete(Glimpse("a.json", 10**6, head, b'"half'))
    assert RobotConverter().detect(Glimpse("a.json", 10**6, head, b"")) == 90


def test_common_options_are_enough() -> None:
    options = ConverterOptions(process_code=1)
    assert list(RobotConverter().convert(source_of(DATA / "board_rf7.xml"), options, None))


# ---------------------------------------------------------------- real files
def without_times(report: Report) -> list[dict[str, Any]]:
    times = {"start", "totTime", "id"}
    kept = []
    for step in report.steps():
        data = {key: value for key, value in step.data.items() if key not in times}
        kept.append(data | {"steps": [child.name for child in step.steps]})
    return kept


def test_one_run_gives_the_same_steps_in_every_form(corpus: Path) -> None:
    folder = corpus / "robot" / "generated-RobotDemo"
    options = OPTIONS | {"part_number": "P", "serial_number_pattern": "(?P<sn>RobotDemo)"}
    reports = [convert_file(RobotConverter(), folder / name, options=options)[0] for name in DEMO]
    first = without_times(reports[0])
    assert len(first) == 75
    for report in reports[1:]:
        assert without_times(report) == first
        assert (report.sn, report.data["result"]) == ("RobotDemo", "F")
